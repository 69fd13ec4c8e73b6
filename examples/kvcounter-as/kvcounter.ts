// Counts the visits of each path in a key-value store and answers {"counter":N}.
import { failed, http, keyvalue, Result } from "trellis-actor";
export { __guest_call } from "trellis-actor";

function handle(request: http.Request): Result<http.Response> {
  const counter = keyvalue.add(request.path.replaceAll("/", ":"), 1);
  if (!counter.isOk) return failed<http.Response, i32>(counter);
  return Result.ok(http.json(`{"counter":${counter.get()}}`));
}

export function wapc_init(): void {
  http.handle(handle);
}
