// Numbers in place of pointers for callbacks of nats.c, which may come after the object they were
// meant for is gone: the library says for no callback when its last one has been.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>

namespace trellis::lattice::nats {

/// Finds the living object of a number; a number is never used twice. Process-wide as the library
/// that calls back is; holds weak pointers only. Any thread.
template <class T>
class CallbackRegistry {
 public:
  /// Never destroyed: threads of the library may still call back while the process ends.
  static CallbackRegistry& instance() {
    static auto* const registry = new CallbackRegistry;
    return *registry;
  }

  std::uintptr_t add(std::weak_ptr<T> object) {
    const auto id = next_.fetch_add(1, std::memory_order_relaxed);
    auto& shard = shard_of(id);
    const std::scoped_lock lock(shard.mutex);
    shard.objects.emplace(id, std::move(object));
    return id;
  }

  void remove(std::uintptr_t id) {
    auto& shard = shard_of(id);
    const std::scoped_lock lock(shard.mutex);
    shard.objects.erase(id);
  }

  [[nodiscard]] std::shared_ptr<T> find(const void* closure) {
    const auto id = reinterpret_cast<std::uintptr_t>(closure);
    auto& shard = shard_of(id);
    const std::scoped_lock lock(shard.mutex);
    const auto found = shard.objects.find(id);
    return found == shard.objects.end() ? nullptr : found->second.lock();
  }

 private:
  struct alignas(64) Shard {
    std::mutex mutex;
    std::unordered_map<std::uintptr_t, std::weak_ptr<T>> objects;  // under mutex
  };

  CallbackRegistry() = default;
  Shard& shard_of(std::uintptr_t id) { return shards_[id % shards_.size()]; }

  std::atomic<std::uintptr_t> next_{1};
  std::array<Shard, 16> shards_;
};

/// The number of one object, taken back with it.
template <class T>
class CallbackId {
 public:
  CallbackId() = default;
  explicit CallbackId(std::weak_ptr<T> object)
      : id_(CallbackRegistry<T>::instance().add(std::move(object))) {}
  CallbackId(const CallbackId&) = delete;
  CallbackId& operator=(const CallbackId&) = delete;
  CallbackId(CallbackId&& other) noexcept : id_(std::exchange(other.id_, 0)) {}
  CallbackId& operator=(CallbackId&& other) noexcept {
    std::swap(id_, other.id_);
    return *this;
  }
  ~CallbackId() {
    if (id_ != 0) CallbackRegistry<T>::instance().remove(id_);
  }

  /// What to give to nats.c.
  [[nodiscard]] void* closure() const noexcept {
    return reinterpret_cast<void*>(id_);  // NOLINT(performance-no-int-to-ptr): never dereferenced
  }

 private:
  std::uintptr_t id_ = 0;
};

}  // namespace trellis::lattice::nats
