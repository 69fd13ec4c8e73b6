// wasmcloud:blobstore between messages and a store: what each implementation of the contract does
// in the same way (contracts.md 3.6).
//
// Link values of every implementation, all optional:
//   CHUNK_FORMAT    wrapped (default): ReceiveChunk carries a map with `chunk`, as interface
//                   libraries expect; bare: the chunk itself, as first-party providers send it.
//                   Both are taken from actors.
//   FIRST_SEQUENCE  0 (default) or 1: number of the first chunk of a download
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "providers/blobstore/downloads.hpp"
#include "providers/blobstore/store.hpp"
#include "providers/blobstore/uploads.hpp"
#include "trellis/provider.hpp"

namespace trellis::providers::blobstore {

/// CHUNK_FORMAT and FIRST_SEQUENCE. Error: invalid_argument.
[[nodiscard]] Result<ChunkStyle> read_style(const codec::StringMap& values);

/// One actor's way to a store. Any thread.
class Link {
 public:
  Link(sdk23::Host host, Log log, std::string actor, std::shared_ptr<Store> store,
       ChunkStyle style);

  /// One operation: the encoded answer. What a result can say is in it (`success: false` of
  /// StartUpload, UploadChunk, StartDownload and RemoveObject), the rest are errors.
  [[nodiscard]] Result<Bytes> handle(const sdk23::Call& call);
  /// Ends uploads, and downloads with their current chunk.
  void end();
  /// Waits for the end of downloads; after end().
  void join() { downloads_.join(); }

 private:
  [[nodiscard]] Result<Bytes> download(const sdk23::Call& call, SteadyTime deadline);
  [[nodiscard]] Result<Bytes> upload(const sdk23::Call& call, SteadyTime deadline);

  const sdk23::Host host_;
  const std::shared_ptr<Store> store_;
  Uploads uploads_;
  Downloads downloads_;
};

}  // namespace trellis::providers::blobstore
