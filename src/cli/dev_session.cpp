#include "cli/dev_session.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <ostream>
#include <system_error>
#include <utility>

#include "apply/execute.hpp"
#include "apply/plan.hpp"
#include "apply/resolve.hpp"
#include "base/call_limits.hpp"
#include "base/files.hpp"
#include "cli/contracts.hpp"
#include "cli/folders.hpp"
#include "cli/printable.hpp"
#include "cli/summary.hpp"

namespace trellis::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds link_settle_time{5};

std::string whole_path(const std::string& file) {
  std::error_code ignored;
  return fs::weakly_canonical(fs::absolute(file, ignored), ignored).string();
}

/// Value of a variable; one that is set but empty counts as set (host.md 11.1).
std::optional<std::string> dev_variable(std::string_view name) {
  const char* value = std::getenv(std::string(name).c_str());
  if (value == nullptr) return std::nullopt;
  return value;
}

/// File that a reference means, which may still have to be built; nothing for an image.
std::optional<std::string> module_file(const std::vector<fs::path>& folders,
                                       const std::string& reference) {
  std::error_code ignored;
  for (const auto& folder : folders) {
    const auto file = folder / reference;
    if (fs::exists(file, ignored)) return file.lexically_normal().string();
  }
  if (!reference.ends_with(".wasm")) return std::nullopt;
  return (folders.front() / reference).lexically_normal().string();
}

}  // namespace

Result<std::vector<std::string>> DevActor::load(Host& host, const DevClaims& claims) {
  const auto module = read_file(file_, limits::module_bytes);
  if (!module) return pass(module);
  auto next = signer_.sign(as_bytes(*module), claims, revision_ + 1);
  if (!next) return pass(next);
  // Revision 0: nothing works yet, so that this is a start. It counts only successes, and each
  // update needs a larger one.
  if (revision_ == 0) {
    auto how = options;
    how.source = file_;
    if (auto started = host.start_actor(next->bytes, how); !started) return pass(started);
  } else if (auto done = host.update_actor(key(), next->bytes, file_); !done) {
    return pass(done);
  }
  ++revision_;
  return std::move(next->capabilities);
}

/// Target of the manifest, in front of the real one: modules under development are started by the
/// session, under keys of their own; all else of a manifest as usual.
class DevSession::Target final : public apply::Target {
 public:
  explicit Target(DevSession& session) : session_(session), real_(session.local_.host()) {}

  Result<ActorPreview> inspect_actor(const std::string& reference) const override {
    const auto* actor = session_.find(reference);
    if (actor == nullptr) return real_.inspect_actor(reference);
    // Unavailable: links to it are skipped for now, and applied again with its first module.
    if (actor->revision() == 0) return nothing_works_yet();
    ActorPreview preview;  // without a hash: its module is the session's own concern
    preview.identity.key = actor->key();
    return preview;
  }
  Result<ProviderPreview> inspect_provider(const std::string& reference,
                                           ProviderMode mode) const override {
    return real_.inspect_provider(reference, mode);
  }

  Result<std::string> start_actor(const std::string& reference, ActorOptions options) override {
    auto* actor = session_.find(reference);
    if (actor == nullptr) return real_.start_actor(reference, std::move(options));
    actor->options = std::move(options);
    if (actor->revision() > 0) return actor->key();
    return nothing_works_yet();
  }
  Result<void> scale_actor(const std::string& key, const ActorOptions& options) override {
    for (const auto& actor : session_.actors_) {
      if (actor->key() == key) actor->options = options;
    }
    return real_.scale_actor(key, options);
  }
  std::span<const BuiltinProvider> builtins() const override { return real_.builtins(); }
  void merge_labels(const std::map<std::string, std::string>& labels) override {
    real_.merge_labels(labels);
  }
  Result<void> update_actor(const std::string& key, const std::string& reference) override {
    return real_.update_actor(key, reference);
  }
  Result<void> stop_actor(const std::string& key) override {
    for (const auto& actor : session_.actors_) {
      if (actor->key() == key) return {};  // changed settings wait for the next start
    }
    return real_.stop_actor(key);
  }
  Result<std::string> start_provider(const std::string& reference,
                                     const ProviderOptions& options) override {
    return real_.start_provider(reference, options);
  }
  Result<void> stop_provider(const std::string& key, const std::string& link_name) override {
    return real_.stop_provider(key, link_name);
  }
  Result<void> set_link(Link link) override {
    // Links of the manifest win: the session must not define the same one with usual values.
    if (link.link_name == "default") session_.linked_.emplace(link.actor, link.contract_id);
    return real_.set_link(std::move(link));
  }
  Result<void> remove_link(const Link& link) override { return real_.remove_link(link); }
  Result<Inventory> inventory() const override { return real_.inventory(); }
  std::vector<LinkInfo> links() const override { return real_.links(); }

