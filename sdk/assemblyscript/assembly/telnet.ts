// wasmcloud:telnet, from the actor's side (contracts.md 3.9).
import { register, Result } from "@wapc/as-guest/assembly";

import { Done, done, failed, refused } from "./guest";
import { answered, decode, Message, request } from "./message";
import { Reader, Writer } from "./msgpack";

export const contract: string = "wasmcloud:telnet";

/** A line that was typed, and what is sent. */
export class Text extends Message {
  session: string = "";
  text: string = "";

  names(): string[] {
    return ["session", "text"];
  }
  write(name: string, out: Writer): void {
    out.string(name == "session" ? this.session : this.text);
  }
  read(name: string, input: Reader): void {
    if (name == "session") this.session = input.string();
    else this.text = input.string();
  }
}

/** Somebody has come. */
export class Session extends Message {
  session: string = "";

  names(): string[] {
    return ["session"];
  }
  write(_: string, out: Writer): void {
    out.string(this.session);
  }
  read(_: string, input: Reader): void {
    this.session = input.string();
  }
}

/** The answer to all three operations. */
export class Outcome extends Message {
  success: bool = true;
  error: string | null = null;

  names(): string[] {
    return ["success", "error"];
  }
  optional(name: string): bool {
    return name == "error";
  }
  write(name: string, out: Writer): void {
    if (name == "success") out.boolean(this.success);
    else out.optionalString(this.error);
  }
  read(name: string, input: Reader): void {
    if (name == "success") this.success = input.boolean();
    else this.error = input.optionalString();
  }
}

/** Sends text to a session; lines end with "\r\n". */
export function send(session: string, text: string, link: string = "default"): Result<Done> {
  const args = new Text();
  args.session = session;
  args.text = text;
  const outcome = request<Outcome>(contract, "SendText", args, link);
  if (!outcome.isOk) return failed<Done, Outcome>(outcome);
  if (outcome.get().success) return done();
  const error = outcome.get().error;
  return refused<Done>(error === null ? "not sent" : error);
}

/** What handlers of sessions and lines answer when all is well. */
export function success(): Result<Outcome> {
  return Result.ok<Outcome>(new Outcome());
}

export type SessionHandler = (session: Session) => Result<Outcome>;
export type TextHandler = (line: Text) => Result<Outcome>;
let sessionHandler: SessionHandler | null = null;
let textHandler: TextHandler | null = null;

/** From now on `started` hears of those who come, and `line` of what they type. Call this in wapc_init. */
export function handle(started: SessionHandler, line: TextHandler): void {
  sessionHandler = started;
  textHandler = line;
  register("SessionStarted", runSession);
  register("ReceiveText", runText);
}

function runSession(payload: ArrayBuffer): Result<ArrayBuffer> {
  const session = decode<Session>(payload);
  if (!session.isOk) return failed<ArrayBuffer, Session>(session);
  return answered<Outcome>(sessionHandler!(session.get()));
}

function runText(payload: ArrayBuffer): Result<ArrayBuffer> {
  const line = decode<Text>(payload);
  if (!line.isOk) return failed<ArrayBuffer, Text>(line);
  return answered<Outcome>(textHandler!(line.get()));
}
