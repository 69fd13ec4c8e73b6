// Messages of Trellis itself, on subjects where no first-party software listens or speaks
// (`trellis.ctl.<ns>.`, wire/subjects.hpp): outcomes of accepted commands and of
// links, the state of links, scale, stop of a host.
// JSON as everywhere on the control plane (json_message.hpp). Plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "codec/fields.hpp"
#include "lattice/wire/json_message.hpp"

namespace trellis::lattice {

/// Member that any command of the control plane may carry besides its own: the sender's name of the
/// operation (up to limits::name_bytes). First-party hosts ignore it.
struct OperationTag {
  std::string operation_id;

  static constexpr auto describe() {
    return codec::describe_struct(
        "OperationTag", codec::field("operation_id", &OperationTag::operation_id).or_default());
  }
  friend bool operator==(const OperationTag&, const OperationTag&) = default;
};

/// How a command ended that was accepted, on Subjects::outcomes(). Commands that were refused in
/// their acknowledgement have none. Also what came of a link (bind_link, unbind_link), whoever
/// asked for it and whenever it was tried.
struct Outcome {
  std::string operation_id;  ///< the sender's, or one the host made
  std::string host_id;
  /// start_actor, stop_actor, start_provider, stop_provider, update_actor, scale_actor, stop_host;
  /// bind_link, unbind_link
  std::string command;
  std::string reference;  ///< what the command named; of a link the provider
  std::string id;         ///< public key of the actor or provider; empty when it is not known
  std::optional<std::string> failure;  ///< nothing: it was done
  std::string contract_id = {};        ///< these two of links only
  std::string link_name = {};

  static constexpr auto describe() {
    return codec::describe_struct(
        "Outcome", codec::field("operation_id", &Outcome::operation_id),
        codec::field("host_id", &Outcome::host_id), codec::field("command", &Outcome::command),
        codec::field("reference", &Outcome::reference), codec::field("id", &Outcome::id),
        codec::field("failure", &Outcome::failure),
        codec::field("contract_id", &Outcome::contract_id).or_default(),
        codec::field("link_name", &Outcome::link_name).or_default());
  }
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

/// Asks every host what became of links, on Subjects::own_link_query(). Empty members match all.
struct LinkStatesRequest {
  std::string actor_id;
  std::string contract_id;
  std::string link_name;
  /// Answers say whether provider and values are these.
  std::optional<std::string> provider_id;
  codec::StringMap values;

  static constexpr auto describe() {
    return codec::describe_struct(
        "LinkStatesRequest", codec::field("actor_id", &LinkStatesRequest::actor_id).or_default(),
        codec::field("contract_id", &LinkStatesRequest::contract_id).or_default(),
        codec::field("link_name", &LinkStatesRequest::link_name).or_default(),
        codec::field("provider_id", &LinkStatesRequest::provider_id),
        codec::field("values", &LinkStatesRequest::values).or_default());
  }
  friend bool operator==(const LinkStatesRequest&, const LinkStatesRequest&) = default;
};

/// A link as one host has it. Values are not told: the link query of the protocol has them.
struct LinkStateRecord {
  std::string actor_id;
  std::string contract_id;
  std::string link_name;
  std::string provider_id;
  std::string state;  ///< names of LinkState: bound, failed, refused, …
  std::string problem;
  std::uint64_t age_s = 0;  ///< of the state
  std::uint32_t attempts = 0;
  std::string origin;     ///< local or lattice
  bool as_asked = false;  ///< provider and values are those of the request

  static constexpr auto describe() {
    return codec::describe_struct("LinkStateRecord",
                                  codec::field("actor_id", &LinkStateRecord::actor_id),
                                  codec::field("contract_id", &LinkStateRecord::contract_id),
                                  codec::field("link_name", &LinkStateRecord::link_name),
                                  codec::field("provider_id", &LinkStateRecord::provider_id),
                                  codec::field("state", &LinkStateRecord::state),
                                  codec::field("problem", &LinkStateRecord::problem),
                                  codec::field("age_s", &LinkStateRecord::age_s),
                                  codec::field("attempts", &LinkStateRecord::attempts),
                                  codec::field("origin", &LinkStateRecord::origin),
                                  codec::field("as_asked", &LinkStateRecord::as_asked));
  }
  friend bool operator==(const LinkStateRecord&, const LinkStateRecord&) = default;
};

struct LinkStatesReply {
  std::string host_id;
  std::vector<LinkStateRecord> links;
  std::uint64_t left_out = 0;  ///< they did not fit into the message

  static constexpr auto describe() {
    return codec::describe_struct("LinkStatesReply",
                                  codec::field("host_id", &LinkStatesReply::host_id),
                                  codec::field("links", &LinkStatesReply::links),
                                  codec::field("left_out", &LinkStatesReply::left_out));
  }
  friend bool operator==(const LinkStatesReply&, const LinkStatesReply&) = default;
};

/// `scale`: how many instances an actor keeps ready and may have at most; absent ones stay as they
/// are.
struct ScaleActorCommand {
  std::string operation_id;
  std::string actor_ref;  ///< key, alias, or the reference it was started by
  std::optional<std::uint32_t> minimum;
  std::optional<std::uint32_t> maximum;

  static constexpr auto describe() {
    return codec::describe_struct(
        "ScaleActorCommand",
        codec::field("operation_id", &ScaleActorCommand::operation_id).or_default(),
        codec::field("actor_ref", &ScaleActorCommand::actor_ref),
        codec::field("minimum", &ScaleActorCommand::minimum),
        codec::field("maximum", &ScaleActorCommand::maximum));
  }
  friend bool operator==(const ScaleActorCommand&, const ScaleActorCommand&) = default;
};

/// `stop`: the host ends as after SIGTERM.
struct StopHostCommand {
  std::string operation_id;
  std::string host_id;  ///< must be the receiver's: what ends a whole host names it twice

  static constexpr auto describe() {
    return codec::describe_struct(
        "StopHostCommand",
        codec::field("operation_id", &StopHostCommand::operation_id).or_default(),
        codec::field("host_id", &StopHostCommand::host_id));
  }
  friend bool operator==(const StopHostCommand&, const StopHostCommand&) = default;
};

/// Acknowledgement of both; always sent.
struct CommandAck {
  std::string host_id;
  std::optional<std::string> failure;

  static constexpr auto describe() {
    return codec::describe_struct("CommandAck", codec::field("host_id", &CommandAck::host_id),
                                  codec::field("failure", &CommandAck::failure));
  }
  friend bool operator==(const CommandAck&, const CommandAck&) = default;
};

}  // namespace trellis::lattice
