#include "base/redactor.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace trellis {
namespace {

constexpr std::string_view mask = "***";
constexpr std::string_view secret_reference = "secret:";

/// Characters at which a user part could end, seen from behind "://".
constexpr std::string_view ends_of_authority = "/?# \t\r\n,;\"'<>()[]{}|";

/// Text with each occurrence of a secret masked.
std::string with_mask_for(std::string text, std::string_view secret) {
  for (auto at = text.find(secret); at != std::string::npos; at = text.find(secret, at)) {
    text.replace(at, secret.size(), mask);
    at += mask.size();
  }
  return text;
}

/// Sink that cleans records before it hands them on. Any thread that its sink allows.
class RedactingSink final : public LogSink {
 public:
  RedactingSink(std::shared_ptr<LogSink> sink, std::shared_ptr<const Redactor> redactor)
      : sink_(std::move(sink)), redactor_(std::move(redactor)) {}

  bool enabled(LogLevel level, std::string_view target) const noexcept override {
    return sink_->enabled(level, target);
  }
  void write(const LogRecord& record) noexcept override {
    try {
      const auto text = redactor_->clean(record.text);
      std::vector<std::string> values;
      std::vector<LogField> fields(record.fields.begin(), record.fields.end());
      // Room comes first: the fields are views of these texts, which must not move.
      values.reserve(fields.size());
      for (auto& field : fields) field.value = values.emplace_back(redactor_->clean(field.value));
      auto cleaned = record;
      cleaned.text = text;
      cleaned.fields = fields;
      sink_->write(cleaned);
    } catch (...) {
      // Better no line than one with a secret.
      sink_->write({record.level, record.target, "a line could not be written: out of memory", {}});
    }
  }

 private:
  const std::shared_ptr<LogSink> sink_;
  const std::shared_ptr<const Redactor> redactor_;
};

}  // namespace

std::string without_credentials(std::string_view text) {
  constexpr std::string_view scheme_end = "://";
  std::string out;
  for (auto at = text.find(scheme_end); at != std::string_view::npos; at = text.find(scheme_end)) {
    at += scheme_end.size();
    out += text.substr(0, at);
    text.remove_prefix(at);
    // The last @ before the path: passwords are written with @ in them, too.
    const auto authority =
        text.substr(0, std::min(text.size(), text.find_first_of(ends_of_authority)));
    const auto user = authority.rfind('@');
    if (user == std::string_view::npos) continue;
    out += mask;
    text.remove_prefix(user);
  }
  return out += text;
}

bool names_a_secret(std::string_view key) {
  constexpr std::array words = {"PASSWORD", "PASSWD", "PASSPHRASE", "SECRET",  "TOKEN",
                                "SEED",     "JWT",    "APIKEY",     "API_KEY", "CREDENTIAL"};
  std::string upper(key);
  std::ranges::transform(upper, upper.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c == '-' ? '_' : c;
  });
  if (upper.ends_with("FILE") || upper.ends_with("PATH")) return false;
  return std::ranges::any_of(words, [&](const char* word) { return upper.contains(word); });
}

std::map<std::string, std::string> shown_values(const std::map<std::string, std::string>& values) {
  auto shown = values;
  for (auto& [key, value] : shown) {
    if (value.starts_with(secret_reference)) continue;
    value = names_a_secret(key) ? std::string(mask) : without_credentials(value);
  }
  return shown;
}

void Redactor::hide(std::string secret) {
  if (secret.size() < shortest) return;
  const WriteLock lock(mutex_);
  // Number is bounded, because each secret is searched for in every line.
  if (secrets_.size() >= most || std::ranges::find(secrets_, secret) != secrets_.end()) return;
  secrets_.push_back(std::move(secret));
}

std::string Redactor::clean(std::string_view text) const {
  std::string out(text);
  {
    const ReadLock lock(mutex_);
    for (const auto& secret : secrets_) out = with_mask_for(std::move(out), secret);
  }
  return out.contains("://") ? without_credentials(out) : out;
}

std::shared_ptr<LogSink> make_redacting_sink(std::shared_ptr<LogSink> sink,
                                             std::shared_ptr<const Redactor> redactor) {
  if (!sink) return nullptr;
  return std::make_shared<RedactingSink>(std::move(sink), std::move(redactor));
}

}  // namespace trellis
