// A store of blobs below one folder.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "base/random.hpp"
#include "providers/blobstore/store.hpp"
#include "providers/blobstore_fs/folder.hpp"

namespace trellis::providers::blobstore_fs {

struct Quotas {
  std::uint64_t blob_bytes = std::uint64_t{1} << 30;
  std::uint64_t total_bytes = 0;  ///< 0: no limit
  std::uint64_t objects = 100'000;
};

/// The root folder of links that name the same one, and what is used of it. Any thread.
class Root {
 public:
  /// Counts what is there, and removes what earlier uploads left. Error: unavailable.
  [[nodiscard]] static Result<std::shared_ptr<Root>> open(const std::string& path);
  explicit Root(Folder folder) : folder_(std::move(folder)) {}

  [[nodiscard]] const Folder& folder() const noexcept { return folder_; }
  [[nodiscard]] std::uint64_t used() const noexcept { return used_; }
  /// False, and nothing is charged, when that would be more than `most` (0: no limit).
  [[nodiscard]] bool charge(std::uint64_t bytes, std::uint64_t most) noexcept;
  void release(std::uint64_t bytes) noexcept { used_ -= bytes; }

 private:
  const Folder folder_;
  std::atomic<std::uint64_t> used_{0};
};

/// Any thread.
class FileStore final : public blobstore::Store {
 public:
  FileStore(std::shared_ptr<Root> root, Quotas quotas) : root_(std::move(root)), quotas_(quotas) {}

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
  [[nodiscard]] Result<Folder> container(const std::string& id) const;
  [[nodiscard]] Result<void> check_room(const Folder& folder) const;

  const std::shared_ptr<Root> root_;
  const Quotas quotas_;
  SystemRandom random_;
};

}  // namespace trellis::providers::blobstore_fs
