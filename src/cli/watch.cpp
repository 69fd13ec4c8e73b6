// trellis watch: events of a lattice as they happen, one line each.
#include <fmt/format.h>

#include <deque>
#include <ostream>
#include <thread>

#include "base/mutex.hpp"
#include "cli/durations.hpp"
#include "cli/event_line.hpp"
#include "cli/reach.hpp"
#include "cli/stop_request.hpp"

namespace trellis::cli {
namespace {

/// Lines that wait for a slow terminal; more are dropped and counted.
constexpr std::size_t max_waiting = 10'000;

struct WatchOptions {
  CtlFlags flags;
  std::uint64_t count = 0;
  std::chrono::milliseconds length{0};  ///< 0: without end
  bool heartbeats = false;
};

/// Lines from the connection's thread for the main thread, so that a slow terminal does not hold up
/// the connection.
class Lines {
 public:
  void add(std::string line) {
    {
      const MutexLock lock(mutex_);
      if (lines_.size() >= max_waiting) {
        ++dropped_;
        return;
      }
      lines_.push_back(std::move(line));
    }
    changed_.notify_one();
  }
  /// Next line; nothing when none came in time.
  std::optional<std::string> next(std::chrono::milliseconds patience) {
    MutexLock lock(mutex_);
    changed_.wait_for(lock, patience, [&]() REQUIRES(mutex_) { return !lines_.empty(); });
    if (lines_.empty()) return std::nullopt;
    auto line = std::move(lines_.front());
    lines_.pop_front();
    return line;
  }
  std::uint64_t dropped() const {
    const MutexLock lock(mutex_);
    return dropped_;
  }

 private:
  mutable Mutex mutex_;
  Condition changed_;
  std::deque<std::string> lines_ GUARDED_BY(mutex_);
  std::uint64_t dropped_ GUARDED_BY(mutex_) = 0;
};

Result<void> watch(Context& context, const OutputOptions& output, const WatchOptions& options) {
  StopRequest stop;
  auto client = connect_lattice(context, options.flags);
  if (!client) return pass(client);
  Lines lines;
  auto watching =
      (*client)->watch({[&](const LatticeEventRecord& event) {
                          if (event.name == "Heartbeat" && !options.heartbeats) return;
                          // Formatted on the connection's thread: records are not kept, lines are
                          // bounded.
                          lines.add(event_line(event, output.json));
                        },
                        [&](const OutcomeRecord& outcome) {
                          lines.add(outcome_line(outcome, context.clock.wall(), output.json));
                        }});
  if (!watching) return pass(watching);
  const auto end = std::chrono::steady_clock::now() + options.length;
  std::uint64_t seen = 0;
  while (!stop.requested() && (options.count == 0 || seen < options.count)) {
    if (options.length.count() > 0 && std::chrono::steady_clock::now() >= end) break;
    // Servers refuse a subscription later and in passing; without this look nothing would ever be
    // shown.
    if (auto refused = (*watching)->refusal()) return std::unexpected(std::move(*refused));
    const auto line = lines.next(std::chrono::milliseconds(50));
    if (!line) continue;
    context.out << *line << std::endl;
    if (!context.out) break;  // nobody reads any more
    ++seen;
  }
  const auto unreadable = (*watching)->unreadable();
  // No callback after this: `lines` is on this stack.
  watching->reset();
  if (const auto dropped = lines.dropped(); dropped > 0) {
    say(context, Label::warning,
        fmt::format("{} events came faster than they could be shown", dropped));
  }
  if (unreadable > 0) {
    say(context, Label::warning, fmt::format("{} messages were no events", unreadable));
  }
  if (options.count > 0 && seen < options.count && !stop.requested()) {
    return fail(ErrorCode::deadline, fmt::format("{} of {} events within {}", seen, options.count,
                                                 duration_text(options.length)));
  }
  return {};
}

}  // namespace

void add_watch(Command& app, Context& context) {
  auto& leaf = app.add_subcommand("watch", "Show events of the lattice as they happen");
  auto options = std::make_shared<WatchOptions>();
  leaf.add_option("--count", options->count, "End after this many lines");
  add_duration(leaf, "--for", options->length, std::chrono::seconds(1),
               "End after this time: 500ms, 10s, 5m; a bare number: seconds");
  leaf.add_flag("--heartbeats", options->heartbeats, "Heartbeats too");
  add_ctl_options(leaf, options->flags);
  leaf.run([options, output = add_output_options(leaf), &context] {
    if (auto done = watch(context, *output, *options); !done) {
      print_error(context, *output, done.error());
    }
  });
}

}  // namespace trellis::cli
