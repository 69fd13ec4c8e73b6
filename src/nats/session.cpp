#include "nats/session.hpp"

#include <fmt/format.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <utility>

#include "base/deadline.hpp"
#include "base/guard.hpp"
#include "base/limits.hpp"
#include "base/text.hpp"
#include "nats/refusals.hpp"
#include "nats/subscription_state.hpp"

namespace trellis::nats {
namespace {

constexpr std::size_t usual_buffer_bytes = 64 * limits::kib;
/// Size to which a message may grow the buffer for good; beyond it the memory is given back.
constexpr std::size_t kept_buffer_bytes = 512 * limits::kib;
constexpr std::size_t least_room_bytes = 4 * limits::kib;
/// PINGs without any sign of the server after which the connection counts as dead.
constexpr int max_silent_pings = 2;
/// Time for a server to notice that a connection ends.
constexpr std::chrono::milliseconds finish_time{200};

/// Whether this thread reads for a session: such a one must not wait for what only it can read.
thread_local bool reads_here = false;

}  // namespace

Session::Session(ServerUrl server, std::uint64_t number, Events events, Log log,
                 std::shared_ptr<const Clock> clock)
    : server_(std::move(server)),
      number_(number),
      events_(std::move(events)),
      log_(std::move(log)),
      clock_(std::move(clock)),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      limited_log_(log_, *clock_, limits::nats_log_interval, "more reports") {}

Session::~Session() {
  if (outbox_) outbox_->end();  // its thread uses members that are destroyed before it
  // The thread kept this alive: it is the one that ends here, or has been waited for.
  if (thread_.joinable()) thread_.detach();
}

bool Session::on_reading_thread() noexcept {
  return reads_here;
}

std::string Session::reason() const {
  const MutexLock lock(mutex_);
  return reason_;
}

std::vector<ServerUrl> Session::learned_servers() const {
  const MutexLock lock(mutex_);
  return learned_;
}

void Session::mark_lost(std::string reason) {
  {
    const MutexLock lock(mutex_);
    // First reason is the cause, later ones are its consequences.
    if (reason_.empty()) reason_ = std::move(reason);
  }
  lost_ = true;
  static_cast<void>(::eventfd_write(wake_.get(), 1));
  events_.lost();
}

// Sending.

Result<void> Session::sent(Result<void> done) {
  if (done) return done;
  mark_lost(done.error().message);
  return fail(ErrorCode::unavailable,
              fmt::format("the connection to NATS is lost: {}", done.error().message),
              "it is made again in the background");
}

Result<void> Session::publish(std::string_view subject, std::string_view reply, ByteView payload) {
  fmt::basic_memory_buffer<char, 512> head;
  if (reply.empty()) {
    fmt::format_to(std::back_inserter(head), "PUB {} {}\r\n", subject, payload.size());
  } else {
    fmt::format_to(std::back_inserter(head), "PUB {} {} {}\r\n", subject, reply, payload.size());
  }
  return sent(outbox_->send({head.data(), head.size()}, payload));
}

std::uint64_t Session::subscribe(std::shared_ptr<SubscriptionState> subscription) {
  std::uint64_t number = 0;
  const auto& subject = subscription->subject();
  const auto& group = subscription->queue_group();
  auto text =
      group.empty() ? fmt::format("SUB {} ", subject) : fmt::format("SUB {} {} ", subject, group);
  {
    const MutexLock lock(mutex_);
    number = ++last_subscription_;
    // Known before the server hears of it: its first message may come at once.
    if (!over_) subscriptions_.emplace(number, std::move(subscription));
  }
  text += fmt::format("{}\r\n", number);
  static_cast<void>(sent(outbox_->send(text)));
  return number;
}

void Session::unsubscribe(std::uint64_t subscription) {
  Subscriptions::node_type gone;  // not destroyed under the lock
  {
    const MutexLock lock(mutex_);
    gone = subscriptions_.extract(subscription);
  }
  if (gone.empty() || lost_ || closing_) return;
  static_cast<void>(sent(outbox_->send(fmt::format("UNSUB {}\r\n", subscription))));
}

void Session::unsubscribe_gently(std::uint64_t subscription, bool may_wait, SteadyTime deadline) {
  // Subscription stays known until the PONG: servers answer in order, so that what they sent before
  // they read UNSUB has come by then.
  const auto pong = ping({subscription}, fmt::format("UNSUB {}\r\n", subscription));
  if (may_wait && !on_reading_thread()) static_cast<void>(wait(*pong, deadline));
}

void Session::unsubscribe_all_gently(SteadyTime deadline) {
  std::vector<std::uint64_t> all;
  std::string text;
  {
    const MutexLock lock(mutex_);
    for (const auto& [number, subscription] : subscriptions_) {
      all.push_back(number);
      text += fmt::format("UNSUB {}\r\n", number);
    }
  }
  static_cast<void>(wait(*ping(std::move(all), std::move(text)), deadline));
}

Result<void> Session::flush(SteadyTime deadline) {
  const auto patience = time_left(deadline);
  if (patience == SteadyTime::duration::zero())
    return fail(ErrorCode::deadline, "no time left to reach the NATS server");
  if (on_reading_thread()) {
    return fail(ErrorCode::invalid_argument, "a handler of messages cannot wait for the server");
  }
  const auto pong = ping({}, {});
  if (wait(*pong, deadline)) return {};
  if (lost_ || closing_) {
    return fail(ErrorCode::unavailable, "the connection to NATS is lost",
                "it is made again in the background");
  }
  const auto waited = std::chrono::ceil<std::chrono::milliseconds>(patience);
  return fail(ErrorCode::deadline,
              fmt::format("the NATS server did not answer within {} ms", waited.count()));
}

std::shared_ptr<Session::Pong> Session::ping(std::vector<std::uint64_t> ending,
                                             std::string before) {
  auto pong = std::make_shared<Pong>();
  pong->subscriptions = std::move(ending);
  before += "PING\r\n";
  Result<void> done;
  {
    // PINGs must go out in the order of pongs_, because PONGs carry no number.
    const MutexLock turn(ping_mutex_);
    bool over = false;
    {
      const MutexLock lock(mutex_);
      over = over_;
      if (!over) pongs_.push_back(pong);
    }
    if (over) {
      answer(*pong, false);
      return pong;
    }
    done = outbox_->send(before);
  }
  if (!done) static_cast<void>(sent(std::move(done)));
  return pong;
}

bool Session::wait(Pong& pong, SteadyTime deadline) {
  MutexLock lock(pong.mutex);
  pong.changed.wait_until(lock, deadline, [&]() REQUIRES(pong.mutex) { return pong.done; });
  return pong.answered;
}

void Session::answer(Pong& pong, bool answered) {
  std::vector<Subscriptions::node_type> gone;
  if (!pong.subscriptions.empty()) {
    const MutexLock lock(mutex_);
    for (const auto subscription : pong.subscriptions) {
      // Taken out under the lock, destroyed without it: destructors of handlers may call back.
      gone.push_back(subscriptions_.extract(subscription));
    }
  }
  {
    const MutexLock lock(pong.mutex);
    pong.done = true;
    pong.answered = answered;
  }
  pong.changed.notify_all();
}

void Session::close() {
  const bool was_lost = lost_;
  const bool first = !closing_.exchange(true);
  static_cast<void>(::eventfd_write(wake_.get(), 1));
  std::thread thread;
  {
    const MutexLock lock(mutex_);
    thread.swap(thread_);
  }
  if (thread.joinable()) {
    // Handler that closes cannot wait for its own thread; others do not wait for it either.
    if (on_reading_thread()) {
      thread.detach();
    } else {
      thread.join();
    }
  }
  if (!first) return;  // another one sees to what is to be sent still
  // Order: what was accepted goes out, then the server is told, then the socket ends.
  outbox_->end();
  if (!was_lost) stream_->finish(deadline_in(finish_time));
  stream_->shut_down();
}

// Reading.

void Session::start() {
  const MutexLock lock(mutex_);
  thread_ = std::thread([self = shared_from_this()] { self->run(); });
}

void Session::run() {
  reads_here = true;
  auto done = contained([&] { return read_on(); });
  if (!closing_ && !done) survived([&] { mark_lost(done.error().message); });
  // Order: no sender waits for the server any more, then no PONG is waited for, then the transport
  // hears of it and connects again.
  lost_ = true;
  if (!closing_) stream_->shut_down();  // else something may have to be sent still
  std::deque<std::shared_ptr<Pong>> pongs;
  Subscriptions subscriptions;
  {
    const MutexLock lock(mutex_);
    over_ = true;
    pongs.swap(pongs_);
    subscriptions.swap(subscriptions_);
  }
  for (const auto& pong : pongs) survived([&] { answer(*pong, false); });
  if (!closing_) survived([&] { events_.lost(); });
}

Result<void> Session::read_on() {
  while (!closing_ && !lost_) {
    auto done = read(deadline_in(limits::nats_ping_interval));
    if (ended_by_server_) return std::unexpected(refusal_);
    if (done) {
      silent_pings_ = 0;
    } else if (done.error().code != ErrorCode::deadline) {
      return done;
    } else if (silent_pings_ == max_silent_pings) {
      return fail(ErrorCode::unavailable, "the server gives no sign of life");
    } else {
      ++silent_pings_;
      // Silence alone means nothing; a server that does not answer PINGs is gone, though TCP may
      // not know for many minutes.
      static_cast<void>(ping({}, {}));
    }
  }
  return {};
}

void Session::make_room() {
  const auto held = end_ - begin_;
  if (held == 0) {
    begin_ = end_ = 0;
    if (buffer_.size() > kept_buffer_bytes) buffer_ = {};
  }
  if (buffer_.size() < usual_buffer_bytes) buffer_.resize(usual_buffer_bytes);
  const bool fits = begin_ + wanted_ <= buffer_.size();
  if (buffer_.size() - end_ >= least_room_bytes && fits) return;
  if (begin_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, held);
    begin_ = 0;
    end_ = held;
  }
  // Buffer grows with what really comes, whatever was announced.
  if (buffer_.size() - end_ < least_room_bytes) buffer_.resize(buffer_.size() * 2);
}

