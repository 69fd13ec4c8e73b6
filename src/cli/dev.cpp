// trellis dev FILE.wasm: one command from a compiled module to a served actor that is replaced each
// time the file changes (DESIGN 9, cli.md 13).
#include <fmt/format.h>

#include <algorithm>
#include <ostream>
#include <set>

#include "base/call_limits.hpp"
#include "base/files.hpp"
#include "cli/build_command.hpp"
#include "cli/dev_signer.hpp"
#include "cli/file_watch.hpp"
#include "cli/host_options.hpp"
#include "cli/key_store.hpp"
#include "cli/printable.hpp"
#include "cli/summary.hpp"

namespace trellis::cli {
namespace {

/// How long Ctrl-C may go unnoticed while files are watched.
constexpr std::chrono::milliseconds watch_slice{200};
constexpr std::chrono::seconds link_settle_time{5};

struct DevOptions {
  std::string file;
  std::uint16_t port = 0;
  DevClaims claims;
  std::string build;
  std::string source = ".";
  HostFlags flags;
};

/// The module that is served, and its next versions. Main thread.
class DevSession {
 public:
  DevSession(Context& context, const DevOptions& options, LocalHost& local, DevSigner signer)
      : context_(context), options_(options), local_(local), signer_(std::move(signer)) {}

  /// Signs what the file holds and puts it to work; says how that went. A module that is no good
  /// changes nothing.
  void load() {
    const auto module = read_file(options_.file, limits::module_bytes);
    if (!module) return complain(module.error());
    const auto next = signer_.sign(as_bytes(*module), options_.claims, revision_ + 1);
    if (!next) return complain(next.error());
    const bool first = revision_ == 0;
    if (auto done = run(next->bytes, first); !done) return complain(done.error());
    ++revision_;
    link_all(next->capabilities);
    first ? announce() : announce_reload();
  }

 private:
  Result<void> run(const Bytes& module, bool first) {
    if (!first) return local_.host().update_actor(signer_.key(), module, options_.file);
    auto key = local_.host().start_actor(
        module, {.min_instances = {}, .max_instances = {}, .limits = {}, .source = options_.file});
    if (!key) return pass(key);
    return {};
  }

  /// Starts the built-in provider of each contract, once, and links the actor to it.
  void link_all(const std::vector<std::string>& contracts) {
    for (const auto& contract : contracts) {
      if (!linked_.insert(contract).second) continue;
      if (auto done = link(contract); !done) {
        context_.err << "Warning: " << contract << ": " << printable(done.error().message) << '\n';
      }
    }
    (void)local_.host().settle(link_settle_time);
    print_link_problems(context_.err, local_.host().links());
  }

  Result<void> link(const std::string& contract) {
    constexpr std::string_view prefix = "wasmcloud:";
    const auto reference =
        "builtin:" + (contract.starts_with(prefix) ? contract.substr(prefix.size()) : contract);
    auto provider = local_.host().start_provider(reference);
    if (!provider) return pass(provider);
    Link made{signer_.key(), contract, "default", *provider, {}};
    if (contract == "wasmcloud:httpserver") {
      made.values["BIND"] = fmt::format("127.0.0.1:{}", options_.port);
    }
    return local_.host().set_link(std::move(made));
  }

  void complain(const Error& error) {
    context_.err << "Error: " << printable(error.message) << '\n';
    if (!error.remedy.empty()) context_.err << "Hint: " << printable(error.remedy) << '\n';
    context_.err << (revision_ == 0 ? std::string("Nothing is served yet")
                                    : fmt::format("Revision {} keeps serving", revision_))
                 << "; waiting for " << options_.file << " to change" << std::endl;
  }

  [[nodiscard]] std::vector<std::string> urls() {
    local_.host().check_health();
    const auto inventory = local_.host().inventory();
    return inventory ? http_urls(*inventory) : std::vector<std::string>{};
  }

  void announce() {
    local_.host().check_health();
    const auto inventory = local_.host().inventory();
    if (!inventory) return complain(inventory.error());
    local_.set_started();
    context_.out << summary(*inventory, local_.host().links(), local_.health_address())
                 << "\nWatching " << options_.file << std::endl;
  }

