#include "providers/blobstore/link.hpp"

#include <fmt/format.h>

#include <chrono>
#include <utility>

#include "base/call_limits.hpp"
#include "base/deadline.hpp"
#include "base/text.hpp"
#include "providers/common/link_values.hpp"

namespace trellis::providers::blobstore {

namespace {

/// Id in the answer of GetObjectInfo for an object that is missing (contracts.md 3.6, rule 7).
constexpr std::string_view none = "none";

// Answer of operations whose result has a field for errors. The others fail as calls do; which is
// which follows the first-party provider on files (contracts.md 3.6).
[[nodiscard]] Bytes told(const Result<void>& done) {
  if (done) return codec::encode(messages::BlobstoreResult{true, {}});
  return codec::encode(messages::BlobstoreResult{false, done.error().message});
}

/// Chunk in both shapes that first-party libraries send (contracts.md 3.6). When it is neither, the
/// error is that of the wrapped one.
[[nodiscard]] Result<messages::FileChunk> decode_chunk(ByteView payload) {
  auto wrapped = codec::decode<messages::ChunkArgs>(payload);
  if (wrapped) return std::move(wrapped->chunk);
  auto bare = codec::decode<messages::FileChunk>(payload);
  if (bare) return bare;
  return pass(wrapped);
}

[[nodiscard]] Result<Bytes> create(Store& store, const sdk23::Call& call, SteadyTime deadline) {
  const auto args = codec::decode<messages::ContainerArgs>(call.payload);
  if (!args) return pass(args);
  auto id = store.create_container(args->id, deadline);
  if (!id) return pass(id);
  return codec::encode(messages::Container{std::move(*id)});
}

[[nodiscard]] Result<Bytes> remove_container(Store& store, const sdk23::Call& call,
                                             SteadyTime deadline) {
  const auto args = codec::decode<messages::ContainerArgs>(call.payload);
  if (!args) return pass(args);
  if (auto removed = store.remove_container(args->id, deadline); !removed) return pass(removed);
  return told({});
}

[[nodiscard]] Result<Bytes> remove_object(Store& store, const sdk23::Call& call,
                                          SteadyTime deadline) {
  const auto args = codec::decode<messages::RemoveObjectArgs>(call.payload);
  if (!args) return pass(args);
  return told(store.remove_object(args->container_id, args->id, deadline));
}

[[nodiscard]] Result<Bytes> list(Store& store, const sdk23::Call& call, SteadyTime deadline) {
  const auto args = codec::decode<messages::ListObjectsArgs>(call.payload);
  if (!args) return pass(args);
  auto blobs = store.list(args->container_id, deadline);
  if (!blobs) return pass(blobs);
  auto answer = codec::encode(messages::BlobList{std::move(*blobs)});
  if (answer.size() <= limits::payload_bytes) return answer;
  return fail(ErrorCode::limit, "the list of objects fits no message",
              "spread the objects over more containers");
}

[[nodiscard]] Result<Bytes> info(Store& store, const sdk23::Call& call, SteadyTime deadline) {
  const auto args = codec::decode<messages::GetObjectInfoArgs>(call.payload);
  if (!args) return pass(args);
  auto blob = store.info(args->container_id, args->blob_id, deadline);
  if (!blob) return pass(blob);
  if (*blob) return codec::encode(**blob);
  return codec::encode(messages::Blob{std::string(none), {std::string(none)}, 0});
}

}  // namespace

Result<ChunkStyle> read_style(const codec::StringMap& values) {
  ChunkStyle style;
  const auto format = text_value(values, "CHUNK_FORMAT", "wrapped");
  if (format != "wrapped" && format != "bare") {
    return fail(ErrorCode::invalid_argument,
                fmt::format("link value CHUNK_FORMAT is \"{}\"", excerpt(format)),
                "it may be wrapped or bare");
  }
  style.bare = format == "bare";
  const auto first = number_value(values, "FIRST_SEQUENCE", 0, 0, 1);
  if (!first) return pass(first);
  style.first_number = *first;
  return style;
}

Link::Link(sdk23::Host host, Log log, std::string actor, std::shared_ptr<Store> store,
           ChunkStyle style)
    : host_(host),
      store_(std::move(store)),
      uploads_(*store_),
      downloads_(host, std::move(log), std::move(actor), style) {}

void Link::end() {
  uploads_.clear();
  downloads_.end();
}

Result<Bytes> Link::handle(const sdk23::Call& call) {
  namespace operation = messages::operation;
  // Files and sockets wait on the real clock; in tests the host's is another one.
  const auto deadline = deadline_in(call.deadline - host_.now());
  const auto name = call.operation;
  if (name == operation::create_container) return create(*store_, call, deadline);
  if (name == operation::remove_container) return remove_container(*store_, call, deadline);
  if (name == operation::remove_object) return remove_object(*store_, call, deadline);
  if (name == operation::list_objects) return list(*store_, call, deadline);
  if (name == operation::get_object_info) return info(*store_, call, deadline);
  if (name == operation::start_download) return download(call, deadline);
  if (name == operation::start_upload || name == operation::upload_chunk) {
    return upload(call, deadline);
  }
  // Text of first-party providers (contracts.md 3).
  return fail(ErrorCode::unsupported, "bad dispatch", "wasmcloud:blobstore has no such operation");
}

Result<Bytes> Link::upload(const sdk23::Call& call, SteadyTime deadline) {
  auto chunk = decode_chunk(call.payload);
  if (!chunk) return pass(chunk);
  if (call.operation == messages::operation::start_upload) {
    return told(uploads_.start(*chunk, host_.now(), deadline));
  }
  return told(uploads_.add(std::move(*chunk), host_.now(), deadline));
}

Result<Bytes> Link::download(const sdk23::Call& call, SteadyTime deadline) {
  auto args = codec::decode<messages::StartDownloadArgs>(call.payload);
  if (!args) return pass(args);
  if (args->chunk_size == 0) args->chunk_size = default_chunk_bytes;
  // Chunk size is the actor's word, and its memory and ours must hold one several times.
  if (args->chunk_size > max_chunk_bytes) {
    return told(fail(ErrorCode::invalid_argument,
                     fmt::format("chunks of {} bytes are too large", args->chunk_size)));
  }
  auto source = store_->download(args->container_id, args->blob_id, deadline);
  if (!source) return told(pass(source));
  // Object is opened before the answer: one that is missing is told here and not by silence.
  return told(downloads_.add({std::move(*args), std::move(*source)}));
}

}  // namespace trellis::providers::blobstore
