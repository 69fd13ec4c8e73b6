// Work that must happen when a scope is left, however that comes.
#pragma once

#include <utility>

namespace trellis {

/// Runs a function at the end of its life. The function must not throw. One thread.
template <class Function>
class AtEnd {
 public:
  explicit AtEnd(Function function) noexcept : function_(std::move(function)) {}
  ~AtEnd() { function_(); }
  AtEnd(const AtEnd&) = delete;
  AtEnd& operator=(const AtEnd&) = delete;

 private:
  Function function_;
};

}  // namespace trellis
