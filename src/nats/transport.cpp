#include "nats/transport.hpp"

#include <optional>
#include <utility>

#include "base/limits.hpp"
#include "base/mutex.hpp"
#include "threads/blocking.hpp"

namespace trellis::nats {
namespace {

/// Place for the answer, shared with the handler, which may come when nobody waits any more.
struct Waiting {
  Mutex mutex;
  Condition came;
  std::optional<Result<Answer>> value GUARDED_BY(mutex);

  void put(Result<Answer> result) {
    {
      const MutexLock lock(mutex);
      value.emplace(std::move(result));
    }
    came.notify_one();
  }
};

}  // namespace

Result<Answer> ask_and_wait(Transport& transport, std::string_view subject, ByteView payload,
                            SteadyTime deadline) {
  const BlockingScope wait;
  if (!wait.allowed()) return fail(ErrorCode::busy, "this thread must not wait for the lattice");
  const auto answer = std::make_shared<Waiting>();
  transport.request(subject, payload, deadline,
                    [answer](Result<Answer> result) { answer->put(std::move(result)); });
  MutexLock lock(answer->mutex);
  // Transport answers by the deadline; the grace is for a machine that is busy.
  if (!answer->came.wait_until(lock, deadline + limits::answer_grace,
                               [&]()
                                   REQUIRES(answer->mutex) { return answer->value.has_value(); })) {
    return fail(ErrorCode::deadline, "RPC call timed out");
  }
  return std::move(*answer->value);
}

Result<Bytes> request_and_wait(Transport& transport, std::string_view subject, ByteView payload,
                               SteadyTime deadline) {
  auto answer = ask_and_wait(transport, subject, payload, deadline);
  if (!answer) return pass(answer);
  return std::move(answer->payload);
}

}  // namespace trellis::nats
