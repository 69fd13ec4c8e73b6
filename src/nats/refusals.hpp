// Subjects that a server does not permit its user, to be told to whoever asks for them in vain.
#pragma once

#include <atomic>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "base/mutex.hpp"
#include "trellis/result.hpp"

namespace trellis::nats {

struct Refusal {
  enum class Deed { publish, subscribe };
  Deed deed = Deed::publish;
  std::string subject;
};

/// Meaning of an error's words for the connection.
enum class ServerError {
  login,       ///< it ends: who we say we are is not, or no longer, accepted
  permission,  ///< one subject is not permitted
  harmless,    ///< it goes on
  fatal        ///< it ends
};
[[nodiscard]] ServerError meaning_of(std::string_view words);

/// From the server's words: `Permissions Violation for Publish to "foo"`. Nothing when they are
/// others.
[[nodiscard]] std::optional<Refusal> parse_refusal(std::string_view words);

/// The error for who meets it: denied, with what to do.
[[nodiscard]] Error refusal_error(const Refusal& refusal);

/// The newest refusals of one transport; a server is asked about a few subjects, not about
/// thousands. Any thread.
class Refusals {
 public:
  void add(Refusal refusal);
  /// A server of before may have refused what this one permits.
  void clear();
  /// The one about sending to this subject, or listening on this subject or pattern.
  [[nodiscard]] std::optional<Refusal> find(std::string_view subject) const;

 private:
  std::atomic<bool> any_{false};  ///< mostly there is none, and nobody needs the lock
  mutable Mutex mutex_;
  std::deque<Refusal> newest_ GUARDED_BY(mutex_);
};

}  // namespace trellis::nats
