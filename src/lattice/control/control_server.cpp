#include "lattice/control/control_server.hpp"

#include <fmt/format.h>

#include <chrono>
#include <utility>

#include "base/guard.hpp"
#include "base/limits.hpp"
#include "trellis/bytes.hpp"

namespace trellis::lattice {

ControlServer::ControlServer(nats::Transport& transport, const Subjects& subjects,
                             std::string host_id, ControlTarget& target, Executors executors,
                             const Clock& clock, Random& random, Log log)
    : transport_(transport),
      subjects_(subjects),
      host_id_(std::move(host_id)),
      target_(target),
      executors_(std::move(executors)),
      clock_(clock),
      random_(random),
      log_(std::move(log)),
      limited_log_(log_, clock_, limits::lattice_log_interval, "more reports") {}

ControlServer::~ControlServer() {
  stop(SteadyTime::max());
}

Result<void> ControlServer::subscribe() {
  const std::pair<std::string, Handler> all[] = {
      {subjects_.hosts(), &ControlServer::probe},
      {subjects_.inventory(host_id_), &ControlServer::inventory},
      {subjects_.link_query(), &ControlServer::links},
      {subjects_.claims_query(), &ControlServer::claims},
      {subjects_.actor_auction(), &ControlServer::actor_auction},
      {subjects_.provider_auction(), &ControlServer::provider_auction},
      {subjects_.command(host_id_, "la"), &ControlServer::start_actor},
      {subjects_.command(host_id_, "sa"), &ControlServer::stop_actor},
      {subjects_.command(host_id_, "lp"), &ControlServer::start_provider},
      {subjects_.command(host_id_, "sp"), &ControlServer::stop_provider},
      {subjects_.command(host_id_, "upd"), &ControlServer::update_actor},
      {subjects_.own_link_query(), &ControlServer::link_states},
      {subjects_.own_command(host_id_, "scale"), &ControlServer::scale_actor},
      {subjects_.own_command(host_id_, "stop"), &ControlServer::stop_host},
  };
  for (const auto& [subject, handler] : all) {
    if (auto listening = listen(subject, handler); !listening) return listening;
  }
  return {};
}

Result<void> ControlServer::listen(const std::string& subject, Handler handler) {
  // No queue group: a question to all hosts must reach each of them (lattice.md 1.4).
  auto made = transport_.subscribe(
      subject, {}, [this, handler](const nats::Message& message) { receive(message, handler); });
  if (!made) return pass(made);
  const MutexLock lock(mutex_);
  // Subscription made during a stop ends here, when `made` goes.
  if (!stopped_) subscriptions_.push_back(std::move(*made));
  return {};
}

void ControlServer::receive(const nats::Message& message, Handler handler) {
  requests_.fetch_add(1, std::memory_order_relaxed);
  if (message.payload.size() > limits::control_request_bytes) {
    malformed_.fetch_add(1, std::memory_order_relaxed);
    return report(
        LogReason::oversized,
        fmt::format("a request of {} bytes on {} was ignored; {} are taken", message.payload.size(),
                    message.subject, limits::control_request_bytes));
  }
  // Reply subject is the sender's choice: our answer on one of the protocol would be an order in
  // our name.
  if (!message.reply.empty() && !subjects_.may_answer(message.reply)) {
    malformed_.fetch_add(1, std::memory_order_relaxed);
    return report(
        LogReason::misdirected,
        fmt::format("a request on {} that wants its answer on a subject of the protocol was "
                    "ignored",
                    message.subject));
  }
  // Gate is closed during a stop; what arrives then stays unanswered, as from a host that is gone.
  auto entry = jobs_.enter();
  if (!entry) return;
  // Job owns copies: the message ends with this function.
  const std::function<void()> job =
      [this, handler, entry = std::move(entry),
       request = Request{std::string(message.reply), std::string(as_text(message.payload))}] {
        waiting_.fetch_sub(1);
        (this->*handler)(request);
      };
  bool taken = false;
  survived([&] {
    // Requests that wait are bounded here, whoever else uses the executor.
    taken = waiting_.fetch_add(1) < limits::control_requests &&
            executors_.requests(job, message.payload.size()).has_value();
  });
  if (taken) return;
  waiting_.fetch_sub(1);
  dropped_.fetch_add(1, std::memory_order_relaxed);
  report(LogReason::dropped, "more control requests arrive than can be answered; some are dropped");
}

// Order: the gate closes before subscriptions end, whose handlers may be running, and which are
// destroyed without the lock that listen() takes.
void ControlServer::stop(SteadyTime deadline) {
  std::vector<std::unique_ptr<nats::Subscription>> last;
  {
    const MutexLock lock(mutex_);
    stopped_ = true;
    last.swap(subscriptions_);
  }
  jobs_.close();
  last.clear();  // no handler runs any more
  if (deadline == SteadyTime::max()) {
    jobs_.wait();
  } else if (!jobs_.wait_until(deadline)) {
    log_.warn("{} commands of the control interface are still under way", jobs_.inside());
  }
}

ControlServer::Counters ControlServer::counters() const noexcept {
  return {requests_.load(), malformed_.load(), dropped_.load(), commands_.load(), failed_.load()};
}

void ControlServer::send(const std::string& subject, std::string_view json) {
  if (auto sent = transport_.publish(subject, as_bytes(json)); !sent) {
    report(LogReason::unsent,
           fmt::format("an answer on the control interface could not be sent: {}",
                       sent.error().message));
  }
}

void ControlServer::malformed(std::string_view what, const Error& error) {
  malformed_.fetch_add(1, std::memory_order_relaxed);
  report(LogReason::malformed, fmt::format("{}: {}", what, error.message));
}

void ControlServer::report(LogReason kind, std::string_view text) {
  limited_log_.warn(kind, "{}{}", text);
}

}  // namespace trellis::lattice
