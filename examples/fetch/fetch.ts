// Asks another server and tells what it said: GET /?http://example.com/
import { http, httpclient, Result } from "trellis-actor";
export { __guest_call } from "trellis-actor";

function refusal(statusCode: u32, text: string): Result<http.Response> {
  const response = http.text(text + "\n");
  response.statusCode = statusCode;
  return Result.ok(response);
}

function handle(request: http.Request): Result<http.Response> {
  if (request.queryString == "") return refusal(400, "ask with /?URL");
  const asked = httpclient.get(request.queryString);
  if (!asked.isOk) return refusal(502, asked.error()!.message);
  const answer = asked.get();
  return Result.ok(http.text(`${answer.statusCode} ${answer.status}, ${answer.body.byteLength} bytes\n`));
}

export function wapc_init(): void {
  http.handle(handle);
}
