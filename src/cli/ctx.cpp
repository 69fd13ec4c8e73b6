// trellis ctx add|use|list|show|rm: connections to lattices under a name.
#include <fmt/format.h>

#include "base/text.hpp"
#include "cli/columns.hpp"
#include "cli/contexts.hpp"
#include "cli/ctl_common.hpp"

namespace trellis::cli {
namespace {

using nlohmann::json;

struct CtxOptions {
  std::string name;
  LatticeConnection connection;
  std::string from_nats;
  bool replace = false;
  bool use = false;
  bool none = false;
};

// Context as options and variables of this moment say it.
Result<SavedContext> made_of_options(const Context& context, const CtxOptions& options) {
  // Copied, not referred to: later changes of the nats tool's context do not follow.
  if (!options.from_nats.empty()) {
    return ContextStore(context).load(std::string(nats_prefix) + options.from_nats);
  }
  auto connection = connection_of_options(context, options.connection);
  if (!connection) return pass(connection);
  return SavedContext{.ns = std::move(connection->ns),
                      .rpc = std::move(connection->rpc),
                      .control = std::move(connection->control)};
}

Result<Answer> add_context(const Context& context, const CtxOptions& options) {
  const ContextStore store(context);
  const auto saved = made_of_options(context, options);
  if (!saved) return pass(saved);
  if (auto kept = store.save(options.name, *saved, options.replace); !kept) return pass(kept);
  // Saved first: using one that could not be saved would break every command.
  if (options.use) {
    if (auto used = store.use(options.name); !used) return pass(used);
  }
  return Answer{
      fmt::format(
          "Context {} connects to {}{}", options.name, without_login(saved->rpc.servers.front()),
          options.use ? " and is in use" : "; use it with: trellis ctx use " + options.name),
      {{"name", options.name}, {"in_use", options.use}}};
}

Result<Answer> use_context(const Context& context, const CtxOptions& options) {
  const ContextStore store(context);
  // Exactly one of the two.
  if (options.none == !options.name.empty()) {
    return fail(ErrorCode::invalid_argument, "which context is to be used?",
                "give the name of one, or --none");
  }
  if (auto done = options.none ? store.use_none() : store.use(options.name); !done) {
    return pass(done);
  }
  // Null in the JSON: a name could be "none".
  if (options.none) return Answer{"No context is in use", {{"in_use", nullptr}}};
  return Answer{fmt::format("Context {} is in use", options.name), {{"in_use", options.name}}};
}

// Kind of login, never the secret; in the order in which a connection takes them.
std::string login_of(const NatsOptions& nats) {
  if (!nats.jwt.empty()) return "jwt";
  if (!nats.creds_file.empty()) return "creds";
  if (!nats.seed.empty()) return "nkey";
  if (!nats.user.empty()) return nats.user;
  return nats.token.empty() ? "none" : "token";
}

Result<Answer> list_contexts(const Context& context) {
  const ContextStore store(context);
  const auto used = store.in_use();
  if (!used) return pass(used);
  Columns table({"", "Name", "Server", "Namespace", "Login"});
  auto all = json::array();
  for (const auto& name : store.names()) {
    const auto saved = store.load(name);
    const bool in_use = *used == name;
    // A context that cannot be read is listed with its error: leaving it out would hide what is to
    // be mended.
    auto entry = saved ? saved->without_secrets() : json{{"error", saved.error().message}};
    if (saved) {
      std::vector<std::string> urls;
      for (const auto& url : saved->rpc.servers) urls.push_back(without_login(url));
      table.row({in_use ? "*" : "", name, join(urls, ","), saved->ns, login_of(saved->rpc)});
    } else {
      table.row({in_use ? "*" : "", name, saved.error().message});
    }
    entry["name"] = name;
    entry["in_use"] = in_use;
    all.push_back(std::move(entry));
  }
  return Answer{
      table.empty() ? "No contexts; make one: trellis ctx add NAME --rpc-host URL" : table.text(),
      {{"contexts", std::move(all)}}};
}

Result<Answer> show_context(const Context& context, const CtxOptions& options) {
  const ContextStore store(context);
  auto name = options.name;
  if (name.empty()) {
    const auto used = store.in_use();
    if (!used) return pass(used);
    if (!*used) {
      return fail(ErrorCode::not_found, "no context is in use", "trellis ctx list shows them");
    }
    name = **used;
  }
  const auto saved = store.load(name);
  if (!saved) return pass(saved);
  auto about = saved->without_secrets();
  about["name"] = name;
  return Answer{about.dump(2, ' ', false, json::error_handler_t::replace), std::move(about)};
}

Result<Answer> remove_context(const Context& context, const CtxOptions& options) {
  if (auto done = ContextStore(context).remove(options.name); !done) return pass(done);
  return Answer{fmt::format("Removed context {}", options.name), {{"name", options.name}}};
}

}  // namespace

void add_ctx(Command& app, Context& context) {
  auto& ctx = app.add_subcommand("ctx", "Keep connections to lattices under a name");
  ctx.require_subcommand();
  // Four of the commands differ only in their options and work.
  const auto leaf_of = [&](const char* name, const char* help, auto run, auto extend) {
    auto& leaf = ctx.add_subcommand(name, help);
    auto options = std::make_shared<CtxOptions>();
    extend(leaf, *options);
    add_action_leaf(leaf, context,
                    [options, run, &context](auto&) { return run(context, *options); });
  };
  const auto named = [](Command& leaf, CtxOptions& options) {
    leaf.add_option("name", options.name, "Name of the context").required();
  };
  leaf_of("add", "Keep the connection that options and variables say", add_context,
          [&](Command& leaf, CtxOptions& options) {
            named(leaf, options);
            leaf.add_option("--from-nats", options.from_nats,
                            "Take it from this context of the nats tool (~/.config/nats/context)");
            leaf.add_flag("--replace", options.replace, "Also when there is one of that name");
            leaf.add_flag("--use", options.use, "Use it from now on");
            add_lattice_connection(leaf, options.connection, false);
          });
  leaf_of("use", "Have commands use this one when no option or variable names a server",
          use_context, [](Command& leaf, CtxOptions& options) {
            leaf.add_option("name", options.name, "Name of the context, or nats:NAME");
            leaf.add_flag("--none", options.none, "Use none any more");
          });
  leaf_of("rm", "Forget a context", remove_context, named);
  auto& list_leaf = ctx.add_subcommand("list", "Contexts there are, those of the nats tool too");
  add_leaf(list_leaf, context, [&context](auto&) { return list_contexts(context); });
  auto& show_leaf = ctx.add_subcommand("show", "What a context says, without its secrets");
  auto options = std::make_shared<CtxOptions>();
  show_leaf.add_option("name", options->name, "Name of the context; without one, that in use");
  add_leaf(show_leaf, context,
           [options, &context](auto&) { return show_context(context, *options); });
}

}  // namespace trellis::cli
