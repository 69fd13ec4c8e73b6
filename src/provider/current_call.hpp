// Which provider calls the current thread is inside, innermost first.
#pragma once

#include "trellis/provider.h"

namespace trellis::provider {

/// Put around handle_call. A dispatch made by the same thread for the same call belongs to the
/// caller's stack and keeps its chain id (base/call_context.hpp). Nests. One thread.
class CurrentCall {
 public:
  CurrentCall(const void* instance, trellis_call number) noexcept;
  ~CurrentCall();
  CurrentCall(const CurrentCall&) = delete;
  CurrentCall& operator=(const CurrentCall&) = delete;

  [[nodiscard]] static bool is_inside(const void* instance, trellis_call number) noexcept;

 private:
  const void* instance_;
  trellis_call number_;
  const CurrentCall* outer_;
};

}  // namespace trellis::provider
