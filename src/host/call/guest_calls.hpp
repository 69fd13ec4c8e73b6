// Host, as one running guest call sees it.
#pragma once

#include <string_view>

#include "actor/actor.hpp"
#include "base/call_context.hpp"
#include "base/log.hpp"
#include "host/call/router.hpp"
#include "wapc/guest.hpp"

namespace trellis::host {

/// Lives on the stack of one call, on the thread of that call.
class GuestCalls final : public wapc::HostCalls {
 public:
  GuestCalls(const Router& router, const actor::Actor& actor, const CallContext& chain,
             const Log& log) noexcept
      : router_(router), actor_(actor), chain_(chain), log_(log) {}

  Result<Bytes> host_call(std::string_view binding, std::string_view ns, std::string_view operation,
                          ByteView payload) override {
    return router_.from_guest(actor_, chain_, binding, ns, operation, payload);
  }
  void console_log(std::string_view text) noexcept override {
    log_.with_target("actor").write(LogLevel::info, text, {{"actor", actor_.key()}});
  }
  void error_log(std::string_view text) noexcept override {
    log_.with_target("actor").write(LogLevel::warn, text, {{"actor", actor_.key()}});
  }

 private:
  const Router& router_;
  const actor::Actor& actor_;
  const CallContext chain_;
  const Log& log_;
};

}  // namespace trellis::host
