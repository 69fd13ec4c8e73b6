// The guest's entry points (contracts.md 1.2 and 1.4), and errors as values.
import { handleCall, register, Result } from "@wapc/as-guest/assembly";

export { abort } from "./abort"; // makes it known to the compiler

/** The host announces a call with two lengths. Re-export it from the file of the actor. */
export function __guest_call(operationSize: usize, payloadSize: usize): bool {
  return handleCall(operationSize, payloadSize);
}

/** An error with this text. */
export function refused<T>(text: string): Result<T> {
  return Result.error<T>(new Error(text));
}

/** The error of another result, as a result of ours: what `?` is elsewhere. */
export function failed<T, From = ArrayBuffer>(result: Result<From>): Result<T> {
  const error = result.error();
  return Result.error<T>(error === null ? new Error("unknown error") : error);
}

/** The content of a success that has nothing to say. */
export class Done {}

/** A success that has nothing to say: what handlers that only receive answer. */
export function done(): Result<Done> {
  return Result.ok<Done>(new Done());
}

/** The answer that nobody looks at (nil), or the error. For handlers that only receive. */
export function nothing(result: Result<Done>): Result<ArrayBuffer> {
  if (!result.isOk) return failed<ArrayBuffer, Done>(result);
  const bytes = new Uint8Array(1);
  bytes[0] = 0xc0;
  return Result.ok(bytes.buffer);
}

/** A HealthResponse that is well and has nothing to say (contracts.md 2.3). */
function healthy(_: ArrayBuffer): Result<ArrayBuffer> {
  const bytes = new Uint8Array(19);
  bytes[0] = 0x82;
  bytes[1] = 0xa7;
  String.UTF8.encodeUnsafe(changetype<usize>("healthy"), 7, bytes.dataStart + 2);
  bytes[9] = 0xc3;
  bytes[10] = 0xa7;
  String.UTF8.encodeUnsafe(changetype<usize>("message"), 7, bytes.dataStart + 11);
  bytes[18] = 0xa0;
  return Result.ok(bytes.buffer);
}

// An actor that judges its health itself registers a function of its own under the same name.
register("HealthRequest", healthy);
