// State that the parts of the client share.
#pragma once

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/deadline.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "identity/keys.hpp"
#include "lattice/rpc/rpc_client.hpp"
#include "lattice/wire/json_message.hpp"
#include "lattice/wire/subjects.hpp"
#include "nats/transport.hpp"
#include "trellis/client.hpp"

namespace trellis {

/// Any thread.
class Client::Implementation {
 public:
  Implementation(ClientOptions options, lattice::Subjects subjects, identity::KeyPair key,
                 std::shared_ptr<nats::Transport> rpc, std::shared_ptr<nats::Transport> control);

  /// One host's answer to one question.
  template <class Answer>
  [[nodiscard]] Result<Answer> ask(const std::string& subject, std::string_view question) const;

  /// A command: `T` has the members of the protocol, `ack` says what the host refused, or nothing.
  struct Order {
    std::string subject;
    std::string json;  ///< with the operation id in it
    std::string name;  ///< as in an outcome
    std::string host_id;
    std::string reference;
    std::string operation;   ///< id
    std::string actor = {};  ///< these two: OutcomeWait::Expected
    std::string link_name = {};
  };
  template <class T>
  [[nodiscard]] Order order(std::string subject, const T& command, std::string_view name,
                            std::string_view host_id, std::string_view reference) const;
  using ReadAck = std::function<Result<void>(std::string_view json)>;
  [[nodiscard]] Result<Operation> carry_out(Order order, const ReadAck& read_ack,
                                            std::chrono::milliseconds wait) const;

  [[nodiscard]] SteadyTime control_deadline() const { return deadline_in(options.control_timeout); }
  [[nodiscard]] Result<std::vector<LatticeHost>> hosts_within(
      std::chrono::milliseconds window) const;
  /// For questions that others wait for: who waits longer for slow hosts does not want each of them
  /// to take that long.
  [[nodiscard]] std::chrono::milliseconds short_window() const {
    return std::min<std::chrono::milliseconds>(options.window, std::chrono::seconds(1));
  }
  /// The key of the actor a host runs from this reference; empty when it is not known.
  [[nodiscard]] std::string actor_from(std::string_view host_id, std::string_view reference) const;
  /// Whether a host that is in none of the answers runs the link's provider: a first-party one.
  [[nodiscard]] bool is_with_others(const Link& link,
                                    const std::vector<LatticeLinkState>& answers) const;
  [[nodiscard]] Error silence(const Error& error, std::string_view who) const;

  const ClientOptions options;
  const lattice::Subjects subjects;
  const identity::KeyPair key;
  const std::shared_ptr<nats::Transport> rpc;
  const std::shared_ptr<nats::Transport> control;
  const SystemClock clock;
  mutable SystemRandom random;
  const lattice::RpcClient calls;

 private:
  [[nodiscard]] std::string tagged(std::string json, const std::string& operation) const;
};

template <class Answer>
Result<Answer> Client::Implementation::ask(const std::string& subject,
                                           std::string_view question) const {
  auto answer = request_and_wait(*control, subject, as_bytes(question), control_deadline());
  if (!answer) return std::unexpected(silence(answer.error(), subject));
  return lattice::read_json<Answer>(as_text(*answer));
}

template <class T>
Client::Implementation::Order Client::Implementation::order(std::string subject, const T& command,
                                                            std::string_view name,
                                                            std::string_view host_id,
                                                            std::string_view reference) const {
  Order made{std::move(subject),     {},
             std::string(name),      std::string(host_id),
             std::string(reference), make_uuid(random)};
  made.json = tagged(lattice::write_json(command), made.operation);
  return made;
}

}  // namespace trellis
