// Store of blobs: what each implementation of wasmcloud:blobstore provides (contracts.md 3.6).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "codec/messages/blobstore.hpp"
#include "trellis/bytes.hpp"
#include "trellis/clock.hpp"
#include "trellis/result.hpp"

namespace trellis::providers::blobstore {

namespace messages = codec::blobstore;

/// An object that is being written. It appears whole with commit, or not at all: dropping an upload
/// leaves what was there before. One thread at a time.
class Upload {
 public:
  virtual ~Upload() = default;
  /// Appends.
  [[nodiscard]] virtual Result<void> write(ByteView bytes, SteadyTime deadline) = 0;
  [[nodiscard]] virtual Result<void> commit(SteadyTime deadline) = 0;
};

/// An object that is being read, as it was when it was opened, or an error. One thread at a time.
class Download {
 public:
  virtual ~Download() = default;
  [[nodiscard]] virtual std::uint64_t size() const = 0;
  /// Exactly so many bytes.
  [[nodiscard]] virtual Result<Bytes> read(std::uint64_t offset, std::size_t size,
                                           SteadyTime deadline) = 0;
};

/// Store that one link reaches. Any thread. Names come from actors: implementations check them.
/// Deadlines are on std::chrono::steady_clock.
///
/// Errors: invalid_argument for names, not_found, already_exists (a container that is not empty),
/// limit for quotas, unavailable, deadline.
class Store {
 public:
  virtual ~Store() = default;

  /// The container's name as it is kept. One that is there already is no error.
  [[nodiscard]] virtual Result<std::string> create_container(const std::string& id,
                                                             SteadyTime deadline) = 0;
  [[nodiscard]] virtual Result<void> remove_container(const std::string& id,
                                                      SteadyTime deadline) = 0;
  [[nodiscard]] virtual Result<void> remove_object(const std::string& container,
                                                   const std::string& id, SteadyTime deadline) = 0;
  /// In order of their names.
  [[nodiscard]] virtual Result<std::vector<messages::Blob>> list(const std::string& container,
                                                                 SteadyTime deadline) = 0;
  /// Nothing for an object or container that is not there.
  [[nodiscard]] virtual Result<std::optional<messages::Blob>> info(const std::string& container,
                                                                   const std::string& id,
                                                                   SteadyTime deadline) = 0;
  /// `size` is what will be written in all.
  [[nodiscard]] virtual Result<std::unique_ptr<Upload>> upload(const std::string& container,
                                                               const std::string& id,
                                                               std::uint64_t size,
                                                               SteadyTime deadline) = 0;
  [[nodiscard]] virtual Result<std::unique_ptr<Download>> download(const std::string& container,
                                                                   const std::string& id,
                                                                   SteadyTime deadline) = 0;
};

/// Sizes of chunks: what 0 in a download means, and what is refused.
inline constexpr std::uint64_t default_chunk_bytes = 512 * 1024;
inline constexpr std::uint64_t max_chunk_bytes = 8 * 1024 * 1024;

}  // namespace trellis::providers::blobstore
