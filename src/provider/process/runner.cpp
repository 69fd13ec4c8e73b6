#include "provider/process/runner.hpp"

#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <list>
#include <thread>
#include <utility>

#include "base/guard.hpp"
#include "base/limits.hpp"
#include "base/mutex.hpp"
#include "base/sizes.hpp"
#include "base/text.hpp"
#include "provider/process/far_host.hpp"
#include "provider/process/messages.hpp"
#include "provider/status.hpp"
#include "threads/blocking.hpp"
#include "trellis/provider.h"

namespace trellis::provider::process {
namespace {

/// Bound on calls that run at one time; more wait in the stream.
constexpr std::size_t max_threads = 64;
/// Time that a plugin gets to stop when the host has gone without saying so.
constexpr std::chrono::seconds orphan_time{2};
/// Bound on frames from the host, which are ours, but no larger than what it takes from others.
constexpr std::size_t max_payload = limits::payload_bytes;

/// Memory is not bounded under sanitizers, which reserve more than any sensible bound.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool bounded_memory = false;
#elif defined(__has_feature)
constexpr bool bounded_memory =
    !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer);
#else
constexpr bool bounded_memory = true;
#endif

/// Ends the process when the host lets go of its end, whatever the plugin is doing.
void watch_host(int dispatches) {
  std::thread([dispatches] {
    pollfd gone{dispatches, 0, 0};
    while (::poll(&gone, 1, -1) <= 0) {
    }
    std::this_thread::sleep_for(orphan_time);
    ::_exit(0);
  }).detach();
}

/// Process side of the stream of calls. Threads take turns at reading: each reads a call and makes
/// it itself, so that a call costs no hop; before one that may take long, another thread takes
/// over.
class Server {
 public:
  Server(Descriptor calls, Descriptor dispatches, Result<std::shared_ptr<const Plugin>> plugin,
         std::shared_ptr<const Clock> clock)
      : calls_(std::move(calls)),
        plugin_(std::move(plugin)),
        clock_(std::move(clock)),
        reader_(calls_.get(), max_payload),
        writer_(calls_.get(), *clock_),
        far_(std::make_shared<Requester>(std::move(dispatches), clock_, max_payload)) {
    hands_over_ = !plugin_ || ((*plugin_)->table().flags & TRELLIS_PROVIDER_NONBLOCKING) == 0;
  }

  int run() {
    work();
    // Order of the end: nothing more is read, the plugin stops, threads leave it, then the stream
    // to the host closes.
    if (instance_) static_cast<void>(instance_->stop(clock_->steady() + orphan_time));
    std::list<std::thread> threads;
    {
      MutexLock lock(mutex_);
      const auto all_left = [this]() REQUIRES(mutex_) { return running_ == 0; };
      // Threads that are inside the plugin cannot be ended, and destructors must not run beside
      // them.
      if (!left_.wait_for(lock, orphan_time, all_left)) ::_exit(0);
      threads.swap(threads_);
    }
    for (auto& thread : threads) thread.join();
    far_->close({ErrorCode::cancelled, "the process ends", {}});
    return 0;
  }

 private:
  void work() {
    Turn turn(*this);
    const ThreadBlockingHooks told_of_waits(&turn);
    while (true) {
      Frame frame;
      turn.take();
      reading_.assume_held();
      if (ended_) return;
      const auto got = reader_.next(frame, FrameReader::Wait::yes);
      if (!got) {
        ended_ = true;
        return;
      }
      // Frames that are no calls come one after the other.
      if (hands_over_ && frame.kind == FrameKind::call) turn.hand_over();
      handle(frame);
    }
  }

  /// Right of a thread to read; those that wait for theirs are counted. A call that never blocks is
  /// made with it in hand, and lets it go when it has to wait for its answer after all.
  class Turn final : public BlockingHooks {
   public:
    explicit Turn(Server& server) : server_(server) {}
    ~Turn() override { let_go(); }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

    // Lock is not checked by the compiler: whether it is held is known to mine_ only.
    void take() NOT_CHECKED {
      if (mine_) return;
      ++server_.idle_;
      server_.reading_.lock();
      mine_ = true;
    }
    void hand_over() {
      if (!mine_) return;
      let_go();
      server_.provide_reader();
    }
    bool before_block() noexcept override {
      hand_over();
      return true;
    }
    void after_block() noexcept override {}

   private:
    void let_go() NOT_CHECKED {
      if (!mine_) return;
      mine_ = false;
      --server_.idle_;
      server_.reading_.unlock();
    }

    Server& server_;
    bool mine_ = false;
  };

