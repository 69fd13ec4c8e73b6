// The choice between a host of this machine and a lattice, made by options, variables and the
// context in use, in one place for all verbs.
#include "cli/reach.hpp"

#include <arpa/inet.h>

#include <algorithm>

#include "base/ascii.hpp"
#include "cli/contexts.hpp"
#include "cli/socket_flags.hpp"
#include "cli/topics.hpp"

namespace trellis::cli {
namespace {

// host:port, by digits behind the last colon: references of images have a path there.
bool ends_with_port(const std::string& word) {
  const auto colon = word.rfind(':');
  if (colon == std::string::npos || colon == 0 || colon + 1 == word.size()) return false;
  return std::all_of(word.begin() + static_cast<std::ptrdiff_t>(colon) + 1, word.end(), is_digit);
}

bool is_ip_address(const std::string& word) {
  in6_addr ignored{};
  return ::inet_pton(AF_INET, word.c_str(), &ignored) == 1 ||
         ::inet_pton(AF_INET6, word.c_str(), &ignored) == 1;
}

}  // namespace

bool is_server_address(const std::string& word) {
  // A word behind --lattice that is no address is the command's own: `--lattice` alone is common.
  return word.contains("://") || word == "localhost" || ends_with_port(word) || is_ip_address(word);
}

void add_reach_choice(Command& leaf, ReachFlags& flags) {
  flags.lattice_option =
      &leaf.add_option(
               "--lattice",
               [&flags](const std::string& url) {
                 if (!url.empty()) flags.lattice.connection.rpc.host = url;
               },
               "On the lattice: at this NATS URL, else that of the context in use, of the "
               "variables, or of this machine's server")
           .value_optional()
           .value_when(is_server_address)
           .value_name("URL")
           .group(where_group);
  leaf.add_flag("--local", flags.local, "On this machine, whatever context is in use")
      .group(where_group);
}

void add_reach_options(Command& leaf, ReachFlags& flags, Tree tree) {
  flags.tree = tree;
  add_ctl_options(leaf, flags.lattice);
  if (tree == Tree::lattice) return;
  add_reach_choice(leaf, flags);
  add_socket_option(leaf, flags.host);
}

void add_reach_host_options(Command& leaf, ReachFlags& flags, Tree tree, const std::string& names) {
  leaf.add_option(names, flags.host.host,
                  tree == Tree::lattice
                      ? "Which host: id, name, label (zone=a), or the beginning of its id"
                      : "Which host: id, name, label (zone=a), the beginning of its id, or, on "
                        "this machine, its process id")
      .completes(ValueKind::host)
      .group(where_group);
  add_reach_options(leaf, flags, tree);
}

Result<Reach> reach_of(const Context& context, const ReachFlags& flags) {
  // Order: what the command line says, then variables, then the context in use. The nearer to the
  // user's hand, the stronger.
  if (flags.tree == Tree::lattice) return Reach::lattice;
  // Any option of the lattice's connection means a lattice, without --lattice.
  const bool lattice = flags.lattice_option->count() > 0 || flags.lattice.connection.chosen();
  const bool local = flags.local || !flags.host.socket.empty();
  if (lattice && local) {
    return fail(ErrorCode::invalid_argument,
                "some of the options mean a lattice, others a host on this machine",
                "leave out --local and --socket, or the options of the lattice");
  }
  if (lattice) return Reach::lattice;
  // The socket's variable is about one host: whoever set it works on that one.
  if (local || context.env(socket_variable)) return Reach::local;
  if (context.env("TRELLIS_CONTEXT")) return Reach::lattice;
  const auto used = ContextStore(context).in_use();
  if (!used) return pass(used);
  return *used ? Reach::lattice : Reach::local;
}

}  // namespace trellis::cli
