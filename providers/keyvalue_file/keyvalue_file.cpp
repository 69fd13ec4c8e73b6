#include "providers/keyvalue_file/keyvalue_file.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "base/guard.hpp"
#include "base/mutex.hpp"
#include "base/text.hpp"
#include "codec/messages/keyvalue.hpp"
#include "providers/common/key_space.hpp"
#include "providers/common/link_values.hpp"
#include "providers/keyvalue_file/file_space.hpp"
#include "providers/keyvalue_file/folder.hpp"
#include "providers/net/host_services.hpp"
#include "trellis/provider.hpp"

namespace trellis::providers::keyvalue_file {

namespace {

/// A store and the folder that must be locked as long as it is open.
struct Kept {
  std::shared_ptr<const Folder> folder;
  std::shared_ptr<PersistentStore> store;
};

struct Link {
  std::shared_ptr<Kept> kept;
  keyvalue::Limits bounds;
};

[[nodiscard]] Result<std::filesystem::path> read_directory(const codec::StringMap& values) {
  const std::filesystem::path path(text_value(values, "DIRECTORY"));
  std::error_code error;
  if (path.empty()) {
    return fail(ErrorCode::invalid_argument, "link value DIRECTORY is missing",
                "say where the keys are to be kept");
  }
  // Canonical, so that two spellings of one folder are one lock and one store; weakly, because the
  // folder may not be there yet.
  auto absolute = std::filesystem::weakly_canonical(path, error);
  if (!error) return absolute;
  return fail(ErrorCode::invalid_argument, "link value DIRECTORY: " + error.message(),
              "name a folder that the host may write");
}

[[nodiscard]] Result<Sync> read_sync(const codec::StringMap& values) {
  const auto text = text_value(values, "SYNC", "second");
  if (text == "always") return Sync::always;
  if (text == "second") return Sync::second;
  if (text == "never") return Sync::never;
  return fail(ErrorCode::invalid_argument, "link value SYNC is \"" + excerpt(text) + '"',
              "it may be always, second or never");
}

constexpr std::array keyvalue_file_local_values = {
    trellis_local_value{"DIRECTORY", TRELLIS_LOCAL_FILE}};

class KeyValueFileProvider final : public sdk23::Provider<Link> {
 public:
  static constexpr Description description = {
      codec::keyvalue::contract_id.data(),
      "Trellis Key-Value (file)",
      "Trellis",
      "0.1.0",
      1,
      TRELLIS_PROVIDER_CONCURRENT | TRELLIS_PROVIDER_REBINDS,
      keyvalue_file_local_values};

  explicit KeyValueFileProvider(Host host)
      : Provider(host),
        log_(std::make_shared<HostLogSink>(host), "keyvalue-file"),
        keeper_([this](const std::stop_token& stop) { maintain(stop); }) {}

  Result<std::shared_ptr<Link>> bind(std::string_view actor, const codec::StringMap& values,
                                     const std::shared_ptr<Link>&) override {
    auto bounds = keyvalue::read_limits(values);
    if (!bounds) return pass(bounds);
    auto space = read_key_space(actor, values);
    if (!space) return pass(space);
    const auto sync = read_sync(values);
    if (!sync) return pass(sync);
    auto kept = open(values, *space);
    if (!kept) return pass(kept);
    // Strictest wishes stay, also after their link is gone: another actor may have relied on them.
    (*kept)->store->require(*sync);
    return std::make_shared<Link>(std::move(*kept), *bounds);
  }

  Result<Bytes> handle(Link& link, const Call& call) override {
    FileSpace space(*link.kept->store, link.bounds, host().now(), call.deadline);
    return keyvalue::run(space, call.operation, call.payload);
  }

  void stop(SteadyTime) override {
    // Keeper first: it must not touch a store while, or after, the last round below runs.
    keeper_.request_stop();
    keeper_.join();
    for (const auto& kept : open_ones()) kept->store->maintain(host().now());
  }

 private:
  [[nodiscard]] Result<std::shared_ptr<Kept>> open(const codec::StringMap& values,
                                                   const KeySpace& space) {
    auto directory = read_directory(values);
    if (!directory) return pass(directory);
    auto folder = folder_at(*directory);
    if (!folder) return pass(folder);
    auto file = (*folder)->file_of(space);
    if (!file) return pass(file);
    for (const auto& [path, weak] : snapshot()) {
      // Second link to an open file gets the same store: two journals on one file would overwrite
      // each other. Bind runs one at a time, so that nothing is opened between this look and the
      // next lines.
      if (auto kept = path == *file ? weak.lock() : nullptr) return kept;
    }
    auto store = PersistentStore::open(*file, host().now(), log_);
    if (!store) return pass(store);
    auto kept = std::make_shared<Kept>(std::move(*folder), std::move(*store));
    const MutexLock lock(mutex_);
    std::erase_if(stores_, [](const auto& each) { return each.second.expired(); });
    stores_[file->string()] = kept;
    return kept;
  }

  [[nodiscard]] Result<std::shared_ptr<const Folder>> folder_at(const std::filesystem::path& path) {
    std::erase_if(folders_, [](const auto& each) { return each.second.expired(); });
    if (const auto found = folders_.find(path); found != folders_.end()) {
      if (auto folder = found->second.lock()) return folder;
    }
    auto folder = Folder::open(path);
    if (folder) folders_[path] = *folder;
    return folder;
  }

  using Stores = std::map<std::string, std::weak_ptr<Kept>>;

  // Copy, for the keeper's work on a store waits for the disk, and a bind must not wait for that.
  [[nodiscard]] Stores snapshot() const {
    const MutexLock lock(mutex_);
    return stores_;
  }
  [[nodiscard]] std::vector<std::shared_ptr<Kept>> open_ones() const {
    std::vector<std::shared_ptr<Kept>> all;
    for (const auto& [path, weak] : snapshot()) {
      if (auto kept = weak.lock()) all.push_back(std::move(kept));
    }
    return all;
  }

  void maintain(const std::stop_token& stop) {
    std::mutex mutex;  // guards nothing: who waits for a stop needs one
    std::condition_variable_any wake;
    while (!stop.stop_requested()) {
      {
        std::unique_lock lock(mutex);
        // Mutex and condition are the thread's own: all that wakes it is the stop token.
        wake.wait_for(lock, stop, std::chrono::seconds(1), [] { return false; });
      }
      // Exceptions (no memory) end this round and not the thread: syncing must go on.
      survived([&] {
        for (const auto& kept : open_ones()) kept->store->maintain(host().now());
      });
    }
  }

  const Log log_;
  /// Folders that are open; touched by bind only: one at a time.
  std::map<std::filesystem::path, std::weak_ptr<const Folder>> folders_;
  mutable Mutex mutex_;
  Stores stores_ GUARDED_BY(mutex_);
  // Last member: it uses all others, and is joined before they go.
  std::jthread keeper_;
};

}  // namespace

const trellis_provider_table* table() noexcept {
  return sdk23::provider_table<KeyValueFileProvider>();
}

}  // namespace trellis::providers::keyvalue_file
