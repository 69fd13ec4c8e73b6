#include "actor/actor.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace trellis::actor {
namespace {

/// Calls of a guest that starts: it may write to the log and do nothing else. No call is under way,
/// so there is nobody on whose behalf it could make one.
class StartupCalls final : public wapc::HostCalls {
 public:
  StartupCalls(const Log& log, const std::string& key) : log_(log), key_(key) {}

  Result<Bytes> host_call(std::string_view, std::string_view, std::string_view, ByteView) override {
    return fail(ErrorCode::denied, "host calls are not possible while an actor starts");
  }
  void console_log(std::string_view text) noexcept override {
    log_.write(LogLevel::info, text, {{"actor", key_}});
  }

 private:
  const Log& log_;
  const std::string& key_;
};

}  // namespace

Actor::Actor(Parts parts, WaitGraph& graph, Log log)
    : parts_(std::move(parts)), log_(std::move(log)) {
  auto make_guest = [this] {
    StartupCalls calls(log_, parts_.identity.key);
    return parts_.module->instantiate(calls);
  };
  pool_ = std::make_unique<Pool>(parts_.identity.key, parts_.pool, std::move(make_guest), graph);
}

Result<std::shared_ptr<Actor>> Actor::create(Parts parts, WaitGraph& graph, Log log) {
  std::shared_ptr<Actor> actor(new Actor(std::move(parts), graph, std::move(log)));
  // Instances up to the minimum are made now: a module that cannot start shall fail its start and
  // not its first call (host.md 7.2).
  if (auto filled = actor->pool_->fill(); !filled) return pass(filled);
  return actor;
}

bool Actor::has_capability(std::string_view contract) const noexcept {
  const auto& list = parts_.identity.capabilities;
  return list && std::find(list->begin(), list->end(), contract) != list->end();
}

Result<Bytes> Actor::call(const CallContext& caller, std::string_view operation, ByteView payload,
                          wapc::HostCalls& host_calls) {
  // Chain that has the only instance can never get another: it is told so at once, where a wait in
  // line would last until its deadline (contracts.md 1.8).
  if (pool_->limits().maximum == 1 && pool_->limits().reserve == 0 && caller.contains(id())) {
    return pool_->in_chain();
  }
  auto lease = pool_->take(caller);
  if (!lease) return pass(lease);
  return run(*lease, caller, operation, payload, host_calls);
}

Result<Bytes> Actor::call_if_idle(const CallContext& caller, std::string_view operation,
                                  ByteView payload, wapc::HostCalls& host_calls) {
  auto lease = pool_->try_take(caller);
  if (!lease) return pass(lease);
  return run(*lease, caller, operation, payload, host_calls);
}

Result<Bytes> Actor::run(Pool::Lease& lease, const CallContext& caller, std::string_view operation,
                         ByteView payload, wapc::HostCalls& host_calls) {
  auto result = lease.guest().call(operation, payload, host_calls, caller.deadline);
  if (!result) {
    lease.count_error();
    // Instance that trapped or was stopped goes when the lease ends (D5); the actor stays.
    if (!lease.guest().usable()) {
      log_.warn("an instance of actor {} was dropped: {}", key(), result.error().message);
    }
    // Text as first-party hosts have it (contracts.md 1.4).
    result.error().message.insert(0, "Failed to invoke actor: ");
  }
  return result;
}

}  // namespace trellis::actor