  /// Makes a thread that reads the next frame, unless one is there: before a call that may take
  /// long.
  void provide_reader() {
    if (idle_.load() > 0) return;
    const MutexLock lock(mutex_);
    if (threads_.size() >= max_threads) return;
    try {
      threads_.emplace_back([this] {
        work();
        const MutexLock left(mutex_);
        --running_;
        left_.notify_all();
      });
      ++running_;
    } catch (const std::system_error&) {  // NOLINT(bugprone-empty-catch): those there must do
    }
  }

  void handle(const Frame& frame) {
    switch (frame.kind) {
      case FrameKind::describe: return answer(frame, describe());
      case FrameKind::create: return answer(frame, create(frame));
      case FrameKind::call: return answer(frame, contained([&] { return call(frame); }));
      case FrameKind::stop: return answer(frame, stop(frame));
      default: return answer(frame, fail(ErrorCode::malformed, "no such request"));
    }
  }

  Result<Bytes> describe() {
    if (!plugin_) return pass(plugin_);
    const auto& about = (*plugin_)->description();
    PluginDescription said{
        about.contract_id,         about.name, about.vendor, about.version, about.revision,
        (*plugin_)->table().flags, {}};
    for (const auto& value : about.local_values) {
      said.local_values.push_back({value.name, static_cast<std::uint32_t>(value.kind)});
    }
    return codec::encode(said);
  }

  Result<Bytes> create(const Frame& frame) {
    if (!plugin_ || instance_) return fail(ErrorCode::invalid_argument, "nothing to create");
    auto wanted = codec::decode<CreateOptions>(frame.payload);
    if (!wanted) return pass(wanted);
    Options options;
    options.label = frame.first;
    // Calls run where they were read, and bounds are the host's: this side only obeys.
    options.in_own_process = true;
    options.response_bytes = to_size(wanted->response_bytes);
    options.dispatch_timeout = std::chrono::milliseconds(wanted->dispatch_timeout_ms);
    const Log log(std::make_shared<FarLog>(far_, *clock_), "provider");
    auto made = Provider::create(*plugin_, std::move(options), std::make_shared<FarHost>(far_),
                                 clock_, log);
    if (!made) return pass(made);
    instance_ = std::move(*made);
    return Bytes{};
  }

  Result<Bytes> call(const Frame& frame) {
    if (!instance_) return fail(ErrorCode::invalid_argument, "the provider was not created");
    return instance_->call(context_of_call(frame.number, frame.depth, frame.deadline), frame.first,
                           frame.second, frame.payload);
  }

  Result<Bytes> stop(const Frame& frame) {
    if (instance_ && !instance_->stop(frame.deadline)) {
      return fail(ErrorCode::deadline, "it did not stop in time");
    }
    return Bytes{};
  }

  void answer(const Frame& to, const Result<Bytes>& result) {
    FrameView frame{.kind = FrameKind::answer, .number = to.number};
    frame.status = static_cast<std::uint8_t>(result ? TRELLIS_OK : to_status(result.error().code));
    frame.payload = result ? ByteView(*result) : as_bytes(result.error().message);
    // Host reads as long as it lives; when it does not, reading fails next.
    static_cast<void>(writer_.write(frame, clock_->steady() + limits::longest_call_timeout));
  }

  const Descriptor calls_;
  const Result<std::shared_ptr<const Plugin>> plugin_;
  const std::shared_ptr<const Clock> clock_;
  bool hands_over_ = true;
  Mutex reading_;  ///< held by the thread that reads
  FrameReader reader_ GUARDED_BY(reading_);
  bool ended_ GUARDED_BY(reading_) = false;
  FrameWriter writer_;
  const std::shared_ptr<Requester> far_;
  std::shared_ptr<Provider> instance_;  ///< made before the first call
  std::atomic<std::size_t> idle_{0};
  Mutex mutex_;
  Condition left_;
  std::list<std::thread> threads_ GUARDED_BY(mutex_);
  std::size_t running_ GUARDED_BY(mutex_) = 0;
};

}  // namespace

int serve(Descriptor calls, Descriptor dispatches,
          const std::function<Result<std::shared_ptr<const Plugin>>()>& load,
          std::shared_ptr<const Clock> clock) {
  // Watch begins before the library is loaded, whose constructors may hang.
  watch_host(dispatches.get());
  Server server(std::move(calls), std::move(dispatches), load(), std::move(clock));
  return server.run();
}

void confine(std::size_t memory_bytes, std::size_t open_files) {
  if (bounded_memory && memory_bytes != 0) {
    const rlimit most{memory_bytes, memory_bytes};
    ::setrlimit(RLIMIT_DATA, &most);
  }
  rlimit files{};
  if (open_files != 0 && ::getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = std::min<rlim_t>(open_files, files.rlim_max);
    ::setrlimit(RLIMIT_NOFILE, &files);
  }
  // Memory of a provider may hold secrets of links: no core files, and no other process of the user
  // reads it.
  const rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  ::prctl(PR_SET_DUMPABLE, 0);
}

}  // namespace trellis::provider::process
