#include "host/call/provider_link.hpp"

#include <utility>

#include "base/guard.hpp"
#include "host/call/router.hpp"
#include "threads/blocking.hpp"

namespace trellis::host {

void ProviderLink::close() {
  gate_.close();
  gate_.wait();
}

Result<Bytes> ProviderLink::run(const CallContext* parent, std::string_view actor,
                                std::string_view operation, ByteView payload,
                                SteadyTime deadline) const {
  auto result = router_.from_provider({key_, contract_id_, link_name_}, parent, actor, operation,
                                      payload, deadline);
  if (!result) result.error().message.insert(0, "Invocation failure: ");  // contracts.md 1.4
  return result;
}

Result<Bytes> ProviderLink::dispatch(const CallContext* parent, std::string_view actor,
                                     std::string_view operation, ByteView payload,
                                     SteadyTime deadline) {
  // Gate first: a provider that is stuck may call long after the host is gone, and then neither
  // router_ nor workers_ may be touched.
  const auto entry = gate_.enter();
  if (!entry) return fail(ErrorCode::cancelled, "the host is stopping");
  // Guest threads make the call themselves. The stack of any other thread is unknown to the engine,
  // so a worker makes it while this thread waits; the wait is announced, or refused.
  if (guest_stack()) return run(parent, actor, operation, payload, deadline);
  const BlockingScope blocking;
  if (!blocking.allowed()) return fail(ErrorCode::busy, "no thread is left to wait for the actor");
  return workers_.run<Bytes>([&] { return run(parent, actor, operation, payload, deadline); },
                             {.owner = actor});
}

void ProviderLink::dispatch_async(const CallContext* parent, std::string_view actor,
                                  std::string_view operation, Bytes payload, SteadyTime deadline,
                                  std::function<void(Result<Bytes>)> done) {
  // Entry travels with the job below, so that close() waits for calls that are still in the queue.
  const auto entry = gate_.enter();
  if (!entry) {
    done(fail(ErrorCode::cancelled, "the host is stopping"));
    return;
  }
  // Job owns what it needs: the provider's buffers are its own again when this function returns.
  struct Job {
    std::optional<CallContext> parent;
    std::string actor;
    std::string operation;
    Bytes payload;
    std::function<void(Result<Bytes>)> done;
    MemoryCharge charge;
  };
  // Charge before the job is queued: a provider that dispatches faster than actors answer is told
  // "busy", instead of filling the host's memory.
  auto charge = MemoryCharge::of(memory_, Held::delivery, payload.size());
  if (!charge) {
    done(pass(charge));
    return;
  }
  auto job = std::make_shared<Job>(Job{std::nullopt, std::string(actor), std::string(operation),
                                       std::move(payload), std::move(done), std::move(*charge)});
  if (parent != nullptr) job->parent = *parent;
  auto posted = workers_.post(
      [self = shared_from_this(), entry, job, deadline] {
        const CallContext* context = job->parent ? &*job->parent : nullptr;
        job->done(contained([&] {
          return self->run(context, job->actor, job->operation, job->payload, deadline);
        }));
      },
      {.owner = job->actor, .bytes = job->payload.size()});
  if (!posted) job->done(pass(posted));
}

}  // namespace trellis::host
