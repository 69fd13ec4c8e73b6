// Commands: lattice.md 5.7 to 5.11, and those of Trellis hosts.
#include <fmt/format.h>

#include <utility>

#include "base/deadline.hpp"
#include "client/implementation.hpp"
#include "client/outcome_wait.hpp"
#include "lattice/wire/control_messages.hpp"
#include "lattice/wire/own_messages.hpp"

namespace trellis {
namespace {

template <class Ack>
Result<void> refusal_in(std::string_view json) {
  auto ack = lattice::read_json<Ack>(json);
  if (!ack) return pass(ack);
  if (!ack->failure) return {};
  return fail(ErrorCode::denied, std::move(*ack->failure));
}

Result<void> refused_update(std::string_view json) {
  const auto ack = lattice::read_json<lattice::UpdateActorAck>(json);
  if (!ack) return pass(ack);
  if (ack->accepted) return {};
  return fail(ErrorCode::denied, "the host refuses the update",
              "the actor must run there, with live updates allowed; the host's log says more");
}

}  // namespace

// Member is added to the text of a first-party command, whose bytes stay as they are; first-party
// hosts ignore members they do not know.
std::string Client::Implementation::tagged(std::string json, const std::string& operation) const {
  json.pop_back();
  if (json.size() > 1) json += ',';
  return json + fmt::format("\"operation_id\":\"{}\"}}", operation);
}

Result<Operation> Client::Implementation::carry_out(Order order, const ReadAck& read_ack,
                                                    std::chrono::milliseconds wait) const {
  if (!lattice::usable_in_subject(order.host_id)) {
    return fail(ErrorCode::invalid_argument, "that is no id of a host", "56 characters, N…");
  }
  // Listening begins before the command is sent, or a quick outcome would be missed.
  std::unique_ptr<client::OutcomeWait> outcome;
  if (wait.count() > 0 || order.name == "update_actor") {
    auto started = client::OutcomeWait::start(*control, subjects,
                                              {order.operation, order.name, order.host_id,
                                               order.reference, order.actor, order.link_name});
    if (!started) return pass(started);
    outcome = std::move(*started);
  }
  auto answer = request_and_wait(*control, order.subject, as_bytes(order.json), control_deadline());
  if (!answer) return std::unexpected(silence(answer.error(), order.subject));
  Operation made{order.operation, order.host_id, order.reference, {}, false};
  if (auto accepted = read_ack(as_text(*answer)); !accepted) {
    // Acknowledgement of an update has no room for the reason; Trellis hosts tell it apart.
    if (order.name == "update_actor" && accepted.error().code == ErrorCode::denied) {
      const auto why = outcome->wait(deadline_in(std::chrono::milliseconds(200)));
      if (why && why->failure) accepted.error() = {ErrorCode::denied, *why->failure, {}};
    }
    return std::unexpected(std::move(accepted.error()));
  }
  if (wait.count() <= 0) return made;
  const auto heard = outcome->wait(deadline_in(wait));
  if (!heard) {
    return fail(
        ErrorCode::deadline,
        fmt::format("{} of {} was accepted, but nothing was heard of it within {} ms "
                    "(operation {})",
                    order.name, order.reference, wait.count(), order.operation),
        "see the host's log, or `trellis get inventory --lattice`; --wait SECONDS allows more");
  }
  if (heard->failure) return fail(ErrorCode::unavailable, *heard->failure);
  made.entity = heard->id;
  made.done = true;
  return made;
}

Result<Operation> Client::start_actor(std::string_view host_id, std::string_view reference,
                                      std::chrono::milliseconds wait) {
  return self_->carry_out(
      self_->order(self_->subjects.command(host_id, "la"),
                   lattice::StartActorCommand{std::string(reference), std::string(host_id)},
                   "start_actor", host_id, reference),
      refusal_in<lattice::StartActorAck>, wait);
}

// Event of a stop has the key only, so that the key is asked for before the stop.
std::string Client::Implementation::actor_from(std::string_view host_id,
                                               std::string_view reference) const {
  if (!lattice::usable_in_subject(host_id)) return {};
  const auto known = ask<lattice::HostInventory>(subjects.inventory(host_id), {});
  if (!known) return {};
  for (const auto& actor : known->actors) {
    if (actor.image_ref == reference) return actor.id;
  }
  return {};
}

Result<Operation> Client::stop_actor(std::string_view host_id, std::string_view reference,
                                     std::chrono::milliseconds wait) {
  auto order = self_->order(self_->subjects.command(host_id, "sa"),
                            lattice::StopActorCommand{std::string(host_id), std::string(reference)},
                            "stop_actor", host_id, reference);
  if (wait.count() > 0 && !identity::PublicKey::parse(reference)) {
    order.actor = self_->actor_from(host_id, reference);
  }
  return self_->carry_out(std::move(order), refusal_in<lattice::StopAck>, wait);
}

Result<Operation> Client::update_actor(std::string_view host_id, std::string_view key,
                                       std::string_view new_reference,
                                       std::chrono::milliseconds wait) {
  const lattice::UpdateActorCommand command{std::string(host_id), std::string(key),
                                            std::string(new_reference)};
  auto order = self_->order(self_->subjects.command(host_id, "upd"), command, "update_actor",
                            host_id, new_reference);
  order.actor = key;
  return self_->carry_out(std::move(order), refused_update, wait);
}

Result<Operation> Client::start_provider(std::string_view host_id, std::string_view reference,
                                         std::string_view link_name,
                                         std::chrono::milliseconds wait) {
  const lattice::StartProviderCommand command{std::string(host_id), std::string(reference),
                                              std::string(link_name)};
  auto order = self_->order(self_->subjects.command(host_id, "lp"), command, "start_provider",
                            host_id, reference);
  order.link_name = link_name;
  return self_->carry_out(std::move(order), refusal_in<lattice::StartProviderAck>, wait);
}

Result<Operation> Client::stop_provider(std::string_view host_id, std::string_view reference,
                                        std::string_view link_name, std::string_view contract_id,
                                        std::chrono::milliseconds wait) {
  const lattice::StopProviderCommand command{std::string(host_id), std::string(reference),
                                             std::string(link_name), std::string(contract_id)};
  auto order = self_->order(self_->subjects.command(host_id, "sp"), command, "stop_provider",
                            host_id, reference);
  order.link_name = link_name;
  return self_->carry_out(std::move(order), refusal_in<lattice::StopAck>, wait);
}

Result<Operation> Client::scale_actor(std::string_view host_id, std::string_view reference,
                                      std::optional<std::uint32_t> minimum,
                                      std::optional<std::uint32_t> maximum,
                                      std::chrono::milliseconds wait) {
  lattice::ScaleActorCommand command{{}, std::string(reference), minimum, maximum};
  command.operation_id = make_uuid(self_->random);
  Implementation::Order order{self_->subjects.own_command(host_id, "scale"),
                              lattice::write_json(command),
                              "scale_actor",
                              std::string(host_id),
                              std::string(reference),
                              command.operation_id};
  return self_->carry_out(std::move(order), refusal_in<lattice::CommandAck>, wait);
}

Result<Operation> Client::stop_host(std::string_view host_id, std::chrono::milliseconds wait) {
  lattice::StopHostCommand command{make_uuid(self_->random), std::string(host_id)};
  Implementation::Order order{self_->subjects.own_command(host_id, "stop"),
                              lattice::write_json(command),
                              "stop_host",
                              std::string(host_id),
                              std::string(host_id),
                              command.operation_id};
  return self_->carry_out(std::move(order), refusal_in<lattice::CommandAck>, wait);
}

}  // namespace trellis
