#include "lattice/rpc/rpc_server.hpp"

#include <fmt/format.h>

#include <chrono>
#include <utility>

#include "base/deadline.hpp"
#include "base/guard.hpp"
#include "base/limits.hpp"
#include "codec/message.hpp"
#include "threads/gate.hpp"

namespace trellis::lattice {

struct RpcServer::Served {
  explicit Served(Entity who) : entity(std::move(who)) {}

  const Entity entity;
  std::unique_ptr<nats::Subscription> subscription;
  Gate calls;  ///< received and not answered
};

RpcServer::RpcServer(nats::Transport& transport, const Subjects& subjects,
                     const CallVerifier& verifier, Executor executor, CallHandler handler,
                     const Clock& clock, std::chrono::milliseconds patience, Log log)
    : transport_(transport),
      subjects_(subjects),
      verifier_(verifier),
      executor_(std::move(executor)),
      handler_(std::move(handler)),
      clock_(clock),
      patience_(patience),
      log_(std::move(log)),
      limited_log_(log_, clock_, limits::lattice_log_interval, "more reports") {}

RpcServer::~RpcServer() {
  stop(deadline_in(std::chrono::seconds(0)));
}

Result<void> RpcServer::serve(const Entity& entity, SteadyTime deadline) {
  const auto subject = subjects_.entity(entity);
  auto served = std::make_shared<Served>(entity);
  {
    const MutexLock lock(mutex_);
    if (stopped_) return fail(ErrorCode::cancelled, "the host is leaving the lattice");
    // Entered before it is subscribed: a stop meanwhile finds the entry, and keep() finds it gone.
    if (!served_.try_emplace(subject, served).second) return {};
  }
  auto subscription = transport_.subscribe(
      subject, subject, [this, served](const nats::Message& message) { receive(served, message); },
      {.direct = true});
  if (auto kept = keep(subject, served, std::move(subscription)); !kept) return kept;
  // Peers may call as soon as they hear of the entity, so the server must know it before they do
  // (lattice.md 1.7). While it is away there is nobody to hear.
  if (auto known = transport_.flush(deadline); !known) {
    log_.debug("{} is not confirmed yet: {}", subject, known.error().message);
  }
  return {};
}

// Target may have been stopped while it began: that stop found no subscription to end, so that this
// one ends here, when the lock is free again.
Result<void> RpcServer::keep(const std::string& subject, const std::shared_ptr<Served>& served,
                             Result<std::unique_ptr<nats::Subscription>> subscription) {
  const MutexLock lock(mutex_);
  const auto found = served_.find(subject);
  const bool wanted = found != served_.end() && found->second == served;
  if (!subscription) {
    if (wanted) served_.erase(found);
    return pass(subscription);
  }
  if (!wanted) return fail(ErrorCode::cancelled, "the target is being stopped");
  served->subscription = std::move(*subscription);
  return {};
}

void RpcServer::stop_serving(const Entity& entity, SteadyTime deadline) {
  std::shared_ptr<Served> served;
  {
    const MutexLock lock(mutex_);
    const auto found = served_.find(subjects_.entity(entity));
    if (found == served_.end()) return;
    served = std::move(found->second);
    served_.erase(found);
  }
  finish(served, deadline);
}

void RpcServer::finish(const std::shared_ptr<Served>& served, SteadyTime deadline) {
  // Order: the server stops sending and what it had sent is read, then the gate closes, then calls
  // end. A call that the server had routed here would else be lost, not sent to another host.
  if (served->subscription) served->subscription->drain(deadline);
  served->calls.close();
  if (!served->calls.wait_until(deadline)) {
    log_.warn("calls to {} were still running when it was unsubscribed",
              subjects_.entity(served->entity));
  }
  served->subscription.reset();
}

void RpcServer::stop(SteadyTime deadline) {
  std::map<std::string, std::shared_ptr<Served>> all;
  {
    const MutexLock lock(mutex_);
    stopped_ = true;
    all.swap(served_);
  }
  for (const auto& [subject, served] : all) finish(served, deadline);
}

// Runs on the thread that reads from the server: it copies and hands on, no more. Nothing of the
// payload is believed or even decoded here.
void RpcServer::receive(const std::shared_ptr<Served>& served, const nats::Message& message) {
  received_.fetch_add(1, std::memory_order_relaxed);
  if (message.reply.empty()) {
    dropped_.fetch_add(1, std::memory_order_relaxed);
    report(LogReason::no_reply, message.subject,
           {ErrorCode::malformed, "a call without reply subject was dropped", {}});
    return;
  }
  // Reply subject is the sender's choice: our answer on one of the protocol would be an order in
  // our name.
  if (!subjects_.may_answer(message.reply)) {
    refused_.fetch_add(1, std::memory_order_relaxed);
    report(LogReason::forged, message.subject,
           {ErrorCode::denied,
            "a call that wants its answer on a subject of the protocol was dropped",
            {}});
    return;
  }
  const auto entry = served->calls.enter();
  if (!entry) {  // it came too late to be waited for
    busy_.fetch_add(1, std::memory_order_relaxed);
    return answer_error(std::string(message.reply), {}, "the target is being stopped");
  }
  // Entry goes along into the work: the gate counts the call until it has been answered.
  auto posted = contained([&] {
    return executor_(
        [this, served, entry, arrived = clock_.steady(), reply = std::string(message.reply),
         payload = Bytes(message.payload.begin(), message.payload.end())] {
          execute(*served, reply, payload, arrived);
        },
        served->entity.key(), message.payload.size());
  });
  if (posted) return;
  busy_.fetch_add(1, std::memory_order_relaxed);
  report(LogReason::busy, message.subject, posted.error());
  // Id of the call is inside what has not been read; the reply inbox is enough to correlate.
  answer_error(std::string(message.reply), {}, posted.error().message);
}

// Runs on a thread of the executor, which may enter guests.
void RpcServer::execute(const Served& served, const std::string& reply, ByteView payload,
                        SteadyTime arrived) {
  // Caller has given up by then; to run the call all the same would make an overload last.
  if (patience_.count() > 0 && clock_.steady() - arrived > patience_) {
    expired_.fetch_add(1, std::memory_order_relaxed);
    report(LogReason::expired, served.entity.key(),
           {ErrorCode::deadline, "a call waited longer than its caller does and was dropped", {}});
    return;
  }
  auto call = codec::decode<Invocation>(payload);
  if (!call) {
    refused_.fetch_add(1, std::memory_order_relaxed);
    report(LogReason::malformed, served.entity.key(), call.error());
    answer_error(reply, {}, "the invocation could not be read: " + call.error().message);
    return;
  }
  if (auto genuine = verifier_.verify(*call, served.entity); !genuine) {
    refused_.fetch_add(1, std::memory_order_relaxed);
    report(kind_of(genuine.error()), served.entity.key(), genuine.error());
    answer_error(reply, std::move(call->id), genuine.error().message);
    return;
  }
  answer(reply, *call, contained([&] { return handler_(*call, arrived); }));
}

void RpcServer::answer(const std::string& reply, const Invocation& call, Result<Bytes> result) {
  if (!result) {
    failed_.fetch_add(1, std::memory_order_relaxed);
    answer_error(reply, call.id, result.error().message);
    return;
  }
  send(reply, {.msg = std::move(*result), .error = std::nullopt, .invocation_id = call.id});
}

void RpcServer::answer_error(const std::string& reply, std::string id, std::string_view text) {
  send(reply, {.msg = {}, .error = std::string(text), .invocation_id = std::move(id)});
}

void RpcServer::send(const std::string& reply, const InvocationResponse& response) {
  const auto bytes = codec::encode(response);
  auto sent = transport_.publish(reply, bytes);
  if (sent) return;
  report(LogReason::reply_lost, reply, sent.error());
  // Answer that is too large becomes an error (lattice.md 1.8); anything else cannot be said.
  if (sent.error().code != ErrorCode::limit || response.error) return;
  answer_error(reply, response.invocation_id, "the response is too large: " + sent.error().message);
}

// Kinds are limited in the log one by one, so that a flood of one does not hide another.
RpcServer::LogReason RpcServer::kind_of(const Error& refusal) {
  switch (refusal.code) {
    case ErrorCode::malformed: return LogReason::malformed;
    case ErrorCode::deadline: return LogReason::stale;
    case ErrorCode::already_exists: return LogReason::replayed;
    case ErrorCode::not_found: return LogReason::misdirected;
    default: return LogReason::forged;
  }
}

void RpcServer::report(LogReason kind, std::string_view subject, const Error& error) {
  auto text = error.message;
  if (!error.remedy.empty()) text += "; " + error.remedy;
  limited_log_.write(kind, LogLevel::warn, text, {{"subject", subject}});
}

RpcServer::Counters RpcServer::counters() const noexcept {
  return {received_.load(), refused_.load(), dropped_.load(),
          busy_.load(),     expired_.load(), failed_.load()};
}

}  // namespace trellis::lattice
