// Write an actor in AssemblyScript on top of the published waPC guest library:
//
//   import { failed, http, keyvalue, Result } from "trellis-actor";
//   export { __guest_call } from "trellis-actor";
//
//   function handle(request: http.Request): Result<http.Response> {
//     const counter = keyvalue.add(request.path, 1);
//     if (!counter.isOk) return failed<http.Response, i32>(counter);
//     return Result.ok(http.json(`{"counter":${counter.get()}}`));
//   }
//   export function wapc_init(): void {
//     http.handle(handle);
//   }
//
// How to compile it: docs/actors.md. An actor has no threads and keeps no state between calls.
import * as blobstore from "./blobstore";
import * as eventstreams from "./eventstreams";
import * as extras from "./extras";
import * as health from "./health";
import * as http from "./http";
import * as httpclient from "./httpclient";
import * as keyvalue from "./keyvalue";
import * as logging from "./logging";
import * as messaging from "./messaging";
import * as telnet from "./telnet";

export { blobstore, eventstreams, extras, health, http, httpclient, keyvalue, logging, messaging, telnet };
export { __guest_call, Done, done, failed, refused } from "./guest";
export { decode, encode, Message, readFields, request, writeFields } from "./message";
export { Reader, Writer } from "./msgpack";
export { consoleLog, hostCall, register, Result } from "@wapc/as-guest/assembly";
