// Commands on the control interface: lattice.md 5.7 to 5.11, and our own. Texts of failures are the
// first-party ones where they exist: its tests and tools compare them.
#include <fmt/format.h>

#include <utility>

#include "base/at_end.hpp"
#include "base/guard.hpp"
#include "base/limits.hpp"
#include "lattice/control/control_server.hpp"

namespace trellis::lattice {
namespace {

std::string text_of(const Error& error) {
  return error.remedy.empty() ? error.message : fmt::format("{} ({})", error.message, error.remedy);
}

/// For commands that return no key of their own.
Result<std::string> with_key(Result<void> done, const std::string& key) {
  if (!done) return pass(done);
  return key;
}

}  // namespace

ControlServer::Command ControlServer::command(std::string_view name, const Request& request,
                                              std::string reference) const {
  Command made;
  made.name = name;
  made.reference = std::move(reference);
  if (auto tag = read_json<OperationTag>(request.payload);
      tag && tag->operation_id.size() <= limits::name_bytes) {
    // Name of the operation is the sender's, if it has one, so that it finds the outcome again.
    made.operation = std::move(tag->operation_id);
  }
  if (made.operation.empty()) made.operation = make_uuid(random_);
  return made;
}

// Commands are told apart by what they change: two starts of one reference must not both be
// acknowledged (lattice.md 5.7, Weakness), and all together are bounded, since each may download.
std::optional<std::string> ControlServer::begin(Command& command) {
  const MutexLock lock(mutex_);
  command.under_way = jobs_.enter();
  if (!command.under_way) return "this host is stopping";
  if (!command.in_progress.empty() && running_.contains(command.in_progress)) {
    return fmt::format("{} is in progress on this host already", command.in_progress);
  }
  if (running_.size() >= limits::control_operations) {
    return fmt::format("{} commands are in progress on this host already", running_.size());
  }
  running_.insert(command.in_progress);
  return std::nullopt;
}

void ControlServer::carry_out(Command command,
                              const std::function<void(std::optional<std::string>)>& ack) {
  if (auto refused = begin(command)) return ack(std::move(refused));
  // Shared, because a job that the executor does not take is ended here.
  std::shared_ptr<Command> job;
  auto posted = contained([&] {
    // Acknowledgement goes first: a tool that reads the outcome or an event has seen it by then.
    ack(std::nullopt);
    commands_.fetch_add(1, std::memory_order_relaxed);
    log_.info("{} {} ordered by the control interface (operation {})", command.name,
              command.reference, command.operation);
    job = std::make_shared<Command>(std::move(command));
    return executors_.commands([this, job] { finish(*job, contained(job->run)); });
  });
  // Command that will not run was acknowledged all the same, so its failure is told as an outcome.
  if (!posted) finish(job ? *job : command, pass(posted));
}

// Command leaves the table whatever happens while its outcome is told.
void ControlServer::finish(const Command& command, const Result<std::string>& result) {
  const AtEnd ended([&] {
    const MutexLock lock(mutex_);
    running_.erase(running_.find(command.in_progress));
  });
  Outcome outcome{command.operation, host_id_,   std::string(command.name),
                  command.reference, command.id, std::nullopt};
  if (result) {
    if (!result->empty()) outcome.id = *result;
  } else {
    failed_.fetch_add(1, std::memory_order_relaxed);
    outcome.failure = text_of(result.error());
    log_.error("{} {} failed (operation {}): {}", command.name, command.reference,
               command.operation, *outcome.failure);
  }
  tell(outcome);
}

void ControlServer::tell(const Outcome& outcome) {
  send(subjects_.outcomes(), write_json(outcome));
}

void ControlServer::start_actor(const Request& request) {
  const auto order = read_json<StartActorCommand>(request.payload);
  if (!order) {
    const auto text = "Bad StartActor command received: " + order.error().message;
    malformed("a command was refused", order.error());
    return reply(request, StartActorAck{host_id_, {}, text});
  }
  const auto& reference = order->actor_ref;
  const auto ack = [&](std::optional<std::string> failure) {
    reply(request, StartActorAck{host_id_, reference, std::move(failure)});
  };
  // Refusals that need no download are in the acknowledgement (lattice.md 5.7).
  if (!target_.running_actor(reference).empty()) {
    return ack(fmt::format("Actor with image ref '{}' is already running on this host", reference));
  }
  if (auto allowed = target_.may_start_actor(reference); !allowed)
    return ack(text_of(allowed.error()));
  auto made = command("start_actor", request, reference);
  made.in_progress = fmt::format("the start of actor '{}'", reference);
  made.run = [this, reference] { return target_.start_actor(reference); };
  carry_out(std::move(made), ack);
}

void ControlServer::stop_actor(const Request& request) {
  const auto order = read_json<StopActorCommand>(request.payload);
  if (!order) {
    malformed("a command was refused", order.error());
    return reply(request, StopAck{"Failed to deserialize stop actor command"});
  }
  const auto ack = [&](std::optional<std::string> failure) {
    reply(request, StopAck{std::move(failure)});
  };
  const auto key = target_.running_actor(order->actor_ref);
  if (key.empty()) {
    return ack("Actor is either not running on this host or host controller unresponsive");
  }
  auto made = command("stop_actor", request, order->actor_ref);
  made.id = key;
  made.in_progress = fmt::format("the stop of actor {}", key);
  made.run = [this, key] { return with_key(target_.stop_actor(key), key); };
  carry_out(std::move(made), ack);
}

void ControlServer::start_provider(const Request& request) {
  const auto order = read_json<StartProviderCommand>(request.payload);
  if (!order) {
    const auto text = "Bad StartProvider command received: " + order.error().message;
    malformed("a command was refused", order.error());
    return reply(request, StartProviderAck{host_id_, {}, text});
  }
  const auto& reference = order->provider_ref;
  const auto& link_name = order->link_name;
  const auto ack = [&](std::optional<std::string> failure) {
    reply(request, StartProviderAck{host_id_, reference, std::move(failure)});
  };
  if (target_.running_provider(reference, link_name)) {
    return ack(
        fmt::format("Provider with image ref '{}' is already running on this host.", reference));
  }
  if (auto allowed = target_.may_start_provider(reference, link_name); !allowed) {
    return ack(text_of(allowed.error()));
  }
  auto made = command("start_provider", request, reference);
  made.in_progress = fmt::format("the start of provider '{}' ({})", reference, link_name);
  made.run = [this, reference, link_name] { return target_.start_provider(reference, link_name); };
  carry_out(std::move(made), ack);
}

void ControlServer::stop_provider(const Request& request) {
  const auto order = read_json<StopProviderCommand>(request.payload);
  if (!order) {
    malformed("a command was refused", order.error());
    return reply(request, StopAck{"Failed to deserialize stop provider command"});
  }
  const auto ack = [&](std::optional<std::string> failure) {
    reply(request, StopAck{std::move(failure)});
  };
  const auto& link_name = order->link_name;
  const auto running = target_.running_provider(order->provider_ref, link_name);
  // Provider of another contract is not the one that is meant (5.10, Weakness).
  if (!running || running->contract_id != order->contract_id) {
    return ack(
        fmt::format("Provider {}/{} is not running on this host", order->provider_ref, link_name));
  }
  auto made = command("stop_provider", request, order->provider_ref);
  made.id = running->key;
  made.in_progress = fmt::format("the stop of provider {} ({})", running->key, link_name);
  made.run = [this, key = running->key, link_name] {
    return with_key(target_.stop_provider(key, link_name), key);
  };
  carry_out(std::move(made), ack);
}

// Acknowledgement has no room for a reason (5.11), so a refusal is told as an outcome too.
void ControlServer::update_actor(const Request& request) {
  const auto order = read_json<UpdateActorCommand>(request.payload);
  if (!order) {
    malformed("a command was refused", order.error());
    return reply(request, UpdateActorAck{false});
  }
  const auto& key = order->actor_id;
  auto made = command("update_actor", request, order->new_actor_ref);
  made.id = key;
  const auto refuse = [&, operation = made.operation](std::string why) {
    log_.warn("update of actor {} to {} refused: {}", key, order->new_actor_ref, why);
    reply(request, UpdateActorAck{false});
    tell({operation, host_id_, "update_actor", order->new_actor_ref, key, std::move(why)});
  };
  // Update names its actor by key only; aliases and references do not count.
  if (target_.running_actor(key) != key) {
    return refuse(fmt::format("Actor {} was not found on this host, live update aborted", key));
  }
  if (auto allowed = target_.may_update_actor(key, order->new_actor_ref); !allowed) {
    return refuse(text_of(allowed.error()));
  }
  made.in_progress = fmt::format("an update of actor {}", key);
  made.run = [this, key, reference = order->new_actor_ref] {
    return with_key(target_.update_actor(key, reference), key);
  };
  carry_out(std::move(made), [&](std::optional<std::string> failure) {
    if (failure) return refuse(std::move(*failure));
    reply(request, UpdateActorAck{true});
  });
}

void ControlServer::scale_actor(const Request& request) {
  const auto order = read_json<ScaleActorCommand>(request.payload);
  const auto ack = [&](std::optional<std::string> failure) {
    reply(request, CommandAck{host_id_, std::move(failure)});
  };
  if (!order) {
    malformed("a command was refused", order.error());
    return ack("not a scale command: " + order.error().message);
  }
  const auto key = target_.running_actor(order->actor_ref);
  if (key.empty()) {
    return ack(fmt::format("actor '{}' does not run on this host", order->actor_ref));
  }
  const bool crossed = order->minimum && order->maximum && *order->minimum > *order->maximum;
  if (crossed || (order->maximum && *order->maximum == 0) || (!order->minimum && !order->maximum)) {
    return ack("instances need a maximum of at least 1, and a minimum that is not above it");
  }
  auto made = command("scale_actor", request, order->actor_ref);
  made.id = key;
  made.in_progress = fmt::format("a change of actor {}", key);
  made.run = [this, key, minimum = order->minimum, maximum = order->maximum] {
    return with_key(target_.scale_actor(key, minimum, maximum), key);
  };
  carry_out(std::move(made), ack);
}

void ControlServer::stop_host(const Request& request) {
  const auto order = read_json<StopHostCommand>(request.payload);
  const auto ack = [&](std::optional<std::string> failure) {
    reply(request, CommandAck{host_id_, std::move(failure)});
  };
  if (!order) {
    malformed("a command was refused", order.error());
    return ack("not a stop command: " + order.error().message);
  }
  if (order->host_id != host_id_) return ack("the command names another host");
  if (auto allowed = target_.may_stop_host(); !allowed) return ack(text_of(allowed.error()));
  auto made = command("stop_host", request, host_id_);
  made.id = host_id_;
  made.in_progress = "the stop of the host";
  made.run = [this] { return with_key(target_.stop_host(), host_id_); };
  carry_out(std::move(made), ack);
}

}  // namespace trellis::lattice
