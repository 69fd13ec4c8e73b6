#include "host/lattice/control_side.hpp"

#include <utility>

#include "base/limits.hpp"
#include "lattice/wire/own_messages.hpp"

namespace trellis::host {

ControlSide::ControlSide(Parts parts)
    : connection_(std::move(parts.connection)),
      subjects_(parts.subjects),
      host_id_(std::move(parts.host_id)),
      clock_(std::move(parts.clock)),
      random_(parts.random),
      target_(parts.target),
      log_(std::move(parts.log)),
      requests_(limits::control_workers, std::move(parts.memory), Held::control),
      commands_(limits::control_workers),
      events_(std::make_unique<EventPublisher>(connection_->transport(), subjects_, host_id_,
                                               clock_, log_.with_target("lattice"))) {
  // Nothing is told again after a reconnect: an event that nobody heard is over (lattice.md 7).
  connection_->watch({});
}

ControlSide::~ControlSide() = default;

Result<void> ControlSide::take_commands() {
  // Two pools, so that questions are answered at once while commands fetch and compile.
  server_ = std::make_unique<lattice::ControlServer>(
      connection_->transport(), subjects_, host_id_, target_,
      lattice::ControlServer::Executors{
          [this](std::function<void()> job, std::size_t bytes) {
            return requests_.post(std::move(job), {}, bytes);
          },
          [this](std::function<void()> job) { return commands_.post(std::move(job)); }},
      *clock_, random_, log_.with_target("control"));
  return server_->subscribe();
}

void ControlSide::tell_of_link(const LinkOutcome& outcome) {
  // Outcomes have a subject of their own: clients of this generation log each event they do not
  // know as an error (lattice.md 7.5).
  const auto& link = outcome.link;
  const lattice::Outcome told{{},
                              host_id_,
                              outcome.bound ? "bind_link" : "unbind_link",
                              link.provider_id,
                              link.actor,
                              outcome.failure,
                              link.contract_id,
                              link.link_name};
  const auto text = lattice::write_json(told);
  const auto sent = connection_->transport().publish(subjects_.outcomes(), as_bytes(text));
  if (!sent) log_.debug("the outcome of a link was not published: {}", sent.error().message);
}

void ControlSide::refuse_commands(SteadyTime deadline) {
  if (server_) server_->stop(deadline);
}

void ControlSide::close(SteadyTime deadline) {
  // Flushed before the end, or HostStopped would be lost as it often is in first-party hosts
  // (lattice.md 7.4).
  if (connection_->up()) static_cast<void>(connection_->transport().flush(deadline));
  connection_->close();
  requests_.stop();
  commands_.stop();
}

void ControlSide::describe(LatticeInfo& info) const {
  info.control = state_of(connection_.get());
  if (!server_) return;
  const auto counters = server_->counters();
  info.control_requests = counters.requests;
  info.control_refused = counters.malformed + counters.dropped;
}

}  // namespace trellis::host
