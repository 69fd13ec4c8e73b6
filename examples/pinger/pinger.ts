// Answers each HTTP request with what another actor, named by its call alias, makes of 11.
import { failed, http, Message, Reader, request, Result, Writer } from "trellis-actor";
export { __guest_call } from "trellis-actor";

class Ping extends Message {
  value: i64 = 0;

  names(): string[] { return ["value"]; }
  write(_: string, out: Writer): void { out.integer(this.value); }
  read(_: string, input: Reader): void { this.value = input.i64(); }
}

function handle(_: http.Request): Result<http.Response> {
  const ping = new Ping();
  ping.value = 11;
  const pong = request<Ping>("wasmcloud/examples/ponger", "Ping", ping);
  if (!pong.isOk) return failed<http.Response, Ping>(pong);
  return Result.ok(http.json(`{"value":${pong.get().value}}`));
}

export function wapc_init(): void {
  http.handle(handle);
}
