// Two sources tell how a command ended: outcomes of Trellis hosts, with the reason of a failure,
// and events of any host, which tell of success only. Whichever comes first counts.
#include "client/outcome_wait.hpp"

#include <type_traits>
#include <utility>
#include <variant>

#include "base/text.hpp"
#include "trellis/bytes.hpp"

namespace trellis::client {
namespace {

namespace event = lattice::event;

bool names(const std::optional<std::string>& image, const std::string& key,
           const std::string& reference) {
  return key == reference || (image && *image == reference);
}

/// Hosts start a provider whose link name is blank under "default" (lattice.md 1.3).
bool same_link_name(std::string_view told, std::string_view commanded) {
  return told == (trim(commanded).empty() ? std::string_view("default") : commanded);
}

}  // namespace

// Events carry no name of the operation, so they are matched by host, kind and what the command
// named.
std::optional<std::string> shows_success(const lattice::PublishedEvent& published,
                                         const OutcomeWait::Expected& expected) {
  if (published.header.host_origin != expected.host_id) return std::nullopt;
  const auto look = [&](const auto& what) -> std::optional<std::string> {
    using Event = std::remove_cvref_t<decltype(what)>;
    const auto& command = expected.command;
    const auto& reference = expected.reference;
    const auto is_actor = [&](const std::string& key) {
      return key == reference || (!expected.actor.empty() && key == expected.actor);
    };
    if constexpr (std::is_same_v<Event, event::ActorStarted>) {
      if (command == "start_actor" && names(what.image_ref, what.actor, reference)) {
        return what.actor;
      }
    } else if constexpr (std::is_same_v<Event, event::ActorStopped>) {
      if (command == "stop_actor" && is_actor(what.actor)) return what.actor;
    } else if constexpr (std::is_same_v<Event, event::ActorUpdateCompleted>) {
      if (command == "update_actor" && what.actor == expected.actor) return what.actor;
    } else if constexpr (std::is_same_v<Event, event::ProviderStarted>) {
      if (command == "start_provider" && same_link_name(what.link_name, expected.link_name) &&
          names(what.image_ref, what.provider_id, reference)) {
        return what.provider_id;
      }
    } else if constexpr (std::is_same_v<Event, event::ProviderStopped>) {
      // Event of a stop has the key only; where the command named an image the outcome must tell.
      if (command == "stop_provider" && what.provider_id == reference &&
          same_link_name(what.link_name, expected.link_name)) {
        return what.provider_id;
      }
    } else if constexpr (std::is_same_v<Event, event::HostStopped>) {
      if (command == "stop_host") return expected.host_id;
    }
    return std::nullopt;
  };
  return std::visit(look, published.event.value);
}

void OutcomeWait::Heard::set(lattice::Outcome what) {
  {
    const MutexLock lock(mutex);
    if (!outcome) outcome = std::move(what);
  }
  arrived.notify_all();
}

Result<std::unique_ptr<OutcomeWait>> OutcomeWait::start(nats::Transport& transport,
                                                        const lattice::Subjects& subjects,
                                                        const Expected& expected) {
  auto made = std::make_unique<OutcomeWait>();
  auto outcomes = transport.subscribe(
      subjects.outcomes(), {}, [heard = made->heard_, expected](const nats::Message& message) {
        auto outcome = lattice::read_json<lattice::Outcome>(as_text(message.payload));
        if (outcome && outcome->operation_id == expected.operation) heard->set(std::move(*outcome));
      });
  if (!outcomes) return pass(outcomes);
  auto events = transport.subscribe(
      subjects.events(), {}, [heard = made->heard_, expected](const nats::Message& message) {
        const auto event = lattice::read_json<lattice::PublishedEvent>(as_text(message.payload));
        if (!event) return;
        if (auto key = shows_success(*event, expected)) {
          heard->set({expected.operation, expected.host_id, expected.command, expected.reference,
                      std::move(*key), std::nullopt});
        }
      });
  if (!events) return pass(events);
  made->outcomes_ = std::move(*outcomes);
  made->events_ = std::move(*events);
  return made;
}

std::optional<lattice::Outcome> OutcomeWait::wait(SteadyTime deadline) {
  MutexLock lock(heard_->mutex);
  heard_->arrived.wait_until(lock, deadline,
                             [&]() REQUIRES(heard_->mutex) { return heard_->outcome.has_value(); });
  return heard_->outcome;
}

}  // namespace trellis::client