  void announce_reload() {
    const auto all = urls();
    context_.out << fmt::format("Reloaded as revision {}{}{}", revision_, all.empty() ? "" : ": ",
                                all.empty() ? "" : all.front())
                 << std::endl;
  }

  Context& context_;
  const DevOptions& options_;
  LocalHost& local_;
  const DevSigner signer_;
  std::int32_t revision_ = 0;  // of what runs; 0 = nothing
  std::set<std::string> linked_;
};

/// Builds at the start and whenever a source file changed; does nothing without a command.
class Builder {
 public:
  Builder(Context& context, const DevOptions& options, const StopRequest& stop)
      : context_(context), options_(options), stop_(stop) {
    if (!options_.build.empty()) watch_.emplace(options_.source);
  }

  void build() {
    if (!watch_) return;
    context_.out << "Building: " << options_.build << std::endl;
    const auto done = run_build(options_.build, stop_);
    if (!done) context_.err << "Error: " << printable(done.error().message) << std::endl;
    watch_->drain();
  }
  void build_if_changed() {
    if (watch_ && watch_->changed(std::chrono::milliseconds(0))) build();
  }

 private:
  Context& context_;
  const DevOptions& options_;
  const StopRequest& stop_;
  std::optional<TreeWatch> watch_;
};

Result<LocalHostOptions> dev_host_options(const Context& context, const DevOptions& options) {
  // What actors say is what somebody at work on one wants to see.
  auto made = host_options(context, options.flags, "warn,actor=info,provider=info");
  if (!made) return made;
  made->host.live_updates = true;
  made->host.strict_update_check = false;  // --cap and the module's own claims may change
  return made;
}

Result<> run_dev(Context& context, DevOptions& options) {
  for (auto& contract : options.claims.capabilities) contract = whole_contract(contract);
  const auto stem = stem_of(options.file);
  if (!stem) return std::unexpected(stem.error());
  const auto folder = dev_key_folder(context);
  if (!folder) return std::unexpected(folder.error());
  auto signer = DevSigner::open(*folder, *stem, context.random);
  if (!signer) return pass(signer);
  auto made = dev_host_options(context, options);
  if (!made) return pass(made);
  StopRequest stop;
  auto local = LocalHost::start(context, std::move(*made), stop);
  if (!local) return pass(local);
  Builder builder(context, options, stop);
  builder.build();
  FileWatch watch(options.file);
  DevSession session(context, options, **local, std::move(*signer));
  if (watch.changed(watch_slice)) {
    session.load();
  } else {
    context.err << "Waiting for " << options.file << " to appear" << std::endl;
  }
  while (!stop.requested()) {
    if (watch.changed(watch_slice)) session.load();
    builder.build_if_changed();
  }
  return {};
}

}  // namespace

void add_dev(Command& app, Context& context) {
  auto& leaf = app.add_subcommand(
      "dev", "Sign, serve and watch a module: each change of the file is put to work at once");
  auto options = std::make_shared<DevOptions>();
  leaf.add_option("file", options->file, "WebAssembly module, signed or not")
      .required()
      .completes(ValueKind::file);
  leaf.add_option("-p,--port", options->port, "HTTP port on 127.0.0.1; 0 for any free one");
  leaf.add_option("-c,--cap", options->claims.capabilities,
                  "Capability of the actor: keyvalue, wasmcloud:logging, … (default: the module's "
                  "own, else httpserver, keyvalue, logging, extras)")
      .one_each();
  leaf.add_option("-n,--name", options->claims.name, "Name of the actor");
  leaf.add_option("-b,--build", options->build,
                  "Shell command that makes the file; run at the start and when sources change");
  leaf.add_option("--source", options->source, "Folder of the sources for --build")
      .completes(ValueKind::folder);
  leaf.add_option("--health-addr", options->flags.health_address,
                  "Loopback address for /livez and /readyz: 127.0.0.1:PORT");
  add_socket_options(leaf, options->flags.socket);
  add_log_options(leaf, options->flags);
  leaf.run([options, &context] {
    if (auto done = run_dev(context, *options); !done) print_error(context, {}, done.error());
  });
}

}  // namespace trellis::cli