 private:
  static std::unexpected<Error> nothing_works_yet() {
    return fail(ErrorCode::unavailable, "there is no module that works yet",
                "it is started when there is one");
  }

  DevSession& session_;
  apply::HostTarget real_;
};

DevSession::DevSession(Context& context, const DevOptions& options, LocalHost& local)
    : context_(context),
      options_(options),
      local_(local),
      linker_(local.host(), options.links, options.port, folders(context.env).state / "dev") {}

Result<void> DevSession::open() {
  if (auto started = linker_.start_wished(); !started) return started;
  // Watched after the start: the library that runs is the one that counts as seen.
  for (const auto& link : options_.links) watch_provider(link.provider);
  for (const auto& file : options_.files) {
    if (auto added = add_actor(file); !added) return added;
  }
  if (options_.manifest.empty()) return {};
  manifest_watch_.emplace(options_.manifest);
  // First look takes the state as it is; only later changes are news.
  static_cast<void>(manifest_watch_->changed(std::chrono::milliseconds(0)));
  return read_manifest();
}

Result<void> DevSession::add_actor(const std::string& file) {
  // Named on the command line and in the manifest: one actor.
  if (find(whole_path(file)) != nullptr) return {};
  const auto folder = dev_key_folder(context_);
  if (!folder) return pass(folder);
  auto signer = DevSigner::open(context_, *folder, file);
  if (!signer) return pass(signer);
  actors_.push_back(std::make_unique<DevActor>(file, std::move(*signer)));
  return {};
}

DevActor* DevSession::find(const std::string& file) {
  const auto found =
      std::ranges::find_if(actors_, [&](auto& one) { return whole_path(one->file()) == file; });
  return found == actors_.end() ? nullptr : found->get();
}

/// Reads the manifest. Modules that it lists as files are under development, too.
Result<void> DevSession::read_manifest() {
  auto loaded = manifest::load(options_.manifest, dev_variable);
  if (!loaded) return pass(loaded);
  for (const auto& warning : loaded->warnings) {
    say(context_, Label::warning, printable(warning));
  }
  manifest_ = std::move(*loaded);
  for (const auto& actor : manifest_.actors) {
    const auto file = module_file(options_.folders, actor.ref);
    if (!file) continue;
    if (auto added = add_actor(*file); !added) return added;
  }
  return {};
}

std::vector<fs::path> DevSession::files() const {
  std::vector<fs::path> all;
  for (const auto& actor : actors_) all.emplace_back(actor->file());
  return all;
}

Result<void> DevSession::look(std::chrono::milliseconds patience) {
  // Patience is shared, so that a look takes as long with ten modules as with one.
  const auto share = patience / std::max<std::size_t>(actors_.size(), 1);
  for (const auto& actor : actors_) {
    if (!actor->watch().changed(share)) continue;
    if (auto loaded = load(*actor); !loaded) return loaded;
  }
  // Nothing else is watched before the first summary: it tells everything there is.
  if (!announced_) return announce();
  look_at_providers();
  if (manifest_watch_ && manifest_watch_->changed(std::chrono::milliseconds(0))) {
    // A manifest with a mistake changes nothing.
    if (auto read = read_manifest(); !read) {
      say(context_, read.error());
      context_.err << "What the manifest said before stays" << std::endl;
    } else {
      apply_manifest();
      context_.out << "The manifest was read again" << std::endl;
    }
  }
  report_links();
  return {};
}

