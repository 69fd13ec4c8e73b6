// Links: advertised to everybody (lattice.md 6), and what came of them, which only Trellis hosts
// tell (lattice.md 5.12).
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/deadline.hpp"
#include "base/mutex.hpp"
#include "base/text.hpp"
#include "client/gather.hpp"
#include "client/implementation.hpp"
#include "codec/message.hpp"
#include "lattice/wire/advertisements.hpp"
#include "lattice/wire/control_messages.hpp"
#include "lattice/wire/own_messages.hpp"

namespace trellis {
namespace {

constexpr auto link_patience = std::chrono::seconds(2);
/// Pause between questions, where no outcome tells that it is time for one.
constexpr auto question_pause = std::chrono::milliseconds(500);
/// Time for the answers of all hosts to one of these questions.
constexpr auto states_window = std::chrono::milliseconds(250);

bool is_link_key(std::string_view text, identity::KeyType type) {
  const auto key = identity::PublicKey::parse(text);
  return key && key->type() == type;
}

/// Checks a link before it is sent: no host acknowledges it, so what cannot work must be refused
/// here (lattice.md 1.2).
Result<void> check_link(const Link& link) {
  const auto refuse = [](std::string message, std::string remedy) {
    return fail(ErrorCode::invalid_argument, std::move(message), std::move(remedy));
  };
  if (!is_link_key(link.actor, identity::KeyType::module)) {
    return refuse(
        fmt::format("'{}' is no public key of an actor", replace_bad_utf8(link.actor)),
        "56 characters that begin with M; `trellis get inventory --lattice` lists actors");
  }
  if (!is_link_key(link.provider_id, identity::KeyType::service)) {
    return refuse(
        fmt::format("'{}' is no public key of a provider", replace_bad_utf8(link.provider_id)),
        "56 characters that begin with V; `trellis get inventory --lattice` lists providers");
  }
  if (trim(link.contract_id).empty()) {
    return refuse("the link names no contract", "for example wasmcloud:keyvalue");
  }
  if (!lattice::usable_in_subject(link.link_name)) {
    return refuse(fmt::format("'{}' cannot be a link name", replace_bad_utf8(link.link_name)),
                  "visible ASCII characters without '*' and '>', for example default");
  }
  return {};
}

template <class Value, std::size_t N>
Value named(std::string_view name, const std::array<Value, N>& values, Value otherwise) {
  for (const auto value : values) {
    if (to_string(value) == name) return value;
  }
  return otherwise;
}

LatticeLinkState to_public(const std::string& host, const lattice::LinkStateRecord& record) {
  constexpr std::array states = {LinkState::waiting_for_actor,
                                 LinkState::waiting_for_provider,
                                 LinkState::refused,
                                 LinkState::binding,
                                 LinkState::bound,
                                 LinkState::failed,
                                 LinkState::elsewhere};
  constexpr std::array origins = {LinkOrigin::local, LinkOrigin::lattice};
  // Age comes from a host; more would overflow where it is counted in finer units.
  constexpr std::uint64_t longest_age_s = 1ULL << 40U;
  LatticeLinkState made;
  made.link = {record.actor_id, record.contract_id, record.link_name, record.provider_id, {}};
  made.host_id = host;
  made.state = named(record.state, states, LinkState::elsewhere);
  made.problem = record.problem;
  made.age = std::chrono::seconds(std::min(record.age_s, longest_age_s));
  made.attempts = record.attempts;
  made.origin = named(record.origin, origins, LinkOrigin::lattice);
  made.as_asked = record.as_asked;
  return made;
}

/// Weight of a host's state, least first: the host that has the provider knows most.
int weight(LinkState state) {
  switch (state) {
    case LinkState::bound:
    case LinkState::failed:
    case LinkState::refused: return 0;
    case LinkState::binding: return 1;
    case LinkState::waiting_for_actor: return 2;
    case LinkState::waiting_for_provider: return 3;
    case LinkState::elsewhere: return 4;
  }
  return 4;
}

bool same_link(const Link& a, const Link& b) {
  return a.actor == b.actor && a.contract_id == b.contract_id && a.link_name == b.link_name;
}

/// Woken when somebody tells an outcome of one link. Shared with the connection's thread.
struct Bell {
  void ring() {
    {
      const MutexLock lock(mutex);
      rung = true;
    }
    changed.notify_all();
  }
  void wait(SteadyTime deadline) {
    MutexLock lock(mutex);
    changed.wait_until(lock, deadline, [&]() REQUIRES(mutex) { return rung; });
    rung = false;
  }

