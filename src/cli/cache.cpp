// trellis cache ls|prune, and trellis drain (cli.md 8): what downloads and unpacked libraries take
// on this machine.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>

#include "cli/byte_sizes.hpp"
#include "cli/columns.hpp"
#include "cli/command.hpp"
#include "cli/durations.hpp"
#include "cli/folders.hpp"
#include "package/cache_store.hpp"

namespace trellis::cli {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using std::chrono::milliseconds;

// Zero is a time, too: everything that is unused now.
constexpr milliseconds not_given{-1};

struct CacheOptions {
  std::string folder;
  std::optional<std::uint64_t> keep;
  milliseconds older_than = not_given;
  bool all = false;
  bool dry_run = false;
};

// Folders of the cache below one, as hosts have them: a command works on what they see.
Result<package::CacheFolders> cache_folders(const Context& context, const std::string& given) {
  const auto folder = given.empty() ? folders(context.env).cache : fs::path(given);
  if (!folder.empty()) return package::CacheFolders{folder / "images", folder / "providers"};
  return fail(ErrorCode::invalid_argument, "no folder for downloads is set",
              "name one (--cache), or set HOME");
}

json entry_json(const package::CacheEntry& entry) {
  return {{"kind", to_string(entry.kind)},
          {"file", entry.path.string()},
          {"bytes", entry.bytes},
          {"digest", entry.digest},
          {"references", entry.references},
          {"unused_s", entry.unused.count()},
          {"in_use", entry.held}};
}

json entries_json(const std::vector<package::CacheEntry>& entries) {
  auto list = json::array();
  for (const auto& entry : entries) list.push_back(entry_json(entry));
  return list;
}

/// Name by which people know an entry.
std::string entry_name(const package::CacheEntry& entry) {
  if (!entry.references.empty()) return fmt::format("{}", fmt::join(entry.references, ", "));
  return entry.digest.empty() ? entry.path.filename().string() : entry.digest.substr(0, 19) + "…";
}

Columns table_of(const std::vector<package::CacheEntry>& entries) {
  Columns table({"Name", "Kind", "Size", "Unused", "In use"});
  for (const auto& entry : entries) {
    table.row({entry_name(entry), std::string(to_string(entry.kind)), size_text(entry.bytes),
               age_text(entry.unused), entry.held ? "yes" : ""});
  }
  return table;
}

Result<Answer> list_cache_files(const Context& context, const CacheOptions& options) {
  const auto places = cache_folders(context, options.folder);
  if (!places) return pass(places);
  const auto entries = package::list_cache(*places);
  std::uint64_t bytes = 0;
  for (const auto& entry : entries) bytes += entry.bytes;
  const auto folder = places->images.parent_path().string();
  const auto total = fmt::format("{} in {}", size_text(bytes), folder);
  return Answer{entries.empty() ? "Nothing in " + folder : table_of(entries).text() + '\n' + total,
                {{"files", entries_json(entries)}, {"bytes", bytes}, {"folder", folder}}};
}

/// Errors: unavailable, when something could not be removed that nobody uses.
Result<void> check_failed(const package::Pruned& done) {
  if (done.failed.empty()) return {};
  return fail(
      ErrorCode::unavailable,
      fmt::format(
          "{} cannot be removed{}", done.failed.front().path.string(),
          done.failed.size() > 1 ? fmt::format(", and {} more", done.failed.size() - 1) : ""),
      "check whose the folder is");
}

// Answer to a pruning, also to one that only said what it would do.
std::string pruned_text(const package::Pruned& done, bool dry_run) {
  auto text = fmt::format("{} {} ({}); {} {}", dry_run ? "Would remove" : "Removed",
                          done.removed.size() == 1 ? std::string("1 file")
                                                   : fmt::format("{} files", done.removed.size()),
                          size_text(done.bytes_removed), size_text(done.bytes_left),
                          dry_run ? "would stay" : "left");
  if (!done.held.empty()) text += fmt::format("; {} in use", done.held.size());
  if (dry_run && !done.removed.empty()) text += '\n' + table_of(done.removed).text();
  return text;
}

Result<Answer> prune(const Context& context, const CacheOptions& options) {
  const auto places = cache_folders(context, options.folder);
  if (!places) return pass(places);
  package::PrunePolicy policy{
      .all = options.all, .keep_bytes = options.keep, .dry_run = options.dry_run};
  if (options.older_than != not_given) {
    policy.older_than = std::chrono::duration_cast<std::chrono::seconds>(options.older_than);
  }
  // Nothing is removed without a measure: the commonest slip would else be the most expensive one.
  if (!policy.all && !policy.keep_bytes && !policy.older_than) {
    return fail(ErrorCode::invalid_argument, "nothing says what is to go",
                "give --keep SIZE, --older-than TIME or --all; --dry-run tells what that would be");
  }
  const auto done = package::prune_cache(*places, policy);
  if (auto good = check_failed(done); !good) return pass(good);
  return Answer{pruned_text(done, options.dry_run),
                {{"removed", entries_json(done.removed)},
                 {"in_use", entries_json(done.held)},
                 {"bytes_removed", done.bytes_removed},
                 {"bytes_left", done.bytes_left},
                 {"dry_run", options.dry_run}}};
}

/// Answer in the first-party words (cli.md 8); entries in use stay, for which first-party tools
/// have no word.
Result<Answer> drain(const Context& context, package::CacheFolders places) {
  std::vector<std::string> drained;
  std::error_code ignored;
  for (const auto& folder : {places.images, places.providers}) {
    if (!folder.empty() && fs::is_directory(folder, ignored)) drained.push_back(folder.string());
  }
  const auto done = package::prune_cache(places, {.all = true});
  if (auto good = check_failed(done); !good) return pass(good);
  if (!done.held.empty()) {
    note(context, done.held.size() == 1
                      ? std::string("1 file is in use and stays")
                      : fmt::format("{} files are in use and stay", done.held.size()));
  }
  return Answer{"Successfully cleared caches at: " + json(drained).dump(), {{"drained", drained}}};
}

void add_cache_folder(Command& leaf, CacheOptions& options) {
  leaf.add_option("--cache", options.folder,
                  "The folder (default ~/.cache/trellis; of a service $CACHE_DIRECTORY)")
      .completes(ValueKind::folder);
}

void add_cache_ls(Command& cache, Context& context) {
  auto& leaf = cache.add_subcommand("ls", "What is there, used last first");
  leaf.alias("list");
  auto options = std::make_shared<CacheOptions>();
  add_cache_folder(leaf, *options);
  add_leaf(leaf, context, [options, &context](const OutputOptions&) {
    return list_cache_files(context, *options);
  });
}

void add_cache_prune(Command& cache, Context& context) {
  auto& leaf = cache.add_subcommand("prune", "Remove what was used longest ago and is not in use");
  auto options = std::make_shared<CacheOptions>();
  add_size(leaf, "--keep", options->keep, "How much may stay: 1GiB, 500MiB");
  add_duration(leaf, "--older-than", options->older_than, std::chrono::hours(24),
               "What was not used for so long: 30d, 12h; a bare number: days",
               {.least = milliseconds(0), .most = std::chrono::hours(24 * 366)});
  leaf.add_flag("--all", options->all, "Everything");
  leaf.add_flag("--dry-run", options->dry_run, "Only tell what would go");
  add_cache_folder(leaf, *options);
  add_action_leaf(leaf, context,
                  [options, &context](const OutputOptions&) { return prune(context, *options); });
}

// First-party command (cli.md 8), over the same work as `cache prune --all`.
void add_drain_leaf(Command& parent, Context& context, const char* name, const char* help,
                    bool images, bool providers) {
  auto& leaf = parent.add_subcommand(name, help);
  auto options = std::make_shared<CacheOptions>();
  add_cache_folder(leaf, *options);
  add_action_leaf(leaf, context,
                  [options, &context, images, providers](const OutputOptions&) -> Result<Answer> {
                    auto places = cache_folders(context, options->folder);
                    if (!places) return pass(places);
                    if (!images) places->images.clear();
                    if (!providers) places->providers.clear();
                    return drain(context, *places);
                  });
}

}  // namespace

void add_cache(Command& app, Context& context) {
  auto& cache = app.add_subcommand("cache", "Downloads and unpacked libraries on this machine");
  cache.require_subcommand();
  add_cache_ls(cache, context);
  add_cache_prune(cache, context);
}

void add_drain(Command& app, Context& context) {
  auto& drained = app.add_subcommand("drain", "Empty the cache: what `cache prune --all` does");
  drained.require_subcommand();
  drained.hidden();
  add_drain_leaf(drained, context, "all", "Downloads and libraries", true, true);
  add_drain_leaf(drained, context, "oci", "Downloads from registries", true, false);
  add_drain_leaf(drained, context, "lib", "Libraries unpacked from archives", false, true);
}

}  // namespace trellis::cli
