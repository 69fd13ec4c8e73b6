// The public API with names instead of bytes: files, and images of a registry (host.md 7.1).
#include <fmt/format.h>

#include <fstream>

#include "package/oci_manifest.hpp"
#include "support/host_fixture.hpp"
#include "support/scripted_server.hpp"
#include "support/temp_dir.hpp"

namespace trellis {
namespace {

using test::Signer;

/// A registry of images with one module each, by tag.
class Images {
 public:
  [[nodiscard]] std::string put(const std::string& tag, const Bytes& module) {
    const auto digest = package::digest_of(package::DigestAlgorithm::sha256, module);
    const package::BlobDescriptor config{
        std::string(package::config_media_type(package::ArtifactKind::actor)), digest, 2};
    const package::BlobDescriptor layer{
        std::string(package::layer_media_type(package::ArtifactKind::actor)), digest,
        module.size()};
    const std::scoped_lock lock(mutex_);
    answers_["/v2/x/manifests/" + tag] = package::write_manifest(config, layer);
    answers_["/v2/x/blobs/" + digest.text()] = std::string(as_text(module));
    return address() + "/x:" + tag;
  }
  [[nodiscard]] std::string address() const {
    return "127.0.0.1:" + std::to_string(server_.port());
  }

 private:
  void serve(int socket) {
    std::string request;
    while (!request.contains("\r\n\r\n")) {
      char bytes[4096];
      const auto count = ::recv(socket, bytes, sizeof bytes, 0);
      if (count <= 0) return;
      request.append(bytes, static_cast<std::size_t>(count));
    }
    const auto path = request.substr(4, request.find(" HTTP/") - 4);
    const std::scoped_lock lock(mutex_);
    const auto found = answers_.find(path);
    const auto body = found == answers_.end() ? std::string("{}") : found->second;
    test::ScriptedServer::say(
        socket, fmt::format("HTTP/1.1 {} As it is\r\nContent-Length: {}\r\nConnection: close\r\n"
                            "\r\n{}",
                            found == answers_.end() ? 404 : 200, body.size(), body));
  }

  std::mutex mutex_;
  std::map<std::string, std::string> answers_ = {{"/v2/", "{}"}};  // under mutex_
  test::ScriptedServer server_{[this](int socket) { serve(socket); }};
};

struct References : test::HostFixture {
  References() {
    options.live_updates = true;
    options.registry.cache_folder = folder.path() / "cache";
    options.registry.insecure = {images.address()};
  }
  Bytes module(std::int32_t revision) {
    auto claims = signer.claims();
    claims.rev = revision;
    return signer.sign(test::guest_module("relay"), claims);
  }
  std::string file(const std::string& name, const Bytes& bytes) const {
    const auto path = folder.path() / name;
    std::ofstream(path, std::ios::binary) << as_text(bytes);
    return path.string();
  }

  test::TempDir folder;
  Images images;
  Signer signer;
};

TEST_F(References, AnActorComesFromAFileAndIsUpdatedFromAnImage) {
  const auto path = file("actor.wasm", module(1));
  const auto preview = start().inspect_actor(path);
  ASSERT_TRUE(preview) << preview.error().message;
  EXPECT_EQ(preview->identity.key, signer.key());
  EXPECT_TRUE(host->inventory()->actors.empty()) << "looked at, not started";
  const auto key = host->start_actor_from(path);
  ASSERT_TRUE(key) << key.error().message;
  EXPECT_EQ(*key, signer.key());
  EXPECT_EQ(host->inventory()->actors.at(0).source, path);
  const auto updated = host->update_actor_from(*key, images.put("2", module(2)));
  ASSERT_TRUE(updated) << updated.error().message;
  EXPECT_EQ(host->inventory()->actors.at(0).identity.revision, 2);
  EXPECT_EQ(call(*key, "Echo", as_bytes("x")), "x");
}

TEST_F(References, AnActorComesFromAnImageAndIsStoppedByItsName) {
  const auto image = images.put("1", module(1));
  const auto key = start().start_actor_from(image);
  ASSERT_TRUE(key) << key.error().message;
  EXPECT_EQ(host->inventory()->actors.at(0).source, image);
  EXPECT_TRUE(host->stop_actor(image));
  EXPECT_TRUE(host->inventory()->actors.empty());
}

TEST_F(References, WhatIsNotThereOrNotWhatItShouldBeLeavesNoTrace) {
  const auto nothing = start().start_actor_from(images.address() + "/x:none");
  ASSERT_FALSE(nothing);
  EXPECT_EQ(nothing.error().code, ErrorCode::not_found) << nothing.error().message;
  EXPECT_FALSE(host->start_actor_from(file("text.wasm", to_bytes("no module"))));
  EXPECT_FALSE(host->start_actor_from(images.put("junk", to_bytes("no module"))));
  EXPECT_FALSE(host->start_provider(images.put("actor", module(1))));
  EXPECT_TRUE(host->inventory()->actors.empty());
  EXPECT_EQ(host->inventory()->providers.size(), 2U) << "those of every host";
}

}  // namespace
}  // namespace trellis
