// trellis dev FILE.wasm…: one command from compiled modules to served actors that are replaced each
// time a file changes (cli.md 13).
#include <fmt/format.h>

#include <filesystem>
#include <ostream>
#include <set>
#include <system_error>

#include "cli/contracts.hpp"
#include "cli/dev_builder.hpp"
#include "cli/dev_session.hpp"
#include "cli/host_options.hpp"
#include "cli/printable.hpp"

namespace trellis::cli {
namespace {

namespace fs = std::filesystem;

/// Time for which Ctrl-C may go unnoticed while files are watched.
constexpr std::chrono::milliseconds watch_slice{200};

struct DevCommand {
  DevOptions session;
  std::vector<std::string> links;
  std::string build;
  std::string source = ".";
  HostFlags flags;
};

Result<LocalHostOptions> dev_host_options(const Context& context, DevCommand& command) {
  // Log of actors is shown in full: they are what somebody at work on one wants to see; links are
  // told about anyway.
  command.flags.local_time = true;
  auto made = host_options(context, command.flags, "warn,host=error,actor=info,provider=info");
  if (!made) return made;
  // A new module takes the place of the running one: that is the whole point, and the key is made
  // for development.
  made->host.live_updates = true;
  made->host.strict_update_check = false;  // --cap and the module's own claims may change
  return made;
}

/// Folders for references: that of the command, then that of the manifest.
std::vector<fs::path> manifest_folders(const std::string& manifest) {
  std::error_code ignored;
  std::vector<fs::path> folders{fs::current_path(ignored)};
  if (manifest.empty()) return folders;
  auto beside = fs::absolute(manifest, ignored).parent_path();
  if (beside != folders.front()) folders.push_back(std::move(beside));
  return folders;
}

Result<void> read_links(DevCommand& command) {
  std::set<std::string> contracts;
  for (const auto& text : command.links) {
    auto link = parse_dev_link(text);
    if (!link) return pass(link);
    // Contracts of a library are known only when it is opened; two of those are found by the host.
    if (!link->contract.empty() && !contracts.insert(link->contract).second) {
      return fail(ErrorCode::invalid_argument,
                  fmt::format("there are two --link for {}", link->contract),
                  "give one, or use a manifest with named links: -m FILE");
    }
    command.session.links.push_back(std::move(*link));
  }
  return {};
}

/// Takes the files of a project as `trellis new` makes them, where nothing is named.
void take_project(DevCommand& command) {
  auto& session = command.session;
  std::error_code ignored;
  if (!session.files.empty() || !session.manifest.empty() || !fs::exists("build.sh", ignored)) {
    return;
  }
  if (fs::exists("manifest.yaml", ignored)) {
    session.manifest = "manifest.yaml";
  } else {
    session.files = {fs::current_path(ignored).filename().string() + ".wasm"};
  }
  if (command.build.empty()) command.build = "./build.sh";
}

Result<void> read_options(Context& context, DevCommand& command) {
  auto& session = command.session;
  take_project(command);
  if (session.files.empty() && session.manifest.empty()) {
    return fail(
        ErrorCode::invalid_argument, "nothing to serve is named, and here is no build.sh",
        "give a module or a manifest: trellis dev FILE.wasm, trellis dev -m FILE; or make a "
        "project: trellis new NAME");
  }
  if (command.build.empty() && command.source != ".") {
    return fail(ErrorCode::invalid_argument, "--source does nothing without --build",
                "say how to build: --build COMMAND");
  }
  if (!session.claims.name.empty() && session.files.size() != 1) {
    return fail(ErrorCode::invalid_argument, "--name is for one module",
                "leave it out: each is called as its file is");
  }
  for (auto& contract : session.claims.capabilities) contract = manifest::full_contract(contract);
  if (auto links = read_links(command); !links) return links;
  warn_of_odd_contracts(context, session.claims.capabilities);
  session.folders = manifest_folders(session.manifest);
  return {};
}

Result<void> run_dev(Context& context, DevCommand& command) {
  if (auto read = read_options(context, command); !read) return read;
  auto made = dev_host_options(context, command);
  if (!made) return pass(made);
  StopRequest stop;
  auto local = LocalHost::start(context, std::move(*made), stop);
  if (!local) return pass(local);
  DevSession session(context, command.session, **local);
  // Session before builder: it knows the files, whose own changes must not start a build.
  if (auto opened = session.open(); !opened) return opened;
  DevBuilder builder(context, {command.build, command.source, session.files()}, stop,
                     [&session] { session.tell_what_serves(); });
  builder.build();
  // First look ends the command when it fails: a taken port is told before anybody waits for a
  // page.
  if (auto looked = session.look(watch_slice); !looked) return looked;
  session.tell_what_is_missing();
  while (!stop.requested()) {
    if (auto looked = session.look(watch_slice); !looked) return looked;
    builder.build_if_changed();
  }
  return {};
}

void add_module_options(Command& leaf, DevCommand& command) {
  auto& session = command.session;
  leaf.add_option("files", session.files,
                  "WebAssembly modules, signed or not; without any, in a project of `trellis new`, "
                  "its own")
      .value_name("FILE")
      .completes(ValueKind::file);
  leaf.add_option("-m,--manifest", session.manifest,
                  "Manifest with more: its modules are served and watched, too, with its providers "
                  "and links")
      .existing_file();
  leaf.add_option("-p,--port", session.port,
                  "HTTP port on 127.0.0.1 of the first module, the others get the next ones; 0 for "
                  "any free ones")
      .show_default();
  leaf.add_option("-c,--cap", session.claims.capabilities,
                  "Capability of the actor: keyvalue, wasmcloud:logging, … (default: the module's "
                  "own, else httpserver, keyvalue, logging, extras and what --link says)")
      .one_each();
  leaf.add_option("--link", command.links,
                  "What a contract is linked to, and with which values: CONTRACT[,KEY=VALUE…], "
                  "builtin:NAME[,…] or FILE.so[,…]; repeatable. A comma that KEY= does not follow "
                  "belongs to the value")
      .one_each()
      .value_name("LINK");
  leaf.add_option("-n,--name", session.claims.name, "Name of the actor");
}

}  // namespace

void add_dev(Command& app, Context& context) {
  auto& leaf = app.add_subcommand(
      "dev", "Sign, serve and watch modules: each change of a file is put to work at once");
  auto command = std::make_shared<DevCommand>();
  add_module_options(leaf, *command);
  leaf.add_option("-b,--build", command->build,
                  "Shell command that makes the files; run at the start and when sources change");
  leaf.add_option("--source", command->source, "Folder of the sources for --build")
      .existing_folder();
  leaf.add_option("--health-addr", command->flags.health_address,
                  "Loopback address for /livez and /readyz: 127.0.0.1:PORT");
  add_socket_options(leaf, command->flags.socket);
  add_log_options(leaf, command->flags);
  leaf.run([command, &context] {
    // Quiet: the session writes freely, and this is where it goes.
    std::ostream nowhere(nullptr);
    auto silent = Context{.clock = context.clock,
                          .random = context.random,
                          .env = context.env,
                          .out = nowhere,
                          .err = context.err,
                          .error_colour = context.error_colour,
                          .verbose = context.verbose,
                          .quiet = true};
    auto done = run_dev(context.quiet ? silent : context, *command);
    if (!done) print_error(context, {}, done.error());
  });
}

}  // namespace trellis::cli
