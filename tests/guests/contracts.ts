// Every operation of every contract, from AssemblyScript: `/contract/link name` runs those of one
// contract over one provider and answers what came of each (tests/scenario/contracts_scenario.py). The
// same actor exists in C++ and in Rust; docs/actors.md quotes the calls. An unexpected error traps.
import {
  blobstore, decode, Done, done, encode, eventstreams, extras, failed, http, httpclient, keyvalue, logging,
  Message, messaging, refused, Result, telnet
} from "trellis-actor";
export { __guest_call } from "trellis-actor";

function outcome<T>(result: Result<T>): string {
  return result.isOk ? "succeeded" : "refused";
}

/** The error to the log, because the trap that follows has no text. */
function expected<T>(result: Result<T>): T {
  if (!result.isOk) throw result.error()!;
  return result.get();
}

function finished(result: Result<Done>): string {
  expected<Done>(result);
  return "done";
}

function pairs(values: Map<string, string>): string {
  const texts = new Array<string>();
  const names = values.keys();
  for (let i = 0; i < names.length; ++i) texts.push(names[i] + "=" + values.get(names[i]));
  return texts.sort().join(",");
}

function store(link: string, prefix: string): string {
  const key = prefix + ":t", number = prefix + ":n", list = prefix + ":l", set = prefix + ":1", other = prefix + ":2";
  const out = new Array<string>();
  out.push(keyvalue.set(key, "hé", 0, link).get());
  out.push(keyvalue.get(key, link).get().value);
  out.push(keyvalue.exists(key, link).get().toString());
  keyvalue.del(key, link).get();
  out.push(keyvalue.exists(key, link).get().toString());
  out.push(keyvalue.add(number, 300, link).get().toString());
  out.push(keyvalue.add(number, -301, link).get().toString());
  out.push(keyvalue.push(list, "a", link).get().toString());
  out.push(keyvalue.push(list, "b", link).get().toString());
  out.push(keyvalue.push(list, "a", link).get().toString());
  out.push(keyvalue.range(list, 0, -1, link).get().join(","));
  out.push(keyvalue.listDel(list, "a", link).get().toString());
  keyvalue.clear(list, link).get();
  out.push(keyvalue.exists(list, link).get().toString());
  out.push(keyvalue.setAdd(set, "x", link).get().toString());
  out.push(keyvalue.setAdd(set, "y", link).get().toString());
  out.push(keyvalue.setAdd(set, "y", link).get().toString());
  out.push(keyvalue.setAdd(other, "y", link).get().toString());
  out.push(keyvalue.setAdd(other, "z", link).get().toString());
  out.push(keyvalue.setUnion([set, other], link).get().sort().join(","));
  out.push(keyvalue.setIntersection([set, other], link).get().sort().join(","));
  out.push(keyvalue.setRemove(set, "y", link).get().toString());
  out.push(keyvalue.setMembers(set, link).get().sort().join(","));
  out.push(outcome<i32>(keyvalue.add(set, 1, link))); // a set is no number
  return out.join(" ");
}

/** What the handlers below have put away for the caller. */
function received(key: string): string {
  return keyvalue.range(key, 0, -1).get().join(",");
}

function sized(blob: blobstore.Blob | null): string {
  return blob === null ? "none" : blob.byteSize.toString();
}

function blobs(link: string, container: string): string {
  const out = new Array<string>();
  expected<blobstore.Container>(blobstore.createContainer(container, link));
  out.push("made");
  out.push(finished(blobstore.put(container, "a", String.UTF8.encode("hello"), link)));
  const chunk = blobstore.Chunk.first(container, "b", 6, 4);
  out.push(finished(blobstore.startUpload(chunk, link)));
  chunk.bytes = String.UTF8.encode("abcd");
  out.push(finished(blobstore.uploadChunk(chunk, link)));
  chunk.sequenceNo = 1;
  chunk.bytes = String.UTF8.encode("ef");
  out.push(finished(blobstore.uploadChunk(chunk, link)));
  const objects = blobstore.list(container, link).get();
  const names = new Array<string>();
  for (let i = 0; i < objects.length; ++i) names.push(objects[i].id + ":" + objects[i].byteSize.toString());
  out.push(names.sort().join(","));
  out.push(sized(blobstore.info(container, "a", link).get()));
  out.push(sized(blobstore.info(container, "c", link).get()));
  out.push(finished(blobstore.removeObject(container, "a", link)));
  out.push(outcome<Done>(blobstore.removeContainer(container, link))); // b is in it
  out.push(finished(blobstore.startDownload(container, "b", 4, container, link)));
  return out.join(" ");
}

