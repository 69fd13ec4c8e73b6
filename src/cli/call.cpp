// trellis call ACTOR OPERATION [JSON …] (cli.md 7, with what later versions of the tool have): to
// the host on this machine, or over a lattice.
#include "base/binary_text.hpp"
#include "cli/call_data.hpp"
#include "cli/durations.hpp"
#include "cli/reach.hpp"

namespace trellis::cli {
namespace {

using nlohmann::json;

struct CallOptions {
  CallData data;
  ReachFlags reach;
  std::chrono::milliseconds timeout{0};
};

Result<Bytes> call_local(const Context& context, const CallOptions& options) {
  const auto payload = call_payload(options.data);
  if (!payload) return payload;
  json arguments{{"target", options.data.actor},
                 {"operation", call_operation(options.data)},
                 {"payload", base64_encode(*payload)}};
  // Timeout of 0 is left to the host, which knows the actor's own limit.
  if (options.timeout.count() > 0) arguments["timeout_ms"] = options.timeout.count();
  auto answer = ask_host(context, options.reach.host, {"call", std::move(arguments)},
                         // Patience beyond the call's time: the host's word that it ran out says
                         // more than silence.
                         request_patience + options.timeout);
  if (!answer) return pass(answer);
  auto bytes = base64_decode(text_of(*answer, "payload"));
  if (!bytes) return fail(ErrorCode::malformed, "call: the host's answer has no payload");
  return std::move(*bytes);
}

Result<Bytes> call(const Context& context, const CallOptions& options) {
  const auto reach = reach_of(context, options.reach);
  if (!reach) return pass(reach);
  if (*reach == Reach::local) return call_local(context, options);
  if (!options.reach.host.host.empty()) {
    return fail(ErrorCode::invalid_argument,
                "--host is for a host on this machine: a lattice finds the actor by itself",
                "leave out --host, or --lattice");
  }
  const auto timeout = options.timeout.count() > 0 ? std::optional(options.timeout) : std::nullopt;
  return call_over_lattice(context, options.reach.lattice.connection, options.data, timeout);
}

}  // namespace

void add_call(Command& app, Context& context) {
  auto& leaf = app.add_subcommand("call", "Call an actor and show what it answers");
  auto options = std::make_shared<CallOptions>();
  add_call_data(leaf, options->data);
  add_duration(leaf, "-t,--timeout", options->timeout, std::chrono::milliseconds(1),
               "How long it may take: 2s, 500ms; a bare number: milliseconds; 0: the host's own "
               "limit, 2s over the lattice",
               {.least = {}, .most = std::chrono::hours(1)});
  add_lattice_connection(leaf, options->reach.lattice.connection);
  add_reach_choice(leaf, options->reach);
  add_host_option(leaf, options->reach.host);
  leaf.run([options, output = add_output_options(leaf), &context] {
    const auto answer = call(context, *options);
    if (!answer) return print_error(context, *output, answer.error());
    show_answer(context, *output, options->data, *answer);
  });
}

}  // namespace trellis::cli
