#include "host/lifecycle/binder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/at_end.hpp"
#include "base/guard.hpp"
#include "base/limits.hpp"
#include "codec/messages/core.hpp"
#include "host/state/named_log.hpp"
#include "host/state/secrets.hpp"

namespace trellis::host {
namespace {

constexpr auto first_pause = std::chrono::milliseconds(500);
constexpr auto longest_pause = std::chrono::milliseconds(30000);

/// Pause before the next attempt: a provider that refuses for long is asked less and less often.
std::chrono::milliseconds pause_after(std::uint32_t attempts) {
  auto pause = first_pause;
  for (std::uint32_t i = 1; i < attempts && pause < longest_pause; ++i) pause *= 2;
  return std::min(pause, longest_pause);
}

/// The actor's, among what the provider is told about it.
std::string name_in(const BindConfig& config) {
  const auto found = config.find(std::string(codec::core::hidden_value::name));
  return found == config.end() ? std::string() : found->second;
}

}  // namespace

Binder::Binder(GuestThreadPool& workers, std::chrono::milliseconds call_timeout,
               SecretSource secrets, std::shared_ptr<const Clock> clock, Listener listener, Log log)
    : workers_(workers),
      call_timeout_(call_timeout),
      secrets_(std::move(secrets)),
      clock_(std::move(clock)),
      listener_(std::move(listener)),
      log_(std::move(log)) {}

Binder::~Binder() {
  stop();
}

void Binder::want(const std::shared_ptr<const ProviderEntry>& provider, const std::string& actor,
                  std::optional<BindConfig> config) {
  const MutexLock lock(mutex_);
  if (stopped_ || closing_) return;
  // Strand is one for each instance, so that a provider which hangs holds up its own bindings
  // alone.
  auto& strand = strands_[provider->instance->id()];
  if (!strand) {
    strand = std::make_shared<Strand>();
    strand->provider = provider;
  }
  auto& binding = strand->bindings[actor];
  if (!binding) {
    // Binding that never was needs no RemoveActor.
    if (!config) {
      strand->bindings.erase(actor);
      return;
    }
    binding = std::make_shared<Binding>();
    binding->actor = actor;
  }
  // Wishes that change nothing cost no call; first-party hosts bind up to three times for one link
  // (host.md 9.4).
  if (binding->wanted == config) return;
  binding->wanted = std::move(config);
  binding->attempts = 0;
  binding->problem.clear();
  binding->since = clock_->wall();
  enqueue(strand, binding);
}

void Binder::hold(const ProviderEntry& provider) {
  const MutexLock lock(mutex_);
  const auto found = strands_.find(provider.instance->id());
  if (found == strands_.end()) return;
  // Life of the provider is a new one: an answer that the old process gave still is not believed
  // (see run).
  ++found->second->life;
  for (const auto& [actor, binding] : found->second->bindings) {
    binding->told.reset();
    binding->attempts = 0;
    if (binding->wanted) binding->gate->set(false);
  }
}

void Binder::tell_again(const ProviderEntry& provider) {
  const MutexLock lock(mutex_);
  const auto found = strands_.find(provider.instance->id());
  if (found == strands_.end() || stopped_) return;
  for (const auto& [actor, binding] : found->second->bindings) enqueue(found->second, binding);
}

void Binder::forget(const ProviderEntry& provider) {
  const MutexLock lock(mutex_);
  const auto found = strands_.find(provider.instance->id());
  if (found == strands_.end()) return;
  found->second->forgotten = true;
  found->second->line.clear();
  // Latches open: who waits gets the error of a provider that is gone at once.
  for (const auto& [actor, binding] : found->second->bindings) binding->gate->set(true);
  strands_.erase(found);
  settled_.notify_all();
}

void Binder::unbind_all() {
  const MutexLock lock(mutex_);
  closing_ = true;
  for (const auto& [id, strand] : strands_) {
    for (const auto& [actor, binding] : strand->bindings) {
      // Wish alone is withdrawn; next_step() makes a RemoveActor of what was told.
      binding->wanted.reset();
      enqueue(strand, binding);
    }
  }
}

std::shared_ptr<Binder::Binding> Binder::find(const ProviderEntry& provider,
                                              const std::string& actor) const {
  const auto strand = strands_.find(provider.instance->id());
  if (strand == strands_.end()) return nullptr;
  const auto binding = strand->second->bindings.find(actor);
  return binding == strand->second->bindings.end() ? nullptr : binding->second;
}

std::shared_ptr<const BindLatch> Binder::gate(const ProviderEntry& provider,
                                              const std::string& actor) const {
  const MutexLock lock(mutex_);
  const auto binding = find(provider, actor);
  return binding ? binding->gate : nullptr;
}

std::optional<BindingView> Binder::view(const ProviderEntry& provider,
                                        const std::string& actor) const {
  const MutexLock lock(mutex_);
  const auto binding = find(provider, actor);
  if (!binding) return std::nullopt;
  // Bound is what was told last and is still what is wanted.
  BindingView view{LinkState::binding, binding->problem, binding->attempts, binding->since};
  if (binding->told && binding->told == binding->wanted) {
    view.state = LinkState::bound;
  } else if (!binding->problem.empty()) {
    view.state = LinkState::failed;
  }
  return view;
}

bool Binder::settle(SteadyTime deadline) {
  MutexLock lock(mutex_);
  return settled_.wait_until(lock, deadline, [&]() REQUIRES(mutex_) { return active_ == 0; });
}

bool Binder::settle(std::string_view actor, SteadyTime deadline) {
  MutexLock lock(mutex_);
  return settled_.wait_until(lock, deadline, [&]() REQUIRES(mutex_) { return at_rest(actor); });
}

bool Binder::at_rest(std::string_view actor) const {
  return std::ranges::all_of(strands_, [&](const auto& each) {
    const auto found = each.second->bindings.find(actor);
    return found == each.second->bindings.end() || !found->second->queued;
  });
}

void Binder::report(LinkOutcome outcome) {
  if (!listener_) return;
  // Bound on what is under way: a listener that publishes may be slow, and links are many.
  if (told_.fetch_add(1) >= limits::link_outcomes) {
    told_.fetch_sub(1);
    return;
  }
  const auto owner = outcome.link.provider_id;
  const auto posted = contained([&] {
    return workers_.post(
        [this, outcome = std::move(outcome)] {
          const AtEnd told([this] { told_.fetch_sub(1); });
          listener_(outcome);
        },
        {.owner = owner});
  });
  if (!posted) told_.fetch_sub(1);
}

void Binder::report(const ProviderEntry& provider, const Binding& binding, bool bound,
                    const Result<void>& result) {
  // Memory that is short must not undo what was done: then the outcome is not told.
  survived([&] {
    LinkOutcome outcome;
    outcome.link = {
        binding.actor, provider.description.contract_id, provider.link_name, provider.key, {}};
    outcome.bound = bound;
    if (!result) outcome.failure = result.error().message;
    report(std::move(outcome));
  });
}

void Binder::stop() {
  const MutexLock lock(mutex_);
  stopped_ = true;
}

void Binder::enqueue(const std::shared_ptr<Strand>& strand,
                     const std::shared_ptr<Binding>& binding) {
  // One place in the line for a binding, however often it changes: run() looks at the last wish.
  if (!binding->queued) {
    binding->queued = true;
    strand->line.push_back(binding);
  }
  if (strand->running) return;
  strand->running = true;
  ++active_;
  // Begun again where memory is short: what is not told yet is in the line still.
  const auto work = [this, strand] { persevere([&] { run(strand); }); };
  const auto posted =
      contained([&] { return workers_.post(work, {.owner = strand->provider->key}); });
  if (!posted) {
    strand->running = false;
    --active_;
    log_.error("cannot tell provider {} about its links: {}", strand->provider->key,
               posted.error().message);
  }
}

Binder::Step Binder::next_step(const Strand& strand, const Binding& binding) {
  if (binding.wanted == binding.told) return Step::none;
  if (!binding.wanted) return Step::remove;
  // RemoveActor comes before a changed configuration, unless the provider declares that it takes
  // one in place: many ignore a second BindActor (host.md 9.4).
  if (binding.told && !strand.provider->instance->plugin().rebinds()) return Step::remove;
  return Step::bind;
}

void Binder::run(const std::shared_ptr<Strand>& strand) {
  MutexLock lock(mutex_);
  while (!strand->line.empty()) {
    // Binding stays in front while the lock is released, so that a wish that changes meanwhile is
    // seen in the next round.
    const auto binding = strand->line.front();
    const auto step = next_step(*strand, *binding);
    if (step == Step::none) {
      binding->queued = false;
      strand->line.pop_front();
      if (!binding->wanted) strand->bindings.erase(binding->actor);
      settled_.notify_all();
      continue;
    }
    const auto config = step == Step::bind ? *binding->wanted : BindConfig{};
    const auto life = strand->life;
    // Unlocked for the call, which may take its whole time, and in which the provider may ask the
    // host for something.
    lock.unlock();
    auto result = send(*strand->provider, step, binding->actor, config);
    lock.lock();
    // Forgotten meanwhile: what came of the call concerns nobody any more.
    if (strand->forgotten) break;
    if (strand->life != life && result) continue;  // the one that was told is gone
    if (step == Step::remove) {
      removed(*strand, *binding, result);
    } else {
      bound(strand, binding, config, std::move(result));
    }
  }
  strand->running = false;
  if (--active_ == 0) settled_.notify_all();
}

// On failure the binding leaves the line until its retry is due.
void Binder::bound(const std::shared_ptr<Strand>& strand, const std::shared_ptr<Binding>& binding,
                   BindConfig config, Result<void> result) {
  const auto name = name_in(config);
  const auto& provider = *strand->provider;
  ++binding->attempts;
  binding->since = clock_->wall();
  // The state first, then what tells of it.
  const AtEnd told([&]() REQUIRES(mutex_) { report(*strand->provider, *binding, true, result); });
  if (result) {
    binding->told = std::move(config);
    binding->problem.clear();
    binding->attempts = 0;
    log_named(log_, LogLevel::info,
              {{"actor", binding->actor},
               {"actor_name", name},
               {"provider", provider.key},
               {"provider_name", people_name(provider)}},
              "linked actor {} to provider {} ({}, link {})", binding->actor, provider.key,
              provider.description.contract_id, provider.link_name);
  } else {
    binding->problem = result.error().message;
    log_named(log_, LogLevel::warn,
              {{"actor", binding->actor},
               {"actor_name", name},
               {"provider", provider.key},
               {"provider_name", people_name(provider)}},
              "provider {} refused the link of actor {}: {}", provider.key, binding->actor,
              binding->problem);
    if (binding->wanted == std::optional(config)) {  // else the next step is due at once
      std::erase(strand->line, binding);
      binding->queued = false;
      settled_.notify_all();
      retry_later(strand, binding);
    }
  }
  binding->gate->set(true);  // also after a refusal: calls then get the provider's own answer
}

// A provider that fails to clean up cannot keep a link alive (lattice.md 6.3).
void Binder::removed(Strand& strand, Binding& binding, const Result<void>& result) {
  const auto name = binding.told ? name_in(*binding.told) : std::string();
  const auto& provider = *strand.provider;
  binding.told.reset();
  report(*strand.provider, binding, false, result);
  if (result) {
    log_named(log_, LogLevel::info,
              {{"actor", binding.actor},
               {"actor_name", name},
               {"provider", provider.key},
               {"provider_name", people_name(provider)}},
              "unlinked actor {} from provider {}", binding.actor, provider.key);
  } else {
    log_named(log_, LogLevel::warn,
              {{"actor", binding.actor},
               {"actor_name", name},
               {"provider", provider.key},
               {"provider_name", people_name(provider)}},
              "provider {} failed to let go of actor {}: {}", provider.key, binding.actor,
              result.error().message);
  }
}

void Binder::retry_later(const std::shared_ptr<Strand>& strand,
                         const std::shared_ptr<Binding>& binding) {
  timer_.after(pause_after(binding->attempts), [this, strand, binding] {
    const MutexLock lock(mutex_);
    if (!stopped_ && !strand->forgotten) enqueue(strand, binding);
  });
}

Result<void> Binder::send(const ProviderEntry& provider, Step step, const std::string& actor,
                          const BindConfig& config) const {
  codec::core::CapabilityConfiguration message;
  message.module = actor;
  // Secrets are put in last: what is kept, compared and shown has their names only.
  auto values = with_secrets(config, secrets_);
  if (!values) return pass(values);
  message.values = std::move(*values);
  CallContext context;
  context.deadline = clock_->steady() + call_timeout_;
  const auto operation = step == Step::bind ? codec::core::operation::bind_actor
                                            : codec::core::operation::remove_actor;
  auto answer = provider.instance->call(context, codec::core::system_actor, operation,
                                        codec::encode(message));
  if (!answer) return pass(answer);
  return {};
}

}  // namespace trellis::host
