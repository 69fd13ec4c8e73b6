// Writes the body of each request to the host's log, at the level named by the path (/warn).
import { http, logging, Result } from "trellis-actor";
export { __guest_call } from "trellis-actor";

function handle(request: http.Request): Result<http.Response> {
  const level = request.path.length > 1 ? request.path.slice(1) : "info";
  const written = logging.write(level, String.UTF8.decode(request.body));
  if (written.isOk) return Result.ok(http.text("logged\n"));
  const response = http.text(written.error()!.message + "\n");
  response.statusCode = 400;
  return Result.ok(response);
}

export function wapc_init(): void {
  http.handle(handle);
}
