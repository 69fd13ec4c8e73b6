#include "providers/blobstore/downloads.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/deadline.hpp"
#include "base/sizes.hpp"
#include "base/text.hpp"

namespace trellis::providers::blobstore {

namespace {

// Time for one chunk from the store. A download has no caller who waits, hence no deadline of its
// own.
constexpr std::chrono::seconds read_time{30};

}  // namespace

Downloads::Downloads(sdk23::Host host, Log log, std::string actor, ChunkStyle style)
    : host_(host), log_(std::move(log)), actor_(std::move(actor)), style_(style) {}

Downloads::~Downloads() {
  end();
  join();
}

Result<void> Downloads::add(Job job) {
  const MutexLock lock(mutex_);
  if (ended_) return fail(ErrorCode::cancelled, "the link is gone");
  if (waiting_.size() >= max_waiting) {
    return fail(ErrorCode::busy, fmt::format("{} downloads wait already", waiting_.size()),
                "ask again later");
  }
  // Threads are made when more downloads run than there are, and stay: most links never download,
  // those that do will again. A thread that cannot be had matters only if it would be the first.
  if (running_ + waiting_.size() >= threads_.size() && threads_.size() < at_a_time) {
    auto thread = sdk23::HostThread::start(host_, "blobs", [this] { run(); });
    if (thread) {
      threads_.push_back(std::move(*thread));
    } else if (threads_.empty()) {
      return pass(thread);
    }
  }
  waiting_.push_back(std::move(job));
  changed_.notify_one();
  return {};
}

void Downloads::end() {
  const MutexLock lock(mutex_);
  ended_ = true;
  // Sources of waiting downloads close here; running ones end with the chunk at hand.
  waiting_.clear();
  changed_.notify_all();
}

void Downloads::join() {
  std::vector<sdk23::HostThread> threads;  // joined after the lock, which they need
  const MutexLock lock(mutex_);
  threads.swap(threads_);
}

bool Downloads::has_ended() const {
  const MutexLock lock(mutex_);
  return ended_;
}

void Downloads::run() {
  MutexLock lock(mutex_);
  while (true) {
    changed_.wait(lock, [&]() REQUIRES(mutex_) { return ended_ || !waiting_.empty(); });
    if (ended_) return;
    auto job = std::move(waiting_.front());
    waiting_.pop_front();
    ++running_;
    lock.unlock();
    send(job);
    lock.lock();
    --running_;
  }
}

void Downloads::send(Job& job) const {
  const auto chunk_size = job.args.chunk_size;
  // Rounded up (contracts.md 3.6, rule 4): the floor of the first-party provider loses the last
  // part. An empty object has no chunks; the answer said all there is.
  const auto chunks = (job.source->size() + chunk_size - 1) / chunk_size;
  for (std::uint64_t i = 0; i < chunks && !has_ended(); ++i) {
    // End at the first failure, unlike first-party providers: an actor that missed a chunk can do
    // nothing with the rest, and there is no end marker it would wait for.
    if (auto sent = send_chunk(job, i, chunk_size); !sent) {
      log_.warn("the download of {} to {} ends after {} of {} chunks: {}",
                excerpt(job.args.blob_id), actor_, i, chunks, excerpt(sent.error().message, 200));
      return;
    }
  }
}

Result<void> Downloads::send_chunk(Job& job, std::uint64_t index, std::uint64_t chunk_size) const {
  const auto offset = index * chunk_size;
  const auto size = std::min(chunk_size, job.source->size() - offset);
  auto bytes = job.source->read(offset, to_size(size), deadline_in(read_time));
  if (!bytes) return pass(bytes);
  messages::ChunkArgs args{{index + style_.first_number,
                            {job.args.container_id},
                            job.args.blob_id,
                            job.source->size(),
                            chunk_size,
                            job.args.context,
                            std::move(*bytes)}};
  const auto message = style_.bare ? codec::encode(args.chunk) : codec::encode(args);
  const auto reply =
      // No call: StartDownload was answered long ago. Its chain is not continued, and an actor with
      // one instance can take the chunk.
      host_.dispatch(TRELLIS_NO_CALL, actor_, messages::operation::receive_chunk, message);
  if (!reply) return pass(reply);
  return {};
}

}  // namespace trellis::providers::blobstore
