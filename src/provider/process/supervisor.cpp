#include "provider/process/supervisor.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <thread>
#include <utility>

#include "base/guard.hpp"
#include "base/limits.hpp"
#include "base/mutex.hpp"
#include "base/random.hpp"
#include "base/text.hpp"
#include "provider/process/link.hpp"
#include "provider/status.hpp"
#include "threads/blocking.hpp"
#include "trellis/provider.h"

namespace trellis::provider::process {
namespace {

using std::chrono::milliseconds;

/// Interval at which a running process is looked after when nothing happens.
constexpr milliseconds tick{500};

/// Wake-up of a thread that waits for descriptors. Any thread may set it.
class WakeUp {
 public:
  WakeUp() : fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}
  void set() const {
    const std::uint64_t one = 1;
    static_cast<void>(::write(fd_.get(), &one, sizeof one));
  }
  void clear() const {
    std::uint64_t count = 0;
    static_cast<void>(::read(fd_.get(), &count, sizeof count));
  }
  [[nodiscard]] int descriptor() const noexcept { return fd_.get(); }

 private:
  Descriptor fd_;
};

/// One instance over its processes, one after the other. Any thread calls; one thread of its own
/// watches, restarts and ends.
class Supervisor final : public Provider {
 public:
  Supervisor(std::shared_ptr<const Plugin> plugin, ProcessSettings settings, Options options,
             std::shared_ptr<Dispatcher> dispatcher, std::shared_ptr<const Clock> clock, Log log)
      : plugin_(std::move(plugin)),
        settings_(std::move(settings)),
        options_(std::move(options)),
        dispatcher_(std::move(dispatcher)),
        clock_(std::move(clock)),
        log_(std::move(log)) {}
  ~Supervisor() override { stop(clock_->steady() + limits::stop_timeout); }
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  /// `link` is a process that was started before, or null.
  Result<void> begin(std::unique_ptr<ProcessLink> link) {
    if (!link) {
      auto started = ProcessLink::start(settings_, clock_);
      if (!started) return pass(started);
      link = std::move(*started);
    }
    if (auto opened = open(std::move(link)); !opened) return opened;
    thread_ = std::thread([this] { persevere([this] { watch(); }); });
    return {};
  }

  const Plugin& plugin() const noexcept override { return *plugin_; }
  EntityId id() const noexcept override { return options_.id; }
  Result<Bytes> call(const CallContext& caller, std::string_view origin, std::string_view operation,
                     ByteView payload) override;
  bool stop(SteadyTime deadline) override;
  Statistics statistics() const noexcept override;
  std::optional<ProcessInfo> process() const override;

 private:
  Result<void> open(std::unique_ptr<ProcessLink> link);
  [[nodiscard]] Result<void> check_call(const CallContext& caller, std::string_view origin,
                                        std::string_view operation, ByteView payload) const;
  [[nodiscard]] Result<std::shared_ptr<Requester>> stream() const;
  [[nodiscard]] std::unexpected<Error> lost(std::string_view operation) const;
  Result<Bytes> result_of(Result<Frame> answer, std::string_view operation);
  std::unexpected<Error> busy(std::string_view why);

  [[nodiscard]] SteadyTime stop_deadline() const {
    const MutexLock lock(mutex_);
    return stop_deadline_;
  }

  // On the thread that watches.
  void watch();
  [[nodiscard]] std::string watch_process();
  void check_health();
  void complain(std::string why);
  void hang_up();
  void ended(const std::string& why);
  bool restart();
  [[nodiscard]] bool pause_before_start();
  void tell(ProcessEvent event, const std::string& why = {}) const {
    if (options_.on_process_event) options_.on_process_event(event, why);
  }

  const std::shared_ptr<const Plugin> plugin_;
  const ProcessSettings settings_;
  const Options options_;
  const std::shared_ptr<Dispatcher> dispatcher_;
  const std::shared_ptr<const Clock> clock_;
  const Log log_;
  SystemRandom random_;

  std::atomic<std::uint64_t> calls_{0};
  std::atomic<std::uint64_t> errors_{0};
  std::atomic<std::uint64_t> timeouts_{0};
  std::atomic<std::uint64_t> refused_busy_{0};

  mutable Mutex mutex_;
  std::shared_ptr<Requester> stream_ GUARDED_BY(mutex_);  ///< null while there is no process
  std::string last_end_ GUARDED_BY(mutex_);
  std::string complaint_ GUARDED_BY(mutex_);  ///< why the process had to be ended
  bool hung_up_ GUARDED_BY(mutex_) = false;
  pid_t pid_ GUARDED_BY(mutex_) = 0;
  std::uint64_t restarts_ GUARDED_BY(mutex_) = 0;
  std::uint64_t late_before_ GUARDED_BY(mutex_) = 0;  ///< late answers of earlier processes
  bool stopping_ GUARDED_BY(mutex_) = false;
  SteadyTime stop_deadline_ GUARDED_BY(mutex_){};

