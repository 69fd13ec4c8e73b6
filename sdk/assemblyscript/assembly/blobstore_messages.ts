// The messages of wasmcloud:blobstore (contracts.md 3.6).
import { Message, readFields, writeFields } from "./message";
import { Reader, Writer } from "./msgpack";

export const usualChunkSize: u64 = 256 * 1024;

export class Container extends Message {
  id: string = "";

  static of(id: string): Container {
    const container = new Container();
    container.id = id;
    return container;
  }
  names(): string[] {
    return ["id"];
  }
  write(_: string, out: Writer): void {
    out.string(this.id);
  }
  read(_: string, input: Reader): void {
    this.id = input.string();
  }
}

/** An object, which "Object" cannot be called here: that is the class of the language. */
export class Blob extends Message {
  id: string = "";
  container: Container = new Container();
  byteSize: u64 = 0;

  names(): string[] {
    return ["id", "container", "byteSize"];
  }
  write(name: string, out: Writer): void {
    if (name == "id") out.string(this.id);
    else if (name == "container") writeFields(this.container, out);
    else out.unsigned(this.byteSize);
  }
  read(name: string, input: Reader): void {
    if (name == "id") this.id = input.string();
    else if (name == "container") readFields(this.container, input);
    else this.byteSize = input.u64();
  }
}

export class BlobList extends Message {
  blobs: Blob[] = [];

  names(): string[] {
    return ["blobs"];
  }
  write(_: string, out: Writer): void {
    out.array(this.blobs.length);
    for (let i = 0; i < this.blobs.length; ++i) writeFields(this.blobs[i], out);
  }
  read(_: string, input: Reader): void {
    for (let left = input.array(); left > 0 && input.ok; --left) {
      const blob = new Blob();
      readFields(blob, input);
      this.blobs.push(blob);
    }
  }
}

export class Chunk extends Message {
  sequenceNo: u64 = 0;
  container: Container = new Container();
  id: string = "";
  totalBytes: u64 = 0;
  /** Of all chunks but the last. */
  chunkSize: u64 = usualChunkSize;
  context: string | null = null;
  bytes: ArrayBuffer = new ArrayBuffer(0);

  /** What announces an object to startUpload: chunk 0 without bytes. */
  static first(container: string, id: string, totalBytes: u64, chunkSize: u64 = usualChunkSize): Chunk {
    const chunk = new Chunk();
    chunk.container = Container.of(container);
    chunk.id = id;
    chunk.totalBytes = totalBytes;
    chunk.chunkSize = chunkSize;
    return chunk;
  }
  names(): string[] {
    return ["sequenceNo", "container", "id", "totalBytes", "chunkSize", "context", "chunkBytes"];
  }
  optional(name: string): bool {
    return name == "context";
  }
  write(name: string, out: Writer): void {
    if (name == "sequenceNo") out.unsigned(this.sequenceNo);
    else if (name == "container") writeFields(this.container, out);
    else if (name == "id") out.string(this.id);
    else if (name == "totalBytes") out.unsigned(this.totalBytes);
    else if (name == "chunkSize") out.unsigned(this.chunkSize);
    else if (name == "context") out.optionalString(this.context);
    else out.binary(this.bytes);
  }
  read(name: string, input: Reader): void {
    if (name == "sequenceNo") this.sequenceNo = input.u64();
    else if (name == "container") readFields(this.container, input);
    else if (name == "id") this.id = input.string();
    else if (name == "totalBytes") this.totalBytes = input.u64();
    else if (name == "chunkSize") this.chunkSize = input.u64();
    else if (name == "context") this.context = input.optionalString();
    else this.bytes = input.binary();
  }
}

export class ChunkArgs extends Message {
  chunk: Chunk = new Chunk();

  static of(chunk: Chunk): ChunkArgs {
    const args = new ChunkArgs();
    args.chunk = chunk;
    return args;
  }
  names(): string[] {
    return ["chunk"];
  }
  write(_: string, out: Writer): void {
    writeFields(this.chunk, out);
  }
  read(_: string, input: Reader): void {
    readFields(this.chunk, input);
  }
}

export class ContainerId extends Message {
  containerId: string = "";

  static of(containerId: string): ContainerId {
    const args = new ContainerId();
    args.containerId = containerId;
    return args;
  }
  names(): string[] {
    return ["container_id"];
  }
  write(_: string, out: Writer): void {
    out.string(this.containerId);
  }
  read(_: string, input: Reader): void {
    this.containerId = input.string();
  }
}

export class BlobId extends Message {
  blobId: string = "";
  containerId: string = "";

  names(): string[] {
    return ["blob_id", "container_id"];
  }
  write(name: string, out: Writer): void {
    out.string(name == "blob_id" ? this.blobId : this.containerId);
  }
  read(name: string, input: Reader): void {
    if (name == "blob_id") this.blobId = input.string();
    else this.containerId = input.string();
  }
}

export class RemoveObjectArgs extends Message {
  id: string = "";
  containerId: string = "";

  names(): string[] {
    return ["id", "container_id"];
  }
  write(name: string, out: Writer): void {
    out.string(name == "id" ? this.id : this.containerId);
  }
  read(name: string, input: Reader): void {
    if (name == "id") this.id = input.string();
    else this.containerId = input.string();
  }
}

export class DownloadArgs extends Message {
  blobId: string = "";
  containerId: string = "";
  chunkSize: u64 = usualChunkSize;
  /** Comes back in every chunk. */
  context: string | null = null;

  names(): string[] {
    return ["blob_id", "container_id", "chunk_size", "context"];
  }
  optional(name: string): bool {
    return name == "context";
  }
  write(name: string, out: Writer): void {
    if (name == "blob_id") out.string(this.blobId);
    else if (name == "container_id") out.string(this.containerId);
    else if (name == "chunk_size") out.unsigned(this.chunkSize);
    else out.optionalString(this.context);
  }
  read(name: string, input: Reader): void {
    if (name == "blob_id") this.blobId = input.string();
    else if (name == "container_id") this.containerId = input.string();
    else if (name == "chunk_size") this.chunkSize = input.u64();
    else this.context = input.optionalString();
  }
}

export class Outcome extends Message {
  success: bool = false;
  error: string | null = null;

  names(): string[] {
    return ["success", "error"];
  }
  optional(name: string): bool {
    return name == "error";
  }
  write(name: string, out: Writer): void {
    if (name == "success") out.boolean(this.success);
    else out.optionalString(this.error);
  }
  read(name: string, input: Reader): void {
    if (name == "success") this.success = input.boolean();
    else this.error = input.optionalString();
  }
}
