// Questions on the control interface, and auctions: lattice.md 5.2 to 5.6.
#include <algorithm>

#include "lattice/control/control_server.hpp"

namespace trellis::lattice {
namespace {

/// `make(n)` as JSON, with as many of `count` entries as a message can carry. First-party hosts
/// give up where the answer is too large; part of it is better.
template <class Make>
std::string fitting_json(std::size_t& count, std::size_t most, const Make& make) {
  auto json = write_json(make(count));
  while (json.size() > most && count > 0) {
    // Count shrinks in proportion and a little more, as entries differ in size; by one at least, so
    // that this ends.
    const auto fitting = static_cast<double>(most) / static_cast<double>(json.size());
    count =
        std::min(count - 1, static_cast<std::size_t>(static_cast<double>(count) * fitting * 0.95));
    json = write_json(make(count));
  }
  return json;
}

template <class T>
std::vector<T> first(const std::vector<T>& all, std::size_t count) {
  const auto end = all.begin() + static_cast<std::ptrdiff_t>(std::min(count, all.size()));
  return {all.begin(), end};
}

}  // namespace

void ControlServer::probe(const Request& request) {
  reply(request, HostReply{host_id_, target_.uptime_seconds()});
}

void ControlServer::inventory(const Request& request) {
  if (request.reply.empty()) return;
  const auto all = target_.inventory();
  // Actors are what there may be many of; labels and providers are never cut.
  auto count = all.actors.size();
  const auto json = fitting_json(count, transport_.max_payload(), [&](std::size_t actors) {
    auto part = all;
    part.actors = first(all.actors, actors);
    return part;
  });
  if (count < all.actors.size()) {
    report(LogReason::cut, "the inventory is larger than a message; actors were left out of it");
  }
  send(request.reply, json);
}

void ControlServer::links(const Request& request) {
  if (request.reply.empty()) return;
  const auto all = target_.links();
  auto count = all.size();
  const auto json = fitting_json(count, transport_.max_payload(), [&](std::size_t links) {
    return LinkDefinitionList{first(all, links)};
  });
  if (count < all.size()) {
    report(LogReason::cut, "the list of links is larger than a message; it was cut");
  }
  send(request.reply, json);
}

void ControlServer::claims(const Request& request) {
  if (request.reply.empty()) return;
  const auto all = target_.claims();
  auto count = all.size();
  const auto json = fitting_json(count, transport_.max_payload(), [&](std::size_t claims) {
    return ClaimsList{first(all, claims)};
  });
  if (count < all.size()) {
    report(LogReason::cut, "the list of claims is larger than a message; it was cut");
  }
  send(request.reply, json);
}

void ControlServer::link_states(const Request& request) {
  if (request.reply.empty()) return;
  LinkStatesRequest asked;
  if (!request.payload.empty()) {
    auto read = read_json<LinkStatesRequest>(request.payload);
    if (!read) return malformed("a question about links was ignored", read.error());
    asked = std::move(*read);
  }
  const auto all = target_.link_states(asked);
  auto count = all.size();
  const auto json = fitting_json(count, transport_.max_payload(), [&](std::size_t links) {
    return LinkStatesReply{host_id_, first(all, links), all.size() - links};
  });
  send(request.reply, json);
}

// Constraints are met when each names a label with exactly its value; no constraint always fits
// (5.6).
bool ControlServer::fits(const codec::StringMap& constraints) const {
  const auto labels = target_.labels();
  return std::all_of(constraints.begin(), constraints.end(), [&](const auto& constraint) {
    const auto found = labels.find(constraint.first);
    return found != labels.end() && found->second == constraint.second;
  });
}

// Host that runs it already, or may not start it, stays silent: the auctioneer needs one that will.
void ControlServer::actor_auction(const Request& request) {
  auto auction = read_json<ActorAuctionRequest>(request.payload);
  if (!auction) return malformed("an actor auction was ignored", auction.error());
  if (!fits(auction->constraints) || !target_.running_actor(auction->actor_ref).empty()) return;
  if (!target_.may_start_actor(auction->actor_ref)) return;
  reply(request,
        ActorAuctionAck{std::move(auction->actor_ref), std::move(auction->constraints), host_id_});
}

void ControlServer::provider_auction(const Request& request) {
  auto auction = read_json<ProviderAuctionRequest>(request.payload);
  if (!auction) return malformed("a provider auction was ignored", auction.error());
  if (!fits(auction->constraints)) return;
  if (target_.running_provider(auction->provider_ref, auction->link_name)) return;
  if (!target_.may_start_provider(auction->provider_ref, auction->link_name)) return;
  reply(request, ProviderAuctionAck{std::move(auction->provider_ref), std::move(auction->link_name),
                                    host_id_});
}

}  // namespace trellis::lattice
