// Look at a lattice and steer it from outside: hosts, inventories, links, starts and stops, calls,
// events.
//
//   auto client = trellis::Client::connect({.rpc = {.servers = {"nats://127.0.0.1:4222"}}});
//   for (const auto& host : *(*client)->hosts()) puts(host.id.c_str());
//   auto answer = (*client)->call("MKEY…", "HandleRequest", payload);
//
// Works with hosts of this generation of the protocol, whoever made them (lattice.md 5). What only
// Trellis hosts understand says so. Everything can fail as a value; nothing throws.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "trellis/bytes.hpp"
#include "trellis/host_types.hpp"
#include "trellis/lattice_options.hpp"
#include "trellis/log.hpp"
#include "trellis/result.hpp"

namespace trellis::client {
class ClientAccess;
}

namespace trellis {

struct ClientOptions {
  std::string ns = "default";                       ///< namespace of the lattice
  NatsOptions rpc;                                  ///< calls and links
  std::optional<NatsOptions> control;               ///< everything else; nothing: over `rpc`
  std::chrono::milliseconds rpc_timeout{2000};      ///< of a call
  std::chrono::milliseconds control_timeout{2000};  ///< of a question one host answers
  std::chrono::milliseconds window{1000};           ///< how long answers of all hosts are collected
  std::string seed;              ///< signs calls (SN…); empty: a fresh key each time
  std::shared_ptr<LogSink> log;  ///< null: nothing is logged
};

struct LatticeHost {
  std::string id;  ///< N…
  std::chrono::seconds uptime{0};
};

struct LatticeActor {
  std::string id;  ///< M…
  std::string name;
  std::string image_ref;  ///< empty: not started from an image
  std::int32_t revision = 0;
};

struct LatticeProvider {
  std::string id;  ///< V…
  std::string link_name;
  std::string name;
  std::string image_ref;
  std::int32_t revision = 0;
};

struct LatticeInventory {
  std::string host_id;
  std::map<std::string, std::string> labels;
  std::vector<LatticeActor> actors;
  std::vector<LatticeProvider> providers;
};

/// A link as one Trellis host has it.
struct LatticeLinkState {
  Link link;  ///< without values
  std::string host_id;
  LinkState state = LinkState::elsewhere;
  std::string problem;          ///< why it failed or was refused
  std::chrono::seconds age{0};  ///< of the state
  std::uint32_t attempts = 0;
  LinkOrigin origin = LinkOrigin::lattice;
  bool as_asked = false;  ///< provider and values are those that were asked about
};

/// A command that was accepted.
struct Operation {
  std::string id;  ///< shown in the host's log and in its outcome
  std::string host_id;
  std::string reference;  ///< what the command named
  std::string entity;     ///< public key of the actor or provider, once it is known
  bool done = false;      ///< carried out; else only accepted
};

/// An event of a host (lattice.md 7).
struct LatticeEventRecord {
  std::string name;  ///< ActorStarted, Heartbeat, …
  std::string host_id;
  std::uint64_t timestamp = 0;  ///< seconds since 1970, by the host's clock
  std::string content;          ///< JSON of what the event carries; "null" when nothing
};

/// How a command of this or another client ended; told by Trellis hosts only.
struct OutcomeRecord {
  std::string operation_id;
  std::string host_id;
  std::string command;    ///< start_actor, stop_provider, …; bind_link, unbind_link
  std::string reference;  ///< of a link the key of its provider
  std::string entity;     ///< of a link the key of its actor
  std::optional<std::string> failure;
  std::string contract_id;  ///< these two of links only
  std::string link_name;
};

/// Receives events from a thread of the connection; must not wait.
struct LatticeWatcher {
  std::function<void(const LatticeEventRecord&)> event;
  std::function<void(const OutcomeRecord&)> outcome;
};

/// Ends the watching when it goes.
class LatticeWatch {
 public:
  virtual ~LatticeWatch() = default;
  /// Messages that were no events.
  [[nodiscard]] virtual std::uint64_t unreadable() const = 0;
  /// Why nothing will ever come: the server does not let this user listen there, which it says a
  /// moment after the watching began. Nothing while all is well.
  [[nodiscard]] virtual std::optional<Error> refusal() const = 0;
};

/// A client of one lattice. Any thread; members block until done. Errors besides those named:
/// unavailable (no server), deadline (nobody answered in time), malformed (an answer that is none).
class Client {
 public:
  /// Connects, or says why not: unavailable when no server answers, denied for credentials.
  [[nodiscard]] static Result<std::unique_ptr<Client>> connect(const ClientOptions& options);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// All hosts that answer within the window, each once, sorted by id.
  [[nodiscard]] Result<std::vector<LatticeHost>> hosts();
  [[nodiscard]] Result<LatticeInventory> inventory(std::string_view host_id);
  /// Inventories of all hosts that answer within a second (or the window, if that is shorter),
  /// asked at the same time; those that do not answer are left out.
  [[nodiscard]] Result<std::vector<LatticeInventory>> inventories();
  /// As the first host that answers knows them.
  [[nodiscard]] Result<std::vector<Link>> links();
  /// Links of one actor, or all, as each Trellis host has them; those where something was tried
  /// first. First-party hosts do not answer.
  [[nodiscard]] Result<std::vector<LatticeLinkState>> link_states(std::string_view actor = {});
  /// One map per actor: sub, iss, caps, rev, version (lattice.md 5.5).
  [[nodiscard]] Result<std::vector<std::map<std::string, std::string>>> claims();
  /// Ids of hosts that could start it, in the order of their bids.
  [[nodiscard]] Result<std::vector<std::string>> auction_actor(
      std::string_view reference, const std::map<std::string, std::string>& constraints = {});
  [[nodiscard]] Result<std::vector<std::string>> auction_provider(
      std::string_view reference, std::string_view link_name = "default",
      const std::map<std::string, std::string>& constraints = {});

