// Adds 42. Called by other actors through its alias wasmcloud/examples/ponger.
import { decode, encode, failed, Message, Reader, register, Result, Writer } from "trellis-actor";
export { __guest_call } from "trellis-actor";

class Ping extends Message {
  value: i64 = 0;

  names(): string[] { return ["value"]; }
  write(_: string, out: Writer): void { out.integer(this.value); }
  read(_: string, input: Reader): void { this.value = input.i64(); }
}

function ping(payload: ArrayBuffer): Result<ArrayBuffer> {
  const ping = decode<Ping>(payload);
  if (!ping.isOk) return failed<ArrayBuffer, Ping>(ping);
  const pong = ping.get();
  pong.value += 42;
  return Result.ok(encode(pong));
}

export function wapc_init(): void {
  register("Ping", ping);
}
