// trellis up: a host in the foreground, with what a manifest lists (host.md 12, cli.md 14).
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <ostream>
#include <utility>

#include "admin/socket/reloading.hpp"
#include "apply/reload.hpp"
#include "base/file_output.hpp"
#include "cli/dev_links.hpp"
#include "cli/host_options.hpp"
#include "cli/lattice_flags.hpp"
#include "cli/printable.hpp"
#include "cli/summary.hpp"
#include "json/json_text.hpp"
#include "manifest/manifest.hpp"

namespace trellis::cli {
namespace {

namespace fs = std::filesystem;

/// Time that links may take to be bound before the summary says how far they are.
constexpr std::chrono::seconds settle_time{15};

struct UpOptions {
  HostFlags flags;
  LatticeFlags lattice;
  std::string manifest;
  std::string ready_file;
  std::optional<bool> strict;  ///< --strict, or --keep-going
  bool lenient = false;
  std::vector<std::string> files;
  std::vector<std::string> links;
};

/// Tolerance: which problems end a host that has just been started (host.md 11.2).
enum class Tolerance {
  none,       ///< --strict: everything must work, links of the lattice too
  elsewhere,  ///< nobody watches: what has failed does, what is another host's matter does not
  all         ///< a person watches, or --keep-going
};

Tolerance tolerance_of(const UpOptions& options) {
  if (options.strict) return *options.strict ? Tolerance::none : Tolerance::all;
  return ::isatty(STDOUT_FILENO) == 1 ? Tolerance::all : Tolerance::elsewhere;
}

/// Value of a variable; one that is set but empty counts as set (host.md 11.1), which Context::env
/// does not tell.
std::optional<std::string> manifest_variable(std::string_view name) {
  const char* value = std::getenv(std::string(name).c_str());
  if (value == nullptr) return std::nullopt;
  return value;
}

std::vector<fs::path> reference_folders(const UpOptions& options) {
  std::error_code problem;
  const auto here = fs::current_path(problem);
  if (options.manifest.empty()) return {here};
  auto beside = fs::absolute(options.manifest, problem).parent_path();
  if (beside == here) return {here};
  return {here, std::move(beside)};
}

apply::ReloadOptions manifest_options(const UpOptions& options, manifest::Manifest extra,
                                      const StopRequest& stop) {
  return {.file = options.manifest,
          .lookup = manifest_variable,
          .strict = options.strict.value_or(false),
          .lenient = options.lenient,
          .extra = std::move(extra),
          .folders = reference_folders(options),
          .cancelled = [&stop] { return stop.requested(); }};
}

/// Items of the command line beside the manifest: files, and links of all of them.
Result<manifest::Manifest> command_line_items(const UpOptions& options) {
  manifest::Manifest items;
  items.file = "command line";
  if (options.files.empty() && !options.links.empty()) {
    return fail(ErrorCode::invalid_argument,
                "--link is for actors on the command line, and there are none",
                "name a file: trellis up actor.wasm --link keyvalue");
  }
  std::vector<DevLink> links;
  for (const auto& text : options.links) {
    auto link = parse_dev_link(text);
    if (!link) return pass(link);
    if (!link->provider.empty()) {
      manifest::Capability provider;
      provider.image_ref = link->provider;
      items.capabilities.push_back(std::move(provider));
    }
    links.push_back(std::move(*link));
  }
  for (const auto& file : options.files) {
    manifest::Actor actor;
    actor.ref = file;
    items.actors.push_back(std::move(actor));
    for (const auto& link : links) {
      items.links.push_back({.actor = file,
                             .contract_id = link.contract,
                             .provider_id = link.provider,
                             .values = link.values});
    }
  }
  return items;
}

Result<manifest::Manifest> load_manifest(Context& context, const UpOptions& options) {
  if (options.manifest.empty()) return manifest::Manifest{};
  auto loaded = manifest::load(
      options.manifest, manifest_variable,
      {.file = {}, .strict = options.strict.value_or(false), .lenient = options.lenient});
  if (!loaded) return loaded;
  for (const auto& warning : loaded->warnings) {
    say(context, Label::warning, printable(warning));
  }
  return loaded;
}

/// Waits for the links in slices, so that Ctrl-C is not kept waiting.
void settle(Host& host, const StopRequest& stop) {
  const auto end = std::chrono::steady_clock::now() + settle_time;
  while (!stop.requested() && std::chrono::steady_clock::now() < end) {
    if (host.settle(std::chrono::milliseconds(100))) return;
  }
}

/// Links that manifests set and that carry nothing.
std::vector<LinkInfo> unbound_links(Host& host, const apply::Reloader& reloader,
                                    Tolerance tolerance) {
  const auto ours = reloader.links();
  auto links = host.links();
  std::erase_if(links, [&](const LinkInfo& info) {
    const bool fine = info.state == LinkState::bound ||
                      (info.state == LinkState::elsewhere && tolerance != Tolerance::none);
    return fine || !ours.contains(apply::slot_of(info.link));
  });
  return links;
}

/// Start: what came of the manifest.
struct Start {
  apply::ApplyReport report;
  std::vector<LinkInfo> unbound;

