// wasmcloud:eventstreams, from the actor's side (contracts.md 3.7).
import { register, Result } from "@wapc/as-guest/assembly";

import { failed, refused } from "./guest";
import { answered, decode, Message, readFields, request, writeFields } from "./message";
import { Reader, Writer } from "./msgpack";

export const contract: string = "wasmcloud:eventstreams";

export class WriteEventArgs extends Message {
  streamId: string = "";
  values: Map<string, string> = new Map<string, string>();

  names(): string[] {
    return ["streamId", "values"];
  }
  optional(name: string): bool {
    return name == "values";
  }
  write(name: string, out: Writer): void {
    if (name == "streamId") out.string(this.streamId);
    else out.stringMap(this.values);
  }
  read(name: string, input: Reader): void {
    if (name == "streamId") this.streamId = input.string();
    else this.values = input.stringMap();
  }
}

/** An error means that the event was not taken. */
export class EventAck extends Message {
  eventId: string | null = null;
  error: string | null = null;

  names(): string[] {
    return ["eventId", "error"];
  }
  optional(_: string): bool {
    return true;
  }
  write(name: string, out: Writer): void {
    out.optionalString(name == "eventId" ? this.eventId : this.error);
  }
  read(name: string, input: Reader): void {
    if (name == "eventId") this.eventId = input.optionalString();
    else this.error = input.optionalString();
  }
}

/** Milliseconds since 1970, both inclusive. */
export class TimeRange extends Message {
  minTime: u64 = 0;
  maxTime: u64 = 0;

  static of(minTime: u64, maxTime: u64): TimeRange {
    const range = new TimeRange();
    range.minTime = minTime;
    range.maxTime = maxTime;
    return range;
  }
  names(): string[] {
    return ["minTime", "maxTime"];
  }
  write(name: string, out: Writer): void {
    out.unsigned(name == "minTime" ? this.minTime : this.maxTime);
  }
  read(name: string, input: Reader): void {
    if (name == "minTime") this.minTime = input.u64();
    else this.maxTime = input.u64();
  }
}

export class StreamQuery extends Message {
  streamId: string = "";
  range: TimeRange | null = null;
  /** At most; 0: all. */
  count: u64 = 0;

  names(): string[] {
    return ["streamId", "range", "count"];
  }
  optional(name: string): bool {
    return name == "range";
  }
  write(name: string, out: Writer): void {
    if (name == "streamId") return out.string(this.streamId);
    if (name == "count") return out.unsigned(this.count);
    const range = this.range;
    if (range === null) out.nil();
    else writeFields(range, out);
  }
  read(name: string, input: Reader): void {
    if (name == "streamId") {
      this.streamId = input.string();
    } else if (name == "count") {
      this.count = input.u64();
    } else if (!input.nil()) {
      const range = new TimeRange();
      readFields(range, input);
      this.range = range;
    }
  }
}

/** What is delivered, and what a query finds. */
export class Event extends Message {
  eventId: string = "";
  streamId: string = "";
  values: Map<string, string> = new Map<string, string>();

  names(): string[] {
    return ["eventId", "streamId", "values"];
  }
  optional(name: string): bool {
    return name == "values";
  }
  write(name: string, out: Writer): void {
    if (name == "eventId") out.string(this.eventId);
    else if (name == "streamId") out.string(this.streamId);
    else out.stringMap(this.values);
  }
  read(name: string, input: Reader): void {
    if (name == "eventId") this.eventId = input.string();
    else if (name == "streamId") this.streamId = input.string();
    else this.values = input.stringMap();
  }
}

export class EventList extends Message {
  events: Event[] = [];

  names(): string[] {
    return ["events"];
  }
  write(_: string, out: Writer): void {
    out.array(this.events.length);
    for (let i = 0; i < this.events.length; ++i) writeFields(this.events[i], out);
  }
  read(_: string, input: Reader): void {
    for (let left = input.array(); left > 0 && input.ok; --left) {
      const event = new Event();
      readFields(event, input);
      this.events.push(event);
    }
  }
}

/** The id of the new event. */
export function write(stream: string, values: Map<string, string>, link: string = "default"): Result<string> {
  const args = new WriteEventArgs();
  args.streamId = stream;
  args.values = values;
  const ack = request<EventAck>(contract, "WriteEvent", args, link);
  if (!ack.isOk) return failed<string, EventAck>(ack);
  const error = ack.get().error;
  if (error !== null) return refused<string>(error);
  const id = ack.get().eventId;
  return Result.ok<string>(id === null ? "" : id);
}

/** Events of a stream, oldest first: at most `count` (0: all), within a range of time if one is given. */
export function query(stream: string, range: TimeRange | null = null, count: u64 = 0,
                      link: string = "default"): Result<Event[]> {
  const wanted = new StreamQuery();
  wanted.streamId = stream;
  wanted.range = range;
  wanted.count = count;
  const found = request<EventList>(contract, "QueryStream", wanted, link);
  if (!found.isOk) return failed<Event[], EventList>(found);
  return Result.ok<Event[]>(found.get().events);
}

/** What handlers of events answer when the event was taken. */
export function taken(event: Event): Result<EventAck> {
  const ack = new EventAck();
  ack.eventId = event.eventId;
  return Result.ok<EventAck>(ack);
}

export type Handler = (event: Event) => Result<EventAck>;
let handler: Handler | null = null;

/** From now on `receive` gets what subscriptions of the link bring. Call this in wapc_init. */
export function handle(receive: Handler): void {
  handler = receive;
  register("DeliverEvent", run);
}

function run(payload: ArrayBuffer): Result<ArrayBuffer> {
  const event = decode<Event>(payload);
  if (!event.isOk) return failed<ArrayBuffer, Event>(event);
  return answered<EventAck>(handler!(event.get()));
}
