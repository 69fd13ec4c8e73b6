// wasmcloud:httpserver, from the actor's side (contracts.md 3.1).
import { register, Result } from "@wapc/as-guest/assembly";

import { failed } from "./guest";
import { answered, decode, Message } from "./message";
import { Reader, Writer } from "./msgpack";

export class Request extends Message {
  /** Upper case, as received. */
  method: string = "";
  /** Still percent-encoded, without the query. */
  path: string = "";
  /** Without '?', empty if none. */
  queryString: string = "";
  /** Names in lower case. */
  header: Map<string, string> = new Map<string, string>();
  body: ArrayBuffer = new ArrayBuffer(0);

  names(): string[] {
    return ["method", "path", "queryString", "header", "body"];
  }
  optional(name: string): bool {
    return name == "header";
  }
  write(name: string, out: Writer): void {
    if (name == "method") out.string(this.method);
    else if (name == "path") out.string(this.path);
    else if (name == "queryString") out.string(this.queryString);
    else if (name == "header") out.stringMap(this.header);
    else out.binary(this.body);
  }
  read(name: string, input: Reader): void {
    if (name == "method") this.method = input.string();
    else if (name == "path") this.path = input.string();
    else if (name == "queryString") this.queryString = input.string();
    else if (name == "header") this.header = input.stringMap();
    else this.body = input.binary();
  }
}

export class Response extends Message {
  statusCode: u32 = 200;
  /** For people; not sent to the client. */
  status: string = "OK";
  header: Map<string, string> = new Map<string, string>();
  body: ArrayBuffer = new ArrayBuffer(0);

  names(): string[] {
    return ["statusCode", "status", "header", "body"];
  }
  optional(name: string): bool {
    return name == "header";
  }
  write(name: string, out: Writer): void {
    if (name == "statusCode") out.unsigned(this.statusCode);
    else if (name == "status") out.string(this.status);
    else if (name == "header") out.stringMap(this.header);
    else out.binary(this.body);
  }
  read(name: string, input: Reader): void {
    if (name == "statusCode") this.statusCode = input.u32();
    else if (name == "status") this.status = input.string();
    else if (name == "header") this.header = input.stringMap();
    else this.body = input.binary();
  }
}

/** 200 with text that is JSON already. */
export function json(body: string): Response {
  return typed(body, "application/json");
}

/** 200 with plain text. */
export function text(body: string): Response {
  return typed(body, "text/plain; charset=utf-8");
}

function typed(body: string, type: string): Response {
  const response = new Response();
  response.header.set("content-type", type);
  response.body = String.UTF8.encode(body);
  return response;
}

export type Handler = (request: Request) => Result<Response>;
let handler: Handler | null = null;

/** From now on `answer` answers the operation HandleRequest. Call this in wapc_init. */
export function handle(answer: Handler): void {
  handler = answer;
  register("HandleRequest", run);
}

function run(payload: ArrayBuffer): Result<ArrayBuffer> {
  const request = decode<Request>(payload);
  if (!request.isOk) return failed<ArrayBuffer, Request>(request);
  return answered<Response>(handler!(request.get()));
}
