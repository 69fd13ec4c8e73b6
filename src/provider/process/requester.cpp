#include "provider/process/requester.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <utility>

#include "base/call_limits.hpp"
#include "base/guard.hpp"
#include "threads/waiting.hpp"

namespace trellis::provider::process {
namespace {

/// Bound on given-up requests that are remembered; a provider with more has long been ended.
constexpr std::size_t max_abandoned = 64 * limits::kib;
/// Time for which the pump reads before it looks for expired requests.
constexpr std::chrono::milliseconds pump_turn{200};

std::unexpected<Error> out_of_time() {
  return fail(ErrorCode::deadline, "the time allowed ran out");
}

}  // namespace

Requester::Requester(Descriptor stream, std::shared_ptr<const Clock> clock, std::size_t max_payload)
    : stream_(std::move(stream)),
      clock_(std::move(clock)),
      writer_(stream_.get(), *clock_),
      reader_(stream_.get(), max_payload) {}

Requester::~Requester() {
  close({ErrorCode::cancelled, "the connection is closed", {}});
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
    pump_wake_.notify_all();
  }
  if (pump_.joinable()) pump_.join();
}

Result<Frame> Requester::ask(FrameView request, const CallContext* context) {
  Waiter waiter;
  waiter.context = context;
  MutexLock lock(mutex_);
  if (closed_) return std::unexpected(*closed_);
  request.number = ++last_;
  // Known before it is sent: the answer may be read by another thread at once. The lock is not held
  // while sending, which may wait.
  waiters_.emplace(request.number, &waiter);
  lock.unlock();
  const auto sent = writer_.write(request, request.deadline);
  lock.lock();
  if (!sent || *sent == FrameWriter::Sent::nothing) {
    waiters_.erase(request.number);
    if (closed_) return std::unexpected(*closed_);
    if (!sent) return pass(sent);
    return out_of_time();
  }
  return wait(lock, request.number, waiter, request.deadline);
}

Result<Frame> Requester::wait(MutexLock& lock, std::uint64_t number, Waiter& waiter,
                              SteadyTime deadline) {
  const auto ready = [&]() REQUIRES(mutex_) {
    return waiter.answer.has_value() || closed_.has_value();
  };
  while (!ready()) {
    const auto now = clock_->steady();
    if (now >= deadline) break;
    // Thread that finds nobody reading reads for all; the others wait to be given their answer, or
    // the reading.
    if (reading_) {
      waiter.wake.wait_for(lock, wait_span(now, deadline));
    } else {
      read_until(deadline, ready);
    }
  }
  // Waiter is on this stack: it must be out of the table before this returns.
  waiters_.erase(number);
  if (!reading_) hand_on();
  if (waiter.answer) return std::move(*waiter.answer);
  if (closed_) return std::unexpected(*closed_);
  // Remembered, because a provider that never answers hangs, and is found out by this.
  if (abandoned_.size() < max_abandoned) abandoned_.emplace(number, clock_->steady());
  return out_of_time();
}

/// Reads for everybody until `enough` or the deadline. The lock is not held while it waits for
/// bytes, nor while callbacks run.
void Requester::read_until(SteadyTime deadline, const std::function<bool()>& enough) {
  reading_ = true;
  while (!enough() && !closed_) {
    Frame frame;
    Result<bool> got = false;
    bool in_time = false;
    {
      const MutexUnlock unlocked(mutex_);
      got = reader_.next(frame, FrameReader::Wait::no);
      in_time = !got || *got || wait_for_bytes(deadline);
    }
    Due due;
    if (!got) {
      close_locked(got.error(), due);
    } else if (*got) {
      deliver(std::move(frame), due);
    }
    if (!due.empty()) {
      const MutexUnlock unlocked(mutex_);
      for (const auto& call : due) call();
    }
    if (!in_time || clock_->steady() >= deadline) break;
  }
  reading_ = false;
}

/// False when the deadline has passed.
bool Requester::wait_for_bytes(SteadyTime deadline) const {
  const auto now = clock_->steady();
  if (now >= deadline) return false;
  const auto span = std::chrono::ceil<std::chrono::milliseconds>(wait_span(now, deadline));
  const bool kept = writer_.has_kept();
  pollfd bytes{stream_.get(), static_cast<short>(POLLIN | (kept ? POLLOUT : 0)), 0};
  ::poll(&bytes, 1, static_cast<int>(span.count()));
  return true;
}

void Requester::deliver(Frame frame, Due& due) {
  const auto number = frame.number;
  // Answer to a question that was never asked is no delay but a lie or a broken stream.
  if (frame.kind != FrameKind::answer || number == 0 || number > last_) {
    return close_locked(
        {ErrorCode::malformed, "its messages make no sense: an answer nobody asked for", {}}, due);
  }
  if (const auto found = waiters_.find(number); found != waiters_.end()) {
    auto& waiter = *found->second;
    if (waiter.answer) return static_cast<void>(++late_);
    waiter.answer = std::move(frame);
    waiter.wake.notify_one();
  } else if (const auto later = later_.find(number); later != later_.end()) {
    due.emplace_back(
        [done = std::move(later->second.done), answer = std::make_shared<Frame>(std::move(frame))] {
          done(std::move(*answer));
        });
    later_.erase(later);
  } else {
    // Late answer: the call has come back, and does not hang any more.
    abandoned_.erase(number);
    ++late_;
  }
}

