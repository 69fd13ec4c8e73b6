#include "base/log_budget.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <iterator>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/limits.hpp"
#include "base/mutex.hpp"
#include "base/text.hpp"

namespace trellis {
namespace {

/// A bucket of tokens: filled with time, emptied by lines.
struct LogRate {
  double burst;
  double per_second;
};

// Rates of what others cause (events: refusals and the like), and of what guests and providers say
// themselves (voices); docs/security.md has them for users.
constexpr LogRate event_of_source{20, 1};
constexpr LogRate event_of_kind{2000, 10};
constexpr LogRate voice_of_source{400, 50};
constexpr LogRate voice_of_kind{2000, 200};
/// Factor for debug and trace: whoever lets them through has asked for much.
constexpr double detail_factor = 10;

/// Bytes of text that count as one more line.
constexpr std::size_t bytes_per_token = 256;
constexpr std::size_t label_bytes = 120;

/// Tokens of one account. Under the lock of its owner.
class LogBucket {
 public:
  LogBucket(LogRate rate, SteadyTime now) : rate_(rate), tokens_(rate.burst), filled_(now) {}

  void refill(SteadyTime now) {
    const std::chrono::duration<double> passed = now - std::exchange(filled_, now);
    tokens_ = std::min(rate_.burst, tokens_ + std::max(0.0, passed.count()) * rate_.per_second);
  }
  /// A long line may go below zero, or it would never be written.
  [[nodiscard]] bool has_room() const { return tokens_ >= 1; }
  void take(double tokens) { tokens_ -= tokens; }
  [[nodiscard]] bool is_full() const { return tokens_ >= rate_.burst; }

 private:
  LogRate rate_;
  double tokens_;
  SteadyTime filled_;
};

/// Account of the lines of one source and kind, or of one kind.
struct LogAccount {
  LogBucket bucket;
  LogLevel level;
  std::string target;
  std::string label;  ///< for people
  std::uint64_t hidden = 0;
};

/// A line that says what was left out.
struct LogOmission {
  LogLevel level;
  std::string target;
  std::string text;
};

/// Sink with budgets in front. Any thread.
class LogBudget final : public LogSink {
 public:
  LogBudget(std::shared_ptr<LogSink> sink, std::shared_ptr<const Clock> clock)
      : sink_(std::move(sink)), clock_(std::move(clock)), swept_(clock_->steady()) {}

  ~LogBudget() override {
    for (auto& [key, account] : accounts_) tell(account);
  }

  [[nodiscard]] bool enabled(LogLevel level, std::string_view target) const noexcept override {
    return sink_->enabled(level, target);
  }

  void write(const LogRecord& record) noexcept override try {
    // Omissions are written outside of the lock, because a sink may be slow.
    std::vector<LogOmission> omissions;
    const bool admitted = admit(record, omissions);
    for (const auto& one : omissions) sink_->write({one.level, one.target, one.text, {}});
    if (admitted) write_cut(record);
    // NOLINTNEXTLINE(bugprone-empty-catch): without memory a line is lost, as on a full disk
  } catch (...) {
  }

 private:
  [[nodiscard]] bool admit(const LogRecord& record, std::vector<LogOmission>& omissions) {
    const MutexLock lock(mutex_);
    const SteadyTime now = clock_->steady();
    sweep(now, omissions);
    const bool event = !record.kind.empty();
    // Voices have no kind of their own: the name of their first field, "actor" or "provider",
    // stands for one.
    const std::string_view kind = event                   ? record.kind
                                  : record.fields.empty() ? ""
                                                          : record.fields.front().name;
    const auto rate = [&](LogRate of_event, LogRate of_voice) {
      const double factor = record.level < LogLevel::info ? detail_factor : 1;
      const LogRate base = event ? of_event : of_voice;
      return LogRate{base.burst * factor, base.per_second * factor};
    };
    LogAccount& whole = account(kind, {}, rate(event_of_kind, voice_of_kind), record, now);
    const std::string_view source = !record.source.empty()  ? record.source
                                    : record.fields.empty() ? std::string_view()
                                                            : record.fields.front().value;
    if (source.empty()) return spend({&whole, &whole}, record, omissions);
    // Account above stays where it is: the map moves no nodes when it grows.
    LogAccount& own = account(kind, source, rate(event_of_source, voice_of_source), record, now);
    return spend({&own, &whole}, record, omissions);
  }

