// How far a command reaches: one host of this machine, over its control socket, or all hosts of a
// lattice, over NATS. The same verbs do both; options and the context in use choose.
#pragma once

#include <string>

#include "cli/ctl_common.hpp"
#include "cli/host_client.hpp"

namespace trellis::cli {

/// Which tree of commands a verb is declared in: `trellis VERB`, where options choose, or
/// `trellis ctl VERB`, which always means a lattice.
enum class Tree { any, lattice };

enum class Reach { local, lattice };

/// Lives as long as the command; main thread only.
struct ReachFlags {
  HostChoice host;   ///< of this machine, or of the lattice
  CtlFlags lattice;  ///< where it is, how long to wait
  bool local = false;
  Tree tree = Tree::any;
  const Option* lattice_option = nullptr;  ///< null in the tree of a lattice
};

/// --lattice and --local; the command has the options of a connection already.
void add_reach_choice(Command& leaf, ReachFlags& flags);
/// --lattice, --local, the options of a connection and, of a host on this machine, --socket.
void add_reach_options(Command& leaf, ReachFlags& flags, Tree tree);
/// The options above and --host (`names`: with its other names).
void add_reach_host_options(Command& leaf, ReachFlags& flags, Tree tree,
                            const std::string& names = "--host");

/// Options win: of a lattice, or --local and --socket; then TRELLIS_SOCKET, TRELLIS_CONTEXT and the
/// context in use; without any of them the host on this machine is meant. Errors: invalid_argument
/// where options name both.
[[nodiscard]] Result<Reach> reach_of(const Context& context, const ReachFlags& flags);

/// Whether a word behind --lattice is its value and not the next argument: a URL, an address, or
/// anything with a port.
[[nodiscard]] bool is_server_address(const std::string& word);

/// Runs one of two ways to do the same.
template <class Local, class Lattice, class Options>
Result<Answer> run_where(const Context& context, const ReachFlags& flags, const Options& options,
                         Local local, Lattice lattice) {
  const auto reach = reach_of(context, flags);
  if (!reach) return pass(reach);
  return *reach == Reach::local ? local(context, options) : lattice(context, options);
}

// Verbs that are declared in both trees.
void add_get(Command& app, Context& context, Tree tree);
void add_start(Command& app, Context& context, Tree tree);
void add_stop(Command& app, Context& context, Tree tree);
void add_update(Command& app, Context& context, Tree tree);
void add_scale(Command& app, Context& context, Tree tree);
void add_link(Command& app, Context& context, Tree tree);
void add_watch(Command& app, Context& context);
/// Query of links under two parents: `get links` and `link query`.
void add_links_query(Command& parent, Context& context, Tree tree, const char* name);

}  // namespace trellis::cli
