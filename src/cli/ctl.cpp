// trellis ctl: the verbs of first-party tools, which always mean a lattice.
#include "cli/reach.hpp"

namespace trellis::cli {

void add_ctl(Command& app, Context& context) {
  auto& ctl = app.add_subcommand(
      "ctl", "The same verbs, always on a lattice and with the options of first-party tools");
  ctl.require_subcommand();
  for (const auto add : {add_get, add_start, add_stop, add_update, add_scale, add_link}) {
    add(ctl, context, Tree::lattice);
  }
  add_ctl_call(ctl, context);
  add_watch(ctl, context);
}

}  // namespace trellis::cli
