#include "nats/subject_check.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/limits.hpp"
#include "base/text.hpp"

namespace trellis::nats {
namespace {

std::unexpected<Error> refuse_subject(std::string_view subject, std::string_view why) {
  return fail(ErrorCode::invalid_argument,
              fmt::format("\"{}\" is no subject: {}", excerpt(subject), why));
}

/// Blanks and line ends split a line of the protocol; a subject with one could smuggle in a second
/// operation.
bool is_forbidden(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte <= ' ' || byte == 0x7f;
}

bool has_empty_token(std::string_view subject) {
  return subject.empty() || subject.front() == '.' || subject.back() == '.' ||
         subject.find("..") != std::string_view::npos;
}

Result<void> check_text(std::string_view subject) {
  if (subject.size() > limits::subject_bytes) {
    return refuse_subject(
        subject, fmt::format("{} bytes are more than {}", subject.size(), limits::subject_bytes));
  }
  if (has_empty_token(subject)) return refuse_subject(subject, "it is empty or has an empty token");
  if (std::ranges::any_of(subject, is_forbidden)) {
    return refuse_subject(subject, "it has a blank or a control character");
  }
  return {};
}

}  // namespace

Result<void> check_subject(std::string_view subject) {
  if (auto text = check_text(subject); !text) return text;
  if (subject.find_first_of("*>") != std::string_view::npos) {
    return refuse_subject(subject, "wildcards are for subscriptions only");
  }
  return {};
}

Result<void> check_pattern(std::string_view pattern) {
  if (auto text = check_text(pattern); !text) return text;
  for (auto at = pattern.find_first_of("*>"); at != std::string_view::npos;
       at = pattern.find_first_of("*>", at + 1)) {
    // Each wildcard must be a token of its own; inside one it is an ordinary character to servers,
    // and not to those who read it.
    const bool starts = at == 0 || pattern[at - 1] == '.';
    const bool last = at + 1 == pattern.size();
    const bool ends = last || (pattern[at] == '*' && pattern[at + 1] == '.');
    if (!starts || !ends)
      return refuse_subject(pattern, "a wildcard must be a whole token, > the last one");
  }
  return {};
}

Result<void> check_queue_group(std::string_view group) {
  if (group.empty()) return {};
  return check_text(group);
}

}  // namespace trellis::nats
