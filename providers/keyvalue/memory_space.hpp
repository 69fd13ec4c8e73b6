// A store in memory as one call sees it.
#pragma once

#include "codec/fields.hpp"
#include "providers/keyvalue/space.hpp"
#include "providers/keyvalue/store.hpp"

namespace trellis::providers::keyvalue {

/// MAX_KEYS, MAX_VALUE_BYTES and MAX_TOTAL_BYTES of a link (keyvalue.hpp). Error: invalid_argument.
[[nodiscard]] Result<Limits> read_limits(const codec::StringMap& values);

/// The store at one moment, with the bounds of one link.
class MemorySpace final : public Space {
 public:
  /// `deadline`: of the call, which ends long work.
  MemorySpace(Store& store, const Limits& bounds, SteadyTime now, SteadyTime deadline) noexcept
      : store_(store), bounds_(bounds), now_(now), deadline_(deadline) {}

  Result<std::optional<std::string>> get(const std::string& key) override {
    return store_.get(key, now_);
  }
  Result<bool> exists(const std::string& key) override { return store_.exists(key, now_); }
  Result<void> set(const std::string& key, const std::string& value,
                   std::int32_t expires) override {
    const auto end = expires > 0 ? now_ + std::chrono::seconds(expires) : Store::never;
    return store_.set(key, value, end, bounds_, now_);
  }
  Result<std::int32_t> add(const std::string& key, std::int32_t value) override {
    return store_.add(key, value, bounds_, now_);
  }
  Result<void> remove(const std::string& key) override {
    store_.remove(key, now_);
    return {};
  }
  Result<std::size_t> push(const std::string& key, const std::string& value) override {
    return store_.push(key, value, bounds_, now_);
  }
  Result<std::vector<std::string>> range(const std::string& key, std::int32_t start,
                                         std::int32_t stop) override {
    return store_.range(key, start, stop, now_, WorkLimit(deadline_));
  }
  Result<std::size_t> remove_item(const std::string& key, const std::string& value) override {
    return store_.remove_item(key, value, now_);
  }
  Result<bool> set_add(const std::string& key, const std::string& value) override {
    return store_.set_add(key, value, bounds_, now_);
  }
  Result<bool> set_remove(const std::string& key, const std::string& value) override {
    return store_.set_remove(key, value, now_);
  }
  Result<std::vector<std::string>> set_union(const std::vector<std::string>& keys) override {
    return store_.set_union(keys, now_, WorkLimit(deadline_));
  }
  Result<std::vector<std::string>> set_intersection(const std::vector<std::string>& keys) override {
    return store_.set_intersection(keys, now_, WorkLimit(deadline_));
  }
  Result<std::vector<std::string>> members(const std::string& key) override {
    return store_.members(key, now_, WorkLimit(deadline_));
  }

 private:
  Store& store_;
  const Limits& bounds_;
  SteadyTime now_;
  SteadyTime deadline_;
};

}  // namespace trellis::providers::keyvalue
