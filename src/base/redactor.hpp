// Keeps secrets out of what people and peers are shown: values that came from a secret, and the
// user part of URLs, wherever a text comes from.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.hpp"
#include "trellis/log.hpp"

namespace trellis {

/// "nats://user:password@host" becomes "nats://***@host"; so does every other URL in the text.
[[nodiscard]] std::string without_credentials(std::string_view text);

/// Whether a link value of this name is likely a secret: PASSWORD, TOKEN, AWS_SECRET_ACCESS_KEY, …
/// Names of files (TLS_KEY, CREDSFILE) are not.
[[nodiscard]] bool names_a_secret(std::string_view key);

/// Link values as listings show them: secrets as "***", URLs without their users. What names a
/// secret of the host (`secret:NAME`) stays.
[[nodiscard]] std::map<std::string, std::string> shown_values(
    const std::map<std::string, std::string>& values);

/// Knows the values that must not be shown. Any thread.
class Redactor {
 public:
  /// From now on the text is left out of everything. Very short ones are not: they would be found
  /// in every text.
  void hide(std::string secret);
  /// The text without them, and without credentials in URLs.
  [[nodiscard]] std::string clean(std::string_view text) const;

 private:
  static constexpr std::size_t shortest = 4;
  static constexpr std::size_t most = 1000;

  mutable SharedMutex mutex_;
  std::vector<std::string> secrets_ GUARDED_BY(mutex_);
};

/// A sink that writes cleaned lines to another. Null stays null.
[[nodiscard]] std::shared_ptr<LogSink> make_redacting_sink(
    std::shared_ptr<LogSink> sink, std::shared_ptr<const Redactor> redactor);

}  // namespace trellis
