// Operations of the control socket (docs/control-socket.md lists names and arguments).
#pragma once

#include <functional>

#include "admin/socket/protocol.hpp"
#include "base/mutex.hpp"
#include "trellis/clock.hpp"
#include "trellis/host.hpp"

namespace trellis::admin {

/// Carries requests out on one host. Any thread, concurrently; blocks as long as the host does.
class Operations {
 public:
  /// `host` outlives this. `stop` is asked to end the process; it must not wait for that. `reload`
  /// makes the host look like its manifest, or the one in the request, and gives the report.
  Operations(Host& host, const Clock& clock, std::function<void()> stop,
             std::function<Outcome(const Request&)> reload)
      : host_(host), clock_(clock), stop_(std::move(stop)), reload_(std::move(reload)) {}

  [[nodiscard]] Outcome handle(const Request& request) const;

 private:
  using Operation = Outcome (Operations::*)(const Request&) const;
  [[nodiscard]] static Operation find(std::string_view name);

  [[nodiscard]] Outcome ping(const Request&) const;
  [[nodiscard]] Outcome inventory(const Request&) const;
  [[nodiscard]] Outcome links(const Request&) const;
  [[nodiscard]] Outcome claims(const Request&) const;
  [[nodiscard]] Outcome call(const Request&) const;
  [[nodiscard]] Outcome start_actor(const Request&) const;
  [[nodiscard]] Outcome stop_actor(const Request&) const;
  [[nodiscard]] Outcome update_actor(const Request&) const;
  [[nodiscard]] Outcome scale_actor(const Request&) const;
  [[nodiscard]] Outcome start_provider(const Request&) const;
  [[nodiscard]] Outcome stop_provider(const Request&) const;
  [[nodiscard]] Outcome set_link(const Request&) const;
  [[nodiscard]] Outcome remove_link(const Request&) const;
  [[nodiscard]] Outcome link_answer(const Link& link, std::chrono::milliseconds wait) const;
  [[nodiscard]] Outcome reload(const Request&) const;
  [[nodiscard]] Outcome export_state(const Request&) const;
  [[nodiscard]] Outcome stop(const Request&) const;

  [[nodiscard]] Result<std::string> actor_key(std::string_view wanted) const;
  [[nodiscard]] Result<std::string> provider_key(const std::string& wanted,
                                                 std::string_view link_name) const;

  Host& host_;
  const Clock& clock_;
  const std::function<void()> stop_;
  const std::function<Outcome(const Request&)> reload_;
  /// One listing at a time: how long they are is up to others.
  mutable Mutex listing_;
};

}  // namespace trellis::admin