function blobsEnd(link: string, container: string): string {
  const object = finished(blobstore.removeObject(container, "b", link));
  return object + " " + finished(blobstore.removeContainer(container, link));
}

/** Puts something away for the caller. */
function keep(key: string, text: string): Result<Done> {
  const kept = keyvalue.push(key, text);
  return kept.isOk ? done() : failed<Done, i32>(kept);
}

function receiveChunk(chunk: blobstore.Chunk): Result<Done> {
  const position = chunk.sequenceNo.toString() + "/" + chunk.totalBytes.toString();
  return keep(chunk.context!, position + ":" + String.UTF8.decode(chunk.bytes));
}

function messages(link: string, prefix: string): string {
  const subject = prefix + ".note", questions = prefix + ".ask";
  const out = new Array<string>();
  out.push(messaging.publish(subject, "hi", link).get().toString());
  const once = messaging.Message.of(questions, String.UTF8.encode("once"), subject);
  out.push(messaging.send(once, link).get().toString()); // answered at `subject`
  out.push(messaging.request(questions, "how?", 2000, link).get().text());
  out.push(outcome<messaging.Message>(messaging.request("nobody.listens", "hello?", 200, link)));
  return out.join(" ");
}

function hear(message: messaging.Message): Result<Done> {
  if (message.replyTo == "") return keep(message.subject, message.text());
  const sent = messaging.publish(message.replyTo, "re: " + message.text());
  return sent.isOk ? done() : failed<Done, bool>(sent);
}

function events(link: string, stream: string): string {
  const values = new Map<string, string>();
  values.set("a", "1");
  values.set("b", "two");
  const id = eventstreams.write(stream, values, link).get();
  const more = new Map<string, string>();
  more.set("c", "3");
  expected<string>(eventstreams.write(stream, more, link));
  const all = eventstreams.query(stream, null, 0, link).get();
  const out = new Array<string>();
  for (let i = 0; i < all.length; ++i) out.push(pairs(all[i].values));
  out.push(all[0].eventId == id && all[0].streamId == stream ? "same" : "other");
  out.push(eventstreams.query(stream, null, 1, link).get().length.toString());
  const early = eventstreams.TimeRange.of(1, 2);
  out.push(eventstreams.query(stream, early, 0, link).get().length.toString());
  return out.join(" ");
}

function take(event: eventstreams.Event): Result<eventstreams.EventAck> {
  const kept = keep(event.streamId, pairs(event.values));
  return kept.isOk ? eventstreams.taken(event) : failed<eventstreams.EventAck, Done>(kept);
}

function told(response: http.Response): string {
  return response.statusCode.toString() + " " + String.UTF8.decode(response.body);
}

function client(link: string, url: string): string {
  const out = new Array<string>();
  out.push(told(httpclient.get(url, link).get()));
  const methods = ["POST", "PUT", "PATCH", "DELETE"];
  for (let i = 0; i < methods.length; ++i) {
    const request = httpclient.Request.of(methods[i], url + "?q", "data").withHeader("x-a", "1");
    out.push(told(httpclient.send(request, link).get()));
  }
  out.push(outcome<http.Response>(httpclient.get("http://127.0.0.1:1/", link)));
  return out.join(" ");
}

function log(link: string, text: string): string {
  const out = new Array<string>();
  const levels = ["error", "warn", "info", "debug", "trace"];
  for (let i = 0; i < levels.length; ++i) {
    const level = levels[i];
    expected<ArrayBuffer>(logging.write(level, text + " " + level, "audit", link));
    out.push("done");
  }
  return out.join(" ");
}

function generators(link: string): string {
  const guid = extras.guid(link).get();
  const number = extras.random(7, 8, link).get();
  const first = extras.sequence(link).get(), second = extras.sequence(link).get();
  return guid.length.toString() + " " + number.toString() + " " + (second - first).toString();
}

