// Tries the AssemblyScript SDK: what is done is told by the path (tests/scenario/guests_scenario.py).
// The same actor exists in C++ and in Rust.
import {
  consoleLog, decode, encode, extras, failed, health, hostCall, http, keyvalue as kv, logging, Message,
  Reader, refused, Result, Writer
} from "trellis-actor";
export { __guest_call } from "trellis-actor";

let calls = 0;

function again<T extends Message>(bytes: ArrayBuffer): Result<ArrayBuffer> {
  const message = decode<T>(bytes);
  if (!message.isOk) return failed<ArrayBuffer, T>(message);
  return Result.ok(encode(message.get()));
}

/** Decodes a message of the named type and encodes it anew. */
function recode(type: string, bytes: ArrayBuffer): Result<ArrayBuffer> {
  if (type == "HealthRequest") return again<health.HealthRequest>(bytes);
  if (type == "HealthResponse") return again<health.HealthResponse>(bytes);
  if (type == "GeneratorRequest") return again<extras.GeneratorRequest>(bytes);
  if (type == "GeneratorResult") return again<extras.GeneratorResult>(bytes);
  if (["GetArgs", "DelArgs", "ClearArgs", "SetQueryArgs", "KeyExistsArgs", "DelResponse"].includes(type)) {
    return again<kv.KeyArgs>(bytes);
  }
  if (type == "AddArgs") return again<kv.AddArgs>(bytes);
  if (type == "SetArgs") return again<kv.SetArgs>(bytes);
  if (type == "RangeArgs") return again<kv.RangeArgs>(bytes);
  if (["PushArgs", "ListItemDeleteArgs", "SetAddArgs", "SetRemoveArgs"].includes(type)) {
    return again<kv.ItemArgs>(bytes);
  }
  if (type == "SetUnionArgs" || type == "SetIntersectionArgs") return again<kv.KeysArgs>(bytes);
  if (type == "GetResponse") return again<kv.GetResponse>(bytes);
  if (type == "AddResponse") return again<kv.AddResponse>(bytes);
  if (type == "SetResponse") return again<kv.SetResponse>(bytes);
  if (type == "ListResponse") return again<kv.ListResponse>(bytes);
  if (type == "SetOperationResponse") return again<kv.SetOperationResponse>(bytes);
  if (type == "ListRangeResponse" || type == "SetQueryResponse") return again<kv.ValuesResponse>(bytes);
  if (type == "WriteLogArgs") return again<logging.WriteLogArgs>(bytes);
  if (type == "http::Request") return again<http.Request>(bytes);
  if (type == "http::Response") return again<http.Response>(bytes);
  return refused<ArrayBuffer>("no type " + type);
}

/** Every operation of the key-value contract once, on keys of this actor's own. Traps on an error. */
function store(prefix: string): string {
  const text = prefix + ":t", number = prefix + ":n", list = prefix + ":l", one = prefix + ":1", two = prefix + ":2";
  const out = new Array<string>();
  out.push(kv.set(text, "hé").get());
  out.push(kv.get(text).get().value);
  out.push(kv.exists(text).get().toString());
  kv.del(text).get();
  out.push(kv.exists(text).get().toString());
  out.push(kv.add(number, 300).get().toString());
  out.push(kv.add(number, -301).get().toString());
  out.push(kv.push(list, "a").get().toString());
  out.push(kv.push(list, "b").get().toString());
  out.push(kv.push(list, "a").get().toString());
  out.push(kv.range(list, 0, -1).get().join(","));
  out.push(kv.listDel(list, "a").get().toString());
  kv.clear(list).get();
  out.push(kv.range(list, 0, -1).get().length.toString());
  out.push(kv.setAdd(one, "x").get().toString());
  out.push(kv.setAdd(one, "y").get().toString());
  out.push(kv.setAdd(one, "y").get().toString());
  out.push(kv.setAdd(two, "y").get().toString());
  out.push(kv.setAdd(two, "z").get().toString());
  out.push(kv.setUnion([one, two]).get().sort().join(","));
  out.push(kv.setIntersection([one, two]).get().sort().join(","));
  out.push(kv.setRemove(one, "y").get().toString());
  out.push(kv.setMembers(one).get().sort().join(","));
  return out.join(" ");
}

function extrasA(): string {
  return extras.guid().get() + " " + extras.random(7, 8).get().toString() + " " +
    extras.sequence().get().toString();
}

/** Shape B of the contract (contracts.md 3.10): bare values. */
function extrasB(): string {
  const range = new Writer();
  range.map(2);
  range.string("min");
  range.integer(7);
  range.string("max");
  range.integer(8);
  const none = new ArrayBuffer(0);
  const guid = new Reader(hostCall("default", extras.contract, "RequestGuid", none).get());
  const random = new Reader(hostCall("default", extras.contract, "RequestRandom", range.take()).get());
  const sequence = new Reader(hostCall("default", extras.contract, "RequestSequence", none).get());
  const text = guid.string() + " " + random.u32().toString() + " " + sequence.u64().toString();
  assert(guid.ok && random.ok && sequence.ok, "answers are not bare values");
  return text;
}

function answer(text: string): Result<http.Response> {
  return Result.ok(http.text(text));
}

function log(level: string, text: string): Result<http.Response> {
  const written = logging.write(level, text);
  if (!written.isOk) return failed<http.Response>(written);
  return answer("logged");
}

function recoded(type: string, body: ArrayBuffer): Result<http.Response> {
  const bytes = recode(type, body);
  const response = new http.Response();
  if (bytes.isOk) {
    response.body = bytes.get();
  } else {
    response.statusCode = 400;
    response.body = String.UTF8.encode(bytes.error()!.message);
  }
  return Result.ok(response);
}

function handle(request: http.Request): Result<http.Response> {
  ++calls;
  const slash = request.path.indexOf("/", 1);
  const what = slash < 0 ? request.path.slice(1) : request.path.slice(1, slash);
  const rest = slash < 0 ? "" : request.path.slice(slash + 1);
  if (what == "recode") return recoded(rest, request.body);
  const text = String.UTF8.decode(request.body);
  if (what == "count") return answer(calls.toString());
  if (what == "fail") return refused<http.Response>(text);
  if (what == "panic") throw new Error("asked to: " + text);
  if (what == "store") return answer(store(rest));
  if (what == "extras-a") return answer(extrasA());
  if (what == "extras-b") return answer(extrasB());
  if (what == "log") return log(rest, text);
  if (what == "console") {
    consoleLog(text);
    return answer("logged");
  }
  return refused<http.Response>("no such path");
}

export function wapc_init(): void {
  http.handle(handle);
}
