// trellis ctl call ACTOR OPERATION [JSON …] (cli.md 6 and 7).
#include "cli/ctl_common.hpp"

namespace trellis::cli {
namespace {

struct CtlCallOptions {
  CtlFlags flags;
  CallData data;
};

Result<Bytes> call(const Context& context, const CtlCallOptions& options) {
  const auto payload = call_payload(options.data);
  if (!payload) return payload;
  auto client = connect_lattice(context, options.flags);
  if (!client) return pass(client);
  const auto key = (*client)->resolve_actor(options.data.actor);
  if (!key) return pass(key);
  auto answer = (*client)->call(*key, call_operation(options.data), *payload);
  // Prefix of the first-party tool (cli.md 7).
  if (!answer) answer.error().message.insert(0, "invoking actor: ");
  return answer;
}

}  // namespace

void add_ctl_call(Command& ctl, Context& context) {
  auto& leaf = ctl.add_subcommand("call", "Call an actor, wherever it runs");
  auto options = std::make_shared<CtlCallOptions>();
  add_call_data(leaf, options->data);
  add_ctl_options(leaf, options->flags);
  leaf.run([options, output = add_output_options(leaf), &context] {
    const auto answer = call(context, *options);
    if (!answer) return print_error(context, *output, answer.error());
    show_answer(context, *output, options->data, *answer);
  });
}

}  // namespace trellis::cli
