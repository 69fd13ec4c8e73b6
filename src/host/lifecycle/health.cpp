#include "host/lifecycle/health.hpp"

#include <set>
#include <utility>

#include "base/deadline.hpp"
#include "base/guard.hpp"
#include "codec/message.hpp"
#include "codec/messages/core.hpp"
#include "host/call/router.hpp"
#include "provider/provider.hpp"

namespace trellis::host {
namespace {

/// Texts of first-party hosts (host.md 10).
constexpr auto silent_text = "No successful health check response from target";
constexpr auto garbled_text = "Failed to de-serialize health check response from target";

/// Beyond the time of the answers, so that the last of them is recorded.
constexpr auto settling = std::chrono::milliseconds(20);

Bytes health_request() {
  return codec::encode(codec::core::HealthRequest{});
}

}  // namespace

HealthMonitor::HealthMonitor(HealthOptions options, const TablesSnapshot& tables,
                             const Router& router, GuestThreadPool& workers, Log log)
    : options_(std::move(options)),
      tables_(tables),
      router_(router),
      workers_(workers),
      log_(std::move(log)) {}

HealthMonitor::~HealthMonitor() {
  stop();
}

void HealthMonitor::start() {
  schedule();
}

void HealthMonitor::stop() {
  const MutexLock lock(mutex_);
  stopped_ = true;
}

void HealthMonitor::schedule() {
  timer_.after(options_.interval, [this] {
    {
      const MutexLock lock(mutex_);
      if (stopped_) return;
    }
    // A round that fails half-way is one round; the next must come all the same.
    survived([this] {
      begin_round(std::make_shared<Round>());
      if (!options_.after_round) return;
      timer_.after(options_.timeout + settling, [this] {
        // Refused only when the host stops, or drowns; then the next round reports.
        static_cast<void>(workers_.post(options_.after_round));
      });
    });
    persevere([this] { schedule(); });
  });
}

void HealthMonitor::run_round() {
  const auto round = std::make_shared<Round>();
  begin_round(round);
  round->missing.close();
  if (round->missing.wait_until(deadline_in(options_.timeout))) return;
  for (const auto entity : round->asked) silent(entity);  // those that have not answered by now
}

void HealthMonitor::begin_round(const std::shared_ptr<Round>& round) {
  const auto tables = tables_.read();
  // Entities that stopped are forgotten first: records must not grow with all that ever ran.
  forget_stopped(*tables);
  tables->actors.for_each(
      [&](std::string_view, const auto& entry) { check_actor(entry->actor, round); });
  tables->providers.for_each(
      [&](std::string_view, const auto& entry) { check_provider(entry, round); });
}

void HealthMonitor::check_actor(const std::shared_ptr<actor::Actor>& actor,
                                const std::shared_ptr<Round>& round) {
  const auto pool = actor->pool().statistics();
  // Calls are counted when they begin, so that those under way are no proof of life.
  const auto completed = pool.calls - pool.busy;
  {
    const MutexLock lock(mutex_);
    auto& record = records_[actor->id()];
    const bool progressing = completed != std::exchange(record.calls_before, completed);
    const bool all_busy = pool.busy != 0 && pool.busy >= actor->pool().limits().maximum;
    if (all_busy) {
      // Never wait for a busy actor: progress is proof of life, none over a whole round is not.
      if (progressing || record.health.state == HealthState::unknown) {
        set(record, HealthState::healthy, {});
      } else {
        set(record, HealthState::unhealthy, silent_text);
      }
      return;
    }
  }
  ask(actor->id(), round, [this, actor](SteadyTime deadline) {
    return router_.health_check(*actor, health_request(), deadline);
  });
}

void HealthMonitor::check_provider(const std::shared_ptr<const ProviderEntry>& provider,
                                   const std::shared_ptr<Round>& round) {
  ask(provider->instance->id(), round, [provider](SteadyTime deadline) {
    CallContext context;
    context.deadline = deadline;
    return provider->instance->call(context, codec::core::system_actor,
                                    codec::core::operation::health_request, health_request());
  });
}

// The request itself has the time of a normal call: a slow answer makes the entity unhealthy, but
// does not kill the instance that is working on it.
void HealthMonitor::ask(EntityId entity, const std::shared_ptr<Round>& round,
                        std::function<Result<Bytes>(SteadyTime)> request) {
  {
    const MutexLock lock(mutex_);
    auto& record = records_[entity];
    if (record.asked) return;  // the last question is still open and already counted as silence
    record.asked = true;
  }
  round->asked.push_back(entity);
  // Answer is missing as long as this function exists; the round, captured first, lasts longer.
  auto answered = [this, entity, round, missing = round->missing.enter()](
                      const Result<Bytes>& answer) { record(entity, answer); };
  // Silence is noted by the timer and not by the request, which has more time than a round.
  timer_.after(options_.timeout, [this, entity] { silent(entity); });
  const auto deadline = options_.clock->steady() + router_.call_timeout();
  auto posted = workers_.post([answered, deadline, request = std::move(request)] {
    answered(contained([&] { return request(deadline); }));
  });
  if (!posted) answered(pass(posted));
}

void HealthMonitor::record(EntityId entity, const Result<Bytes>& answer) {
  const MutexLock lock(mutex_);
  const auto found = records_.find(entity);
  if (found == records_.end()) return;
  auto& record = found->second;
  record.asked = false;
  // Busy and cancelled are no news: somebody else took the last idle instance, or the entity stops.
  if (!answer &&
      (answer.error().code == ErrorCode::busy || answer.error().code == ErrorCode::cancelled)) {
    return;
  }
  if (!answer && answer.error().code == ErrorCode::deadline) {
    set(record, HealthState::unhealthy, silent_text);
    return;
  }
  // Error answers and what cannot be decoded have one text, as in first-party hosts (host.md 10).
  auto response = answer ? codec::decode<codec::core::HealthResponse>(*answer)
                         : Result<codec::core::HealthResponse>(fail(ErrorCode::malformed, {}));
  if (!response) {
    set(record, HealthState::unhealthy, garbled_text);
  } else {
    set(record, response->healthy ? HealthState::healthy : HealthState::unhealthy,
        std::move(response->message));
  }
}

void HealthMonitor::silent(EntityId entity) {
  const MutexLock lock(mutex_);
  const auto found = records_.find(entity);
  if (found != records_.end() && found->second.asked) {
    set(found->second, HealthState::unhealthy, silent_text);
  }
}

void HealthMonitor::set(Record& record, HealthState state, std::string reason) {
  const auto now = options_.clock->wall();
  if (record.health.state != state) record.health.since = now;
  record.health.state = state;
  // Reasons are texts of guests and providers, and may repeat a secret that they were told.
  record.health.reason = options_.redactor ? options_.redactor->clean(reason) : std::move(reason);
  record.health.checked = now;
}

Health HealthMonitor::of(EntityId entity) const {
  const MutexLock lock(mutex_);
  const auto found = records_.find(entity);
  return found == records_.end() ? Health{} : found->second.health;
}

void HealthMonitor::forget_stopped(const Tables& tables) {
  std::set<EntityId> running;
  tables.actors.for_each(
      [&](std::string_view, const auto& entry) { running.insert(entry->actor->id()); });
  tables.providers.for_each(
      [&](std::string_view, const auto& entry) { running.insert(entry->instance->id()); });
  const MutexLock lock(mutex_);
  std::erase_if(records_, [&](const auto& entry) { return !running.contains(entry.first); });
}

}  // namespace trellis::host
