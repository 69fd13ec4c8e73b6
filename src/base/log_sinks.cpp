#include "base/log_sinks.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/ansicolor_sink.h>
#include <spdlog/sinks/basic_file_sink.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "base/calendar.hpp"
#include "base/text.hpp"

namespace trellis {
namespace {

spdlog::level::level_enum to_spdlog(LogLevel level) noexcept {
  switch (level) {
    case LogLevel::trace: return spdlog::level::trace;
    case LogLevel::debug: return spdlog::level::debug;
    case LogLevel::info: return spdlog::level::info;
    case LogLevel::warn: return spdlog::level::warn;
    case LogLevel::error: return spdlog::level::err;
    case LogLevel::off: return spdlog::level::off;
  }
  return spdlog::level::info;
}

LogLevel from_spdlog(spdlog::level::level_enum level) noexcept {
  switch (level) {
    case spdlog::level::trace: return LogLevel::trace;
    case spdlog::level::debug: return LogLevel::debug;
    case spdlog::level::warn: return LogLevel::warn;
    case spdlog::level::err: return LogLevel::error;
    default: return LogLevel::info;
  }
}

/// `%*` in a pattern: our name of the level, padded. spdlog says "warning" where we say "warn".
class LevelFlag final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm&,
              spdlog::memory_buf_t& out) override {
    fmt::format_to(std::back_inserter(out), "{:<5}", to_string(from_spdlog(message.level)));
  }
  [[nodiscard]] std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<LevelFlag>();
  }
};

/// Appends the value of a field to a line for people.
void append_value(std::string& out, std::string_view value) {
  // Value is quoted where it could be taken for the end of its field, or for another field.
  if (!value.empty() && value.find_first_of(" \"=") == value.npos) {
    return append_printable(out, value);
  }
  out += '"';
  const auto pieces = split(value, '"');
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    if (i != 0) out += "\\\"";
    append_printable(out, pieces[i]);
  }
  out += '"';
}

constexpr std::string_view name_suffix = "_name";
constexpr std::size_t shown_of_key = 8;

/// The field that names the one whose key is in `field`; empty where there is none.
std::string_view name_beside(const LogRecord& record, const LogField& field) {
  for (const auto& other : record.fields) {
    if (other.name.size() == field.name.size() + name_suffix.size() &&
        other.name.starts_with(field.name) && other.name.ends_with(name_suffix)) {
      return other.value;
    }
  }
  return {};
}

/// Whether a field only names what another one has the key of.
bool is_name_of_another(const LogRecord& record, const LogField& field) {
  if (!field.name.ends_with(name_suffix)) return false;
  const auto owner = field.name.substr(0, field.name.size() - name_suffix.size());
  return std::ranges::any_of(record.fields,
                             [&](const LogField& other) { return other.name == owner; });
}

/// "kvcounter (MD2VGNEC)": people know the name, and the beginning of a key is enough to tell
/// actors of one name apart.
std::string name_and_key(std::string_view name, std::string_view key) {
  return fmt::format("{} ({})", name, key.substr(0, shown_of_key));
}

/// Whether `key` was in the text, all of which are replaced.
bool replace_key(std::string& text, std::string_view key, std::string_view shown) {
  bool found = false;
  for (auto at = text.find(key); at != text.npos; at = text.find(key, at + shown.size())) {
    text.replace(at, key.size(), shown);
    found = true;
  }
  return found;
}

// Guests and providers have lines without a kind. Who says something, the first field, shall always
// stand behind it.
std::string text_line(const LogRecord& record) {
  std::string text(record.text);
  std::string fields;
  for (const auto& field : record.fields) {
    // Names are shown with the keys that they belong to.
    if (is_name_of_another(record, field)) continue;
    const auto name = name_beside(record, field);
    const auto shown = name.empty() ? std::string(field.value) : name_and_key(name, field.value);
    const bool speaker = record.kind.empty() && &field == record.fields.data();
    if (!name.empty() && !speaker && !field.value.empty() &&
        replace_key(text, field.value, shown)) {
      continue;
    }
    fields += ' ';
    append_printable(fields, field.name);
    fields += '=';
    append_value(fields, shown);
  }
  std::string out;
  append_printable(out, record.target);
  out += ": ";
  append_printable(out, text);
  return out + fields;
}

