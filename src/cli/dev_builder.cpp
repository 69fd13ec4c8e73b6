#include "cli/dev_builder.hpp"

#include <fmt/format.h>

#include <ostream>
#include <system_error>
#include <utility>

#include "base/call_limits.hpp"
#include "base/files.hpp"
#include "base/hash.hpp"
#include "cli/build_command.hpp"
#include "cli/local_host.hpp"
#include "cli/printable.hpp"

namespace trellis::cli {
namespace {

namespace fs = std::filesystem;

/// Builds after which a file that changed in each of them counts as the build's own: no editor
/// saves that often without a pause longer than a build.
constexpr unsigned builds_that_tell = 6;

fs::path plain(const fs::path& path) {
  std::error_code ignored;
  return fs::absolute(path, ignored).lexically_normal();
}

/// Hash of a file; empty for one that is gone.
std::string hash_of(const fs::path& file) {
  const auto content = read_file(file, limits::module_bytes);
  return content ? sha256_upper_hex(as_bytes(*content)) : std::string();
}

}  // namespace

DevBuilder::DevBuilder(Context& context, Plan plan, const StopRequest& stop,
                       std::function<void()> failed)
    : context_(context), plan_(std::move(plan)), stop_(stop), failed_(std::move(failed)) {
  if (plan_.command.empty()) return;
  watch_.emplace(plain(plan_.source));
  for (const auto& product : plan_.products) products_.insert(plain(product));
}

void DevBuilder::tell_of_gaps() {
  // Told once: the limit of the system is the same at the next build.
  if (watch_->complete() || told_of_gaps_) return;
  told_of_gaps_ = true;
  say(context_, Label::warning,
      fmt::format("not all folders below {} can be watched, so some saves will not be noticed; "
                  "name fewer with --source, or raise fs.inotify.max_user_watches",
                  printable(plan_.source.string())));
}

bool DevBuilder::build_once() {
  context_.out << "Building: " << plan_.command << std::endl;
  const auto done = run_build(plan_.command, own_program().string(), stop_);
  // A build that was stopped has not failed.
  if (done || stop_.requested()) return true;
  say(context_, Label::error, done.error().message);
  return false;
}

/// Whether a file that changed during a build may have been saved, and not written by the build.
/// Watching tells that a file changed, not who did it; only content that keeps changing gives the
/// build away.
bool DevBuilder::is_news(const fs::path& changed) {
  if (products_.contains(changed)) return false;
  auto& seen = seen_[changed];
  auto hash = hash_of(changed);
  // Same content again: written, or saved, without a change.
  if (seen.times > 0 && hash == seen.hash) return false;
  seen.hash = std::move(hash);
  if (++seen.times < builds_that_tell) return true;
  products_.insert(changed);
  context_.out << "Note: " << printable(changed.string())
               << " becomes another in every build, so saving it during one starts no other"
               << std::endl;
  return false;
}

std::optional<fs::path> DevBuilder::saved_meanwhile() {
  std::optional<fs::path> saved;
  for (const auto& changed : watch_->changes(std::chrono::milliseconds(0))) {
    if (is_news(changed)) saved = changed;
  }
  return saved;
}

void DevBuilder::build() {
  if (!watch_) return;
  // Changes up to now are taken out of the watch: the build sees them. Those from now on it may
  // have missed.
  static_cast<void>(watch_->changes(std::chrono::milliseconds(0)));
  seen_.clear();
  tell_of_gaps();
  bool good = build_once();
  // Again until a build saw everything, or the last save would wait for the next one.
  for (auto saved = saved_meanwhile(); saved && !stop_.requested(); saved = saved_meanwhile()) {
    context_.out << "Changed meanwhile: " << printable(saved->filename().string()) << std::endl;
    good = build_once();
  }
  if (!good) failed_();
}

void DevBuilder::build_if_changed() {
  if (!watch_) return;
  auto changed = watch_->changes(std::chrono::milliseconds(0));
  for (const auto& product : plan_.products) changed.erase(plain(product));
  if (!changed.empty()) build();
}

}  // namespace trellis::cli