  // Members of the thread that watches; before it runs, of begin().
  std::unique_ptr<ProcessLink> link_;
  SteadyTime opened_{};
  unsigned failures_ = 0;  ///< starts and quick ends in a row

  WakeUp wake_;
  std::thread thread_;
};

Result<void> Supervisor::open(std::unique_ptr<ProcessLink> link) {
  auto created = link->create(settings_, options_, dispatcher_, log_, [this](const Error& why) {
    // End of the stream is mostly the end of the process; anything else is a reason to end it.
    why.code == ErrorCode::cancelled ? hang_up() : complain(why.message);
  });
  // Printed lines go into the log before the error: they are mostly the reason for it.
  link->read_output(log_, options_.label);
  if (!created) {
    return fail(ErrorCode::provider_failed, fmt::format("provider {} could not be created: {}",
                                                        options_.label, created.error().message));
  }
  // Told before calls can reach the new process, which knows of no link yet.
  if (thread_.joinable()) tell(ProcessEvent::reopening);  // not the first time
  link_ = std::move(link);
  opened_ = clock_->steady();
  const MutexLock lock(mutex_);
  stream_ = link_->calls();
  pid_ = link_->child().pid();
  complaint_.clear();
  hung_up_ = false;
  return {};
}

Result<void> Supervisor::check_call(const CallContext& caller, std::string_view origin,
                                    std::string_view operation, ByteView payload) const {
  if (auto sizes = check_call_sizes(origin, operation, payload); !sizes) return sizes;
  const bool concurrent = (plugin_->table().flags & TRELLIS_PROVIDER_CONCURRENT) != 0;
  // Chain that is inside the process already would wait for itself.
  if (!concurrent && caller.contains(options_.id)) {
    return fail(ErrorCode::limit, fmt::format("provider {} is already executing a call in this "
                                              "chain",
                                              options_.label));
  }
  if (clock_->steady() >= caller.deadline) {
    return fail(ErrorCode::deadline,
                fmt::format("no time is left for the call to provider {}", options_.label));
  }
  return {};
}

Result<std::shared_ptr<Requester>> Supervisor::stream() const {
  const MutexLock lock(mutex_);
  if (stopping_) return fail(ErrorCode::cancelled, "provider is stopping");
  if (stream_) return stream_;
  return fail(ErrorCode::unavailable,
              fmt::format("provider {} {}; it is being started again", options_.label, last_end_));
}

Result<Bytes> Supervisor::call(const CallContext& caller, std::string_view origin,
                               std::string_view operation, ByteView payload) {
  ++calls_;
  auto count_failure = [this](auto error) -> Result<Bytes> {
    ++errors_;
    return error;
  };
  if (auto checked = check_call(caller, origin, operation, payload); !checked) {
    return count_failure(pass(checked));
  }
  auto to = stream();
  if (!to) return count_failure(pass(to));
  // Calls that were given up still occupy threads over there; more would only wait behind them.
  if ((*to)->overdue().count >= options_.stuck_threads) {
    return count_failure(busy("its calls hang"));
  }
  const BlockingScope blocking;
  if (!blocking.allowed()) return count_failure(busy("no thread may wait for it now"));
  FrameView frame{.kind = FrameKind::call, .depth = caller.depth, .deadline = caller.deadline};
  frame.first = origin;
  frame.second = operation;
  frame.payload = payload;
  auto result = result_of((*to)->ask(frame, &caller), operation);
  if (!result) ++errors_;
  return result;
}

Result<Bytes> Supervisor::result_of(Result<Frame> answer, std::string_view operation) {
  if (!answer) {
    if (answer.error().code != ErrorCode::deadline) return lost(operation);
    ++timeouts_;
    return fail(ErrorCode::deadline,
                fmt::format("provider {} did not answer {} in time", options_.label, operation));
  }
  // Status, text and size come from the process and are checked like those of a plugin.
  if (!is_status(answer->status)) {
    return fail(ErrorCode::provider_failed,
                fmt::format("the provider answered with the unknown status {}", answer->status));
  }
  if (answer->status != TRELLIS_OK) {
    return fail(to_error_code(static_cast<trellis_status>(answer->status)),
                clean_text(as_text(answer->payload), limits::provider_text_bytes));
  }
  if (answer->payload.size() > options_.response_bytes) {
    return fail(ErrorCode::provider_failed,
                fmt::format("the provider's response has {} bytes; {} are allowed",
                            answer->payload.size(), options_.response_bytes));
  }
  return std::move(answer->payload);
}

std::unexpected<Error> Supervisor::lost(std::string_view operation) const {
  const MutexLock lock(mutex_);
  if (stopping_) return fail(ErrorCode::cancelled, "provider is stopping");
  return fail(ErrorCode::provider_failed,
              fmt::format("the process of provider {} ended before it answered {}", options_.label,
                          operation));
}

std::unexpected<Error> Supervisor::busy(std::string_view why) {
  ++refused_busy_;
  return fail(ErrorCode::busy, fmt::format("provider {} is busy: {}", options_.label, why));
}

void Supervisor::watch() {
  while (true) {
    if (link_) {
      const auto why = watch_process();
      if (why.empty()) break;  // stopping
      ended(why);
    }
    if (!restart()) return;
  }
  const auto end = link_->finish(stop_deadline());
  link_->read_output(log_, options_.label);
  if (end != "ended with status 0") log_.warn("the process of provider {} {}", options_.label, end);
  link_.reset();
}

/// Watches until the process has ended, and says how. Empty when stop() was called.
std::string Supervisor::watch_process() {
  while (true) {
    pollfd events[3] = {{link_->child().ended_descriptor(), POLLIN, 0},
                        {link_->output_descriptor(), POLLIN, 0},
                        {wake_.descriptor(), POLLIN, 0}};
    ::poll(events, 3, static_cast<int>(tick.count()));
    wake_.clear();
    if (events[1].revents != 0) link_->read_output(log_, options_.label);
    if (events[0].revents != 0) {
      const auto end = link_->child().wait(milliseconds(0)).value_or("ended");
      const MutexLock lock(mutex_);
      if (stopping_) return {};
      return complaint_.empty() ? end : complaint_;
    }
    {
      const MutexLock lock(mutex_);
      if (stopping_) return {};
    }
    check_health();
  }
}

void Supervisor::check_health() {
  const auto calls = link_->calls();
  // Late answers are taken first, since a call that has come back does not hang.
  calls->collect();
  const auto overdue = calls->overdue();
  const bool hangs =
      overdue.count != 0 && clock_->steady() - overdue.since > settings_.hang_timeout;
  if (hangs) {
    complain(fmt::format("did not return from a call for {} ms and was killed",
                         settings_.hang_timeout.count()));
  }
  bool hung_up = calls->closed();
  bool kill = false;
  {
    const MutexLock lock(mutex_);
    hung_up = hung_up || hung_up_;
    kill = !complaint_.empty();
  }
  if (hung_up && !kill) {
    // End of the process normally follows at once, and says more than this.
    pollfd end{link_->child().ended_descriptor(), POLLIN, 0};
    if (::poll(&end, 1, static_cast<int>(tick.count())) > 0) return;
    complain("let go of its connection and was killed");
    kill = true;
  }
  if (kill) link_->child().kill();
}

/// Process has closed its side of a stream. Any thread.
void Supervisor::hang_up() {
  {
    const MutexLock lock(mutex_);
    hung_up_ = true;
  }
  wake_.set();
}

/// Process must be ended, and why. Any thread; the first reason counts.
void Supervisor::complain(std::string why) {
  {
    const MutexLock lock(mutex_);
    if (complaint_.empty()) complaint_ = std::move(why);
  }
  wake_.set();
}

void Supervisor::ended(const std::string& why) {
  log_.error("the process of provider {} {}; it is started again", options_.label, why);
  {
    const MutexLock lock(mutex_);
    if (stream_) late_before_ += stream_->late_answers();
    // Callers learn at once that there is no process, and wait for none.
    stream_.reset();
    last_end_ = why;
    pid_ = 0;
  }
  const auto link = std::move(link_);  // gone, whatever follows
  static_cast<void>(link->finish(clock_->steady()));
  link->read_output(log_, options_.label);
  failures_ = clock_->steady() - opened_ > settings_.longest_pause ? 0 : failures_ + 1;
  tell(ProcessEvent::ended, why);
}

/// Starts a process until one runs; false when stop() was called.
bool Supervisor::restart() {
  while (pause_before_start()) {
    auto link = ProcessLink::start(settings_, clock_);
    Result<void> opened = link ? Result<void>() : Result<void>(pass(link));
    if (link) opened = open(std::move(*link));
    if (opened) {
      {
        const MutexLock lock(mutex_);
        ++restarts_;
      }
      log_.info("provider {} runs again", options_.label);
      tell(ProcessEvent::reopened);
      return true;
    }
    // Failed starts count like quick ends: pauses grow whichever it is.
    ++failures_;
    log_.error("provider {} cannot be started again: {}", options_.label, opened.error().message);
  }
  return false;
}

bool Supervisor::pause_before_start() {
  auto pause = settings_.first_pause;
  for (unsigned i = 1; i < failures_ && pause < settings_.longest_pause; ++i) pause *= 2;
  pause = std::min(pause, settings_.longest_pause);
  // Half of the pause is chance, so that providers that fell together do not start together.
  std::uint8_t byte = 0;
  random_.fill({&byte, 1});
  const auto until = clock_->steady() + pause / 2 + pause / 2 * byte / 255;
  while (true) {
    {
      const MutexLock lock(mutex_);
      if (stopping_) return false;
    }
    const auto left = std::chrono::ceil<milliseconds>(until - clock_->steady());
    if (left <= milliseconds(0)) return true;
    pollfd event{wake_.descriptor(), POLLIN, 0};
    ::poll(&event, 1, static_cast<int>(left.count()));
    wake_.clear();
  }
}

bool Supervisor::stop(SteadyTime deadline) {
  std::shared_ptr<Requester> stream;
  {
    const MutexLock lock(mutex_);
    if (stopping_) return true;
    // Flag first: the end of the process is then no failure, and nothing is started again.
    stopping_ = true;
    stop_deadline_ = deadline;
    stream = stream_;
  }
  bool clean = true;
  if (stream) {
    // Process is asked first, and ended by the watching thread whatever it answers.
    const FrameView frame{.kind = FrameKind::stop, .deadline = deadline};
    const auto answer = stream->ask(frame, nullptr);
    clean = answer && answer->status == TRELLIS_OK;
  }
  wake_.set();
  if (thread_.joinable()) thread_.join();
  const MutexLock lock(mutex_);
  stream_.reset();
  pid_ = 0;
  if (!clean) log_.warn("provider {} did not stop in time; its process was ended", options_.label);
  return true;
}

Statistics Supervisor::statistics() const noexcept {
  Statistics now;
  now.calls = calls_.load();
  now.errors = errors_.load();
  now.timeouts = timeouts_.load();
  now.refused_busy = refused_busy_.load();
  const MutexLock lock(mutex_);
  now.late_completions = late_before_;
  if (stream_) {
    now.late_completions += stream_->late_answers();
    now.stuck_threads = stream_->overdue().count;
  }
  return now;
}

std::optional<ProcessInfo> Supervisor::process() const {
  const MutexLock lock(mutex_);
  return ProcessInfo{pid_, restarts_, last_end_};
}

/// Description that instances of one file or built-in provider share. The process that was asked
/// for it serves the first of them.
class ProcessPlugin final : public Plugin {
 public:
  ProcessPlugin(ProcessSettings settings, std::unique_ptr<ProcessLink> first)
      : settings_(std::move(settings)), first_(std::move(first)) {
    const auto& said = first_->description();
    description_ = {said.contract_id, said.name, said.vendor, said.version, said.revision, {}};
    for (const auto& value : said.local_values) {
      description_.local_values.push_back({value.name, local_kind_of(value.kind)});
    }
    table_.struct_size = sizeof table_;
    table_.abi_version = TRELLIS_PROVIDER_ABI;
    table_.flags = said.flags;
    table_.contract_id = description_.contract_id.c_str();
    table_.name = description_.name.c_str();
    table_.vendor = description_.vendor.c_str();
    table_.version = description_.version.c_str();
    table_.revision = description_.revision;
  }

