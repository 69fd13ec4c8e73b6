// Objects in a container: POST /name stores the body, GET / lists, POST /name?copy copies it to
// name.copy chunk by chunk, DELETE /name removes it.
import { blobstore, Done, failed, http, Result } from "trellis-actor";
export { __guest_call } from "trellis-actor";

const box = "files";

function answer(statusCode: u32, text: string): Result<http.Response> {
  const response = http.text(text);
  response.statusCode = statusCode;
  return Result.ok(response);
}

function store(name: string, content: ArrayBuffer): Result<http.Response> {
  const made = blobstore.createContainer(box);
  if (!made.isOk) return failed<http.Response, blobstore.Container>(made);
  const stored = blobstore.put(box, name, content);
  return stored.isOk ? answer(200, "stored\n") : failed<http.Response, Done>(stored);
}

function copy(name: string): Result<http.Response> {
  const found = blobstore.info(box, name);
  if (!found.isOk) return failed<http.Response, blobstore.Blob | null>(found);
  const source = found.get();
  if (source === null) return answer(404, "no " + name + "\n");
  const begun = blobstore.startUpload(blobstore.Chunk.first(box, name + ".copy", source.byteSize));
  if (!begun.isOk) return failed<http.Response, Done>(begun);
  // Its chunks come to receive() below, one after the other.
  const started = blobstore.startDownload(box, name, blobstore.usualChunkSize, "copy");
  if (!started.isOk) return failed<http.Response, Done>(started);
  return answer(202, "copying " + source.byteSize.toString() + " bytes\n");
}

function receive(chunk: blobstore.Chunk): Result<Done> {
  chunk.id += ".copy";
  return blobstore.uploadChunk(chunk);
}

function list(): Result<http.Response> {
  const found = blobstore.list(box);
  if (!found.isOk) return failed<http.Response, blobstore.Blob[]>(found);
  const objects = found.get();
  let text = "";
  for (let i = 0; i < objects.length; ++i) text += objects[i].id + " " + objects[i].byteSize.toString() + "\n";
  return answer(200, text);
}

function handle(request: http.Request): Result<http.Response> {
  const name = request.path.slice(1);
  if (request.method == "GET") return list();
  if (request.method == "POST") return request.queryString == "copy" ? copy(name) : store(name, request.body);
  if (request.method != "DELETE") return answer(405, "");
  const removed = blobstore.removeObject(box, name);
  return removed.isOk ? answer(200, "removed\n") : answer(404, removed.error()!.message + "\n");
}

export function wapc_init(): void {
  http.handle(handle);
  blobstore.handle(receive);
}