  [[nodiscard]] std::size_t problems() const { return report.failures() + unbound.size(); }
  /// Whether there is nothing worth staying for.
  [[nodiscard]] bool is_empty() const { return report.failures() > 0 && report.started() == 0; }
  void print(Context& context) const {
    print_failures(context, report);
    print_link_problems(context, unbound);
  }
};

/// Ready file, which says for scripts: everything runs now, and here is how to reach it.
class ReadyFile {
 public:
  explicit ReadyFile(std::string path) : path_(std::move(path)) {}
  ~ReadyFile() {
    // Only if it was written: a file of that name may be another host's.
    if (written_) ::unlink(path_.c_str());
  }
  ReadyFile(const ReadyFile&) = delete;
  ReadyFile& operator=(const ReadyFile&) = delete;

  Result<void> write(LocalHost& local, const Inventory& inventory) {
    if (path_.empty()) return {};
    const auto text = dump_json({{"pid", ::getpid()},
                                 {"host_id", inventory.host_id},
                                 {"control", local.control_path()},
                                 {"health", local.health_address()},
                                 {"urls", http_urls(inventory)}}) +
                      "\n";
    auto done = write_file(path_, as_bytes(text));
    written_ = done.has_value();
    return done;
  }

 private:
  const std::string path_;
  bool written_ = false;
};

/// Applies the manifest and sees what comes of it. Links are not waited for where nothing runs.
Start bring_up(const UpOptions& options, const manifest::Manifest& manifest, LocalHost& local,
               apply::Reloader& reloader, const StopRequest& stop) {
  Start start{reloader.start(manifest), {}};
  if (start.is_empty()) return start;
  settle(local.host(), stop);
  start.unbound = unbound_links(local.host(), reloader, tolerance_of(options));
  return start;
}

/// Verdict: why the host does not stay, as the last line of all; empty when it does.
std::string verdict(const Start& start, const UpOptions& options) {
  const auto count = problem_count(start.problems());
  if (start.is_empty()) {
    return count + ", listed above; nothing of the manifest could be started, so the host stopped";
  }
  if (start.problems() == 0 || tolerance_of(options) == Tolerance::all) return {};
  return count + ", listed above; the host stopped (--keep-going goes on with what works)";
}

Result<void> announce(Context& context, LocalHost& local, const Start& start,
                      ReadyFile& ready_file) {
  local.host().check_health();  // its messages name the addresses of HTTP servers
  const auto inventory = local.host().inventory();
  if (!inventory) return pass(inventory);
  // Ready before the summary is written: whoever reads the last line finds it so.
  local.set_started();
  if (context.quiet) return ready_file.write(local, *inventory);
  context.out << summary(*inventory, local.host().links(), local.health_address(),
                         display_of(context, false))
              << std::endl;
  start.print(context);
  const auto count = problem_count(start.problems());
  context.out << (start.problems() == 0 ? "No problems" : count + ", listed above") << std::endl;
  return ready_file.write(local, *inventory);
}

/// Runs until the host is told to end. Gives the verdict when it ended before.
Result<std::string> run_up(Context& context, const UpOptions& options) {
  // Everything that can be wrong on the command line and in the manifest is told before anything
  // starts.
  const auto extra = command_line_items(options);
  if (!extra) return pass(extra);
  auto manifest = load_manifest(context, options);
  if (!manifest) return pass(manifest);
  manifest::append(*manifest, *extra);
  auto made = host_options(context, options.flags, "info");
  if (!made) return pass(made);
  // Before the host's first thread: it blocks signals, which threads inherit. It outlives the host,
  // whose threads call it.
  StopRequest stop(HangUp::reload);
  auto lattice = lattice_setup(context, options.lattice);
  if (!lattice) return pass(lattice);
  made->host.lattice = std::move(lattice->options);
  made->host.on_stop_order = [&stop] { stop.request(); };
  auto local = LocalHost::start(context, std::move(*made), stop);
  if (!local) return pass(local);
  // After the host, so that it is removed before the host ends: nobody connects to one that is
  // going.
  ReadyFile ready_file(options.ready_file);
  const auto reloader = std::make_shared<apply::Reloader>(
      (*local)->host(), manifest_options(options, *extra, stop), (*local)->log());
  // The host answers already while this runs, and says that it is starting.
  const auto start = bring_up(options, *manifest, **local, *reloader, stop);
  if (auto why = verdict(start, options); !why.empty() && !stop.requested()) {
    start.print(context);
    return why;
  }
  if (!stop.requested()) {
    if (auto said = announce(context, **local, start, ready_file); !said) return pass(said);
  }
  // From here on only; before, callers are told to wait until the host has started.
  (*local)->set_reload([reloader](const admin::Request& request) {
    return admin::serve_reload(*reloader, request);
  });
  // Result of a reload is in the log; whoever sent the signal sees it there.
  while (stop.wait() == StopRequest::Wish::reload) static_cast<void>(reloader->reload());
  (*local)->log().info("stopping");
  return std::string();
}

}  // namespace

void add_up(Command& app, Context& context) {
  auto& leaf = app.add_subcommand("up", "Run a host in the foreground until Ctrl-C");
  auto options = std::make_shared<UpOptions>();
  leaf.add_option("-m,--manifest", options->manifest,
                  "Actors, providers and links to start with (YAML or JSON)")
      .completes(ValueKind::file);
  leaf.add_option("file", options->files, "Actors to start as well: signed modules, or images")
      .completes(ValueKind::file);
  leaf.add_option(
          "--link", options->links,
          "Link of these actors: CONTRACT[,KEY=VALUE...], or a provider in the place of the "
          "contract (builtin:NAME, a library, an archive); contracts may be short (keyvalue)")
      .one_each()
      .value_name("LINK");
  leaf.add_flag(
      "--strict", [options] { options->strict = true; },
      "End with an error unless everything in the manifest works, warnings included; when the "
      "output is no terminal, problems end the host also without this");
  leaf.add_flag(
      "--keep-going,--no-strict", [options] { options->strict = false; },
      "Stay with what works, as first-party hosts do, also when the output is no terminal");
  leaf.add_flag("--lenient", options->lenient,
                "Read the manifest as first-party hosts do: unknown keys of items are warnings, "
                "variables that are not set stay as written");
  leaf.add_option("--ready-file", options->ready_file,
                  "File written (JSON) when all is started, and removed at the end")
      .completes(ValueKind::file);
  add_host_options(leaf, options->flags);
  add_lattice_options(leaf, options->lattice);
  leaf.run([options, &context] {
    const auto done = run_up(context, *options);
    if (!done) return print_error(context, {}, done.error());
    if (done->empty()) return;
    context.err << *done << std::endl;
    context.exit_code = 1;
  });
}

}  // namespace trellis::cli
