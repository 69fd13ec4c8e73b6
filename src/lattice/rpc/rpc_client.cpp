#include "lattice/rpc/rpc_client.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/deadline.hpp"
#include "codec/message.hpp"
#include "lattice/anti_forgery.hpp"
#include "lattice/wire/invocation.hpp"
#include "threads/blocking.hpp"

namespace trellis::lattice {
namespace {

/// Text that the caller sees of a request that went wrong (lattice.md 4.5).
std::unexpected<Error> rpc_error(Error error) {
  if (error.code == ErrorCode::deadline) {
    return fail(ErrorCode::deadline, "RPC call timed out",
                "the other host may be slow or gone; --rpc-timeout allows more");
  }
  error.message.insert(0, "RPC error: ");
  return std::unexpected(std::move(error));
}

}  // namespace

Result<Bytes> RpcClient::call(const Entity& origin, const Entity& target,
                              std::string_view operation, ByteView payload,
                              SteadyTime deadline) const {
  // Wait is announced: a spare takes over the thread's other work, and where none is left, waiting
  // would stop it all (src/threads/blocking.hpp).
  const BlockingScope blocking;
  if (!blocking.allowed()) {
    return fail(ErrorCode::busy, "no thread is left to wait for an answer from the lattice");
  }
  auto call = sign_call(origin, target, operation, payload, key_, random_, clock_);
  if (!call) return pass(call);
  const auto bytes = codec::encode(*call);
  const auto end = std::min(deadline, deadline_in(timeout_));
  sent_.fetch_add(1, std::memory_order_relaxed);
  auto result = send(subjects_.entity(target), bytes, end);
  (result ? answered_ : failed_).fetch_add(1, std::memory_order_relaxed);
  return result;
}

Result<Bytes> RpcClient::send(std::string_view subject, ByteView invocation,
                              SteadyTime deadline) const {
  auto reply = request_and_wait(transport_, subject, invocation, deadline);
  if (!reply) {
    lost_.fetch_add(1, std::memory_order_relaxed);
    return rpc_error(std::move(reply.error()));
  }
  auto response = codec::decode<InvocationResponse>(*reply);
  if (!response) {
    return fail(ErrorCode::malformed, "RPC - failed to deserialize invocation response",
                response.error().message);
  }
  // Text of the other host goes on unchanged, as from a first-party host (lattice.md 4.5).
  if (response->error) return fail(ErrorCode::provider_failed, std::move(*response->error));
  return std::move(response->msg);
}

RpcClient::Counters RpcClient::counters() const noexcept {
  return {sent_.load(), answered_.load(), failed_.load(), lost_.load()};
}

}  // namespace trellis::lattice