Result<void> DevSession::load(DevActor& actor) {
  const bool first = actor.revision() == 0;
  auto claims = options_.claims;
  claims.more = linker_.contracts();
  // Errors of a module are told and not returned: the next save may mend it, and the last good
  // revision serves on.
  const auto contracts = actor.load(local_.host(), claims);
  if (!contracts) {
    complain(contracts.error(), actor);
    return {};
  }
  // With its first module an actor exists for the manifest, whose links to it were skipped until
  // now.
  if (first && !options_.manifest.empty()) apply_manifest();
  if (auto linked = link_all(actor, *contracts); !linked) return linked;
  static_cast<void>(local_.host().settle(link_settle_time));
  report_links();
  if (announced_) announce_reload(actor);
  return {};
}

/// Links the actor to a provider of each contract, once. A taken port is the end before anything is
/// served, and a warning later.
Result<void> DevSession::link_all(DevActor& actor, const std::vector<std::string>& contracts) {
  const auto number = static_cast<unsigned>(
      std::ranges::find(actors_, &actor, [](auto& one) { return one.get(); }) - actors_.begin());
  for (const auto& contract : contracts) {
    if (!linked_.emplace(actor.key(), contract).second) continue;
    const auto done = linker_.link(actor.key(), contract, number, actor.place() + ".blobs");
    if (done) continue;
    // Not linked after all: tried again with the next change.
    linked_.erase({actor.key(), contract});
    const auto& error = done.error();
    if (error.code == ErrorCode::already_exists && !announced_) return std::unexpected(error);
    say(context_, Label::warning,
        printable(fmt::format("{}: {}{}{}", contract, error.message,
                              error.remedy.empty() ? "" : "; ", error.remedy)));
  }
  for (const auto& wished : linker_.contracts()) {
    if (std::ranges::find(contracts, wished) != contracts.end()) continue;
    say(context_, Label::warning,
        printable(fmt::format("--link {0} does nothing for {1}, whose claims do not list it; add "
                              "--cap {0}",
                              wished, actor.file())));
  }
  return {};
}

void DevSession::apply_manifest() {
  Target target(*this);
  const auto inventory = target.inventory();
  if (!inventory) return;
  const auto resolved = apply::resolve(target, manifest_, {.folders = options_.folders});
  const auto steps = apply::plan(resolved.desired, {*inventory, target.links()}, managed_);
  auto report = apply::execute(target, steps, managed_);
  report.items.insert(report.items.begin(), resolved.problems.begin(), resolved.problems.end());
  // Waiting for modules to be built: so does everything that belongs to them, which is told with
  // the modules.
  const bool waiting = std::ranges::any_of(actors_, [](auto& one) { return one->revision() == 0; });
  if (waiting) {
    std::erase_if(report.items, [](const auto& item) {
      return item.kind == apply::ItemKind::actor || item.kind == apply::ItemKind::link;
    });
  }
  print_failures(context_, report);
  for (const auto& provider : resolved.desired.providers) watch_provider(provider.source);
}

void DevSession::watch_provider(const std::string& file) {
  std::error_code ignored;
  if (!fs::is_regular_file(file, ignored)) return;
  const auto [at, fresh] = providers_.try_emplace(file, file);
  if (fresh) static_cast<void>(at->second.changed(std::chrono::milliseconds(0)));
}

/// Watches libraries: one that was built anew takes the place of the one that runs; its links stay.
void DevSession::look_at_providers() {
  for (auto& [file, watch] : providers_) {
    if (!watch.changed(std::chrono::milliseconds(0))) continue;
    auto& host = local_.host();
    auto done = host.stop_provider(file);
    if (done) {
      if (auto started = host.start_provider(file); !started) done = pass(started);
    }
    if (!done) {
      say(context_, Label::error, file + ": " + done.error().message);
      context_.err << "Its contract is not served; waiting for the file to change" << std::endl;
      continue;
    }
    static_cast<void>(host.settle(link_settle_time));
    context_.out << "Restarted " << printable(fs::path(file).filename().string()) << std::endl;
  }
}

