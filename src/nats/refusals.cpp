#include "nats/refusals.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"

namespace trellis::nats {
namespace {

/// Bounds on what is remembered; words and subjects are the server's.
constexpr std::size_t max_kept = 64;
constexpr std::size_t max_subject = 1024;

}  // namespace

// Words are those of nats-server, whose errors have no codes; what is unknown ends the connection,
// as the server closes it after most errors.
ServerError meaning_of(std::string_view words) {
  const auto lower = to_lower_ascii(words);
  const auto has = [&](std::string_view part) { return lower.contains(part); };
  if (has("authorization violation") || has("authentication")) return ServerError::login;
  if (has("permissions violation")) return ServerError::permission;
  if (has("invalid subject") || has("invalid publish subject") || has("maximum subscriptions")) {
    return ServerError::harmless;
  }
  return ServerError::fatal;
}

std::optional<Refusal> parse_refusal(std::string_view words) {
  const auto lower = to_lower_ascii(words);
  if (!lower.contains("permissions violation")) return std::nullopt;
  const auto open = words.find('"');
  const auto close = open == std::string_view::npos ? open : words.find('"', open + 1);
  if (close == std::string_view::npos || close - open > max_subject) return std::nullopt;
  Refusal made;
  if (lower.contains("subscription to")) {
    made.deed = Refusal::Deed::subscribe;
  } else if (!lower.contains("publish to")) {
    return std::nullopt;
  }
  made.subject = words.substr(open + 1, close - open - 1);
  return made;
}

Error refusal_error(const Refusal& refusal) {
  const bool inbox = refusal.deed == Refusal::Deed::subscribe && refusal.subject.contains("INBOX");
  return {ErrorCode::denied,
          fmt::format("the NATS server does not permit this user to {} {}",
                      refusal.deed == Refusal::Deed::publish ? "publish to" : "subscribe to",
                      excerpt(refusal.subject)),
          inbox ? "answers come there: permit it, or name another prefix that is permitted with "
                  "--inbox-prefix"
                : "permit it to the user in the server's configuration, or log in as another one"};
}

void Refusals::add(Refusal refusal) {
  const MutexLock lock(mutex_);
  std::erase_if(newest_, [&](const Refusal& one) {
    return one.deed == refusal.deed && one.subject == refusal.subject;
  });
  newest_.push_back(std::move(refusal));
  if (newest_.size() > max_kept) newest_.pop_front();
  any_ = true;
}

void Refusals::clear() {
  const MutexLock lock(mutex_);
  newest_.clear();
  any_ = false;
}

std::optional<Refusal> Refusals::find(std::string_view subject) const {
  if (!any_) return std::nullopt;
  const MutexLock lock(mutex_);
  const auto found = std::ranges::find(newest_, subject, &Refusal::subject);
  return found == newest_.end() ? std::nullopt : std::optional(*found);
}

}  // namespace trellis::nats
