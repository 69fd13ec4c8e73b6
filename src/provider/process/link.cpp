#include "provider/process/link.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/limits.hpp"
#include "base/text.hpp"
#include "provider/status.hpp"
#include "trellis/provider.h"

namespace trellis::provider::process {
namespace {

/// Printed lines of one process and second, so that a flood fills no disk.
constexpr std::size_t output_lines_per_second = 100;
constexpr std::size_t output_line_bytes = 1024;

Result<Bytes> payload_of(Result<Frame> answer) {
  if (!answer) return pass(answer);
  if (answer->status == TRELLIS_OK) return std::move(answer->payload);
  return fail(ErrorCode::provider_failed,
              clean_text(as_text(answer->payload), limits::provider_text_bytes));
}

}  // namespace

ProcessLink::ProcessLink(Child child, std::shared_ptr<const Clock> clock)
    : clock_(std::move(clock)),
      child_(std::move(child)),
      calls_(std::make_shared<Requester>(child_.take_calls(), clock_, limits::payload_bytes)) {}

Result<std::unique_ptr<ProcessLink>> ProcessLink::start(const ProcessSettings& settings,
                                                        std::shared_ptr<const Clock> clock) {
  auto child = Child::start(settings.command);
  if (!child) return pass(child);
  std::unique_ptr<ProcessLink> made(new ProcessLink(std::move(*child), std::move(clock)));
  const auto deadline = made->clock_->steady() + settings.start_timeout;
  if (auto described = made->ask_description(deadline); !described) return pass(described);
  return made;
}

Result<void> ProcessLink::ask_description(SteadyTime deadline) {
  auto answer =
      payload_of(calls_->ask({.kind = FrameKind::describe, .deadline = deadline}, nullptr));
  // Stream ends when loading ends the process, in a constructor of the library for example; what it
  // printed is then the only reason there is.
  if (!answer && answer.error().code == ErrorCode::cancelled) {
    const auto end = child_.wait(std::chrono::seconds(1)).value_or("closed its streams");
    return fail(ErrorCode::provider_failed,
                fmt::format("the provider's process {} while it was loaded: {}", end,
                            output_.empty() ? "it printed nothing" : output_));
  }
  if (!answer) return pass(answer);
  auto description = codec::decode<PluginDescription>(*answer);
  if (!description) return pass(description);
  description_ = std::move(*description);
  // Texts come from the process and go into logs and answers.
  for (auto* text : {&description_.contract_id, &description_.name, &description_.vendor,
                     &description_.version}) {
    *text = clean_text(*text, limits::name_bytes);
  }
  if (description_.local_values.size() > limits::link_values) {
    return fail(ErrorCode::malformed, "the provider's process names too many local values");
  }
  return {};
}

Result<void> ProcessLink::create(const ProcessSettings& settings, const Options& options,
                                 const std::shared_ptr<Dispatcher>& dispatcher, const Log& log,
                                 std::function<void(const Error&)> broken) {
  // Made before the instance is: a plugin may dispatch, and log, while it is created.
  dispatches_ = std::make_unique<Dispatches>(
      child_.take_dispatches(), options, dispatcher,
      // Weak, because dispatches may end after the stream of calls.
      [calls = std::weak_ptr(calls_)](std::uint64_t number) {
        const auto stream = calls.lock();
        return stream ? stream->context_of(number) : std::nullopt;
      },
      clock_, log, std::move(broken));
  const auto payload = codec::encode(CreateOptions{
      options.response_bytes, static_cast<std::uint64_t>(options.dispatch_timeout.count())});
  FrameView frame{.kind = FrameKind::create, .deadline = clock_->steady() + settings.start_timeout};
  frame.first = std::string_view(options.label).substr(0, limits::name_bytes);
  frame.payload = payload;
  auto answer = payload_of(calls_->ask(frame, nullptr));
  if (!answer) return pass(answer);
  return {};
}

std::string ProcessLink::finish(SteadyTime deadline) {
  // Closed streams are the order to end; the process needs no signal for it.
  calls_->close({ErrorCode::cancelled, "provider is stopping", {}});
  if (dispatches_) dispatches_->close();
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(
      std::max(deadline - clock_->steady(), SteadyTime::duration(0)));
  if (auto end = child_.wait(left)) return *end;
  child_.kill();
  static_cast<void>(child_.wait(std::chrono::seconds(5)));
  return "did not end in time and was killed";
}

void ProcessLink::read_output(const Log& log, const std::string& label) {
  std::array<char, 4096> piece;
  const auto count = ::read(child_.output_descriptor(), piece.data(), piece.size());
  if (count == 0) output_open_ = false;
  if (count <= 0) return;
  output_.append(piece.data(), static_cast<std::size_t>(count));
  if (clock_->steady() - output_second_ >= std::chrono::seconds(1)) {
    output_second_ = clock_->steady();
    output_lines_ = 0;
  }
  std::size_t begin = 0;
  while (true) {
    const auto end = output_.find('\n', begin);
    const bool whole = end != std::string::npos;
    // Line without an end is cut into pieces, so that it takes no memory.
    if (!whole && output_.size() - begin < output_line_bytes) break;
    const auto line =
        std::string_view(output_).substr(begin, (whole ? end : output_.size()) - begin);
    if (++output_lines_ <= output_lines_per_second && !line.empty()) {
      log.write(LogLevel::info, clean_text(line, output_line_bytes),
                {{"provider", label}, {"target", "output"}});
    }
    begin = whole ? end + 1 : output_.size();
  }
  output_.erase(0, begin);
}

}  // namespace trellis::provider::process
