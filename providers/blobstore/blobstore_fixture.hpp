// Tools of tests of blob store providers: backends to run them against, and a fixture that speaks
// the contract.
#pragma once

#include <gtest/gtest.h>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "codec/messages/blobstore.hpp"
#include "providers/builtin.hpp"
#include "support/provider_harness.hpp"
#include "support/server_process.hpp"
#include "support/temp_dir.hpp"

namespace trellis::providers {

using namespace codec::blobstore;
using test::FakeHost;
using test::ProviderInstance;

/// One implementation of the contract, ready to be linked.
class BlobBackend {
 public:
  virtual ~BlobBackend() = default;
  [[nodiscard]] virtual const trellis_provider_table& table() const = 0;
  [[nodiscard]] virtual codec::StringMap link_values() const = 0;
};

class FileBlobBackend final : public BlobBackend {
 public:
  explicit FileBlobBackend(bool library) : library_(library) {}
  [[nodiscard]] const trellis_provider_table& table() const override {
    return library_ ? test::open_module(TRELLIS_LIBRARIES "/trellis-blobstore_fs.so")
                    : *find_builtin("builtin:blobstore-fs");
  }
  [[nodiscard]] codec::StringMap link_values() const override {
    return {{"ROOT", folder_.path().string()}};
  }
  [[nodiscard]] const std::filesystem::path& folder() const { return folder_.path(); }

 private:
  bool library_;
  test::TempDir folder_;
};

/// A provider instance with the actor MA linked; MA takes every chunk unless told otherwise.
class BlobTest : public ::testing::Test {
 protected:
  explicit BlobTest(std::unique_ptr<BlobBackend> backend) : backend_(std::move(backend)) {
    host_.set_actor(
        [this](std::string_view, std::string_view operation, ByteView payload) -> FakeHost::Reply {
          const auto wrapped = codec::decode<ChunkArgs>(payload);
          const auto bare = codec::decode<FileChunk>(payload);
          if (operation != "ReceiveChunk" || (!wrapped && !bare)) {
            return {TRELLIS_ERROR, to_bytes("no chunk")};
          }
          const std::scoped_lock lock(mutex_);
          received_.push_back(wrapped ? wrapped->chunk : *bare);
          bare_ = !wrapped;
          changed_.notify_all();
          if (received_.size() > takes_) return {TRELLIS_ERROR, to_bytes("enough")};
          return {TRELLIS_OK, {0xc0}};
        });
  }
  void SetUp() override { ASSERT_TRUE(bind("MA")); }
  void TearDown() override { EXPECT_EQ(host_.bad_completions(), 0); }

  Result<Bytes> bind(std::string_view actor, codec::StringMap values = {}) {
    values.merge(backend_->link_values());
    return provider_.bind(actor, std::move(values));
  }
  template <class Answer, class Args>
  Result<Answer> ask(std::string_view operation, const Args& args) {
    return provider_.ask<Answer>("MA", operation, args);
  }
  std::string create(std::string id) {
    const auto made = ask<Container>("CreateContainer", Container{std::move(id)});
    return made ? made->id : "error: " + made.error().message;
  }
  std::string remove_container(std::string id) {
    return told(ask<BlobstoreResult>("RemoveContainer", Container{std::move(id)}));
  }
  std::string remove(std::string container, std::string id) {
    return told(ask<BlobstoreResult>("RemoveObject",
                                     RemoveObjectArgs{std::move(id), std::move(container)}));
  }
  std::vector<std::pair<std::string, std::uint64_t>> list(std::string container) {
    std::vector<std::pair<std::string, std::uint64_t>> found;
    const auto blobs = ask<BlobList>("ListObjects", ListObjectsArgs{container});
    if (!blobs) return {{"error: " + blobs.error().message, 0}};
    for (const auto& each : blobs->blobs) {
      EXPECT_EQ(each.container.id, container);
      found.emplace_back(each.id, each.byte_size);
    }
    return found;
  }
  Blob info(std::string container, std::string id) {
    const auto blob =
        ask<Blob>("GetObjectInfo", GetObjectInfoArgs{std::move(id), std::move(container)});
    return blob ? *blob : Blob{"error: " + blob.error().message, {}, 0};
  }

  static FileChunk chunk(std::string container, std::string id, std::uint64_t number,
                         std::string_view bytes, std::uint64_t total, std::uint64_t size) {
    return {number, {std::move(container)}, std::move(id), total, size, {}, to_bytes(bytes)};
  }
  std::string start(const FileChunk& first, bool bare = false) {
    return bare ? told(ask<BlobstoreResult>("StartUpload", first))
                : told(ask<BlobstoreResult>("StartUpload", ChunkArgs{first}));
  }
  std::string add(const FileChunk& next, bool bare = false) {
    return bare ? told(ask<BlobstoreResult>("UploadChunk", next))
                : told(ask<BlobstoreResult>("UploadChunk", ChunkArgs{next}));
  }
  /// The whole of an upload; the first text that is not "ok".
  std::string put(const std::string& container, const std::string& id, std::string_view content,
                  std::size_t size = 1000, std::uint64_t first = 0, bool bare = false) {
    const auto part = [&](std::uint64_t number, std::string_view bytes) {
      return chunk(container, id, number, bytes, content.size(), size);
    };
    if (auto begun = start(part(0, "not stored"), bare); begun != "ok") return begun;
    for (std::size_t i = 0; i * size < content.size(); ++i) {
      auto added = add(part(first + i, content.substr(i * size, size)), bare);
      if (added != "ok") return added;
    }
    return "ok";
  }
  std::string start_download(std::string container, std::string id, std::uint64_t size,
                             std::optional<std::string> context = {}) {
    return told(ask<BlobstoreResult>(
        "StartDownload",
        StartDownloadArgs{std::move(id), std::move(container), size, std::move(context)}));
  }
  /// Chunks that have come, once there are so many.
  std::vector<FileChunk> received(std::size_t chunks) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, test::patience, [&] { return received_.size() >= chunks; });
    return received_;
  }
  void forget_received() {
    const std::scoped_lock lock(mutex_);
    received_.clear();
  }
  /// The content of an object, downloaded.
  std::string get(std::string container, std::string id, std::size_t size = 1000) {
    const auto bytes = info(container, id).byte_size;
    forget_received();
    const auto started = start_download(std::move(container), std::move(id), size);
    if (started != "ok") return started;
    std::string content;
    for (const auto& each : received((bytes + size - 1) / size)) {
      content += as_text(each.chunk_bytes);
    }
    return content;
  }

  const std::unique_ptr<BlobBackend> backend_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<FileChunk> received_;  // under mutex_
  bool bare_ = false;                // under mutex_: what came last had no map around it
  std::size_t takes_ = SIZE_MAX;     // under mutex_
  FakeHost host_;
  ProviderInstance provider_{host_, backend_->table()};

 private:
  static std::string told(const Result<BlobstoreResult>& result) {
    if (!result) return "error: " + result.error().message;
    return result->success ? "ok" : "no: " + result->error.value_or("");
  }
};

}  // namespace trellis::providers
