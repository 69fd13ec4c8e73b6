// A persistent store as one call sees it.
#pragma once

#include "providers/keyvalue/memory_space.hpp"
#include "providers/keyvalue/space.hpp"
#include "providers/keyvalue_file/persistent_store.hpp"

namespace trellis::providers::keyvalue_file {

/// Store at one moment, with the bounds of one link. A change that left everything as it was is not
/// written.
class FileSpace final : public keyvalue::Space {
 public:
  FileSpace(PersistentStore& store, const keyvalue::Limits& bounds, SteadyTime now,
            SteadyTime deadline) noexcept
      : kept_(store), memory_(store.store(), bounds, now, deadline), now_(now) {}

  Result<std::optional<std::string>> get(const std::string& key) override {
    return memory_.get(key);
  }
  Result<bool> exists(const std::string& key) override { return memory_.exists(key); }
  Result<std::vector<std::string>> range(const std::string& key, std::int32_t start,
                                         std::int32_t stop) override {
    return memory_.range(key, start, stop);
  }
  Result<std::vector<std::string>> set_union(const std::vector<std::string>& keys) override {
    return memory_.set_union(keys);
  }
  Result<std::vector<std::string>> set_intersection(const std::vector<std::string>& keys) override {
    return memory_.set_intersection(keys);
  }
  Result<std::vector<std::string>> members(const std::string& key) override {
    return memory_.members(key);
  }

  Result<void> set(const std::string& key, const std::string& value, std::int32_t expires) override;
  Result<std::int32_t> add(const std::string& key, std::int32_t value) override;
  Result<void> remove(const std::string& key) override;
  Result<std::size_t> push(const std::string& key, const std::string& value) override;
  Result<std::size_t> remove_item(const std::string& key, const std::string& value) override;
  Result<bool> set_add(const std::string& key, const std::string& value) override;
  Result<bool> set_remove(const std::string& key, const std::string& value) override;

 private:
  PersistentStore& kept_;
  keyvalue::MemorySpace memory_;
  SteadyTime now_;
};

}  // namespace trellis::providers::keyvalue_file
