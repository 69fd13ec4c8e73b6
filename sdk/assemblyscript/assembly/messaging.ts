// wasmcloud:messaging, from the actor's side (contracts.md 3.4).
import { register, Result } from "@wapc/as-guest/assembly";

import { Done, failed, nothing } from "./guest";
import { decode, Message as Base, request as ask } from "./message";
import { Reader, Writer } from "./msgpack";

export const contract: string = "wasmcloud:messaging";

/** What is published, what handlers get, and what answers a request. */
export class Message extends Base {
  subject: string = "";
  /** Empty: no answer is wanted. */
  replyTo: string = "";
  body: ArrayBuffer = new ArrayBuffer(0);

  static of(subject: string, body: ArrayBuffer, replyTo: string = ""): Message {
    const message = new Message();
    message.subject = subject;
    message.replyTo = replyTo;
    message.body = body;
    return message;
  }
  /** The body as text. */
  text(): string {
    return String.UTF8.decode(this.body);
  }
  names(): string[] {
    return ["subject", "replyTo", "body"];
  }
  write(name: string, out: Writer): void {
    if (name == "subject") out.string(this.subject);
    else if (name == "replyTo") out.string(this.replyTo);
    else out.binary(this.body);
  }
  read(name: string, input: Reader): void {
    if (name == "subject") this.subject = input.string();
    else if (name == "replyTo") this.replyTo = input.string();
    else this.body = input.binary();
  }
}

export class PublishResponse extends Base {
  published: bool = false;

  names(): string[] {
    return ["published"];
  }
  write(_: string, out: Writer): void {
    out.boolean(this.published);
  }
  read(_: string, input: Reader): void {
    this.published = input.boolean();
  }
}

export class RequestArgs extends Base {
  subject: string = "";
  body: ArrayBuffer = new ArrayBuffer(0);
  /** Milliseconds. */
  timeout: i64 = 2000;

  names(): string[] {
    return ["subject", "body", "timeout"];
  }
  write(name: string, out: Writer): void {
    if (name == "subject") out.string(this.subject);
    else if (name == "body") out.binary(this.body);
    else out.integer(this.timeout);
  }
  read(name: string, input: Reader): void {
    if (name == "subject") this.subject = input.string();
    else if (name == "body") this.body = input.binary();
    else this.timeout = input.i64();
  }
}

/** Sends text that wants no answer. Whether the provider could send it. */
export function publish(subject: string, text: string, link: string = "default"): Result<bool> {
  return send(Message.of(subject, String.UTF8.encode(text)), link);
}

/** Sends a message as it is, with its reply subject. Whether the provider could send it. */
export function send(message: Message, link: string = "default"): Result<bool> {
  const answer = ask<PublishResponse>(contract, "Publish", message, link);
  if (!answer.isOk) return failed<bool, PublishResponse>(answer);
  return Result.ok<bool>(answer.get().published);
}

/** The first answer of whoever listens there, within so many milliseconds. */
export function request(subject: string, text: string, timeout: i64 = 2000,
                        link: string = "default"): Result<Message> {
  const args = new RequestArgs();
  args.subject = subject;
  args.body = String.UTF8.encode(text);
  args.timeout = timeout;
  return ask<Message>(contract, "Request", args, link);
}

export type Handler = (message: Message) => Result<Done>;
let handler: Handler | null = null;

/** From now on `receive` gets what subscriptions of the link bring. Call this in wapc_init. */
export function handle(receive: Handler): void {
  handler = receive;
  register("HandleMessage", run);
}

function run(payload: ArrayBuffer): Result<ArrayBuffer> {
  const message = decode<Message>(payload);
  if (!message.isOk) return failed<ArrayBuffer, Message>(message);
  return nothing(handler!(message.get()));
}
