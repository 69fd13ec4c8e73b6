// An object on its way to S3: in one request when it is small, else in parts.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/call_limits.hpp"
#include "providers/blobstore/store.hpp"
#include "providers/blobstore_s3/s3_client.hpp"

namespace trellis::providers::blobstore_s3 {

/// At most one part is in memory. Parts of an upload that is dropped are given up at the server,
/// as far as it can be reached.
class S3Upload final : public blobstore::Upload {
 public:
  static constexpr std::size_t least_part_bytes = 8 * limits::mib;
  static constexpr std::uint64_t max_parts = 10'000;

  S3Upload(std::shared_ptr<S3Client> client, std::string bucket, std::string key,
           std::uint64_t size);
  S3Upload(const S3Upload&) = delete;
  S3Upload& operator=(const S3Upload&) = delete;
  ~S3Upload() override;

  Result<void> write(ByteView bytes, SteadyTime deadline) override;
  Result<void> commit(SteadyTime deadline) override;

 private:
  [[nodiscard]] Result<void> begin(SteadyTime deadline);
  [[nodiscard]] Result<void> send_part(SteadyTime deadline);
  [[nodiscard]] Result<void> complete(SteadyTime deadline);

  const std::shared_ptr<S3Client> client_;
  const std::string bucket_;
  const std::string key_;
  const std::size_t part_bytes_;
  Bytes buffer_;
  std::string upload_id_;           ///< empty while there are no parts
  std::vector<std::string> etags_;  ///< of the parts that were sent
};

}  // namespace trellis::providers::blobstore_s3
