// trellis up: a host in the foreground, with what a manifest lists (host.md 12, cli.md 14).
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <ostream>

#include "base/file_output.hpp"
#include "cli/host_options.hpp"
#include "cli/lattice_flags.hpp"
#include "cli/printable.hpp"
#include "cli/summary.hpp"
#include "control/json_text.hpp"
#include "control/reload.hpp"
#include "manifest/manifest.hpp"

namespace trellis::cli {
namespace {

namespace fs = std::filesystem;

/// How long links may take to be bound before the summary says how far they are.
constexpr std::chrono::seconds settle_time{15};

struct UpOptions {
  HostFlags flags;
  LatticeFlags lattice;
  std::string manifest;
  std::string ready_file;
  bool strict = false;
  bool lenient = false;
};

/// A variable that is set but empty counts as set (host.md 11.1), which Context::env does not tell.
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

control::ReloadOptions manifest_options(const UpOptions& options, const StopRequest& stop) {
  return {.file = options.manifest,
          .lookup = manifest_variable,
          .strict = options.strict,
          .lenient = options.lenient,
          .apply = {reference_folders(options), [&stop] { return stop.requested(); }}};
}

Result<manifest::Manifest> load_manifest(Context& context, const UpOptions& options) {
  if (options.manifest.empty()) return manifest::Manifest{};
  auto loaded = manifest::load(options.manifest, manifest_variable,
                               {.file = {}, .strict = options.strict, .lenient = options.lenient});
  if (!loaded) return loaded;
  for (const auto& warning : loaded->warnings) {
    context.err << "Warning: " << printable(warning) << '\n';
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

bool all_bound(const std::vector<LinkInfo>& links) {
  return std::all_of(links.begin(), links.end(),
                     [](const auto& info) { return info.state == LinkState::bound; });
}

/// A file that says for scripts: everything runs now, and here is how to reach it.
class ReadyFile {
 public:
  explicit ReadyFile(std::string path) : path_(std::move(path)) {}
  ~ReadyFile() {
    if (written_) ::unlink(path_.c_str());
  }
  ReadyFile(const ReadyFile&) = delete;
  ReadyFile& operator=(const ReadyFile&) = delete;

  Result<> write(LocalHost& local, const Inventory& inventory) {
    if (path_.empty()) return {};
    const auto text = control::dump_json({{"pid", ::getpid()},
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

/// Applies the manifest and says what came of it. An error means: do not stay.
Result<> bring_up(Context& context, const UpOptions& options, const manifest::Manifest& manifest,
                  LocalHost& local, control::Reloader& reloader, const StopRequest& stop) {
  const auto report = reloader.start(manifest);
  print_failures(context.err, report);
  if (report.failures() > 0 && report.started() == 0) {
    return fail(ErrorCode::unavailable, "nothing of the manifest could be started");
  }
  settle(local.host(), stop);
  const auto links = local.host().links();
  print_link_problems(context.err, links);
  if (options.strict && (report.failures() > 0 || !all_bound(links))) {
    return fail(ErrorCode::unavailable, "not everything in the manifest works",
                "mend what is listed above, or leave out --strict");
  }
  return {};
}

Result<> announce(Context& context, LocalHost& local, ReadyFile& ready_file) {
  local.host().check_health();  // its messages name the addresses of HTTP servers
  const auto inventory = local.host().inventory();
  if (!inventory) return std::unexpected(inventory.error());
  local.set_started();
  context.out << summary(*inventory, local.host().links(), local.health_address()) << std::endl;
  return ready_file.write(local, *inventory);
}

control::Outcome reload_outcome(control::Reloader& reloader) {
  const auto report = reloader.reload();
  if (!report) return std::unexpected(report.error());
  return control::to_json(*report);
}

Result<> run_up(Context& context, const UpOptions& options) {
  const auto manifest = load_manifest(context, options);
  if (!manifest) return std::unexpected(manifest.error());
  auto made = host_options(context, options.flags, "info");
  if (!made) return pass(made);
  StopRequest stop(HangUp::reload);
  auto lattice = lattice_setup(context, options.lattice);
  if (!lattice) return pass(lattice);
  made->host.lattice = std::move(lattice->options);
  made->host.on_stop_order = [&stop] { stop.request(); };
  auto local = LocalHost::start(context, std::move(*made), stop);
  if (!local) return pass(local);
  ReadyFile ready_file(options.ready_file);
  const auto reloader = std::make_shared<control::Reloader>(
      (*local)->host(), manifest_options(options, stop), (*local)->log());
  if (auto up = bring_up(context, options, *manifest, **local, *reloader, stop); !up) return up;
  if (!stop.requested()) {
    if (auto said = announce(context, **local, ready_file); !said) return said;
  }
  (*local)->set_reload([reloader] { return reload_outcome(*reloader); });
  // What became of a reload is in the log; whoever sent the signal sees it there.
  while (stop.wait() == StopRequest::Wish::reload) static_cast<void>(reload_outcome(*reloader));
  (*local)->log().info("stopping");
  return {};
}

}  // namespace

void add_up(Command& app, Context& context) {
  auto& leaf = app.add_subcommand("up", "Run a host in the foreground until Ctrl-C");
  auto options = std::make_shared<UpOptions>();
  leaf.add_option("-m,--manifest", options->manifest,
                  "Actors, providers and links to start with (YAML or JSON)")
      .completes(ValueKind::file);
  leaf.add_flag("--strict", options->strict,
                "End with an error unless everything in the manifest works");
  leaf.add_flag("--lenient", options->lenient,
                "Read the manifest as first-party hosts do: unknown keys of items are warnings, "
                "variables that are not set stay as written");
  leaf.add_option("--ready-file", options->ready_file,
                  "File written (JSON) when all is started, and removed at the end")
      .completes(ValueKind::file);
  add_host_options(leaf, options->flags);
  add_lattice_options(leaf, options->lattice);
  leaf.run([options, &context] {
    if (auto done = run_up(context, *options); !done) print_error(context, {}, done.error());
  });
}

}  // namespace trellis::cli
