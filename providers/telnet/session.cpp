#include "providers/telnet/session.hpp"

#include <fmt/format.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <utility>

#include "base/call_limits.hpp"

namespace trellis::providers::telnet {
namespace {

/// Time for the client to close after us.
constexpr std::chrono::milliseconds closing_time = std::chrono::seconds(2);
/// Bound on echo and answers that a client has not taken before it is no longer listened to.
constexpr std::size_t max_echo_bytes = 16 * limits::kib;
/// Lines in a row before other connections get the thread.
constexpr int lines_in_a_row = 16;

constexpr std::string_view not_ansi =
    "\r\nThis server needs a terminal that understands ANSI escape sequences.\r\n";

}  // namespace

Session::Session(std::shared_ptr<SessionOwner> owner, std::string id,
                 std::shared_ptr<const Options> options, const Clock& clock, Socket socket)
    : owner_(std::move(owner)),
      id_(std::move(id)),
      options_(std::move(options)),
      clock_(clock),
      terminal_({options_->max_line_bytes, options_->require_ansi}),
      socket_(std::move(socket)) {}

void Session::wait_for(Waiting what, std::chrono::milliseconds allowed) {
  const MutexLock lock(mutex_);
  if (closing_) return;  // the limit that ends the session stays
  waiting_ = what;
  // Actor has its own limit, the timeout of the dispatch.
  if (what == Waiting::actor) {
    deadline_.clear();
  } else {
    deadline_.set(clock_.coarse() + allowed);
  }
}

void Session::start(std::string_view refusal) {
  {
    const MutexLock lock(mutex_);
    AsioError ignored;
    static_cast<void>(socket_.set_option(net::ip::tcp::no_delay(true), ignored));
    if (refusal.empty()) put(Terminal::opening());
  }
  if (!refusal.empty()) {
    // Refused session reads all the same: its end is noticed that way, as that of any other.
    end(refusal);
    return read();
  }
  if (terminal_.ready()) return begin() ? run() : read();
  wait_for(Waiting::terminal, options_->terminal_timeout);
  read();
}

/// Goes on until it must wait. Starting an asynchronous operation is the last thing done: its end
/// may already be running on another thread.
void Session::run() {
  for (int lines = 0;;) {
    {
      const MutexLock lock(mutex_);
      if (over_) return;
      if (closing_) input_.clear();
    }
    if (input_.empty()) return read();
    std::string output;
    const auto fed = terminal_.feed(input_, output);
    input_.erase(0, fed.used);
    {
      const MutexLock lock(mutex_);
      // Echo goes out before the actor is asked, so that typing is not held up by it.
      put(output);
    }
    if (!handle(fed.event)) return read();
    if (!has_room()) return;
    if (fed.event == Event::line && ++lines >= lines_in_a_row) return yield();
  }
}

/// Acts on what was typed; false when the session ends.
bool Session::handle(Event event) {
  switch (event) {
    case Event::none: return true;
    // Input that came before the terminal was known is read again now, as if it came after.
    case Event::ready: input_.insert(0, terminal_.take_early()); return begin();
    case Event::refused: end(not_ansi); return false;
    case Event::abuse: end("\r\nThat is too much.\r\n"); return false;
    case Event::line: return deliver(terminal_.take_line());
  }
  return false;
}

bool Session::begin() {
  wait_for(Waiting::actor, {});
  {
    const MutexLock lock(mutex_);
    put(options_->banner);
  }
  if (const auto started = owner_->started(id_, options_->timeout); !started) {
    end("\r\nThe session could not be started.\r\n");
    return false;
  }
  wait_for(Waiting::line, options_->idle_timeout);
  return true;
}

bool Session::deliver(std::string line) {
  wait_for(Waiting::actor, {});
  if (const auto done = owner_->received(id_, std::move(line), options_->timeout); !done) {
    // Error is for the log, since it may tell of the inside; the session goes on.
    const MutexLock lock(mutex_);
    put("\r\nThat could not be handled.\r\n");
  }
  wait_for(Waiting::line, options_->idle_timeout);
  return true;
}

bool Session::has_room() {
  const MutexLock lock(mutex_);
  // Client that types and does not read is not read from either, until on_write() goes on: its echo
  // must not fill the memory.
  reader_waits_ = output_.size() + writing_.size() - written_ > max_echo_bytes;
  return !reader_waits_;
}

void Session::yield() {
  const MutexLock lock(mutex_);
  net::post(socket_.get_executor(), [self = shared_from_this()] { self->run(); });
}

void Session::read() {
  const MutexLock lock(mutex_);
  if (over_) return;
  socket_.async_read_some(net::buffer(buffer_),
                          [self = shared_from_this()](const AsioError& error, std::size_t count) {
                            if (error) return self->cut();
                            self->on_read(count);
                          });
}

void Session::on_read(std::size_t count) {
  // Terminal's deadline is not put off by what it answers.
  if (terminal_.ready()) wait_for(Waiting::line, options_->idle_timeout);
  input_.append(buffer_.data(), count);
  run();
}

Result<void> Session::send(std::string_view text) {
  const MutexLock lock(mutex_);
  if (over_ || closing_) return fail(ErrorCode::not_found, "the session is over");
  const auto pending = output_.size() + writing_.size() - written_;
  if (pending + text.size() > options_->max_pending_bytes) {
    return fail(ErrorCode::limit,
                fmt::format("the client has not yet taken {} bytes; {} more are beyond {}", pending,
                            text.size(), options_->max_pending_bytes),
                "send less at a time, or raise MAX_PENDING_BYTES of the link");
  }
  put(text);
  return {};
}

void Session::put(std::string_view text) {
  if (closing_) return;
  output_ += text;
  write_some();
}

void Session::write_some() {
  if (write_pending_ || over_) return;
  // Two buffers: one is being written and must not move, the other takes what comes meanwhile.
  if (written_ == writing_.size()) {
    writing_.clear();
    writing_.swap(output_);
    written_ = 0;
  }
  if (writing_.empty()) {
    AsioError ignored;
    // Last words are out; the client closes, or the deadline does.
    if (closing_) static_cast<void>(socket_.shutdown(Socket::shutdown_send, ignored));
    return;
  }
  write_pending_ = true;
  write_deadline_.set(clock_.coarse() + options_->write_timeout);
  socket_.async_write_some(net::buffer(writing_.data() + written_, writing_.size() - written_),
                           [self = shared_from_this()](const AsioError& error, std::size_t count) {
                             if (error) return self->cut();
                             self->on_write(count);
                           });
}

void Session::on_write(std::size_t count) {
  bool go_on = false;
  {
    const MutexLock lock(mutex_);
    write_pending_ = false;
    write_deadline_.clear();
    written_ += count;
    write_some();
    const auto pending = output_.size() + writing_.size() - written_;
    if (reader_waits_ && pending <= max_echo_bytes) {
      reader_waits_ = false;
      go_on = true;
    }
  }
  if (go_on) run();
}

void Session::end(std::string_view text) {
  const MutexLock lock(mutex_);
  if (over_ || closing_) return;
  put(text);
  closing_ = true;
  waiting_ = Waiting::closing;
  deadline_.set(clock_.coarse() + closing_time);
  write_some();
}

void Session::cut() {
  {
    const MutexLock lock(mutex_);
    if (std::exchange(over_, true)) return;
    AsioError ignored;
    static_cast<void>(socket_.close(ignored));
  }
  // Without the lock: the owner has one of its own, and calls sessions.
  owner_->ended(id_);
}

void Session::sweep(SteadyTime now) {
  Waiting late = Waiting::actor;
  {
    const MutexLock lock(mutex_);
    // Decided under the lock, done without it: ending takes it again.
    if (write_deadline_.passed(now)) late = Waiting::closing;
    if (deadline_.passed(now)) late = waiting_;
  }
  switch (late) {
    case Waiting::terminal: return end(not_ansi);
    case Waiting::line: return end("\r\nNothing was typed for too long.\r\n");
    case Waiting::actor: return;
    case Waiting::closing: return cut();
  }
}

}  // namespace trellis::providers::telnet
