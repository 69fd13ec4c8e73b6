// Memory that connections keep for their peers, counted where the host counts it.
#pragma once

#include <cstddef>
#include <utility>

namespace trellis::providers {

/// Gives out memory until there is no more. Any thread.
class MemorySource {
 public:
  virtual ~MemorySource() = default;
  [[nodiscard]] virtual bool reserve(std::size_t bytes) noexcept = 0;
  virtual void release(std::size_t bytes) noexcept = 0;
};

/// Memory that one owner has of a source, given back at the end; counts nothing without one. The
/// first few KiB are free, so that usual requests cost nothing. One thread at a time.
class MemoryHold {
 public:
  explicit MemoryHold(MemorySource* source) noexcept : source_(source) {}
  MemoryHold(const MemoryHold&) = delete;
  MemoryHold& operator=(const MemoryHold&) = delete;
  ~MemoryHold() { release(); }

  /// Sees to it that `bytes` in all are counted; false when there is no room for them.
  [[nodiscard]] bool cover(std::size_t bytes) noexcept {
    if (source_ == nullptr || bytes <= free_bytes || bytes <= held_) return true;
    if (!source_->reserve(bytes - held_)) return false;
    held_ = bytes;
    return true;
  }
  void release() noexcept {
    if (const auto bytes = std::exchange(held_, 0); bytes > 0) source_->release(bytes);
  }

 private:
  static constexpr std::size_t free_bytes = std::size_t{16} * 1024;

  MemorySource* const source_;
  std::size_t held_ = 0;
};

}  // namespace trellis::providers
