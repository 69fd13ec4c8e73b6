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
