// wasmcloud:httpclient, from the actor's side (contracts.md 3.2).
import { Result } from "@wapc/as-guest/assembly";

import { Response } from "./http";
import { Message, request } from "./message";
import { Reader, Writer } from "./msgpack";

export const contract: string = "wasmcloud:httpclient";

export class Request extends Message {
  /** Upper case. */
  method: string = "GET";
  url: string = "";
  /** Plural here, singular in the response. */
  headers: Map<string, string> = new Map<string, string>();
  body: ArrayBuffer = new ArrayBuffer(0);

  static of(method: string, url: string, text: string = ""): Request {
    const request = new Request();
    request.method = method;
    request.url = url;
    request.body = String.UTF8.encode(text);
    return request;
  }
  /** The request with one more header. */
  withHeader(name: string, value: string): Request {
    this.headers.set(name, value);
    return this;
  }
  names(): string[] {
    return ["method", "url", "headers", "body"];
  }
  optional(name: string): bool {
    return name == "headers";
  }
  write(name: string, out: Writer): void {
    if (name == "method") out.string(this.method);
    else if (name == "url") out.string(this.url);
    else if (name == "headers") out.stringMap(this.headers);
    else out.binary(this.body);
  }
  read(name: string, input: Reader): void {
    if (name == "method") this.method = input.string();
    else if (name == "url") this.url = input.string();
    else if (name == "headers") this.headers = input.stringMap();
    else this.body = input.binary();
  }
}

/** Any status is a success here; an error is a request without an answer. */
export function send(wanted: Request, link: string = "default"): Result<Response> {
  return request<Response>(contract, "Request", wanted, link);
}

export function get(url: string, link: string = "default"): Result<Response> {
  return send(Request.of("GET", url), link);
}