  // Commands. With `wait` above 0 they return when the command was carried out, or fail with the
  // reason, or with deadline when nothing was heard by then. Errors: denied (the host refused).
  [[nodiscard]] Result<Operation> start_actor(std::string_view host_id, std::string_view reference,
                                              std::chrono::milliseconds wait = {});
  [[nodiscard]] Result<Operation> stop_actor(std::string_view host_id,
                                             std::string_view key_or_reference,
                                             std::chrono::milliseconds wait = {});
  [[nodiscard]] Result<Operation> update_actor(std::string_view host_id, std::string_view key,
                                               std::string_view new_reference,
                                               std::chrono::milliseconds wait = {});
  [[nodiscard]] Result<Operation> start_provider(std::string_view host_id,
                                                 std::string_view reference,
                                                 std::string_view link_name = "default",
                                                 std::chrono::milliseconds wait = {});
  [[nodiscard]] Result<Operation> stop_provider(std::string_view host_id,
                                                std::string_view key_or_reference,
                                                std::string_view link_name,
                                                std::string_view contract_id,
                                                std::chrono::milliseconds wait = {});
  /// Trellis hosts only: how many instances an actor keeps ready and may have.
  [[nodiscard]] Result<Operation> scale_actor(std::string_view host_id,
                                              std::string_view key_or_reference,
                                              std::optional<std::uint32_t> minimum,
                                              std::optional<std::uint32_t> maximum,
                                              std::chrono::milliseconds wait = {});
  /// Trellis hosts only.
  [[nodiscard]] Result<Operation> stop_host(std::string_view host_id,
                                            std::chrono::milliseconds wait = {});

  /// Advertised to all hosts; nobody acknowledges. Actor and provider are keys (M…, V…). Errors:
  /// invalid_argument (what no host could use).
  [[nodiscard]] Result<void> put_link(const Link& link);
  [[nodiscard]] Result<void> remove_link(std::string_view actor, std::string_view contract_id,
                                         std::string_view link_name = "default");
  /// put_link(), and what came of it: as soon as a Trellis host says that its provider took the
  /// link (bound) or why it is not made (failed, refused). Else, after `wait`, the state that is
  /// nearest to that (waiting for the actor or provider). Nothing when only a first-party host has
  /// the provider, which tells nothing, or when no Trellis host has heard of the link.
  [[nodiscard]] Result<std::optional<LatticeLinkState>> put_link_and_wait(
      const Link& link, std::chrono::milliseconds wait);
  /// remove_link(), until no host knows the link any more. Errors: deadline.
  [[nodiscard]] Result<void> remove_link_and_wait(std::string_view actor,
                                                  std::string_view contract_id,
                                                  std::string_view link_name,
                                                  std::chrono::milliseconds wait);

  /// The public key of an actor by key, call alias (from the lattice's cache), name, image with or
  /// without what is around its name, or unique beginning of the key. Errors: not_found,
  /// invalid_argument (several fit), both with the candidates.
  [[nodiscard]] Result<std::string> resolve_actor(std::string_view wanted);
  /// As "system", signed with the client's key. `timeout` is by default the options' rpc_timeout.
  [[nodiscard]] Result<Bytes> call(std::string_view key, std::string_view operation,
                                   ByteView payload,
                                   std::optional<std::chrono::milliseconds> timeout = {});

  [[nodiscard]] Result<std::unique_ptr<LatticeWatch>> watch(LatticeWatcher watcher);

 private:
  friend class client::ClientAccess;
  class Implementation;
  explicit Client(std::unique_ptr<Implementation> implementation);
  std::unique_ptr<Implementation> self_;
};

}  // namespace trellis
