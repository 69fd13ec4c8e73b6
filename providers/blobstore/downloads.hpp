// Chunks on their way to one actor.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "base/mutex.hpp"
#include "providers/blobstore/store.hpp"
#include "trellis/provider.hpp"

namespace trellis::providers::blobstore {

/// How chunks are sent.
struct ChunkStyle {
  bool bare = false;  ///< without the map around, as first-party providers do
  std::uint64_t first_number = 0;
};

/// A bounded queue of downloads and threads of the host that make them: each reads a chunk, hands
/// it to the actor, and goes on when that has taken it. A download ends with the first chunk the
/// actor does not take. Any thread.
class Downloads {
 public:
  static constexpr std::size_t at_a_time = 4;
  static constexpr std::size_t max_waiting = 256;

  Downloads(sdk23::Host host, Log log, std::string actor, ChunkStyle style);
  Downloads(const Downloads&) = delete;
  Downloads& operator=(const Downloads&) = delete;
  ~Downloads();

  struct Job {
    messages::StartDownloadArgs args;
    std::unique_ptr<Download> source;
  };
  /// Errors: busy; cancelled after end; unavailable without a thread.
  [[nodiscard]] Result<void> add(Job job);
  /// Begins no more chunks.
  void end();
  /// Waits for the threads; after end(), by one thread.
  void join();

 private:
  void run();
  void send(Job& job) const;
  [[nodiscard]] Result<void> send_chunk(Job& job, std::uint64_t index,
                                        std::uint64_t chunk_size) const;
  [[nodiscard]] bool has_ended() const;

  const sdk23::Host host_;
  const Log log_;
  const std::string actor_;
  const ChunkStyle style_;
  mutable Mutex mutex_;
  Condition changed_;
  std::deque<Job> waiting_ GUARDED_BY(mutex_);
  std::size_t running_ GUARDED_BY(mutex_) = 0;
  bool ended_ GUARDED_BY(mutex_) = false;
  std::vector<sdk23::HostThread> threads_ GUARDED_BY(mutex_);  ///< until end()
};

}  // namespace trellis::providers::blobstore
