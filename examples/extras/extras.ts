// Shows what the extras provider makes: a GUID, a random number below 100, a sequence number.
import { extras, failed, http, Result } from "trellis-actor";
export { __guest_call } from "trellis-actor";

function handle(_: http.Request): Result<http.Response> {
  const guid = extras.guid();
  if (!guid.isOk) return failed<http.Response, string>(guid);
  const random = extras.random(0, 100);
  if (!random.isOk) return failed<http.Response, u32>(random);
  const sequence = extras.sequence();
  if (!sequence.isOk) return failed<http.Response, u64>(sequence);
  return Result.ok(http.json(`{"guid":"${guid.get()}","random":${random.get()},"sequence":${sequence.get()}}`));
}

export function wapc_init(): void {
  http.handle(handle);
}
