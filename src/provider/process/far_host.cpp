#include "provider/process/far_host.hpp"

#include <algorithm>
#include <utility>

#include "base/limits.hpp"
#include "base/text.hpp"
#include "provider/status.hpp"
#include "threads/blocking.hpp"
#include "trellis/provider.h"

namespace trellis::provider::process {
namespace {

/// Time that a log line may wait for the host.
constexpr std::chrono::milliseconds log_patience{100};

FrameView dispatch_frame(const CallContext* parent, std::string_view actor,
                         std::string_view operation, ByteView payload, SteadyTime deadline) {
  FrameView frame{.kind = FrameKind::dispatch, .deadline = deadline};
  // In this process the chain's number is that of the call in the stream (context_of_call).
  frame.parent = parent == nullptr ? 0 : parent->chain_id;
  frame.first = actor;
  frame.second = operation;
  frame.payload = payload;
  return frame;
}

Result<Bytes> answer_of(Result<Frame> frame) {
  if (!frame) return pass(frame);
  if (frame->status == TRELLIS_OK) return std::move(frame->payload);
  const auto code = is_status(frame->status)
                        ? to_error_code(static_cast<trellis_status>(frame->status))
                        : ErrorCode::internal;
  return fail(code, std::string(as_text(frame->payload)));
}

}  // namespace

CallContext context_of_call(std::uint64_t number, std::uint32_t depth,
                            SteadyTime deadline) noexcept {
  CallContext context;
  context.chain_id = number;
  context.deadline = deadline;
  context.depth = std::min<std::uint32_t>(depth, limits::chain_depth);
  return context;
}

Result<Bytes> FarHost::dispatch(const CallContext* parent, std::string_view actor,
                                std::string_view operation, ByteView payload, SteadyTime deadline) {
  // Thread gives up its turn at the stream of calls while it waits, see Turn in runner.cpp.
  const BlockingScope blocking;
  if (!blocking.allowed()) return fail(ErrorCode::busy, "no thread is left to wait for the actor");
  return answer_of(
      stream_->ask(dispatch_frame(parent, actor, operation, payload, deadline), nullptr));
}

void FarHost::dispatch_async(const CallContext* parent, std::string_view actor,
                             std::string_view operation, Bytes payload, SteadyTime deadline,
                             std::function<void(Result<Bytes>)> done) {
  stream_->ask_later(
      dispatch_frame(parent, actor, operation, payload, deadline),
      [done = std::move(done)](Result<Frame> frame) { done(answer_of(std::move(frame))); });
}

void FarLog::write(const LogRecord& record) noexcept {
  try {
    FrameView frame{.kind = FrameKind::log, .deadline = clock_.steady() + log_patience};
    frame.depth = static_cast<std::uint32_t>(record.level);
    std::string target;  // outlives the frame, which only looks at it
    for (const auto& field : record.fields) {
      if (field.name == "target") target = excerpt(field.value, limits::name_bytes);
    }
    frame.first = target;
    frame.payload = as_bytes(record.text);
    static_cast<void>(stream_->tell(frame));
  } catch (...) {  // NOLINT(bugprone-empty-catch): a log line is not worth a process
  }
}

}  // namespace trellis::provider::process