  /// The first of the two speaks for what is left out.
  [[nodiscard]] static bool spend(std::pair<LogAccount*, LogAccount*> accounts,
                                  const LogRecord& record, std::vector<LogOmission>& omissions) {
    auto& [own, whole] = accounts;
    if (!own->bucket.has_room() || !whole->bucket.has_room()) {
      ++own->hidden;
      return false;
    }
    const std::size_t size = std::min(record.text.size(), limits::log_line_bytes);
    const auto pieces = size / bytes_per_token;
    const double tokens = 1 + static_cast<double>(pieces);
    own->bucket.take(tokens);
    if (whole != own) whole->bucket.take(tokens);
    if (own->hidden != 0) omissions.push_back(omission(*own));
    return true;
  }

  LogAccount& account(std::string_view kind, std::string_view source, LogRate rate,
                      const LogRecord& record, SteadyTime now) REQUIRES(mutex_) {
    // Hash alone is the key: two sources that collide share an account, which costs them a few
    // lines.
    std::size_t key = std::hash<std::string_view>()(record.target);
    key = key * 2 + (record.level < LogLevel::info ? 1 : 0);
    for (const auto part : {kind, source}) {
      key = key * 1'000'003 + std::hash<std::string_view>()(part);
    }
    auto found = accounts_.find(key);
    if (found == accounts_.end()) {
      // Sources beyond the table share one account for each kind.
      if (accounts_.size() >= limits::log_accounts) key = std::hash<std::string_view>()(kind);
      found = accounts_
                  .try_emplace(key, LogAccount{.bucket = {rate, now},
                                               .level = record.level,
                                               .target = std::string(record.target),
                                               .label = label(kind, source)})
                  .first;
    }
    found->second.bucket.refill(now);
    return found->second;
  }

  static std::string label(std::string_view kind, std::string_view source) {
    const auto text = source.empty() ? std::string(kind) : fmt::format("{} ({})", kind, source);
    return replace_bad_utf8(std::string_view(text).substr(0, label_bytes));
  }

  static LogOmission omission(LogAccount& account) {
    return {account.level, account.target,
            fmt::format("{} lines like this were left out: {}", std::exchange(account.hidden, 0),
                        account.label)};
  }

  void tell(LogAccount& account) noexcept try {
    if (account.hidden == 0) return;
    const auto one = omission(account);
    sink_->write({one.level, one.target, one.text, {}});
    // NOLINTNEXTLINE(bugprone-empty-catch): as in write()
  } catch (...) {
  }

  /// From time to time: says what nobody has said since, and forgets accounts that are full again.
  void sweep(SteadyTime now, std::vector<LogOmission>& omissions) REQUIRES(mutex_) {
    if (now - swept_ < limits::log_sweep) return;
    swept_ = now;
    for (auto at = accounts_.begin(); at != accounts_.end();) {
      LogAccount& account = at->second;
      account.bucket.refill(now);
      if (account.hidden != 0 && account.bucket.has_room()) omissions.push_back(omission(account));
      at = account.hidden == 0 && account.bucket.is_full() ? accounts_.erase(at) : std::next(at);
    }
  }

  void write_cut(const LogRecord& record) noexcept {
    if (record.text.size() <= limits::log_line_bytes) return sink_->write(record);
    LogRecord cut = record;
    const auto text = fmt::format("{} … ({} bytes in all)",
                                  replace_bad_utf8(record.text.substr(0, limits::log_line_bytes)),
                                  record.text.size());
    cut.text = text;
    sink_->write(cut);
  }

  const std::shared_ptr<LogSink> sink_;
  const std::shared_ptr<const Clock> clock_;
  Mutex mutex_;
  std::unordered_map<std::size_t, LogAccount> accounts_ GUARDED_BY(mutex_);
  SteadyTime swept_ GUARDED_BY(mutex_);
};

}  // namespace

std::shared_ptr<LogSink> make_log_budget(std::shared_ptr<LogSink> sink,
                                         std::shared_ptr<const Clock> clock) {
  if (!sink) return sink;
  return std::make_shared<LogBudget>(std::move(sink), std::move(clock));
}

}  // namespace trellis
