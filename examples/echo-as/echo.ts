// Answers every HTTP request with a JSON description of it; the operation Echo gives its payload
// back untouched.
import { http, register, Result } from "trellis-actor";
export { __guest_call } from "trellis-actor";

function quoted(text: string): string {
  let out = '"';
  for (let i = 0; i < text.length; ++i) {
    const code = text.charCodeAt(i);
    if (code == 0x22 || code == 0x5c) out += "\\" + text.charAt(i);
    else if (code < 0x20) out += "\\u00" + code.toString(16).padStart(2, "0");
    else out += text.charAt(i);
  }
  return out + '"';
}

function headers(values: Map<string, string>): string {
  const names = values.keys().sort();
  const items = new Array<string>();
  for (let i = 0; i < names.length; ++i) items.push(quoted(names[i]) + ":" + quoted(values.get(names[i])));
  return items.join(",");
}

function describe(request: http.Request): Result<http.Response> {
  const response = new http.Response();
  response.body = String.UTF8.encode(
    '{"method":' + quoted(request.method) + ',"path":' + quoted(request.path) +
    ',"query_string":' + quoted(request.queryString) + ',"headers":{' + headers(request.header) +
    '},"body":[' + Uint8Array.wrap(request.body).join(",") + "]}");
  return Result.ok(response);
}

function echo(payload: ArrayBuffer): Result<ArrayBuffer> {
  return Result.ok(payload);
}

export function wapc_init(): void {
  http.handle(describe);
  register("Echo", echo);
}
