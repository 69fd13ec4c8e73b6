#include "provider/process/dispatches.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "base/guard.hpp"
#include "base/limits.hpp"
#include "base/text.hpp"
#include "provider/status.hpp"
#include "trellis/provider.h"

namespace trellis::provider::process {
namespace {

/// Bound on answers that a process does not read; one of the largest must fit.
constexpr std::size_t max_kept = 4 * limits::payload_bytes;
/// Log lines of one provider and second; the rest is counted.
constexpr std::uint64_t log_lines_per_second = 200;

}  // namespace

/// State that an answer needs when it comes, however late: it may outlive the rest.
struct Dispatches::Stream {
  Stream(Descriptor socket, std::shared_ptr<const Clock> time)
      : clock(std::move(time)),
        fd(std::move(socket)),
        wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
        reader(fd.get(), limits::payload_bytes),
        writer(fd.get(), *clock) {}

  void answer(std::uint64_t number, const Result<Bytes>& result) {
    --open;
    FrameView frame{.kind = FrameKind::answer, .number = number};
    frame.status = static_cast<std::uint8_t>(result ? TRELLIS_OK : to_status(result.error().code));
    frame.payload = result ? ByteView(*result) : as_bytes(result.error().message);
    // Answer is written by whoever brings it, which must not wait for the process; the reading
    // thread sends what did not fit.
    const auto sent = writer.write_or_keep(frame, max_kept);
    if (!sent) overrun = overrun.load() || sent.error().code == ErrorCode::limit;
    if (!sent || *sent == FrameWriter::Sent::kept) wake_reader();
  }
  void wake_reader() const {
    const std::uint64_t one = 1;
    static_cast<void>(::write(wake.get(), &one, sizeof one));
  }

  const std::shared_ptr<const Clock> clock;
  const Descriptor fd;
  const Descriptor wake;
  FrameReader reader;
  FrameWriter writer;
  std::atomic<std::size_t> open{0};
  std::atomic<bool> overrun{false};
  std::atomic<bool> closing{false};
};

Dispatches::Dispatches(Descriptor stream, const Options& options,
                       std::shared_ptr<Dispatcher> dispatcher, FindContext find,
                       std::shared_ptr<const Clock> clock, Log log,
                       std::function<void(const Error&)> broken)
    : options_(options),
      dispatcher_(std::move(dispatcher)),
      find_(std::move(find)),
      clock_(std::move(clock)),
      log_(std::move(log)),
      broken_(std::move(broken)),
      stream_(std::make_shared<Stream>(std::move(stream), clock_)) {
  thread_ = std::thread([this] {
    if (!survived([this] { run(); })) survived([this] { broken_(out_of_memory().error()); });
  });
}

Dispatches::~Dispatches() {
  close();
}

void Dispatches::close() {
  stream_->closing = true;
  ::shutdown(stream_->fd.get(), SHUT_RDWR);
  // Event wakes the thread from poll, whatever the state of the stream is.
  stream_->wake_reader();
  if (thread_.joinable()) thread_.join();
}

void Dispatches::run() {
  Frame frame;
  while (!stream_->closing.load()) {
    auto got = stream_->reader.next(frame, FrameReader::Wait::no);
    Result<void> taken = got ? Result<void>() : Result<void>(pass(got));
    if (got && *got) taken = take(frame);
    if (stream_->overrun.load()) {
      taken = fail(ErrorCode::limit, "it does not read the answers to what it asks");
    }
    // Process that makes no sense, or reads nothing, is not argued with: its owner ends it.
    if (!taken) {
      if (!stream_->closing.load()) broken_(taken.error());
      return;
    }
    if (*got) continue;
    const bool kept = stream_->writer.has_kept();
    pollfd events[2] = {{stream_->fd.get(), static_cast<short>(POLLIN | (kept ? POLLOUT : 0)), 0},
                        {stream_->wake.get(), POLLIN, 0}};
    ::poll(events, 2, -1);
    std::uint64_t woken = 0;
    if (events[1].revents != 0) {
      static_cast<void>(::read(stream_->wake.get(), &woken, sizeof woken));
    }
    if (kept && !stream_->writer.flush()) return;
  }
}

Result<void> Dispatches::take(Frame& frame) {
  if (frame.kind == FrameKind::dispatch) return dispatch(frame);
  if (frame.kind != FrameKind::log) {
    return fail(ErrorCode::malformed, "its messages make no sense: no such request");
  }
  log_line(frame);
  return {};
}

Result<void> Dispatches::dispatch(Frame& frame) {
  const auto number = frame.number;
  // Refused ones are answered too, which takes them off the count again.
  if (++stream_->open > limits::provider_async_dispatches) {
    stream_->answer(number, fail(ErrorCode::busy, "too many of its dispatches are under way"));
    return {};
  }
  const bool named = !frame.first.empty() && !frame.second.empty() && is_utf8(frame.first) &&
                     is_utf8(frame.second);
  if (!named) {
    stream_->answer(number, fail(ErrorCode::invalid_argument, "the dispatch names no actor"));
    return {};
  }
  // Deadline of the provider is believed only as far as it is shorter.
  auto deadline = std::min(frame.deadline, clock_->steady() + limits::longest_call_timeout);
  // Chain is looked up by the number of its call; nothing of it comes from the process, which could
  // name any actor as its caller.
  auto context = frame.parent == 0 ? std::nullopt : find_(frame.parent);
  if (frame.parent != 0 && !context) {
    stream_->answer(number, fail(ErrorCode::deadline, "nobody waits for the parent call any more"));
    return {};
  }
  if (context) {
    if (!context->can_extend()) {
      stream_->answer(number, fail(ErrorCode::limit, "call chain too deep"));
      return {};
    }
    deadline = std::min(deadline, context->deadline);
    context = context->extended(options_.id);
    context->chain_id = 0;  // it runs on another stack
    context->deadline = deadline;
  }
  dispatcher_->dispatch_async(
      context ? &*context : nullptr, frame.first, frame.second, std::move(frame.payload), deadline,
      [stream = stream_, number](const Result<Bytes>& result) { stream->answer(number, result); });
  return {};
}

void Dispatches::log_line(const Frame& frame) {
  const auto now = clock_->steady();
  if (now - log_second_ >= std::chrono::seconds(1)) {
    if (log_dropped_ != 0) {
      log_.warn("provider {} wrote {} more log lines in a second than are kept", options_.label,
                std::exchange(log_dropped_, 0));
    }
    log_second_ = now;
    log_lines_ = 0;
  }
  if (++log_lines_ > log_lines_per_second) {
    ++log_dropped_;
    return;
  }
  const auto level =
      std::min<std::uint32_t>(frame.depth, static_cast<std::uint32_t>(LogLevel::error));
  const auto text = clean_text(as_text(frame.payload), limits::provider_text_bytes);
  const auto target = clean_text(frame.first, limits::name_bytes);
  if (target.empty()) {
    return log_.write(static_cast<LogLevel>(level), text, {{"provider", options_.label}});
  }
  log_.write(static_cast<LogLevel>(level), text,
             {{"provider", options_.label}, {"target", target}});
}

}  // namespace trellis::provider::process
