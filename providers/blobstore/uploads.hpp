// Uploads of one link while their chunks arrive.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "base/mutex.hpp"
#include "providers/blobstore/store.hpp"

namespace trellis::providers::blobstore {

/// Any thread; chunks of one object are taken one at a time, different objects beside each other.
///
/// Chunks may begin at 0 or 1: the first that has either number says which, and others are held
/// back until it is their turn (bounded). One that was taken already is ignored. The chunk of
/// StartUpload carries only the sizes. An upload nobody continues ends after a minute.
class Uploads {
 public:
  static constexpr std::size_t max_uploads = 64;
  static constexpr std::size_t max_held_bytes = 32 * 1024 * 1024;
  static constexpr std::chrono::seconds idle_time{60};

  explicit Uploads(Store& store) : store_(store) {}

  /// Takes the place of an unfinished upload to the same name. Without bytes the object is there at
  /// once. Errors: those of Store::upload; invalid_argument for sizes; busy.
  [[nodiscard]] Result<void> start(const messages::FileChunk& first, SteadyTime now,
                                   SteadyTime deadline);
  /// Errors: not_found when no upload was started; limit; those of Upload. After an error other
  /// than a limit on held chunks the upload is over.
  [[nodiscard]] Result<void> add(messages::FileChunk chunk, SteadyTime now, SteadyTime deadline);
  /// Ends all.
  void clear();

 private:
  using Name = std::pair<std::string, std::string>;  ///< container, object
  struct Entry {
    Entry(std::unique_ptr<Upload> begun, std::uint64_t bytes, SteadyTime now)
        : upload(std::move(begun)), total(bytes), last_use(now) {}

    Mutex mutex;
    std::unique_ptr<Upload> upload GUARDED_BY(mutex);  ///< null once it is over
    const std::uint64_t total;
    std::uint64_t written GUARDED_BY(mutex) = 0;
    std::optional<std::uint64_t> next GUARDED_BY(mutex);  ///< nothing until the numbering is known
    std::map<std::uint64_t, Bytes> held GUARDED_BY(mutex);
    std::size_t held_bytes GUARDED_BY(mutex) = 0;
    SteadyTime last_use;  ///< under that of Uploads, which cannot be named here
  };

  [[nodiscard]] std::shared_ptr<Entry> find(const Name& name, SteadyTime now);
  [[nodiscard]] Result<bool> take(Entry& entry, messages::FileChunk&& chunk, SteadyTime deadline)
      REQUIRES(entry.mutex);
  [[nodiscard]] Result<void> hold(Entry& entry, messages::FileChunk&& chunk) const
      REQUIRES(entry.mutex);
  [[nodiscard]] Result<void> write(Entry& entry, ByteView bytes, SteadyTime deadline)
      REQUIRES(entry.mutex);
  void forget(const Name& name, const std::shared_ptr<Entry>& entry);
  /// Takes out one upload that nobody continues.
  [[nodiscard]] std::shared_ptr<Entry> take_idle(SteadyTime now) REQUIRES(mutex_);

  Store& store_;
  Mutex mutex_;  // not held while an entry's is taken
  std::map<Name, std::shared_ptr<Entry>> entries_ GUARDED_BY(mutex_);
};

}  // namespace trellis::providers::blobstore
