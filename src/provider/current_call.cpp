#include "provider/current_call.hpp"

namespace trellis::provider {
namespace {
// Property of the thread: the calls on its stack.
thread_local const CurrentCall* innermost = nullptr;
}  // namespace

CurrentCall::CurrentCall(const void* instance, trellis_call number,
                         std::string_view origin) noexcept
    : instance_(instance), number_(number), origin_(origin), outer_(innermost) {
  innermost = this;
}

CurrentCall::~CurrentCall() {
  innermost = outer_;
}

std::string_view CurrentCall::origin_in(const void* instance) noexcept {
  // Several calls nest where providers that never block call each other by way of actors.
  for (const auto* call = innermost; call != nullptr; call = call->outer_) {
    if (call->instance_ == instance) return call->origin_;
  }
  return {};
}

bool CurrentCall::is_inside(const void* instance, trellis_call number) noexcept {
  for (const auto* call = innermost; call != nullptr; call = call->outer_) {
    if (call->instance_ == instance && call->number_ == number) return true;
  }
  return false;
}

}  // namespace trellis::provider