/// Reports links. A problem is told once, and again when that has changed; the host goes on trying.
void DevSession::report_links() {
  for (const auto& info : local_.host().links()) {
    const bool served = info.state == LinkState::bound;
    if (info.state == LinkState::binding || info.state == LinkState::waiting_for_actor) continue;
    auto& told = told_[{info.link.actor, info.link.contract_id}];
    // Changes only: the same trouble is found at each look, five times a second.
    const auto before = std::exchange(told, served ? Told::served : Told::problem);
    if (served && before == Told::problem) {
      context_.out << printable(info.link.contract_id) << " is served now" << std::endl;
    }
    if (served || before == Told::problem) continue;
    const auto hint = server_hint(linker_.provider_of(info.link.contract_id));
    say(context_, Label::warning,
        printable(fmt::format(
            "{} is not served: {}{}{}", info.link.contract_id,
            info.problem.empty() ? to_string(info.state) : std::string_view(info.problem),
            hint.empty() ? "" : "; ", hint)));
  }
}

std::string DevSession::of_actor(const DevActor& actor) const {
  return actors_.size() == 1 ? std::string() : " of " + printable(actor.file());
}

void DevSession::complain(const Error& error, const DevActor& actor) {
  say(context_, error);
  context_.err << (actor.revision() == 0 ? "Nothing is served yet" + of_actor(actor)
                                         : fmt::format("Revision {}{} keeps serving",
                                                       actor.revision(), of_actor(actor)))
               << "; waiting for " << printable(actor.file()) << " to change" << std::endl;
}

void DevSession::tell_what_serves() {
  for (const auto& actor : actors_) {
    context_.err << (actor->revision() == 0
                         ? "Nothing is served yet" + of_actor(*actor)
                         : fmt::format("The last good revision {}{} still serves",
                                       actor->revision(), of_actor(*actor)))
                 << "; waiting for a source to change" << std::endl;
  }
}

void DevSession::tell_what_is_missing() {
  for (const auto& actor : actors_) {
    if (actor->revision() > 0 || fs::exists(actor->file())) continue;
    context_.err << "Waiting for " << printable(actor->file()) << " to appear" << std::endl;
  }
}

Result<Inventory> DevSession::inventory() {
  local_.host().check_health();  // its messages name the addresses of HTTP servers
  return local_.host().inventory();
}

void DevSession::announce_reload(const DevActor& actor) {
  const auto now = inventory();
  if (!now) return complain(now.error(), actor);
  const auto urls = http_urls(*now);
  context_.out << fmt::format("Reloaded{} as revision {}{}{}",
                              actors_.size() == 1 ? "" : " " + printable(actor.file()),
                              actor.revision(), urls.empty() ? "" : ": ", fmt::join(urls, ", "))
               << std::endl;
}

/// Announces the whole summary, once something runs.
Result<void> DevSession::announce() {
  const bool runs = std::ranges::any_of(actors_, [](auto& one) { return one->revision() > 0; });
  if (!runs && !actors_.empty()) return {};
  // A manifest of images and providers has no module whose first load would apply it.
  if (actors_.empty()) apply_manifest();
  const auto now = inventory();
  if (!now) return pass(now);
  announced_ = true;
  local_.set_started();
  std::vector<std::string> watched;
  for (const auto& one : actors_) watched.push_back(printable(one->file()));
  if (manifest_watch_) watched.push_back(printable(options_.manifest));
  context_.out << summary(*now, local_.host().links(), local_.health_address(),
                          display_of(context_, false))
               << fmt::format("\nWatching {}", fmt::join(watched, ", ")) << std::endl;
  return {};
}

}  // namespace trellis::cli