/// Hands the reading on: some thread must read while any waits. None reads now.
void Requester::hand_on() {
  const auto next = std::find_if(waiters_.begin(), waiters_.end(),
                                 [](const auto& one) { return !one.second->answer; });
  if (next != waiters_.end()) {
    next->second->wake.notify_one();
  } else if (!later_.empty()) {
    pump_wake_.notify_one();
  }
}

Result<void> Requester::tell(const FrameView& frame) {
  {
    const MutexLock lock(mutex_);
    if (closed_) return std::unexpected(*closed_);
  }
  const auto sent = writer_.write(frame, frame.deadline);
  if (!sent) return pass(sent);
  if (*sent == FrameWriter::Sent::nothing) return out_of_time();
  return {};
}

void Requester::ask_later(FrameView request, std::function<void(Result<Frame>)> done) {
  MutexLock lock(mutex_);
  if (closed_) {
    const auto why = *closed_;
    lock.unlock();
    return done(std::unexpected(why));
  }
  request.number = ++last_;
  later_.emplace(request.number, Later{request.deadline, std::move(done)});
  // Pump is made with the first request that no thread waits for.
  if (!pump_.joinable()) pump_ = std::thread([this] { persevere([this] { pump(); }); });
  lock.unlock();
  const auto sent = writer_.write(request, request.deadline);
  lock.lock();
  if (sent && *sent != FrameWriter::Sent::nothing) return pump_wake_.notify_one();
  const auto found = later_.find(request.number);
  if (found == later_.end()) return;  // ended by a close meanwhile
  auto failed = std::move(found->second.done);
  later_.erase(found);
  lock.unlock();
  failed(sent ? Result<Frame>(out_of_time()) : Result<Frame>(std::unexpected(sent.error())));
}

/// Reads for requests without a waiting thread, and ends those whose time is over.
void Requester::pump() {
  MutexLock lock(mutex_);
  while (!stopping_) {
    if (later_.empty() || closed_) {
      pump_wake_.wait(lock);
      continue;
    }
    const auto until = clock_->steady() + pump_turn;
    if (reading_) {
      pump_wake_.wait_for(lock, pump_turn);
    } else {
      read_until(until, [this]() REQUIRES(mutex_) { return later_.empty() || stopping_; });
      hand_on();
    }
    Due due;
    expire(due);
    lock.unlock();
    for (const auto& call : due) call();
    lock.lock();
  }
}

void Requester::expire(Due& due) {
  const auto now = clock_->steady();
  for (auto at = later_.begin(); at != later_.end();) {
    if (at->second.deadline > now) {
      ++at;
      continue;
    }
    if (abandoned_.size() < max_abandoned) abandoned_.emplace(at->first, now);
    due.emplace_back([done = std::move(at->second.done)] { done(out_of_time()); });
    at = later_.erase(at);
  }
}

std::optional<CallContext> Requester::context_of(std::uint64_t number) const {
  const MutexLock lock(mutex_);
  const auto found = waiters_.find(number);
  if (found == waiters_.end()) return std::nullopt;
  const auto& waiter = *found->second;
  // Context belongs to the caller, who is inside ask() for as long as its waiter is in the table.
  if (waiter.context == nullptr || waiter.answer) return std::nullopt;
  return *waiter.context;
}

void Requester::close(const Error& why) {
  Due due;
  {
    const MutexLock lock(mutex_);
    close_locked(why, due);
  }
  for (const auto& call : due) call();
}

void Requester::close_locked(const Error& why, Due& due) {
  if (closed_) return;
  closed_ = why;
  ::shutdown(stream_.get(), SHUT_RDWR);  // wakes whoever reads
  for (const auto& [number, waiter] : waiters_) waiter->wake.notify_one();
  for (auto& [number, later] : later_) {
    due.emplace_back([done = std::move(later.done), why] { done(std::unexpected(why)); });
  }
  later_.clear();
  pump_wake_.notify_all();
}

bool Requester::closed() const {
  const MutexLock lock(mutex_);
  return closed_.has_value();
}

Requester::Overdue Requester::overdue() const {
  const MutexLock lock(mutex_);
  if (abandoned_.empty()) return {};
  const auto oldest =
      std::min_element(abandoned_.begin(), abandoned_.end(),
                       [](const auto& a, const auto& b) { return a.second < b.second; });
  return {abandoned_.size(), oldest->second};
}

void Requester::collect() {
  MutexLock lock(mutex_);
  if (reading_ || closed_ || abandoned_.empty()) return;
  // Deadline of now: takes what has come and waits for nothing.
  read_until(clock_->steady(), [] { return false; });
  hand_on();
}

}  // namespace trellis::provider::process
