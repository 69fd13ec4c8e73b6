#include "providers/blobstore/uploads.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/text.hpp"

namespace trellis::providers::blobstore {

namespace {

[[nodiscard]] Result<void> check_sizes(const messages::FileChunk& chunk) {
  // Size 0 of a chunk is a division by zero in first-party providers. Without bytes there are no
  // chunks, so that their size does not matter.
  if (chunk.total_bytes == 0 || (chunk.chunk_size > 0 && chunk.chunk_size <= max_chunk_bytes)) {
    return {};
  }
  return fail(ErrorCode::invalid_argument,
              fmt::format("chunks of {} bytes are not possible", chunk.chunk_size),
              fmt::format("send chunks of 1 to {} bytes", max_chunk_bytes));
}

}  // namespace

Result<void> Uploads::start(const messages::FileChunk& first, SteadyTime now, SteadyTime deadline) {
  if (auto good = check_sizes(first); !good) return good;
  const Name name(first.container.id, first.id);
  // Abandoned uploads go when another begins: no timer is needed, and one that nobody displaces
  // costs a file. One for each that begins is enough to keep pace, and it ends outside the lock:
  // what is dropped may ask a server, for which no other upload shall wait.
  std::shared_ptr<Entry> abandoned;
  {
    const MutexLock lock(mutex_);
    abandoned = take_idle(now);
    if (entries_.size() >= max_uploads && !entries_.contains(name)) {
      return fail(ErrorCode::busy, fmt::format("{} uploads are unfinished", entries_.size()),
                  "finish some first; abandoned ones end after a minute");
    }
  }
  abandoned.reset();
  // Store is asked without the lock: it may be a server. Two that start at the same moment can
  // exceed the bound by one each.
  auto upload = store_.upload(first.container.id, first.id, first.total_bytes, deadline);
  if (!upload) return pass(upload);
  if (first.total_bytes == 0) return (*upload)->commit(deadline);
  // Entry that was there before ends outside the lock.
  auto previous = std::make_shared<Entry>(std::move(*upload), first.total_bytes, now);
  const MutexLock lock(mutex_);
  std::swap(entries_[name], previous);
  return {};
}

std::shared_ptr<Uploads::Entry> Uploads::find(const Name& name, SteadyTime now) {
  const MutexLock lock(mutex_);
  const auto found = entries_.find(name);
  if (found == entries_.end()) return nullptr;
  found->second->last_use = now;
  return found->second;
}

Result<void> Uploads::add(messages::FileChunk chunk, SteadyTime now, SteadyTime deadline) {
  const Name name(chunk.container.id, chunk.id);
  const auto entry = find(name, now);
  if (!entry) {
    return fail(ErrorCode::not_found, fmt::format("no upload of {} was started", excerpt(chunk.id)),
                "send StartUpload first; an upload nobody continues ends after a minute");
  }
  const MutexLock lock(entry->mutex);
  if (!entry->upload) return fail(ErrorCode::not_found, "the upload is over");
  auto finished = take(*entry, std::move(chunk), deadline);
  const bool goes_on = finished ? !*finished : finished.error().code == ErrorCode::busy;
  if (!goes_on) {
    entry->upload.reset();
    forget(name, entry);
  }
  if (!finished) return pass(finished);
  return {};
}

/// Taking of one chunk: whether that was all. Written is what is next in line, then all held ones
/// that follow.
Result<bool> Uploads::take(Entry& entry, messages::FileChunk&& chunk, SteadyTime deadline) {
  const auto number = chunk.sequence_no;
  // Numbering is learned from the first chunk that has 0 or 1 (contracts.md 3.6, rule 3). If chunk
  // 1 of a count from 0 comes first, the upload ends with too few bytes, and never as a wrong
  // object.
  if (!entry.next && number <= 1) entry.next = number;
  if (!entry.next || number > *entry.next) {
    if (auto held = hold(entry, std::move(chunk)); !held) return pass(held);
    return false;
  }
  if (number < *entry.next) return false;  // a caller whose call timed out sends it once more
  if (auto written = write(entry, chunk.chunk_bytes, deadline); !written) return pass(written);
  ++*entry.next;
  for (auto held = entry.held.find(*entry.next); held != entry.held.end();
       held = entry.held.find(*entry.next)) {
    const auto bytes = std::move(held->second);
    entry.held_bytes -= bytes.size();
    entry.held.erase(held);
    if (auto written = write(entry, bytes, deadline); !written) return pass(written);
    ++*entry.next;
  }
  // End by bytes and not by a marker, which the contract does not have.
  if (entry.written < entry.total) return false;
  if (auto committed = entry.upload->commit(deadline); !committed) return pass(committed);
  return true;
}

Result<void> Uploads::hold(Entry& entry, messages::FileChunk&& chunk) const {
  // Bytes that wait for their turn are the actor's choice, so bounded. `busy` keeps the upload: the
  // chunk may come again.
  if (entry.held.contains(chunk.sequence_no)) return {};
  if (entry.held_bytes + chunk.chunk_bytes.size() > max_held_bytes) {
    return fail(ErrorCode::busy, "too many chunks came before their turn",
                "send chunks in order, and this one again later");
  }
  entry.held_bytes += chunk.chunk_bytes.size();
  entry.held.emplace(chunk.sequence_no, std::move(chunk.chunk_bytes));
  return {};
}

Result<void> Uploads::write(Entry& entry, ByteView bytes, SteadyTime deadline) {
  // Announced size is what the quota was charged with. `written` never exceeds it: no wrap.
  if (bytes.size() > entry.total - entry.written) {
    return fail(
        ErrorCode::invalid_argument,
        fmt::format("the chunks have more than the {} bytes that were announced", entry.total),
        "announce the right totalBytes");
  }
  entry.written += bytes.size();
  return entry.upload->write(bytes, deadline);
}

void Uploads::forget(const Name& name, const std::shared_ptr<Entry>& entry) {
  const MutexLock lock(mutex_);
  const auto found = entries_.find(name);
  // Same entry only: a new upload may have taken the name since.
  if (found != entries_.end() && found->second == entry) entries_.erase(found);
}

std::shared_ptr<Uploads::Entry> Uploads::take_idle(SteadyTime now) {
  const auto idle = std::ranges::find_if(
      entries_, [&](const auto& each) { return now - each.second->last_use > idle_time; });
  if (idle == entries_.end()) return nullptr;
  auto taken = std::move(idle->second);
  entries_.erase(idle);
  return taken;
}

void Uploads::clear() {
  // Entries end after the lock: dropping an upload removes files or asks a server.
  std::map<Name, std::shared_ptr<Entry>> all;
  const MutexLock lock(mutex_);
  all.swap(entries_);
}

}  // namespace trellis::providers::blobstore