std::string utc(WallTime time) {
  const auto since_epoch = time.time_since_epoch();
  const auto seconds = std::chrono::floor<std::chrono::seconds>(since_epoch);
  const auto rest = std::chrono::floor<std::chrono::milliseconds>(since_epoch - seconds);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", utc_parts(std::chrono::sys_seconds(seconds)),
                     rest.count());
}

/// Record as one line of JSON, with its members in a fixed order.
std::string json_line(const LogRecord& record, WallTime now) {
  nlohmann::ordered_json out{{"time", utc(now)},
                             {"level", to_string(record.level)},
                             {"target", record.target},
                             {"text", record.text}};
  for (const auto& field : record.fields) out["fields"][std::string(field.name)] = field.value;
  constexpr bool ascii_only = true;  // escapes DEL and the C1 controls too
  return out.dump(-1, ' ', ascii_only, nlohmann::json::error_handler_t::replace);
}

const char* pattern_of(const LogSinkOptions& options) {
  if (options.format == LogFormat::json) return "%v";
  return options.local_time ? "%Y-%m-%dT%H:%M:%S.%e%z %^%*%$ %v"
                            : "%Y-%m-%dT%H:%M:%S.%eZ %^%*%$ %v";
}

/// Sink over spdlog, which does the writing and the locking. Any thread.
class SpdlogSink final : public LogSink {
 public:
  SpdlogSink(const LogSinkOptions& options, std::shared_ptr<const Clock> clock,
             spdlog::sink_ptr sink)
      : format_(options.format),
        filter_(options.filter),
        clock_(std::move(clock)),
        logger_("trellis", std::move(sink)) {
    auto pattern = std::make_unique<spdlog::pattern_formatter>(
        options.local_time ? spdlog::pattern_time_type::local : spdlog::pattern_time_type::utc);
    pattern->add_flag<LevelFlag>('*').set_pattern(pattern_of(options));
    logger_.set_formatter(std::move(pattern));
    logger_.set_level(spdlog::level::trace);
    logger_.flush_on(spdlog::level::trace);  // the last line before a crash is the one wanted
    // Complaints of spdlog would go to standard error, between our lines.
    logger_.set_error_handler([](const std::string&) {});
  }

  [[nodiscard]] bool enabled(LogLevel level, std::string_view target) const noexcept override {
    return filter_.enabled(level, target);
  }

  void write(const LogRecord& record) noexcept override {
    if (!enabled(record.level, record.target)) return;
    try {
      const auto now = clock_->wall();
      const auto line = format_ == LogFormat::json ? json_line(record, now) : text_line(record);
      logger_.log(now, spdlog::source_loc{}, to_spdlog(record.level), spdlog::string_view_t(line));
    } catch (...) {  // NOLINT(bugprone-empty-catch): out of memory, the record is lost
    }
  }

 private:
  const LogFormat format_;
  const LogFilter filter_;
  const std::shared_ptr<const Clock> clock_;
  spdlog::logger logger_;
};

spdlog::sink_ptr open_sink(const LogSinkOptions& options) {
  if (!options.file.empty()) {
    return std::make_shared<spdlog::sinks::basic_file_sink_mt>(options.file.string());
  }
  const bool plain = options.colour == LogColour::never || options.format == LogFormat::json;
  return std::make_shared<spdlog::sinks::ansicolor_stderr_sink_mt>(
      plain ? spdlog::color_mode::never : spdlog::color_mode::automatic);
}

}  // namespace

Result<std::shared_ptr<LogSink>> make_log_sink(LogSinkOptions options,
                                               std::shared_ptr<const Clock> clock) {
  try {
    auto sink = open_sink(options);
    return std::make_shared<SpdlogSink>(options, std::move(clock), std::move(sink));
  } catch (const std::exception& problem) {
    return fail(ErrorCode::unavailable, fmt::format("cannot write the log: {}", problem.what()),
                "name a file this user may write, or none for standard error");
  }
}

}  // namespace trellis
