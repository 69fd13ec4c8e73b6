#include "control/reload.hpp"

#include <utility>

namespace trellis::control {

Reloader::Reloader(Host& host, ReloadOptions options, Log log)
    : options_(std::move(options)), log_(std::move(log)), target_(host) {}

Result<manifest::Manifest> Reloader::load() const {
  if (options_.file.empty()) return manifest::Manifest{};
  return manifest::load(options_.file, options_.lookup,
                        {.file = {}, .strict = options_.strict, .lenient = options_.lenient});
}

ApplyReport Reloader::start(const manifest::Manifest& manifest) {
  const std::scoped_lock lock(mutex_);
  auto report = apply(target_, manifest, options_.apply);
  applied_ = report.applied;
  return report;
}

Result<ApplyReport> Reloader::reload() {
  const std::scoped_lock lock(mutex_);
  if (options_.file.empty()) {
    log_.warn("this host runs without a manifest: nothing to read again");
    return fail(ErrorCode::unsupported, "this host runs without a manifest: nothing to read again",
                "start it with: trellis up --manifest FILE");
  }
  const auto manifest = load();
  if (!manifest) {
    log_.error("reload: {}; nothing was changed", manifest.error().message);
    return std::unexpected(manifest.error());
  }
  for (const auto& warning : manifest->warnings) log_.warn("reload: {}", warning);
  auto report = apply(target_, *manifest, options_.apply, applied_);
  applied_ = report.applied;
  tell(report);
  return report;
}

void Reloader::tell(const ApplyReport& report) const {
  std::size_t kept = 0;
  for (const auto& item : report.items) {
    if (!item.ok()) {
      log_.error("reload: {}: {} {}: {}{}{}", item.where, to_string(item.kind), item.what,
                 item.problem, item.remedy.empty() ? "" : "; ", item.remedy);
    } else if (item.deed == Deed::kept) {
      ++kept;
    } else {
      log_.info("reload: {} {} {}", to_string(item.deed), to_string(item.kind), item.what);
    }
  }
  log_.info("reloaded {}: {} kept, {} failed", options_.file.string(), kept, report.failures());
}

nlohmann::json to_json(const ApplyReport& report) {
  auto items = nlohmann::json::array();
  for (const auto& item : report.items) {
    nlohmann::json one{{"kind", to_string(item.kind)},
                       {"what", item.what},
                       {"where", item.where},
                       {"deed", item.ok() ? to_string(item.deed) : "failed"}};
    if (!item.key.empty()) one["key"] = item.key;
    if (!item.problem.empty()) one["problem"] = item.problem;
    if (!item.remedy.empty()) one["remedy"] = item.remedy;
    items.push_back(std::move(one));
  }
  return {{"items", std::move(items)}, {"failures", report.failures()}};
}

}  // namespace trellis::control
