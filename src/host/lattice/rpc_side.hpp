// Calls between this host and others, and what they advertise to each other, over one connection
// (lattice.md 4 and 6).
#pragma once

#include <chrono>
#include <memory>

#include "base/log.hpp"
#include "base/random.hpp"
#include "host/call/remote_calls.hpp"
#include "host/lattice/advertiser.hpp"
#include "host/lattice/charged_workers.hpp"
#include "host/lattice/connection.hpp"
#include "host/state/registry.hpp"
#include "identity/keys.hpp"
#include "lattice/anti_forgery.hpp"
#include "lattice/rpc/rpc_client.hpp"
#include "lattice/rpc/rpc_server.hpp"
#include "lattice/wire/subjects.hpp"
#include "trellis/lattice_options.hpp"

namespace trellis::host {

/// Any thread; begin() is called once, first.
class RpcSide {
 public:
  /// Parts it is made from. The references outlive it.
  struct Parts {
    const LatticeOptions& options;
    std::chrono::milliseconds call_timeout;  ///< of calls that arrive
    std::unique_ptr<Connection> connection;
    const lattice::Subjects& subjects;
    const identity::KeyPair& key;
    std::shared_ptr<const Clock> clock;
    Random& random;
    const ArrivingCalls& calls;
    const Registry& registry;
    SerialExecutor& executor;
    ChargedWorkers& callers;  ///< run calls that arrive
    Advertiser::Sink sink;
    Log log;
  };
  explicit RpcSide(Parts parts);

  /// Takes advertisements from now on, and tells others everything after each reconnect.
  [[nodiscard]] Result<void> begin();
  [[nodiscard]] Result<Bytes> call(const Call& call) const;
  /// Takes calls for the entity from now on. A failure is logged: nobody here waits for it.
  void serve(const lattice::Entity& entity);
  /// Before it is removed: calls that were routed here are finished, others go elsewhere.
  void stop_serving(const lattice::Entity& entity, SteadyTime deadline) {
    server_.stop_serving(entity, deadline);
  }
  [[nodiscard]] Advertiser& advertiser() noexcept { return advertiser_; }
  [[nodiscard]] Connection& connection() noexcept { return *connection_; }
  /// Takes nothing any more, and finishes the calls that were routed here.
  void stop(SteadyTime deadline);
  /// Adds what concerns calls and advertisements.
  void describe(LatticeInfo& info) const;

 private:
  [[nodiscard]] Result<Bytes> execute(const lattice::Invocation& call, SteadyTime arrived) const;
  void tell_everything();

  const std::chrono::milliseconds call_timeout_;
  const std::shared_ptr<const Clock> clock_;
  const std::unique_ptr<Connection> connection_;
  const ArrivingCalls& calls_;
  const Registry& registry_;
  const Log log_;
  const lattice::CallVerifier verifier_;
  lattice::RpcClient client_;
  lattice::RpcServer server_;
  Advertiser advertiser_;
};

}  // namespace trellis::host
