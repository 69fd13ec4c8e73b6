#include "providers/blobstore_s3/blobstore_s3.hpp"

#include <array>
#include <cstdlib>
#include <memory>
#include <stop_token>

#include "providers/blobstore/provider.hpp"
#include "providers/blobstore_s3/s3_store.hpp"

namespace trellis::providers::blobstore_s3 {

namespace {

constexpr std::array blobstore_s3_local_values = {
    trellis_local_value{"CA_FILE", TRELLIS_LOCAL_FILE},
    trellis_local_value{"HTTP_PROXY", TRELLIS_LOCAL_ONLY},
    trellis_local_value{"KEYS_FROM", TRELLIS_LOCAL_ONLY}};

/// Environment of the process that the provider is in: its user's own.
[[nodiscard]] std::optional<std::string> process_environment(const char* name) {
  // Nothing for a program with more rights than its user: the variables are the user's.
  const char* value = ::secure_getenv(name);
  if (value == nullptr || *value == '\0') return std::nullopt;
  return value;
}

class S3Provider final : public blobstore::BlobProvider {
 public:
  static constexpr Description description = {
      blobstore::messages::contract_id.data(),
      "Trellis Blob Store (S3)",
      "Trellis",
      "0.1.0",
      1,
      TRELLIS_PROVIDER_CONCURRENT | TRELLIS_PROVIDER_REBINDS,
      blobstore_s3_local_values};

  explicit S3Provider(Host host) : BlobProvider(host, "blobstore-s3") {}

 private:
  /// Store for the link. The server is not asked: what the keys may do is known only when it is
  /// done.
  Result<std::shared_ptr<blobstore::Store>> open(const codec::StringMap& values) override {
    auto options = read_options(values, process_environment);
    if (!options) return pass(options);
    return std::make_shared<S3Store>(
        std::make_shared<S3Client>(std::move(*options), stopping_.get_token()));
  }
  void shut_down() override { stopping_.request_stop(); }

  std::stop_source stopping_;
};

}  // namespace

const trellis_provider_table* table() noexcept {
  return sdk23::provider_table<S3Provider>();
}

}  // namespace trellis::providers::blobstore_s3
