#include "package/cache_store.hpp"

#include <algorithm>
#include <map>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/call_limits.hpp"
#include "base/files.hpp"
#include "package/cache_file.hpp"
#include "package/image_cache.hpp"

namespace trellis::package {
namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;

/// Downloads that nobody goes on with.
constexpr std::chrono::hours keep_partial{24};

using References = std::multimap<std::string, std::string>;  // digests to references

/// Calls back with each regular file of a folder; files may vanish meanwhile.
template <class Body>
void for_files(const fs::path& folder, const Body& body) {
  std::error_code problem;
  if (folder.empty()) return;
  for (fs::directory_iterator at(folder, problem), end; !problem && at != end;
       at.increment(problem)) {
    std::error_code gone;
    if (at->is_symlink(gone) || !at->is_regular_file(gone)) continue;
    const auto used = at->last_write_time(gone);
    const auto bytes = at->file_size(gone);
    if (gone) continue;
    // File times are compared with the clock that set them.
    const auto unused = fs::file_time_type::clock::now() - used;
    CacheEntry entry;
    entry.path = at->path();
    entry.bytes = bytes;
    entry.unused = std::max(seconds(0), std::chrono::duration_cast<seconds>(unused));
    body(std::move(entry));
  }
}

/// "sha256:…" of a file called "sha256-…"; empty for other names.
std::string digest_in(const fs::path& path) {
  auto text = path.filename().string();
  if (const auto hyphen = text.find('-'); hyphen != std::string::npos) text[hyphen] = ':';
  return parse_digest(text) ? text : std::string();
}

/// References of all records, by the digest of what they name.
References references_in(const fs::path& images) {
  References all;
  for_files(images / "refs", [&](const CacheEntry& file) {
    if (const auto image = read_cache_record(file.path)) {
      all.emplace(image->layer.digest.text(), image->reference);
    }
  });
  return all;
}

void add_images(const fs::path& images, std::vector<CacheEntry>& into) {
  const auto references = references_in(images);
  for_files(images / "blobs", [&](CacheEntry entry) {
    entry.digest = digest_in(entry.path);
    if (entry.digest.empty()) return;
    const auto [from, to] = references.equal_range(entry.digest);
    for (auto at = from; at != to; ++at) entry.references.push_back(at->second);
    std::ranges::sort(entry.references);
    into.push_back(std::move(entry));
  });
  for_files(images / "partial", [&](CacheEntry entry) {
    entry.kind = CacheKind::partial;
    into.push_back(std::move(entry));
  });
}

void add_providers(const fs::path& providers, std::vector<CacheEntry>& into) {
  for_files(providers, [&](CacheEntry entry) {
    const auto name = entry.path.filename().string();
    // Names are HASH.so, and HASH.so.ID.part while they are unpacked.
    const auto dot = name.find('.');
    entry.digest = "sha256:" + name.substr(0, dot);
    if (dot == std::string::npos || !parse_digest(entry.digest)) return;
    const auto rest = name.substr(dot);
    if (rest != ".so" && !rest.ends_with(".part")) return;
    entry.kind = rest == ".so" ? CacheKind::provider : CacheKind::partial;
    if (entry.kind == CacheKind::partial) entry.digest.clear();
    into.push_back(std::move(entry));
  });
}

/// Records of content that is gone.
void remove_records(const fs::path& images) {
  for_files(images / "refs", [&](const CacheEntry& file) {
    const auto image = read_cache_record(file.path);
    std::error_code ignored;
    if (image && fs::exists(blob_path_in(images, image->layer.digest), ignored)) return;
    // A record that was just written anew is another file by now, and its content is there.
    static_cast<void>(remove_unheld(file.path));
  });
}

/// What it says before it has done so: removed or not, and why.
RemoveOutcome remove(const CacheEntry& entry, bool dry_run) {
  if (!dry_run) return remove_unheld(entry.path);
  return entry.held ? RemoveOutcome::held : RemoveOutcome::removed;
}

}  // namespace

std::string_view to_string(CacheKind kind) noexcept {
  switch (kind) {
    case CacheKind::image: return "image";
    case CacheKind::provider: return "provider";
    case CacheKind::partial: return "partial";
  }
  return "image";
}

std::vector<CacheEntry> list_cache(const CacheFolders& folders) {
  std::vector<CacheEntry> all;
  if (!folders.images.empty()) add_images(folders.images, all);
  add_providers(folders.providers, all);
  for (auto& entry : all) entry.held = is_held(entry.path);
  std::ranges::sort(all, {},
                    [](const CacheEntry& entry) { return std::pair(entry.unused, entry.path); });
  return all;
}

Pruned prune_cache(const CacheFolders& folders, const PrunePolicy& policy) {
  Pruned done;
  auto entries = list_cache(folders);
  for (const auto& entry : entries) done.bytes_left += entry.bytes;
  for (auto at = entries.rbegin(); at != entries.rend(); ++at) {
    const bool given_up = at->kind == CacheKind::partial && at->unused > keep_partial;
    const bool goes = policy.all || given_up ||
                      (policy.older_than && at->unused > *policy.older_than) ||
                      (policy.keep_bytes && done.bytes_left > *policy.keep_bytes);
    if (!goes) continue;
    const auto outcome = remove(*at, policy.dry_run);
    if (outcome == RemoveOutcome::removed) {
      done.bytes_left -= at->bytes;
      done.bytes_removed += at->bytes;
    }
    auto& list = outcome == RemoveOutcome::removed ? done.removed
                 : outcome == RemoveOutcome::held  ? done.held
                                                   : done.failed;
    list.push_back(std::move(*at));
  }
  if (!policy.dry_run && !folders.images.empty() && !done.removed.empty()) {
    remove_records(folders.images);
  }
  return done;
}

}  // namespace trellis::package