  Mutex mutex;
  Condition changed;
  bool rung GUARDED_BY(mutex) = false;
};

/// Answers of hosts to a question about links, those that know most first.
Result<std::vector<LatticeLinkState>> ask_states(nats::Transport& transport,
                                                 const lattice::Subjects& subjects,
                                                 const lattice::LinkStatesRequest& question,
                                                 std::chrono::milliseconds window) {
  const auto answers =
      client::gather(transport, subjects.own_link_query(), lattice::write_json(question), window);
  if (!answers) return pass(answers);
  std::vector<LatticeLinkState> all;
  for (const auto& text : *answers) {
    const auto reply = lattice::read_json<lattice::LinkStatesReply>(text);
    if (!reply) continue;
    for (const auto& record : reply->links) all.push_back(to_public(reply->host_id, record));
  }
  std::ranges::stable_sort(all, {}, [](const auto& one) { return weight(one.state); });
  return all;
}

Result<std::unique_ptr<nats::Subscription>> ring_at_outcomes(nats::Transport& transport,
                                                             const lattice::Subjects& subjects,
                                                             const std::string& actor,
                                                             std::shared_ptr<Bell> bell) {
  return transport.subscribe(
      subjects.outcomes(), {}, [actor, bell = std::move(bell)](const nats::Message& message) {
        const auto outcome = lattice::read_json<lattice::Outcome>(as_text(message.payload));
        if (outcome && outcome->id == actor && !outcome->contract_id.empty()) bell->ring();
      });
}

}  // namespace

Result<void> Client::put_link(const Link& link) {
  if (auto usable = check_link(link); !usable) return usable;
  const lattice::LinkDefinition definition{link.actor,
                                           link.provider_id,
                                           link.link_name,
                                           link.contract_id,
                                           {link.values.begin(), link.values.end()}};
  auto sent = self_->rpc->publish(self_->subjects.links(), codec::encode(definition));
  if (!sent) return sent;
  // Flushed, because a command may end the process right after this.
  return self_->rpc->flush(deadline_in(link_patience));
}

Result<void> Client::remove_link(std::string_view actor, std::string_view contract_id,
                                 std::string_view link_name) {
  const lattice::LinkDefinition key{
      std::string(actor), {}, std::string(link_name), std::string(contract_id), {}};
  auto sent = self_->rpc->publish(self_->subjects.removed_links(), codec::encode(key));
  if (!sent) return sent;
  return self_->rpc->flush(deadline_in(link_patience));
}

Result<std::vector<LatticeLinkState>> Client::link_states(std::string_view actor) {
  lattice::LinkStatesRequest question;
  question.actor_id = actor;
  return ask_states(*self_->control, self_->subjects, question, self_->short_window());
}

bool Client::Implementation::is_with_others(const Link& link,
                                            const std::vector<LatticeLinkState>& answers) const {
  const auto hosts = client::gather(*control, subjects.hosts(), {}, states_window);
  if (!hosts) return false;
  std::vector<std::string> questions;
  for (const auto& text : *hosts) {
    const auto host = lattice::read_json<lattice::HostReply>(text);
    if (!host || !lattice::usable_in_subject(host->id)) continue;
    // Hosts that answered speak for themselves; the others are first-party ones, whose inventories
    // tell what they run.
    if (std::ranges::find(answers, host->id, &LatticeLinkState::host_id) != answers.end()) continue;
    questions.push_back(subjects.inventory(host->id));
  }
  for (const auto& text : client::ask_each(*control, questions, control_deadline())) {
    const auto inventory = lattice::read_json<lattice::HostInventory>(text);
    if (!inventory) continue;
    const auto runs = [&](const auto& provider) {
      return provider.id == link.provider_id && provider.link_name == link.link_name;
    };
    if (std::ranges::any_of(inventory->providers, runs)) return true;
  }
  return false;
}

Result<std::optional<LatticeLinkState>> Client::put_link_and_wait(const Link& link,
                                                                  std::chrono::milliseconds wait) {
  const auto deadline = deadline_in(wait);
  const auto bell = std::make_shared<Bell>();
  // Bell is hung before the link is sent, so that no outcome is missed. It only tells when to ask:
  // states are what counts.
  const auto listening = ring_at_outcomes(*self_->control, self_->subjects, link.actor, bell);
  if (!listening) return pass(listening);
  if (auto sent = put_link(link); !sent) return pass(sent);
  const lattice::LinkStatesRequest question{link.actor,
                                            link.contract_id,
                                            link.link_name,
                                            link.provider_id,
                                            {link.values.begin(), link.values.end()}};
  const std::vector<LatticeLinkState> none;
  for (int round = 1;; ++round) {
    const auto states = ask_states(*self_->control, self_->subjects, question, states_window);
    if (!states && states.error().code != ErrorCode::not_found) {
      return pass(states);
    }
    const auto& all = states ? *states : none;
    std::optional<LatticeLinkState> nearest;
    const auto found = std::ranges::find_if(all, &LatticeLinkState::as_asked);
    if (found != all.end()) nearest = *found;
    // Host with the provider has decided, one way or the other; that is the answer.
    if (nearest && weight(nearest->state) == 0) return nearest;
    const bool unknown = !nearest || nearest->state == LinkState::elsewhere;
    // Link whose provider runs on a first-party host will never have a state; found out once, in
    // the second round, when Trellis hosts have had time to answer.
    if (unknown && round == 2 && self_->is_with_others(link, all)) return std::nullopt;
    if (is_over(deadline)) return nearest;
    bell->wait(std::min(deadline, deadline_in(question_pause)));
  }
}

Result<void> Client::remove_link_and_wait(std::string_view actor, std::string_view contract_id,
                                          std::string_view link_name,
                                          std::chrono::milliseconds wait) {
  const auto deadline = deadline_in(wait);
  const Link link{std::string(actor), std::string(contract_id), std::string(link_name), {}, {}};
  const auto bell = std::make_shared<Bell>();
  const auto listening = ring_at_outcomes(*self_->control, self_->subjects, link.actor, bell);
  if (!listening) return pass(listening);
  if (auto sent = remove_link(actor, contract_id, link_name); !sent) return sent;
  lattice::LinkStatesRequest question;
  question.actor_id = actor;
  question.contract_id = contract_id;
  question.link_name = link_name;
  while (true) {
    const auto states = ask_states(*self_->control, self_->subjects, question, states_window);
    if (!states && states.error().code != ErrorCode::not_found) {
      return pass(states);
    }
    if (states && states->empty()) return {};
    if (!states) {  // no Trellis host: whoever answers the protocol's question
      const auto known = links();
      if (!known) return pass(known);
      if (std::ranges::none_of(*known, [&](const Link& one) { return same_link(one, link); })) {
        return {};
      }
    }
    if (is_over(deadline)) {
      return fail(ErrorCode::deadline,
                  fmt::format("hosts of the lattice still know the link after {} ms", wait.count()),
                  "is the host that answers connected for calls as well as for control?");
    }
    bell->wait(std::min(deadline, deadline_in(question_pause)));
  }
}

}  // namespace trellis
