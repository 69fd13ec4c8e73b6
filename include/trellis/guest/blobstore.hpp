// wasmcloud:blobstore, from the actor's side (contracts.md 3.6).
//
// Objects go up and down in chunks. An upload is start_upload and a chunk after the other; a
// download arrives as calls of ReceiveChunk after the call that asked for it has ended: what is to
// be kept between chunks belongs into `context` or a store.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "trellis/guest/message.hpp"

namespace trellis::guest::blobstore {

inline constexpr std::string_view contract = "wasmcloud:blobstore";
inline constexpr std::uint64_t usual_chunk_size = 256 * 1024;

struct Container {
  std::string id;

  static constexpr auto fields() { return std::make_tuple(field("id", &Container::id)); }
};

struct Object {
  std::string id;
  Container container;
  std::uint64_t byte_size = 0;

  static constexpr auto fields() {
    return std::make_tuple(field("id", &Object::id), field("container", &Object::container),
                           field("byteSize", &Object::byte_size));
  }
};

struct ObjectList {
  std::vector<Object> blobs;

  static constexpr auto fields() { return std::make_tuple(field("blobs", &ObjectList::blobs)); }
};

struct Chunk {
  std::uint64_t sequence_no = 0;
  Container container;
  std::string id;
  std::uint64_t total_bytes = 0;
  std::uint64_t chunk_size = 0;  ///< of all chunks but the last
  std::optional<std::string> context;
  Blob bytes;

  static constexpr auto fields() {
    return std::make_tuple(field("sequenceNo", &Chunk::sequence_no),
                           field("container", &Chunk::container), field("id", &Chunk::id),
                           field("totalBytes", &Chunk::total_bytes),
                           field("chunkSize", &Chunk::chunk_size),
                           field("context", &Chunk::context), field("chunkBytes", &Chunk::bytes));
  }
};

struct ChunkArgs {
  Chunk chunk;

  static constexpr auto fields() { return std::make_tuple(field("chunk", &ChunkArgs::chunk)); }
};

struct ContainerId {
  std::string container_id;

  static constexpr auto fields() {
    return std::make_tuple(field("container_id", &ContainerId::container_id));
  }
};

struct ObjectId {
  std::string blob_id;
  std::string container_id;

  static constexpr auto fields() {
    return std::make_tuple(field("blob_id", &ObjectId::blob_id),
                           field("container_id", &ObjectId::container_id));
  }
};

struct RemoveObjectArgs {
  std::string id;
  std::string container_id;

  static constexpr auto fields() {
    return std::make_tuple(field("id", &RemoveObjectArgs::id),
                           field("container_id", &RemoveObjectArgs::container_id));
  }
};

struct DownloadArgs {
  std::string blob_id;
  std::string container_id;
  std::uint64_t chunk_size = usual_chunk_size;
  std::optional<std::string> context;  ///< comes back in every chunk

  static constexpr auto fields() {
    return std::make_tuple(field("blob_id", &DownloadArgs::blob_id),
                           field("container_id", &DownloadArgs::container_id),
                           field("chunk_size", &DownloadArgs::chunk_size),
                           field("context", &DownloadArgs::context));
  }
};

struct Outcome {
  bool success = false;
  std::optional<std::string> error;

  static constexpr auto fields() {
    return std::make_tuple(field("success", &Outcome::success), field("error", &Outcome::error));
  }
};

namespace detail {

template <class Args>
Result<Done> done(std::string_view operation, const Args& args, std::string_view link) {
  auto outcome = guest::request<Outcome>(contract, operation, args, link);
  if (!outcome) return outcome.error();
  if (!outcome->success) return Error{outcome->error.value_or("not done")};
  return Done{};
}

}  // namespace detail

/// One that is there already is no error.
inline Result<Container> create_container(std::string id, std::string_view link = "default") {
  return guest::request<Container>(contract, "CreateContainer", Container{std::move(id)}, link);
}
/// Only an empty one.
inline Result<Done> remove_container(std::string id, std::string_view link = "default") {
  return detail::done("RemoveContainer", Container{std::move(id)}, link);
}
inline Result<Done> remove_object(std::string container, std::string id,
                                  std::string_view link = "default") {
  return detail::done("RemoveObject", RemoveObjectArgs{std::move(id), std::move(container)}, link);
}
inline Result<std::vector<Object>> list(std::string container, std::string_view link = "default") {
  auto found =
      guest::request<ObjectList>(contract, "ListObjects", ContainerId{std::move(container)}, link);
  if (!found) return found.error();
  return std::move(found->blobs);
}
/// Nothing when there is no such object.
inline Result<std::optional<Object>> info(std::string container, std::string id,
                                          std::string_view link = "default") {
  auto found = guest::request<Object>(contract, "GetObjectInfo",
                                      ObjectId{std::move(id), std::move(container)}, link);
  if (!found) return found.error();
  if (found->id == "none" && found->container.id == "none") return std::optional<Object>();
  return std::optional<Object>(std::move(*found));
}

/// Announces an object: container, id, total_bytes and chunk_size of `first` count.
inline Result<Done> start_upload(Chunk first, std::string_view link = "default") {
  return detail::done("StartUpload", ChunkArgs{std::move(first)}, link);
}
inline Result<Done> upload_chunk(Chunk chunk, std::string_view link = "default") {
  return detail::done("UploadChunk", ChunkArgs{std::move(chunk)}, link);
}
/// A whole object that fits into the actor's memory.
inline Result<Done> put(const std::string& container, const std::string& id,
                        std::string_view content, std::string_view link = "default") {
  Chunk chunk{0, {container}, id, content.size(), usual_chunk_size, {}, {}};
  if (auto started = start_upload(chunk, link); !started) return started.error();
  for (std::size_t at = 0; at < content.size(); at += usual_chunk_size) {
    chunk.bytes.data = std::string(content.substr(at, usual_chunk_size));
    if (auto added = upload_chunk(chunk, link); !added) return added.error();
    ++chunk.sequence_no;
  }
  return Done{};
}
/// Chunks come to ReceiveChunk when this call has ended.
inline Result<Done> start_download(DownloadArgs args, std::string_view link = "default") {
  return detail::done("StartDownload", args, link);
}

/// A chunk of a download: handler is `Result<Done>(const ChunkArgs&)`. After an error no more come.
struct ReceiveChunk {
  static constexpr const char* name = "ReceiveChunk";
  using In = ChunkArgs;
  using Out = Done;
};

}  // namespace trellis::guest::blobstore
