// Classes to MessagePack and back (contracts.md 2.1).
import { hostCall, Result } from "@wapc/as-guest/assembly";

import { failed, refused } from "./guest";
import { Reader, Writer } from "./msgpack";

/**
 * A struct on the wire: its fields by name, in order of declaration. See http.ts for examples.
 * The constructor of a message takes no arguments.
 */
export abstract class Message {
  abstract names(): string[];
  /** Writes the value of the field of that name. */
  abstract write(name: string, out: Writer): void;
  /** Reads the value of the field of that name into it. */
  abstract read(name: string, input: Reader): void;
  /** Whether the field may be missing and keeps its default then. */
  optional(_name: string): bool {
    return false;
  }
}

/** The message as a map of field names, in order of declaration. */
export function encode(message: Message): ArrayBuffer {
  const out = new Writer();
  writeFields(message, out);
  return out.take();
}

/** Writes a message within a message. */
export function writeFields(message: Message, out: Writer): void {
  const names = message.names();
  out.map(names.length);
  for (let i = 0; i < names.length; ++i) {
    out.string(names[i]);
    message.write(names[i], out);
  }
}

/**
 * Reads a map of field names in any order (unknown ones are passed over, a missing or repeated one
 * is an error) or an array in order of declaration. Bytes behind the message are not looked at.
 */
export function decode<T extends Message>(bytes: ArrayBuffer): Result<T> {
  const input = new Reader(bytes);
  const message = instantiate<T>();
  readFields(message, input);
  if (!input.ok) return refused<T>("Failed to de-serialize: " + input.problem);
  return Result.ok<T>(message);
}

/** Reads a message within a message. */
export function readFields(message: Message, input: Reader): void {
  const names = message.names();
  const seen = new StaticArray<bool>(names.length);
  const positional = input.isArray();
  const count = positional ? input.array() : input.map();
  for (let i = 0; i < count && input.ok; ++i) {
    const at = positional ? i : names.indexOf(input.string());
    if (at < 0 || at >= names.length) {
      input.skip();
      continue;
    }
    if (seen[at]) input.fail("duplicate field `" + names[at] + "`");
    seen[at] = true;
    message.read(names[at], input);
  }
  for (let i = 0; i < names.length && input.ok; ++i) {
    if (!seen[i] && !message.optional(names[i])) input.fail("missing field `" + names[i] + "`");
  }
}

/** Calls a capability or an actor with a message and reads its answer. */
export function request<Answer extends Message>(
  namespace: string, operation: string, message: Message, link: string = "default"
): Result<Answer> {
  const answer = hostCall(link, namespace, operation, encode(message));
  if (!answer.isOk) return failed<Answer>(answer);
  return decode<Answer>(answer.get());
}

/** What a handler answers, as bytes. */
export function answered<Answer extends Message>(answer: Result<Answer>): Result<ArrayBuffer> {
  if (!answer.isOk) return failed<ArrayBuffer, Answer>(answer);
  return Result.ok(encode(answer.get()));
}
