#include "host/lattice/advertiser.hpp"

#include <fmt/format.h>

#include <chrono>
#include <utility>

#include "base/limits.hpp"
#include "codec/message.hpp"
#include "host/lattice/shared_cache.hpp"
#include "host/state/names.hpp"
#include "lattice/wire/advertisements.hpp"

namespace trellis::host {
namespace {

/// Link as it is advertised, or as its removal is.
lattice::LinkDefinition to_wire(const Link& link, bool removed) {
  // Removals carry the key fields only, as those of first-party hosts do (lattice.md 6.1).
  if (removed) return {link.actor, {}, link.link_name, link.contract_id, {}};
  return to_definition(link);
}

}  // namespace

Advertiser::Advertiser(nats::Transport& transport, const lattice::Subjects& subjects,
                       SerialExecutor& executor, Sink sink, const Clock& clock, Log log)
    : transport_(transport),
      subjects_(subjects),
      executor_(executor),
      sink_(std::move(sink)),
      limited_log_(std::move(log), clock, limits::lattice_log_interval) {}

Result<void> Advertiser::subscribe() {
  const auto add = [this](const std::string& subject, void (Advertiser::*take)(ByteView)) {
    auto made = transport_.subscribe(subject, {}, [this, take](const nats::Message& message) {
      (this->*take)(message.payload);
    });
    if (made) subscriptions_.push_back(std::move(*made));
    return made ? Result<void>() : Result<void>(pass(made));
  };
  if (auto ok = add(subjects_.claims(), &Advertiser::take_claims); !ok) return ok;
  if (auto ok = add(subjects_.links(), &Advertiser::take_link); !ok) return ok;
  return add(subjects_.removed_links(), &Advertiser::take_removal);
}

void Advertiser::stop() {
  subscriptions_.clear();
}

void Advertiser::take_claims(ByteView payload) {
  auto message = codec::decode<lattice::ClaimsAdvertisement>(payload);
  if (!message) return refuse(LogReason::claims, message.error());
  // Nothing signs an advertisement. Claims that could not come from any token are not kept; others
  // are hints that never replace what a module of this host proved (lattice.md 4.4).
  auto claims = lattice::to_claims(*message);
  if (auto sound = plausible_claims(claims); !sound)
    return refuse(LogReason::claims, sound.error());
  hand_on([this, claims = std::move(claims)] { sink_.claims(claims); }, payload.size());
}

void Advertiser::take_link(ByteView payload) {
  auto message = codec::decode<lattice::LinkDefinition>(payload);
  if (!message) return refuse(LogReason::links, message.error());
  auto link = to_link(*message);
  if (auto sound = validate_link(link); !sound) return refuse(LogReason::links, sound.error());
  hand_on([this, link = std::move(link)] { sink_.link(link); }, payload.size());
}

void Advertiser::take_removal(ByteView payload) {
  auto message = codec::decode<lattice::LinkDefinition>(payload);
  if (!message) return refuse(LogReason::removals, message.error());
  // Removals need no validation: a key that is nonsense matches no link.
  hand_on([this, link = to_link(*message)] { sink_.removal(link); }, payload.size());
}

void Advertiser::hand_on(std::function<void()> job, std::size_t bytes) {
  // Executor applies in order of arrival and has a bound in bytes: who floods the subjects loses
  // advertisements here, and this host neither its memory nor its reader's thread.
  if (executor_.post(std::move(job), bytes)) return;
  refuse(LogReason::full, {ErrorCode::busy, "too many advertisements wait to be applied", {}});
}

void Advertiser::claims(const identity::ActorClaims& claims) {
  const auto bytes = codec::encode(lattice::to_advertisement(claims));
  // Not kept when it fails: all claims are sent again with the next connection.
  if (auto sent = transport_.publish(subjects_.claims(), bytes); !sent) {
    refuse(LogReason::unsent, sent.error());
  }
}

void Advertiser::link(const Link& link) {
  send_link(link, false);
}

void Advertiser::removal(const Link& key) {
  send_link(key, true);
}

void Advertiser::send_link(const Link& link, bool removed) {
  const auto subject = removed ? subjects_.removed_links() : subjects_.links();
  const auto sent = transport_.publish(subject, codec::encode(to_wire(link, removed)));
  // Last state of a link is the one that is kept: after an outage each link is told once, as it is
  // by then.
  const MutexLock lock(mutex_);
  const LinkKey key(link.actor, link.contract_id, link.link_name);
  if (sent) {
    unsent_.erase(key);
    return;
  }
  refuse(LogReason::unsent, sent.error());
  if (sent.error().code == ErrorCode::limit) return;  // it would never fit
  // Links that wait already are always brought up to date; new ones only while there is room, so
  // that an outage of days cannot grow without bound.
  if (unsent_.contains(key) || unsent_.size() < limits::unsent_advertisements) {
    unsent_.insert_or_assign(key, std::pair(link, removed));
  }
}

void Advertiser::resend() {
  // Swapped out first: sending takes the lock itself, and what fails again is kept again.
  std::map<LinkKey, std::pair<Link, bool>> waiting;
  {
    const MutexLock lock(mutex_);
    waiting.swap(unsent_);
  }
  for (const auto& [key, what] : waiting) send_link(what.first, what.second);
}

void Advertiser::refuse(LogReason kind, const Error& error) {
  if (kind != LogReason::unsent) refused_.fetch_add(1, std::memory_order_relaxed);
  limited_log_.warn(kind, "{}: {}{}",
                    kind == LogReason::unsent ? "an advertisement could not be sent"
                                              : "an advertisement was ignored",
                    error.message);
}

}  // namespace trellis::host
