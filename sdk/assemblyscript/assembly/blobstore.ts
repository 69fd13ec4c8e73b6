// wasmcloud:blobstore, from the actor's side (contracts.md 3.6).
//
// Objects go up and down in chunks. An upload is startUpload and a chunk after the other; a download
// arrives at the function given to `handle` after the call that asked for it has ended: what is to be
// kept between chunks belongs into `context` or a store. After an error no more chunks come.
import { register, Result } from "@wapc/as-guest/assembly";

import {
  Blob, BlobId, BlobList, Chunk, ChunkArgs, Container, ContainerId, DownloadArgs, Outcome,
  RemoveObjectArgs, usualChunkSize
} from "./blobstore_messages";
import { Done, done, failed, nothing, refused } from "./guest";
import { decode, Message, request } from "./message";

export * from "./blobstore_messages";

export const contract: string = "wasmcloud:blobstore";

/** One that is there already is no error. */
export function createContainer(id: string, link: string = "default"): Result<Container> {
  return request<Container>(contract, "CreateContainer", Container.of(id), link);
}

/** Only an empty one. */
export function removeContainer(id: string, link: string = "default"): Result<Done> {
  return outcomeOf("RemoveContainer", Container.of(id), link);
}

export function removeObject(container: string, id: string, link: string = "default"): Result<Done> {
  const args = new RemoveObjectArgs();
  args.id = id;
  args.containerId = container;
  return outcomeOf("RemoveObject", args, link);
}

export function list(container: string, link: string = "default"): Result<Blob[]> {
  const found = request<BlobList>(contract, "ListObjects", ContainerId.of(container), link);
  if (!found.isOk) return failed<Blob[], BlobList>(found);
  return Result.ok<Blob[]>(found.get().blobs);
}

/** Null when there is no such object. */
export function info(container: string, id: string, link: string = "default"): Result<Blob | null> {
  const args = new BlobId();
  args.blobId = id;
  args.containerId = container;
  const found = request<Blob>(contract, "GetObjectInfo", args, link);
  if (!found.isOk) return failed<Blob | null, Blob>(found);
  const blob = found.get();
  const missing = blob.id == "none" && blob.container.id == "none";
  return Result.ok<Blob | null>(missing ? null : blob);
}

/** Announces an object: container, id, totalBytes and chunkSize of `first` count. */
export function startUpload(first: Chunk, link: string = "default"): Result<Done> {
  return outcomeOf("StartUpload", ChunkArgs.of(first), link);
}

export function uploadChunk(chunk: Chunk, link: string = "default"): Result<Done> {
  return outcomeOf("UploadChunk", ChunkArgs.of(chunk), link);
}

/** A whole object that fits into the actor's memory. */
export function put(container: string, id: string, content: ArrayBuffer,
                    link: string = "default"): Result<Done> {
  const chunk = Chunk.first(container, id, content.byteLength);
  const started = startUpload(chunk, link);
  if (!started.isOk) return started;
  const size = <i32>usualChunkSize;
  for (let at = 0; at < content.byteLength; at += size) {
    chunk.bytes = content.slice(at, min(at + size, content.byteLength));
    const added = uploadChunk(chunk, link);
    if (!added.isOk) return added;
    ++chunk.sequenceNo;
  }
  return done();
}

/** Chunks come to the function given to `handle` when this call has ended, each with this context. */
export function startDownload(container: string, id: string, chunkSize: u64 = usualChunkSize,
                              context: string | null = null, link: string = "default"): Result<Done> {
  const args = new DownloadArgs();
  args.blobId = id;
  args.containerId = container;
  args.chunkSize = chunkSize;
  args.context = context;
  return outcomeOf("StartDownload", args, link);
}

function outcomeOf(operation: string, args: Message, link: string): Result<Done> {
  const outcome = request<Outcome>(contract, operation, args, link);
  if (!outcome.isOk) return failed<Done, Outcome>(outcome);
  if (outcome.get().success) return done();
  const error = outcome.get().error;
  return refused<Done>(error === null ? "not done" : error);
}

export type Handler = (chunk: Chunk) => Result<Done>;
let handler: Handler | null = null;

/** From now on `receive` gets the chunks of downloads. Call this in wapc_init. */
export function handle(receive: Handler): void {
  handler = receive;
  register("ReceiveChunk", run);
}

function run(payload: ArrayBuffer): Result<ArrayBuffer> {
  const args = decode<ChunkArgs>(payload);
  if (!args.isOk) return failed<ArrayBuffer, ChunkArgs>(args);
  return nothing(handler!(args.get().chunk));
}
