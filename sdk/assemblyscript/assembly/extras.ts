// wasmcloud:extras: random numbers, sequences and GUIDs (contracts.md 3.10, shape A).
import { Result } from "@wapc/as-guest/assembly";

import { failed, refused } from "./guest";
import { Message, request } from "./message";
import { Reader, Writer } from "./msgpack";

export const contract: string = "wasmcloud:extras";

export class GeneratorRequest extends Message {
  guid: bool = false;
  sequence: bool = false;
  random: bool = false;
  min: u32 = 0;
  max: u32 = 0;

  names(): string[] {
    return ["guid", "sequence", "random", "min", "max"];
  }
  write(name: string, out: Writer): void {
    if (name == "guid") out.boolean(this.guid);
    else if (name == "sequence") out.boolean(this.sequence);
    else if (name == "random") out.boolean(this.random);
    else out.unsigned(name == "min" ? this.min : this.max);
  }
  read(name: string, input: Reader): void {
    if (name == "guid") this.guid = input.boolean();
    else if (name == "sequence") this.sequence = input.boolean();
    else if (name == "random") this.random = input.boolean();
    else if (name == "min") this.min = input.u32();
    else this.max = input.u32();
  }
}

export class GeneratorResult extends Message {
  guid: string | null = null;
  sequenceNumber: u64 = 0;
  randomNumber: u32 = 0;

  names(): string[] {
    return ["guid", "sequenceNumber", "random_number"];
  }
  optional(name: string): bool {
    return name == "guid";
  }
  write(name: string, out: Writer): void {
    if (name == "sequenceNumber") return out.unsigned(this.sequenceNumber);
    if (name == "random_number") return out.unsigned(this.randomNumber);
    const guid = this.guid;
    if (guid === null) out.nil();
    else out.string(guid);
  }
  read(name: string, input: Reader): void {
    if (name == "sequenceNumber") this.sequenceNumber = input.u64();
    else if (name == "random_number") this.randomNumber = input.u32();
    else this.guid = input.nil() ? null : input.string();
  }
}

export function guid(link: string = "default"): Result<string> {
  const wanted = new GeneratorRequest();
  wanted.guid = true;
  const made = request<GeneratorResult>(contract, "RequestGuid", wanted, link);
  if (!made.isOk) return failed<string, GeneratorResult>(made);
  const guid = made.get().guid;
  if (guid === null) return refused<string>("the provider made no GUID");
  return Result.ok<string>(guid);
}

/** `min` inclusive, `max` exclusive. */
export function random(min: u32, max: u32, link: string = "default"): Result<u32> {
  const wanted = new GeneratorRequest();
  wanted.random = true;
  wanted.min = min;
  wanted.max = max;
  const made = request<GeneratorResult>(contract, "RequestRandom", wanted, link);
  if (!made.isOk) return failed<u32, GeneratorResult>(made);
  return Result.ok<u32>(made.get().randomNumber);
}

/** 0, 1, 2, … per actor. */
export function sequence(link: string = "default"): Result<u64> {
  const wanted = new GeneratorRequest();
  wanted.sequence = true;
  const made = request<GeneratorResult>(contract, "RequestSequence", wanted, link);
  if (!made.isOk) return failed<u64, GeneratorResult>(made);
  return Result.ok<u64>(made.get().sequenceNumber);
}
