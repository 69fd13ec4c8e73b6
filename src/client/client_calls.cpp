// Calls and events: what a client does beside the control interface (lattice.md 5.12).
#include <fmt/format.h>
#include <array>

#include <atomic>
#include <utility>

#include "base/deadline.hpp"
#include "client/implementation.hpp"
#include "client/names.hpp"
#include "codec/message.hpp"
#include "codec/messages/core.hpp"
#include "lattice/cache/replicator.hpp"
#include "lattice/wire/events.hpp"
#include "lattice/wire/own_messages.hpp"

namespace trellis {
namespace {

/// Time for the server to confirm that it knows the subscriptions of a watch.
constexpr auto patience = std::chrono::seconds(2);

bool is_key(std::string_view text, identity::KeyType type) {
  const auto key = identity::PublicKey::parse(text);
  return key && key->type() == type;
}

class Watch final : public LatticeWatch {
 public:
  Watch(nats::Transport& transport, const lattice::Subjects& subjects)
      : transport_(transport), subjects_{subjects.events(), subjects.outcomes()} {}

  [[nodiscard]] std::uint64_t unreadable() const override { return *unreadable_; }
  [[nodiscard]] std::optional<Error> refusal() const override {
    // Subjects are asked one by one, since one may be permitted and the other not.
    for (const auto& subject : subjects_) {
      if (auto refused = transport_.refusal(subject)) return refused;
    }
    return std::nullopt;
  }

  // Counter is shared with the handlers, which may outlast the watch by a moment.
  std::shared_ptr<std::atomic<std::uint64_t>> unreadable_ =
      std::make_shared<std::atomic<std::uint64_t>>(0);
  std::unique_ptr<nats::Subscription> events;
  std::unique_ptr<nats::Subscription> outcomes;

 private:
  nats::Transport& transport_;
  const std::array<std::string, 2> subjects_;
};

LatticeEventRecord to_record(const lattice::PublishedEvent& published) {
  LatticeEventRecord made;
  static constexpr auto names = lattice::LatticeEvent::describe_variants().variants;
  made.name = names[published.event.value.index()];
  made.host_id = published.header.host_origin;
  made.timestamp = published.header.timestamp;
  made.content = std::visit(
      [](const auto& what) {
        if constexpr (std::is_empty_v<std::remove_cvref_t<decltype(what)>>) {
          return std::string("null");
        } else {
          return lattice::write_json(what);
        }
      },
      published.event.value);
  return made;
}

}  // namespace

// Aliases are told by no question of the control interface; the lattice's cache has them.
Result<std::string> Client::resolve_actor(std::string_view wanted) {
  if (is_key(wanted, identity::KeyType::module)) return std::string(wanted);
  const CacheOptions cached;
  lattice::Replicator cache(
      self_->rpc.get(), {cached.events_subject, cached.replay_subject},
      std::make_shared<SystemClock>(), [](const lattice::EntryChange&) {},
      [](const std::function<void()>&) { return false; }, Log(nullptr, "client"));
  // Replay without joining: the cache is read once and serves nobody.
  static_cast<void>(cache.replay());
  if (auto key = cache.key_of_alias(wanted)) return std::move(*key);
  const auto all = inventories();
  if (!all) return pass(all);
  std::vector<client::Named> actors;
  for (const auto& host : *all) {
    for (const auto& actor : host.actors) {
      actors.push_back({actor.id, actor.name, {}, actor.image_ref, {}, {}, host.host_id});
    }
  }
  const auto found = client::resolve(actors, "actor", wanted, "in the lattice");
  if (!found) return pass(found);
  return (*found)->key;
}

Result<Bytes> Client::call(std::string_view key, std::string_view operation, ByteView payload,
                           std::optional<std::chrono::milliseconds> timeout) {
  return self_->calls.call(lattice::Entity::actor(std::string(codec::core::system_actor)),
                           lattice::Entity::actor(std::string(key)), operation, payload,
                           deadline_in(timeout.value_or(self_->options.rpc_timeout)));
}

Result<std::unique_ptr<LatticeWatch>> Client::watch(LatticeWatcher watcher) {
  auto made = std::make_unique<Watch>(*self_->control, self_->subjects);
  const auto given = std::make_shared<const LatticeWatcher>(std::move(watcher));
  auto events = self_->control->subscribe(
      self_->subjects.events(), {}, [given, bad = made->unreadable_](const nats::Message& message) {
        const auto event = lattice::read_json<lattice::PublishedEvent>(as_text(message.payload));
        if (!event) {
          ++*bad;
        } else if (given->event) {
          given->event(to_record(*event));
        }
      });
  if (!events) return pass(events);
  auto outcomes = self_->control->subscribe(
      self_->subjects.outcomes(), {},
      [given, bad = made->unreadable_](const nats::Message& message) {
        auto outcome = lattice::read_json<lattice::Outcome>(as_text(message.payload));
        if (!outcome) {
          ++*bad;
        } else if (given->outcome) {
          given->outcome({std::move(outcome->operation_id), std::move(outcome->host_id),
                          std::move(outcome->command), std::move(outcome->reference),
                          std::move(outcome->id), std::move(outcome->failure),
                          std::move(outcome->contract_id), std::move(outcome->link_name)});
        }
      });
  if (!outcomes) return pass(outcomes);
  made->events = std::move(*events);
  made->outcomes = std::move(*outcomes);
  // Watch begins when the server knows of it: what is ordered from now on will be seen.
  auto heard = self_->control->flush(deadline_in(patience));
  if (!heard) return pass(heard);
  return made;
}

}  // namespace trellis
