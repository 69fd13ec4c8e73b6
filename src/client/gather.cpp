#include "client/gather.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include "base/deadline.hpp"
#include "base/limits.hpp"
#include "base/mutex.hpp"
#include "trellis/bytes.hpp"

namespace trellis::client {
namespace {

/// Answers to one question, shared with the handler, which may outlast it by a moment. Bounded:
/// everybody on the lattice may answer, as often as they like.
struct Answers {
  Mutex mutex;
  Condition arrived;
  std::vector<std::string> texts GUARDED_BY(mutex);
  std::size_t bytes GUARDED_BY(mutex) = 0;
  bool nobody GUARDED_BY(mutex) = false;

  void receive(ByteView payload) {
    const MutexLock lock(mutex);
    // Empty message is the server's "no responders"; no answer of the protocol is empty.
    if (payload.empty()) {
      nobody = nobody || texts.empty();
    } else if (texts.size() < limits::client_answers &&
               bytes + payload.size() <= limits::client_answer_bytes) {
      bytes += payload.size();
      texts.emplace_back(as_text(payload));
    }
    arrived.notify_all();
  }
};

/// Answers to several questions, a place for each. Shared with the handlers.
struct Replies {
  explicit Replies(std::size_t count) : texts(count), open(count) {}

  Mutex mutex;
  Condition changed;
  std::vector<std::string> texts GUARDED_BY(mutex);  ///< empty: no answer
  std::size_t bytes GUARDED_BY(mutex) = 0;
  std::size_t open GUARDED_BY(mutex);

  void receive(std::size_t place, const Result<Bytes>& answer) {
    {
      const MutexLock lock(mutex);
      --open;
      if (answer && bytes + answer->size() <= limits::client_answer_bytes) {
        bytes += answer->size();
        texts[place] = as_text(*answer);
      }
    }
    changed.notify_all();
  }
};

}  // namespace

Result<std::vector<std::string>> gather(nats::Transport& transport, std::string_view subject,
                                        std::string_view question, std::chrono::milliseconds window,
                                        std::size_t enough) {
  const auto answers = std::make_shared<Answers>();
  const auto inbox = transport.new_inbox();
  // Subscribed before the question goes out, or quick answers would be missed.
  auto interest = transport.subscribe(
      inbox, {}, [answers](const nats::Message& message) { answers->receive(message.payload); });
  if (!interest) return pass(interest);
  const auto end = deadline_in(window);
  if (auto sent = transport.publish(subject, as_bytes(question), inbox); !sent) return pass(sent);
  MutexLock lock(answers->mutex);
  answers->arrived.wait_until(lock, end, [&]() REQUIRES(answers->mutex) {
    return answers->nobody || (enough > 0 && answers->texts.size() >= enough);
  });
  if (answers->texts.empty()) {
    // Silence may be the server's refusal, which comes after the fact and says more than "no
    // answer".
    for (const auto place : {std::string_view(inbox), subject}) {
      if (auto refused = transport.refusal(place)) return std::unexpected(std::move(*refused));
    }
  }
  return std::exchange(answers->texts, {});
}

std::vector<std::string> ask_each(nats::Transport& transport,
                                  const std::vector<std::string>& subjects, SteadyTime deadline) {
  const auto count = std::min(subjects.size(), limits::client_answers);
  const auto replies = std::make_shared<Replies>(count);
  for (std::size_t place = 0; place < count; ++place) {
    transport.request(subjects[place], {}, deadline, [replies, place](const Result<Bytes>& answer) {
      replies->receive(place, answer);
    });
  }
  MutexLock lock(replies->mutex);
  // Wait ends, since the transport ends each request by its deadline.
  replies->changed.wait(lock, [&]() REQUIRES(replies->mutex) { return replies->open == 0; });
  std::erase(replies->texts, std::string());
  return std::exchange(replies->texts, {});
}

}  // namespace trellis::client
