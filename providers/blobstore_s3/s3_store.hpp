// The buckets of an S3 server as a store of blobs.
#pragma once

#include <memory>
#include <string>

#include "providers/blobstore/store.hpp"
#include "providers/blobstore_s3/s3_client.hpp"

namespace trellis::providers::blobstore_s3 {

/// Any thread.
class S3Store final : public blobstore::Store {
 public:
  explicit S3Store(std::shared_ptr<S3Client> client) : client_(std::move(client)) {}

  Result<std::string> create_container(const std::string& id, SteadyTime deadline) override;
  Result<void> remove_container(const std::string& id, SteadyTime deadline) override;
  Result<void> remove_object(const std::string& container, const std::string& id,
                             SteadyTime deadline) override;
  Result<std::vector<blobstore::messages::Blob>> list(const std::string& container,
                                                      SteadyTime deadline) override;
  Result<std::optional<blobstore::messages::Blob>> info(const std::string& container,
                                                        const std::string& id,
                                                        SteadyTime deadline) override;
  Result<std::unique_ptr<blobstore::Upload>> upload(const std::string& container,
                                                    const std::string& id, std::uint64_t size,
                                                    SteadyTime deadline) override;
  Result<std::unique_ptr<blobstore::Download>> download(const std::string& container,
                                                        const std::string& id,
                                                        SteadyTime deadline) override;

 private:
  struct Head {
    std::uint64_t size = 0;
    std::string etag;
  };
  [[nodiscard]] Result<Head> head(const std::string& container, const std::string& id,
                                  SteadyTime deadline);
  [[nodiscard]] Result<void> check_bucket_there(const std::string& bucket, SteadyTime deadline);

  const std::shared_ptr<S3Client> client_;
};

}  // namespace trellis::providers::blobstore_s3
