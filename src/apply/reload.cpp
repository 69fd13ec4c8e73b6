#include "apply/reload.hpp"

#include <utility>

namespace trellis::apply {

Reloader::Reloader(Host& host, ReloadOptions options, Log log)
    : options_(std::move(options)), log_(std::move(log)), target_(host) {}

ApplyReport Reloader::start(const manifest::Manifest& manifest) {
  // One application at a time: plan and deed belong to one state of the host.
  const MutexLock lock(mutex_);
  auto resolved = resolve(target_, manifest, {.folders = options_.folders});
  ApplyReport report;
  const auto steps = steps_to(resolved.desired, {});
  // A first start does what it can (host.md 11.2): problems of single items are reported beside
  // what was started.
  if (steps) report = execute(target_, *steps, managed_, options_.cancelled);
  auto& items = report.items;
  // Problems first, skipped links last, as they would have been tried.
  items.insert(items.begin(), resolved.problems.begin(), resolved.problems.end());
  items.insert(items.end(), resolved.skipped.begin(), resolved.skipped.end());
  return report;
}

Result<std::vector<Step>> Reloader::steps_to(const Desired& desired, const Request& request) const {
  auto inventory = target_.inventory();
  if (!inventory) return pass(inventory);
  return plan(desired, {std::move(*inventory), target_.links()}, managed_,
              {.prune = request.prune});
}

Result<ApplyReport> Reloader::reload(const Request& request) {
  if (options_.file.empty()) {
    log_.warn("this host runs without a manifest: nothing to read again");
    return fail(
        ErrorCode::unsupported, "this host runs without a manifest: nothing to read again",
        "start it with: trellis up --manifest FILE, or hand one over: trellis apply -f FILE");
  }
  auto manifest =
      manifest::load(options_.file, options_.lookup,
                     {.file = {}, .strict = options_.strict, .lenient = options_.lenient});
  // Items of the command line are wanted as long as the host runs; without them a reload would stop
  // them.
  if (manifest) manifest::append(*manifest, options_.extra);
  return replace(manifest, options_.folders, request);
}

Result<ApplyReport> Reloader::apply(const Handed& handed, const Request& request) {
  const auto lookup = [&](std::string_view name) -> std::optional<std::string> {
    // Variables of whoever hands the manifest over, not of this process: the two may be different
    // users.
    const auto found = handed.variables.find(std::string(name));
    if (found == handed.variables.end()) return std::nullopt;
    return found->second;
  };
  return replace(manifest::read(handed.text, handed.format, lookup, handed.options), handed.folders,
                 request);
}

Result<ApplyReport> Reloader::replace(const Result<manifest::Manifest>& manifest,
                                      const std::vector<std::filesystem::path>& folders,
                                      const Request& request) {
  const MutexLock lock(mutex_);
  // Errors are logged too: after SIGHUP nobody waits for an answer.
  if (!manifest) {
    log_.error("reload: {}; nothing was changed", manifest.error().message);
    return pass(manifest);
  }
  for (const auto& warning : manifest->warnings) log_.warn("reload: {}", warning);
  // Everything is found and verified before anything is changed, providers included: half a
  // manifest is worse than the earlier one.
  auto resolved = resolve(target_, *manifest, {.folders = folders, .inspect_providers = true});
  const auto steps = steps_to(resolved.desired, request);
  if (!steps) return pass(steps);
  ApplyReport report;
  if (!resolved.problems.empty()) {
    report.items = std::move(resolved.problems);
    report.untouched = true;
  } else if (request.dry_run) {
    return preview(*steps);
  } else {
    report = execute(target_, *steps, managed_, options_.cancelled);
  }
  tell(report, manifest->file);
  return report;
}

std::map<LinkSlot, std::string> Reloader::links() const {
  const MutexLock lock(mutex_);
  return managed_.links;
}

void Reloader::tell(const ApplyReport& report, const std::string& file) const {
  std::size_t kept = 0;
  for (const auto& item : report.items) {
    if (!item.ok()) {
      log_.error("reload: {}: {} {}: {}{}{}", item.where, to_string(item.kind), item.what,
                 item.problem, item.remedy.empty() ? "" : "; ", item.remedy);
    } else if (item.deed == Deed::kept) {
      ++kept;
    } else {
      log_.info("reload: {} {} {}{}{}", to_string(item.deed), to_string(item.kind), item.what,
                item.reason.empty() ? "" : ": ", item.reason);
    }
  }
  if (report.untouched) return log_.error("reload of {} failed; nothing was changed", file);
  log_.info("reloaded {}: {} kept, {} failed", file, kept, report.failures());
}

nlohmann::json to_json(const ApplyReport& report) {
  auto items = nlohmann::json::array();
  for (const auto& item : report.items) {
    nlohmann::json one{{"kind", to_string(item.kind)},
                       {"what", item.what},
                       {"where", item.where},
                       {"deed", item.ok() ? to_string(item.deed) : "failed"}};
    if (!item.key.empty()) one["key"] = item.key;
    if (!item.reason.empty()) one["reason"] = item.reason;
    if (!item.problem.empty()) one["problem"] = item.problem;
    if (!item.remedy.empty()) one["remedy"] = item.remedy;
    items.push_back(std::move(one));
  }
  return {{"items", std::move(items)},
          {"failures", report.failures()},
          {"untouched", report.untouched}};
}

}  // namespace trellis::apply
