#include "providers/blobstore_s3/credentials.hpp"

#include <fmt/format.h>

#include "base/call_limits.hpp"
#include "base/files.hpp"
#include "base/text.hpp"
#include "providers/common/link_values.hpp"

namespace trellis::providers::blobstore_s3 {

namespace {

constexpr std::size_t max_file_bytes = 1 * limits::mib;
constexpr std::string_view profile_word = "profile";

// Errors say where was looked and what to set; values are never part of them.
[[nodiscard]] std::unexpected<Error> incomplete(std::string_view where) {
  return fail(ErrorCode::invalid_argument,
              fmt::format("{} has no access key with its secret", where),
              "set AWS_ACCESS_KEY and AWS_SECRET_ACCESS_KEY of the link, or KEYS_FROM=environment "
              "or KEYS_FROM=profile:NAME");
}

[[nodiscard]] bool is_complete(const Credentials& made) {
  return !made.access_key.empty() && !made.secret.empty();
}

// Half a pair is refused like none: falling back to another source would use keys that nobody
// chose.
[[nodiscard]] Result<Credentials> of_environment(const Environment& environment) {
  Credentials made{environment("AWS_ACCESS_KEY_ID").value_or(""),
                   environment("AWS_SECRET_ACCESS_KEY").value_or(""),
                   environment("AWS_SESSION_TOKEN").value_or("")};
  if (is_complete(made)) return made;
  return incomplete("the environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY)");
}

[[nodiscard]] Result<Credentials> of_profile(std::string_view name,
                                             const Environment& environment) {
  auto file = environment("AWS_SHARED_CREDENTIALS_FILE");
  // Path and variables as the AWS tools have them, so that one setup serves both.
  if (!file) file = environment("HOME").value_or("") + "/.aws/credentials";
  const auto text = read_file(*file, max_file_bytes);
  if (!text) return pass(text);
  const auto wanted =
      name.empty() ? environment("AWS_PROFILE").value_or("default") : std::string(name);
  auto made = parse_profile(*text, wanted);
  if (!made) made.error().message.insert(0, *file + ": ");
  return made;
}

}  // namespace

Result<Credentials> parse_profile(std::string_view text, std::string_view name) {
  Credentials made;
  bool inside = false;
  for (const auto part : split(text, '\n')) {
    const auto line = trim(part);
    // INI as the AWS tools write it. Comments behind a value are not known to them either: a secret
    // may contain '#'.
    if (line.empty() || line.front() == '#' || line.front() == ';') continue;
    if (line.front() == '[') {
      inside = line.back() == ']' && trim(line.substr(1, line.size() - 2)) == name;
      continue;
    }
    const auto equals = line.find('=');
    if (!inside || equals == std::string_view::npos) continue;
    const auto key = to_lower_ascii(trim(line.substr(0, equals)));
    const std::string value(trim(line.substr(equals + 1)));
    if (key == "aws_access_key_id") made.access_key = value;
    if (key == "aws_secret_access_key") made.secret = value;
    if (key == "aws_session_token") made.token = value;
  }
  if (is_complete(made)) return made;
  return fail(ErrorCode::not_found,
              fmt::format("no profile \"{}\" with an access key and its secret", excerpt(name)),
              "name another one: KEYS_FROM=profile:NAME");
}

Result<Credentials> read_credentials(const codec::StringMap& values,
                                     const Environment& environment) {
  const auto text = [&](std::string_view key) { return std::string(text_value(values, key)); };
  Credentials own{text("AWS_ACCESS_KEY"), text("AWS_SECRET_ACCESS_KEY"), text("AWS_TOKEN")};
  const auto source = text_value(values, "KEYS_FROM", "link");
  if (source == "link") {
    if (is_complete(own)) return own;
    return incomplete("the link (AWS_ACCESS_KEY, AWS_SECRET_ACCESS_KEY)");
  }
  // Keys in two places are refused: a user who rotates the one would wonder why the other works.
  if (own != Credentials{}) {
    return fail(ErrorCode::invalid_argument,
                "link values AWS_... have no use where KEYS_FROM says that they are elsewhere",
                "leave out the one or the other");
  }
  if (source == "environment") return of_environment(environment);
  if (source == profile_word) return of_profile({}, environment);
  if (source.starts_with(profile_word) && source.substr(profile_word.size()).starts_with(':')) {
    return of_profile(source.substr(profile_word.size() + 1), environment);
  }
  return fail(ErrorCode::invalid_argument,
              fmt::format("link value KEYS_FROM is not known: {}", excerpt(source)),
              "link, environment, profile or profile:NAME");
}

}  // namespace trellis::providers::blobstore_s3
