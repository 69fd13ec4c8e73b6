#include "client/gather.hpp"

#include <condition_variable>
#include <memory>
#include <mutex>
#include <utility>

#include "base/limits.hpp"
#include "trellis/bytes.hpp"

namespace trellis::client {
namespace {

/// Shared with the handler, which may outlast the question by a moment.
struct Answers {
  std::mutex mutex;
  std::condition_variable arrived;
  std::vector<std::string> texts;  // under mutex
  std::size_t bytes = 0;           // under mutex
  bool nobody = false;             // under mutex

  void receive(ByteView payload) {
    const std::scoped_lock lock(mutex);
    // The server's "no responders" is an empty message; no answer of the protocol is.
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

}  // namespace

Result<std::vector<std::string>> gather(lattice::Transport& transport, std::string_view subject,
                                        std::string_view question, std::chrono::milliseconds window,
                                        std::size_t enough) {
  const auto answers = std::make_shared<Answers>();
  const auto inbox = transport.new_inbox();
  auto interest = transport.subscribe(
      inbox, {}, [answers](const lattice::Message& message) { answers->receive(message.payload); });
  if (!interest) return pass(interest);
  const auto end = std::chrono::steady_clock::now() + window;
  if (auto sent = transport.publish(subject, as_bytes(question), inbox); !sent) return pass(sent);
  std::unique_lock lock(answers->mutex);
  answers->arrived.wait_until(lock, end, [&] {
    return answers->nobody || (enough > 0 && answers->texts.size() >= enough);
  });
  return std::exchange(answers->texts, {});
}

}  // namespace trellis::client
