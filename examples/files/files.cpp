// Objects in a container: POST /name stores the body, GET / lists, POST /name?copy copies it to
// name.copy chunk by chunk, DELETE /name removes it.
#include <trellis/actor.hpp>

using namespace trellis::guest;

static const char* const box = "files";

static Result<http::Response> store(const http::Request& request, const std::string& name) {
  auto made = blobstore::create_container(box);
  if (!made) return made.error();
  auto put = blobstore::put(box, name, request.body.data);
  if (!put) return put.error();
  return http::text("stored\n");
}

static Result<http::Response> copy(const std::string& name) {
  auto source = blobstore::info(box, name);
  if (!source) return source.error();
  if (!*source) return http::text("no " + name + "\n", 404, "Not Found");
  const auto bytes = (*source)->byte_size;
  // The upload's first chunk carries sizes and no bytes (the contract has it so).
  auto begun = blobstore::start_upload(
      {0, {box}, name + ".copy", bytes, blobstore::usual_chunk_size, {}, {}});
  if (!begun) return begun.error();
  // Its chunks come to receive() below, one after the other.
  auto started = blobstore::start_download({name, box, blobstore::usual_chunk_size, "copy"});
  if (!started) return started.error();
  return http::text("copying " + std::to_string(bytes) + " bytes\n", 202, "Accepted");
}

static Result<Done> receive(const blobstore::ChunkArgs& args) {
  auto chunk = args.chunk;
  chunk.id += ".copy";
  return blobstore::upload_chunk(std::move(chunk));
}

static Result<http::Response> list() {
  auto objects = blobstore::list(box);
  if (!objects) return objects.error();
  std::string text;
  for (const auto& each : *objects) {
    text += each.id + " " + std::to_string(each.byte_size) + "\n";
  }
  return http::text(text);
}

static Result<http::Response> handle(const http::Request& request) {
  const auto name = request.path.substr(1);
  if (request.method == "GET") return list();
  if (request.method == "POST") {
    return request.query_string == "copy" ? copy(name) : store(request, name);
  }
  if (request.method != "DELETE") return http::text("", 405, "Method Not Allowed");
  auto removed = blobstore::remove_object(box, name);
  if (!removed) return http::text(removed.error().text + "\n", 404, "Not Found");
  return http::text("removed\n");
}

TRELLIS_ACTOR(on<http::HandleRequest, handle>(), on<blobstore::ReceiveChunk, receive>());