  const Description& description() const noexcept override { return description_; }
  bool rebinds() const noexcept override { return (table_.flags & TRELLIS_PROVIDER_REBINDS) != 0; }
  const trellis_provider_table& table() const noexcept override { return table_; }

  Result<std::shared_ptr<Provider>> make(std::shared_ptr<const Plugin> self, Options options,
                                         std::shared_ptr<Dispatcher> dispatcher,
                                         std::shared_ptr<const Clock> clock,
                                         Log log) const override {
    auto made =
        std::make_shared<Supervisor>(std::move(self), settings_, with_defaults(std::move(options)),
                                     std::move(dispatcher), std::move(clock), std::move(log));
    if (auto begun = made->begin(take_first()); !begun) return pass(begun);
    return made;
  }

 private:
  std::unique_ptr<ProcessLink> take_first() const {
    const MutexLock lock(mutex_);
    return std::move(first_);
  }

  const ProcessSettings settings_;
  mutable Mutex mutex_;
  mutable std::unique_ptr<ProcessLink> first_ GUARDED_BY(mutex_);  ///< for the first instance
  Description description_;
  trellis_provider_table table_{};  ///< identity and flags; its functions are in the process
};

}  // namespace

Result<std::shared_ptr<const Plugin>> open_process(ProcessSettings settings,
                                                   std::shared_ptr<const Clock> clock) {
  auto first = ProcessLink::start(settings, std::move(clock));
  if (!first) return pass(first);
  return std::make_shared<const ProcessPlugin>(std::move(settings), std::move(*first));
}

}  // namespace trellis::provider::process
