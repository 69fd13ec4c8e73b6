// wasmcloud:blobstore, contracts.md 3.6.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "codec/message.hpp"

namespace trellis::codec::blobstore {

inline constexpr std::string_view contract_id = "wasmcloud:blobstore";

namespace operation {
inline constexpr std::string_view create_container = "CreateContainer";
inline constexpr std::string_view remove_container = "RemoveContainer";
inline constexpr std::string_view remove_object = "RemoveObject";
inline constexpr std::string_view list_objects = "ListObjects";
inline constexpr std::string_view get_object_info = "GetObjectInfo";
inline constexpr std::string_view start_upload = "StartUpload";
inline constexpr std::string_view upload_chunk = "UploadChunk";
inline constexpr std::string_view start_download = "StartDownload";
inline constexpr std::string_view receive_chunk = "ReceiveChunk";  ///< provider to actor
}  // namespace operation

struct Container {
  std::string id;

  static constexpr auto describe() {
    return describe_struct("Container", field("id", &Container::id));
  }
};

/// Arguments of CreateContainer and RemoveContainer.
using ContainerArgs = Container;

struct RemoveObjectArgs {
  std::string id;
  std::string container_id;

  static constexpr auto describe() {
    return describe_struct("RemoveObjectArgs", field("id", &RemoveObjectArgs::id),
                           field("container_id", &RemoveObjectArgs::container_id));
  }
};

struct ListObjectsArgs {
  std::string container_id;

  static constexpr auto describe() {
    return describe_struct("ListObjectsArgs",
                           field("container_id", &ListObjectsArgs::container_id));
  }
};

struct GetObjectInfoArgs {
  std::string blob_id;
  std::string container_id;

  static constexpr auto describe() {
    return describe_struct("GetObjectInfoArgs", field("blob_id", &GetObjectInfoArgs::blob_id),
                           field("container_id", &GetObjectInfoArgs::container_id));
  }
};

struct Blob {
  std::string id;
  Container container;
  std::uint64_t byte_size = 0;

  static constexpr auto describe() {
    return describe_struct("Blob", field("id", &Blob::id), field("container", &Blob::container),
                           field("byteSize", &Blob::byte_size));
  }
};

struct BlobList {
  std::vector<Blob> blobs;

  static constexpr auto describe() {
    return describe_struct("BlobList", field("blobs", &BlobList::blobs));
  }
};

struct FileChunk {
  std::uint64_t sequence_no = 0;
  Container container;
  std::string id;
  std::uint64_t total_bytes = 0;
  std::uint64_t chunk_size = 0;  ///< nominal, also in the last one
  std::optional<std::string> context;
  Bytes chunk_bytes;

  static constexpr auto describe() {
    return describe_struct(
        "FileChunk", field("sequenceNo", &FileChunk::sequence_no),
        field("container", &FileChunk::container), field("id", &FileChunk::id),
        field("totalBytes", &FileChunk::total_bytes), field("chunkSize", &FileChunk::chunk_size),
        field("context", &FileChunk::context), field("chunkBytes", &FileChunk::chunk_bytes));
  }
};

/// Wrapper that interface libraries send; the first-party providers send and take the bare
/// FileChunk.
struct ChunkArgs {
  FileChunk chunk;

  static constexpr auto describe() {
    return describe_struct("ChunkArgs", field("chunk", &ChunkArgs::chunk));
  }
};

struct StartDownloadArgs {
  std::string blob_id;
  std::string container_id;
  std::uint64_t chunk_size = 0;
  std::optional<std::string> context;

  static constexpr auto describe() {
    return describe_struct("StartDownloadArgs", field("blob_id", &StartDownloadArgs::blob_id),
                           field("container_id", &StartDownloadArgs::container_id),
                           field("chunk_size", &StartDownloadArgs::chunk_size),
                           field("context", &StartDownloadArgs::context));
  }
};

struct BlobstoreResult {
  bool success = false;
  std::optional<std::string> error;

  static constexpr auto describe() {
    return describe_struct("BlobstoreResult", field("success", &BlobstoreResult::success),
                           field("error", &BlobstoreResult::error));
  }
};

}  // namespace trellis::codec::blobstore
