// Your actor: greets, and counts how often.
import { consoleLog, failed, http, keyvalue, Result } from "trellis-actor";
export { __guest_call } from "trellis-actor"; // what the host calls

function handle(request: http.Request): Result<http.Response> {
  const name = request.path == "/" ? "world" : request.path.slice(1);
  const visits = keyvalue.add("visits:" + name, 1);
  if (!visits.isOk) return failed<http.Response, i32>(visits); // the caller gets this error
  consoleLog(name + " was here");
  return Result.ok(http.text(`Hello, ${name}! Visit ${visits.get()}.\n`));
}

export function wapc_init(): void {
  http.handle(handle);
}