function welcome(session: telnet.Session): Result<telnet.Outcome> {
  const sent = telnet.send(session.session, "Welcome.\r\n");
  return sent.isOk ? telnet.success() : failed<telnet.Outcome, Done>(sent);
}

function line(typed: telnet.Text): Result<telnet.Outcome> {
  const sent = telnet.send(typed.session, "You said: " + typed.text + "\r\n");
  return sent.isOk ? telnet.success() : failed<telnet.Outcome, Done>(sent);
}

function again<T extends Message>(bytes: ArrayBuffer): Result<ArrayBuffer> {
  const message = decode<T>(bytes);
  if (!message.isOk) return failed<ArrayBuffer, T>(message);
  return Result.ok(encode(message.get()));
}

/** Decodes a message of the named type and encodes it anew. */
function recode(type: string, bytes: ArrayBuffer): Result<ArrayBuffer> {
  if (type == "BrokerMessage") return again<messaging.Message>(bytes);
  if (type == "PublishResponse") return again<messaging.PublishResponse>(bytes);
  if (type == "RequestArgs") return again<messaging.RequestArgs>(bytes);
  if (type == "FileChunk") return again<blobstore.Chunk>(bytes);
  if (type == "ChunkArgs") return again<blobstore.ChunkArgs>(bytes);
  if (type == "Blob") return again<blobstore.Blob>(bytes);
  if (type == "BlobList") return again<blobstore.BlobList>(bytes);
  if (type == "BlobstoreResult") return again<blobstore.Outcome>(bytes);
  if (type == "DownloadArgs") return again<blobstore.DownloadArgs>(bytes);
  if (type == "WriteEventArgs") return again<eventstreams.WriteEventArgs>(bytes);
  if (type == "EventAck") return again<eventstreams.EventAck>(bytes);
  if (type == "StreamQuery") return again<eventstreams.StreamQuery>(bytes);
  if (type == "EventList") return again<eventstreams.EventList>(bytes);
  if (type == "ClientRequest") return again<httpclient.Request>(bytes);
  if (type == "Text") return again<telnet.Text>(bytes);
  if (type == "TelnetResult") return again<telnet.Outcome>(bytes);
  return refused<ArrayBuffer>("no type " + type);
}

function run(what: string, link: string, text: string): string {
  if (what == "keyvalue") return store(link, text);
  if (what == "received") return received(text);
  if (what == "blobstore") return blobs(link, text);
  if (what == "blobstore-end") return blobsEnd(link, text);
  if (what == "messaging") return messages(link, text);
  if (what == "eventstreams") return events(link, text);
  if (what == "httpclient") return client(link, text);
  if (what == "logging") return log(link, text);
  if (what == "extras") return generators(link);
  if (what == "telnet") return outcome<Done>(telnet.send(text, "hello?\r\n", link));
  throw new Error("no such path");
}

function mirror(request: http.Request): http.Response {
  const line = request.method + " " + request.path + " " + request.queryString;
  const response = http.text(line + " " + request.header.get("x-a") + " " + String.UTF8.decode(request.body));
  response.statusCode = 201;
  response.header.set("x-b", "2");
  return response;
}

function recoded(type: string, body: ArrayBuffer): http.Response {
  const bytes = recode(type, body);
  const response = new http.Response();
  response.statusCode = bytes.isOk ? 200 : 400;
  response.body = bytes.isOk ? bytes.get() : String.UTF8.encode(bytes.error()!.message);
  return response;
}

function handle(request: http.Request): Result<http.Response> {
  const slash = request.path.indexOf("/", 1);
  const what = slash < 0 ? request.path.slice(1) : request.path.slice(1, slash);
  const rest = slash < 0 ? "" : request.path.slice(slash + 1);
  if (what == "httpserver") return Result.ok(mirror(request));
  if (what == "recode") return Result.ok(recoded(rest, request.body));
  return Result.ok(http.text(run(what, rest, String.UTF8.decode(request.body))));
}

export function wapc_init(): void {
  http.handle(handle);
  messaging.handle(hear);
  blobstore.handle(receiveChunk);
  eventstreams.handle(take);
  telnet.handle(welcome, line);
}