Result<void> Session::read(SteadyTime deadline) {
  make_room();
  const auto size = stream_->receive(std::span(buffer_).subspan(end_), deadline);
  if (!size) return pass(size);
  end_ += *size;
  if (end_ - begin_ < wanted_) return {};  // the rest of a message
  const auto parsed = parse_operations(ByteView(buffer_).subspan(begin_, end_ - begin_), *this);
  if (!parsed) return pass(parsed);
  begin_ += parsed->taken;
  wanted_ = parsed->wanted;
  return {};
}

// Subscription is held while its handler runs: it may be unsubscribed meanwhile.
void Session::on_message(const ServerMessage& message) {
  std::shared_ptr<SubscriptionState> subscription;
  {
    const MutexLock lock(mutex_);
    const auto found = subscriptions_.find(message.subscription);
    if (found != subscriptions_.end()) subscription = found->second;
  }
  if (subscription) subscription->receive(message);
}

void Session::on_info(std::string_view json) {
  auto info = parse_server_info(json);
  if (!info) {
    if (!info_) end_with(std::move(info.error()));
    return;
  }
  // INFO comes again when the cluster changes, and when the server is about to end; after that
  // every one may name another server.
  const bool leaving = info->lame_duck || leave_notices_ > 0;
  {
    const MutexLock lock(mutex_);
    learned_ = info->cluster;
  }
  info_ = std::move(*info);
  if (!leaving) return;
  ++leave_notices_;
  events_.leaving();
}

void Session::on_ping() {
  static_cast<void>(sent(outbox_->send("PONG\r\n")));
}

void Session::on_pong() {
  if (!greeted_) {
    greeted_ = true;
    return;
  }
  std::shared_ptr<Pong> pong;
  {
    const MutexLock lock(mutex_);
    if (pongs_.empty()) return;
    pong = std::move(pongs_.front());
    pongs_.pop_front();
  }
  answer(*pong, true);
}

/// Ends the session with what the server said; nothing that it says afterwards counts.
void Session::end_with(Error error) {
  if (ended_by_server_) return;
  ended_by_server_ = true;
  refusal_ = std::move(error);
}

void Session::on_error(std::string_view said) {
  // Words of the server go into logs and errors, so they must be text.
  const auto words = replace_bad_utf8(said);
  switch (meaning_of(words)) {
    case ServerError::login: return end_with({ErrorCode::denied, words, {}});
    case ServerError::permission: events_.denied(words); break;
    case ServerError::harmless: break;
    case ServerError::fatal: return end_with({ErrorCode::unavailable, words, {}});
  }
  limited_log_.warn(LogReason::server_error, "{}: {}{}", server(), words);
}

}  // namespace trellis::nats
