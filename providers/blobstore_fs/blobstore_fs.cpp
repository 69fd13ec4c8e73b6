#include "providers/blobstore_fs/blobstore_fs.hpp"

#include <array>
#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "providers/blobstore/provider.hpp"
#include "providers/blobstore_fs/file_store.hpp"
#include "providers/common/link_values.hpp"

namespace trellis::providers::blobstore_fs {

namespace {

constexpr std::array<std::string_view, 6> known_keys = {
    "ROOT", "MAX_BLOB_BYTES", "MAX_TOTAL_BYTES", "MAX_OBJECTS", "CHUNK_FORMAT", "FIRST_SEQUENCE"};

[[nodiscard]] Result<Quotas> read_quotas(const codec::StringMap& values) {
  // A pebibyte: more is a mistake, and sums of quotas do not wrap.
  constexpr std::uint64_t most = std::uint64_t{1} << 50;
  const Quotas otherwise;
  const auto blob = number_value(values, "MAX_BLOB_BYTES", otherwise.blob_bytes, 1, most);
  if (!blob) return pass(blob);
  const auto total = number_value(values, "MAX_TOTAL_BYTES", otherwise.total_bytes, 0, most);
  if (!total) return pass(total);
  const auto objects = number_value(values, "MAX_OBJECTS", otherwise.objects, 1, 10'000'000);
  if (!objects) return pass(objects);
  return Quotas{*blob, *total, *objects};
}

constexpr std::array blobstore_fs_local_values = {trellis_local_value{"ROOT", TRELLIS_LOCAL_FILE}};

class FileBlobProvider final : public blobstore::BlobProvider {
 public:
  static constexpr Description description = {
      blobstore::messages::contract_id.data(),
      "Trellis Blob Store (files)",
      "Trellis",
      "0.1.0",
      1,
      TRELLIS_PROVIDER_CONCURRENT | TRELLIS_PROVIDER_REBINDS,
      blobstore_fs_local_values};

  explicit FileBlobProvider(Host host) : BlobProvider(host, "blobstore-fs") {}

 private:
  Result<std::shared_ptr<blobstore::Store>> open(const codec::StringMap& values) override {
    // Unknown keys are refused: a mistyped MAX_TOTAL_BYTES would be no limit at all.
    if (auto known = check_keys(values, known_keys); !known) return pass(known);
    const std::string path(text_value(values, "ROOT"));
    if (path.empty()) {
      return fail(ErrorCode::invalid_argument, "link value ROOT is missing",
                  "name the folder where the blobs are");
    }
    const auto quotas = read_quotas(values);
    if (!quotas) return pass(quotas);
    auto root = root_at(path);
    if (!root) return pass(root);
    return std::make_shared<FileStore>(std::move(*root), *quotas);
  }

  /// Root of a path: links to one folder share what is counted of it.
  [[nodiscard]] Result<std::shared_ptr<Root>> root_at(const std::string& path) {
    std::error_code error;
    // Canonical, so that two spellings of a folder are one count.
    const auto canonical = std::filesystem::canonical(path, error);
    if (error) {
      return fail(ErrorCode::invalid_argument, "link value ROOT: " + path + ": " + error.message(),
                  "name a folder that is there");
    }
    std::erase_if(roots_, [](const auto& each) { return each.second.expired(); });
    auto& known = roots_[canonical.string()];
    if (auto root = known.lock()) return root;
    auto root = Root::open(canonical.string());
    if (root) known = *root;
    return root;
  }

  std::map<std::string, std::weak_ptr<Root>> roots_;  // touched by bind only: one at a time
};

}  // namespace

const trellis_provider_table* table() noexcept {
  return sdk23::provider_table<FileBlobProvider>();
}

}  // namespace trellis::providers::blobstore_fs
