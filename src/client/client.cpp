// Connecting of clients, and their questions: lattice.md 5.2 to 5.6.
#include "trellis/client.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "client/gather.hpp"
#include "client/implementation.hpp"
#include "client/over.hpp"
#include "lattice/wire/control_messages.hpp"
#include "nats/connect.hpp"

namespace trellis {
namespace {

Result<std::shared_ptr<nats::Transport>> open(NatsOptions options, const Log& log) {
  if (options.name == NatsOptions{}.name) options.name = "trellis client";
  auto made = nats::connect_nats(options, log);
  if (!made) return pass(made);
  // Transports keep trying for ever, which hosts want and a command does not: what is not connected
  // after the first attempt is an error.
  const auto state = (*made)->state();
  if (state == nats::TransportState::connected) {
    return std::shared_ptr<nats::Transport>(std::move(*made));
  }
  std::string servers;
  for (const auto& server : options.servers) {
    servers += servers.empty() ? "" : ", ";
    // Logins in URLs do not belong into messages.
    servers += server.substr(server.rfind('@') == std::string::npos ? 0 : server.rfind('@') + 1);
  }
  if (state == nats::TransportState::disconnected) {
    return fail(ErrorCode::denied, fmt::format("the NATS server at {} refuses us", servers),
                "check user, password, token, seed or credentials file");
  }
  return fail(ErrorCode::unavailable, fmt::format("no NATS server answers at {}", servers),
              "start one there (`trellis up --lattice` does on this machine), or name another with "
              "--rpc-host and --rpc-port");
}

Result<identity::KeyPair> key_of(const std::string& seed) {
  if (!seed.empty()) {
    auto key = identity::KeyPair::from_seed(seed);
    if (!key) return key;
    if (key->type() == identity::KeyType::server) return key;
    return fail(ErrorCode::invalid_argument, "calls are signed with a host's key",
                "give a seed that begins with SN, or none");
  }
  // Key of this client alone: anybody may make one, and hosts ask only that it is a host's
  // (lattice.md 3.4).
  SystemRandom random;
  return identity::KeyPair::generate(identity::KeyType::server, random);
}

LatticeInventory to_public(const lattice::HostInventory& inventory) {
  LatticeInventory made;
  made.host_id = inventory.host_id;
  made.labels = {inventory.labels.begin(), inventory.labels.end()};
  for (const auto& actor : inventory.actors) {
    made.actors.push_back(
        {actor.id, actor.name.value_or(""), actor.image_ref.value_or(""), actor.revision});
  }
  for (const auto& provider : inventory.providers) {
    made.providers.push_back({provider.id, provider.link_name, provider.name.value_or(""),
                              provider.image_ref.value_or(""), provider.revision});
  }
  return made;
}

/// Answers that can be read; one that cannot hides no other.
template <class Answer>
std::vector<Answer> readable(const std::vector<std::string>& texts) {
  std::vector<Answer> all;
  for (const auto& text : texts) {
    if (auto answer = lattice::read_json<Answer>(text)) all.push_back(std::move(*answer));
  }
  return all;
}

}  // namespace

Client::Implementation::Implementation(ClientOptions given, lattice::Subjects names,
                                       identity::KeyPair pair,
                                       std::shared_ptr<nats::Transport> for_calls,
                                       std::shared_ptr<nats::Transport> for_control)
    : options(std::move(given)),
      subjects(std::move(names)),
      key(std::move(pair)),
      rpc(std::move(for_calls)),
      control(std::move(for_control)),
      calls(*rpc, subjects, key, clock, random, std::chrono::hours(1)) {}

// Remedies differ: nobody is there, or somebody is too slow.
Error Client::Implementation::silence(const Error& error, std::string_view who) const {
  if (error.code == ErrorCode::not_found) {
    return {
        ErrorCode::not_found, fmt::format("nobody in lattice '{}' listens on {}", options.ns, who),
        "is the host running, and in this namespace? `trellis get hosts --lattice` lists hosts"};
  }
  if (error.code == ErrorCode::deadline) {
    return {ErrorCode::deadline,
            fmt::format("no answer within {} ms ({})", options.control_timeout.count(), who),
            "the host may be gone or slow; --timeout allows more"};
  }
  return error;
}

Client::Client(std::unique_ptr<Implementation> implementation) : self_(std::move(implementation)) {}
Client::~Client() = default;

Result<std::unique_ptr<Client>> Client::connect(const ClientOptions& options) {
  const Log log(options.log, "client");
  auto rpc = open(options.rpc, log);
  if (!rpc) return pass(rpc);
  // One connection serves for both unless another one is named.
  auto control = *rpc;
  if (options.control) {
    auto own = open(*options.control, log);
    if (!own) return pass(own);
    control = std::move(*own);
  }
  return client::ClientAccess::over(options, std::move(*rpc), std::move(control));
}

Result<std::unique_ptr<Client>> client::ClientAccess::over(
    const ClientOptions& options, std::shared_ptr<nats::Transport> rpc,
    std::shared_ptr<nats::Transport> control) {
  auto subjects = lattice::Subjects::make(options.ns);
  if (!subjects) return pass(subjects);
  auto key = key_of(options.seed);
  if (!key) return pass(key);
  return std::unique_ptr<Client>(new Client(std::make_unique<Client::Implementation>(
      options, std::move(*subjects), std::move(*key), std::move(rpc), std::move(control))));
}

Result<std::vector<LatticeHost>> Client::hosts() {
  return self_->hosts_within(self_->options.window);
}

Result<std::vector<LatticeHost>> Client::Implementation::hosts_within(
    std::chrono::milliseconds window) const {
  const auto answers = client::gather(*control, subjects.hosts(), {}, window);
  if (!answers) return pass(answers);
  std::vector<LatticeHost> all;
  for (const auto& host : readable<lattice::HostReply>(*answers)) {
    // Ids come from whoever answers, and become parts of subjects.
    if (lattice::usable_in_subject(host.id)) {
      all.push_back({host.id, std::chrono::seconds(host.uptime)});
    }
  }
  std::ranges::sort(all, {}, &LatticeHost::id);
  // Host that answers twice, or two that claim one id, count once.
  const auto again = std::ranges::unique(all, {}, &LatticeHost::id);
  all.erase(again.begin(), again.end());
  return all;
}

Result<LatticeInventory> Client::inventory(std::string_view host_id) {
  if (!lattice::usable_in_subject(host_id)) {
    return fail(ErrorCode::invalid_argument, "that is no id of a host", "56 characters, N…");
  }
  const auto answer = self_->ask<lattice::HostInventory>(self_->subjects.inventory(host_id), {});
  if (!answer) return pass(answer);
  return to_public(*answer);
}

Result<std::vector<LatticeInventory>> Client::inventories() {
  const auto all = self_->hosts_within(self_->short_window());
  if (!all) return pass(all);
  // Hosts are asked all at once, each by its own request, and together within one timeout.
  std::vector<std::string> questions;
  for (const auto& host : *all) questions.push_back(self_->subjects.inventory(host.id));
  std::vector<LatticeInventory> found;
  for (const auto& one : readable<lattice::HostInventory>(
           client::ask_each(*self_->control, questions, self_->control_deadline()))) {
    found.push_back(to_public(one));
  }
  return found;
}

Result<std::vector<Link>> Client::links() {
  const auto answer = self_->ask<lattice::LinkDefinitionList>(self_->subjects.link_query(), {});
  if (!answer) return pass(answer);
  std::vector<Link> all;
  for (const auto& link : answer->links) {
    all.push_back({link.actor_id,
                   link.contract_id,
                   link.link_name,
                   link.provider_id,
                   {link.values.begin(), link.values.end()}});
  }
  return all;
}

Result<std::vector<std::map<std::string, std::string>>> Client::claims() {
  const auto answer = self_->ask<lattice::ClaimsList>(self_->subjects.claims_query(), {});
  if (!answer) return pass(answer);
  std::vector<std::map<std::string, std::string>> all;
  for (const auto& claims : answer->claims) {
    all.emplace_back(claims.values.begin(), claims.values.end());
  }
  return all;
}

Result<std::vector<std::string>> Client::auction_actor(
    std::string_view reference, const std::map<std::string, std::string>& constraints) {
  const lattice::ActorAuctionRequest auction{std::string(reference),
                                             {constraints.begin(), constraints.end()}};
  const auto answers = client::gather(*self_->control, self_->subjects.actor_auction(),
                                      lattice::write_json(auction), self_->options.window);
  if (!answers) return pass(answers);
  std::vector<std::string> bidders;
  for (const auto& bid : readable<lattice::ActorAuctionAck>(*answers)) {
    // Bids for something else are late answers to an earlier auction, or nonsense.
    if (bid.actor_ref == reference) bidders.push_back(bid.host_id);
  }
  return bidders;
}

Result<std::vector<std::string>> Client::auction_provider(
    std::string_view reference, std::string_view link_name,
    const std::map<std::string, std::string>& constraints) {
  const lattice::ProviderAuctionRequest auction{
      std::string(reference), std::string(link_name), {constraints.begin(), constraints.end()}};
  const auto answers = client::gather(*self_->control, self_->subjects.provider_auction(),
                                      lattice::write_json(auction), self_->options.window);
  if (!answers) return pass(answers);
  std::vector<std::string> bidders;
  for (const auto& bid : readable<lattice::ProviderAuctionAck>(*answers)) {
    if (bid.provider_ref == reference) bidders.push_back(bid.host_id);
  }
  return bidders;
}

}  // namespace trellis
