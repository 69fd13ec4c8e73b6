// A key space in memory that is also a journal.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "base/log.hpp"
#include "base/mutex.hpp"
#include "providers/keyvalue/store.hpp"
#include "providers/keyvalue_file/journal.hpp"
#include "trellis/clock.hpp"

namespace trellis::providers::keyvalue_file {

/// When changes are on the disk for certain; the later, the stricter.
enum class Sync : std::uint8_t { never, second, always };

/// Any thread. Reading is that of the store. Changes are made and written one at a time, so that
/// the journal has them in the order in which they were made.
class PersistentStore {
 public:
  /// Reads the file, or makes it. `now` is the host's time for what expires. Errors: those of
  /// Journal::open.
  [[nodiscard]] static Result<std::shared_ptr<PersistentStore>> open(std::filesystem::path path,
                                                                     SteadyTime now, Log log);
  PersistentStore(Journal journal, std::unique_ptr<keyvalue::Store> store, Log log);
  PersistentStore(const PersistentStore&) = delete;
  PersistentStore& operator=(const PersistentStore&) = delete;
  ~PersistentStore();

  [[nodiscard]] keyvalue::Store& store() noexcept { return *store_; }
  /// Changes are synced at least like this from now on.
  void require(Sync sync) noexcept;

  /// Runs `apply`, and writes what `describe` makes of its result (nothing for no change). When
  /// writing fails the caller is told, and no more changes are taken until maintain has put the
  /// file right.
  template <class Apply, class Describe>
  [[nodiscard]] auto change(Apply apply, Describe describe) -> decltype(apply()) {
    const MutexLock lock(mutex_);
    if (auto ready = check(); !ready) return pass(ready);
    auto done = apply();
    if (!done) return done;
    std::string records;
    describe(*store_, done, records);
    if (auto kept = keep(records); !kept) return pass(kept);
    return done;
  }

  /// Called about once a second: syncs what is not yet, and writes the file anew when most of it is
  /// history or it is broken.
  void maintain(SteadyTime now);

  /// The host's deadlines as journals keep them, and back.
  [[nodiscard]] static std::int64_t to_wall(SteadyTime expires, SteadyTime now);
  [[nodiscard]] static SteadyTime to_steady(std::int64_t expires_ms, SteadyTime now);

 private:
  [[nodiscard]] Result<void> check() const REQUIRES(mutex_);
  [[nodiscard]] Result<void> keep(std::string_view records) REQUIRES(mutex_);
  [[nodiscard]] Result<void> rewrite(SteadyTime now) REQUIRES(mutex_);
  [[nodiscard]] bool mostly_history() const REQUIRES(mutex_);
  void sync_now();

  const Log log_;
  const std::unique_ptr<keyvalue::Store> store_;
  std::atomic<Sync> sync_{Sync::never};
  Mutex mutex_;
  Journal journal_ GUARDED_BY(mutex_);
  bool dirty_ GUARDED_BY(mutex_) = false;   ///< something is not synced
  bool failed_ GUARDED_BY(mutex_) = false;  ///< memory has what the file has not
};

}  // namespace trellis::providers::keyvalue_file
