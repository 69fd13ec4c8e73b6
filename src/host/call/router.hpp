// The path of a call: who may call whom, where the target is, and on to it. DESIGN section 2;
// host.md 6.1 and 6.2; lattice.md 4.1 and 4.4.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "base/call_context.hpp"
#include "base/log.hpp"
#include "host/call/remote_calls.hpp"
#include "host/call/tables.hpp"
#include "trellis/host.hpp"

namespace trellis::host {

/// What the router needs to know of the host's options.
struct RouterOptions {
  bool check_provider_to_actor = true;  ///< D1
  bool deny_unknown_origins = false;    ///< D2
  std::chrono::milliseconds call_timeout{0};
  std::shared_ptr<const Clock> clock;
  std::shared_ptr<Authorizer> authorizer;  ///< may be null
  std::vector<std::shared_ptr<Middleware>> middleware;
  /// For actors that run elsewhere: the gate that is closed while their first BindActor is under
  /// way; null when there is none. Local ones have it in their routes.
  std::function<std::shared_ptr<const Gate>(const ProviderEntry&, const std::string& actor)>
      gate_of;
};

/// Runs every call on the thread that makes it. Takes no global lock: tables are read as a
/// snapshot, instances come from the target's pool. Any thread of the host (guests are entered).
class Router final : public ArrivingCalls {
 public:
  Router(RouterOptions options, const TablesSnapshot& tables, const RemoteCalls& remote, Log log);

  /// A call from the host API, as "system". `target` is a key or a call alias.
  [[nodiscard]] Result<Bytes> from_system(std::string_view target, std::string_view operation,
                                          ByteView payload, SteadyTime deadline) const;

  /// A call from a provider to an actor. `parent` is null when it belongs to no call.
  [[nodiscard]] Result<Bytes> from_provider(const ProviderOrigin& origin, const CallContext* parent,
                                            std::string_view actor, std::string_view operation,
                                            ByteView payload, SteadyTime deadline) const;

  /// A host call of a guest. `caller` is the chain including that guest's actor.
  [[nodiscard]] Result<Bytes> from_guest(const actor::Actor& origin, const CallContext& caller,
                                         std::string_view binding, std::string_view ns,
                                         std::string_view operation, ByteView payload) const;

  [[nodiscard]] Result<Bytes> from_lattice(const Party& origin, const Party& target,
                                           std::string_view operation, ByteView payload,
                                           SteadyTime deadline) const override;

  /// HealthRequest to a running actor, on an idle instance only (host.md 10).
  [[nodiscard]] Result<Bytes> health_check(actor::Actor& target, ByteView payload,
                                           SteadyTime deadline) const;

  [[nodiscard]] std::chrono::milliseconds call_timeout() const noexcept {
    return options_.call_timeout;
  }
  /// Calls refused by claims or authorizer since the start.
  [[nodiscard]] std::uint64_t denials() const noexcept {
    return denials_.load(std::memory_order_relaxed);
  }

 private:
  /// Who calls, for hooks and log lines.
  struct Origin {
    std::string_view key;
    const ActorIdentity* claims = nullptr;     // set when it is an actor whose claims are known
    const ProviderOrigin* provider = nullptr;  // set when it is a provider running here
    [[nodiscard]] Party party() const noexcept;
  };

  /// On to an actor by key: here when it runs here, else over the lattice.
  [[nodiscard]] Result<Bytes> to_actor(const Origin& origin, const Tables& tables,
                                       std::string_view key, const CallContext& caller,
                                       std::string_view operation, ByteView payload) const;
  [[nodiscard]] Result<Bytes> to_actor(const Origin& origin, const ActorEntry& target,
                                       const CallContext& caller, std::string_view operation,
                                       ByteView payload) const;
  [[nodiscard]] Result<Bytes> to_provider(const actor::Actor& origin, const Route& route,
                                          const CallContext& caller, std::string_view operation,
                                          ByteView payload) const;
  [[nodiscard]] Result<Bytes> to_provider(const Origin& origin, const ProviderEntry& provider,
                                          const CallContext& caller, std::string_view operation,
                                          ByteView payload) const;
  [[nodiscard]] Result<Bytes> lattice_to_actor(const Tables& tables, const Party& origin,
                                               const Party& target, const CallContext& root,
                                               std::string_view operation, ByteView payload) const;
  [[nodiscard]] Result<Bytes> lattice_to_provider(const Tables& tables, const Party& origin,
                                                  const Party& target, const CallContext& root,
                                                  std::string_view operation,
                                                  ByteView payload) const;
  /// Sends it out, unless the authorizer objects.
  [[nodiscard]] Result<Bytes> out(const Origin& origin, const Party& target,
                                  const CallContext& caller, std::string_view operation,
                                  ByteView payload) const;
  [[nodiscard]] Result<Bytes> execute(actor::Actor& target, const CallContext& caller,
                                      std::string_view operation, ByteView payload) const;
  [[nodiscard]] Result<Bytes> with_hooks(const Origin& origin, const ActorEntry& target,
                                         const CallContext& caller, std::string_view operation,
                                         ByteView payload) const;
  [[nodiscard]] Result<Bytes> with_hooks(const Origin& origin, const ProviderEntry& provider,
                                         const CallContext& caller, std::string_view operation,
                                         ByteView payload) const;
  static void wait_at(const Gate* gate, const CallContext& caller);
  [[nodiscard]] bool authorizer_agrees(const ActorIdentity& origin,
                                       const InvocationView& invocation) const;
  /// Of an actor or provider, for the log; empty when it is not known.
  [[nodiscard]] std::string name_of(std::string_view key) const;
  [[nodiscard]] std::unexpected<Error> denied(std::string_view reason, std::string_view origin,
                                              std::string_view target) const;

  const RouterOptions options_;
  const TablesSnapshot& tables_;
  const RemoteCalls& remote_;
  const Log log_;
  mutable std::atomic<std::uint64_t> denials_{0};
  mutable std::atomic<std::uint64_t> next_invocation_{1};
};

}  // namespace trellis::host
