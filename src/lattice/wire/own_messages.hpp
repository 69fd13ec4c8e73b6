// Messages of Trellis itself, on subjects where no first-party software listens or speaks
// (`trellis.ctl.<ns>.`, wire/subjects.hpp): outcomes of accepted commands, scale, stop of a host.
// JSON as everywhere on the control plane (json_message.hpp). Plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "codec/fields.hpp"
#include "lattice/wire/json_message.hpp"

namespace trellis::lattice {

/// What any command of the control plane may carry besides its own members: the sender's name of
/// the operation (up to limits::name_bytes). First-party hosts ignore it.
struct OperationTag {
  std::string operation_id;

  static constexpr auto describe() {
    return codec::describe_struct(
        "OperationTag", codec::field("operation_id", &OperationTag::operation_id).or_default());
  }
  friend bool operator==(const OperationTag&, const OperationTag&) = default;
};

/// How a command ended that was accepted, on Subjects::outcomes(). Commands that were refused in
/// their acknowledgement have none.
struct Outcome {
  std::string operation_id;  ///< the sender's, or one the host made
  std::string host_id;
  /// start_actor, stop_actor, start_provider, stop_provider, update_actor, scale_actor, stop_host
  std::string command;
  std::string reference;  ///< what the command named
  std::string id;         ///< public key of the actor or provider; empty when it is not known
  std::optional<std::string> failure;  ///< nothing: it was done

  static constexpr auto describe() {
    return codec::describe_struct(
        "Outcome", codec::field("operation_id", &Outcome::operation_id),
        codec::field("host_id", &Outcome::host_id), codec::field("command", &Outcome::command),
        codec::field("reference", &Outcome::reference), codec::field("id", &Outcome::id),
        codec::field("failure", &Outcome::failure));
  }
  friend bool operator==(const Outcome&, const Outcome&) = default;
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

/// Of both; always answered.
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
