// A value that is read on every call and replaced now and then: readers never wait for writers.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <thread>
#include <utility>

namespace trellis {

/// Holds an immutable T. read() may be called from any thread at any time; publish() from one
/// thread at a time (the owner's lock). A reader keeps the value it got alive for as long as it
/// holds it, whatever is published meanwhile.
///
/// The reference count is spread over several cache lines: two threads that read the same snapshot
/// a million times a second would otherwise spend their time passing one line back and forth.
template <class T>
class Snapshot {
 public:
  using Pointer = std::shared_ptr<const T>;

  explicit Snapshot(const Pointer& initial) { publish(initial); }
  Snapshot(const Snapshot&) = delete;
  Snapshot& operator=(const Snapshot&) = delete;

  [[nodiscard]] Pointer read() const {
    auto& shard = shards_[shard_of_this_thread()];
    const Hold hold(shard.locked);
    return shard.value;
  }

  void publish(const Pointer& next) {
    for (auto& shard : shards_) {
      // A control block of its own per shard; the aliased pointer keeps `next` alive through it.
      auto keeper = std::make_shared<Pointer>(next);
      Pointer value(keeper, next.get());
      const Hold hold(shard.locked);
      shard.value.swap(value);
    }
  }

 private:
  static constexpr std::size_t shard_count = 16;

  struct alignas(64) Shard {
    mutable std::atomic_flag locked;
    Pointer value;
  };

  /// Spins: the flag is held for a pointer copy only.
  class Hold {
   public:
    explicit Hold(std::atomic_flag& flag) noexcept : flag_(flag) {
      while (flag_.test_and_set(std::memory_order_acquire)) std::this_thread::yield();
    }
    ~Hold() { flag_.clear(std::memory_order_release); }
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;

   private:
    std::atomic_flag& flag_;
  };

  static std::size_t shard_of_this_thread() noexcept {
    thread_local const std::size_t shard = [] {
      auto hash = std::hash<std::thread::id>{}(std::this_thread::get_id());
      return (hash ^ (hash >> 7U) ^ (hash >> 17U)) % shard_count;
    }();
    return shard;
  }

  std::array<Shard, shard_count> shards_;
};

}  // namespace trellis
