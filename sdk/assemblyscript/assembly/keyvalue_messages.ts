// The messages of wasmcloud:keyvalue (contracts.md 3.3).
import { Message } from "./message";
import { Reader, Writer } from "./msgpack";

/** Get, Del, Clear, SetQuery, KeyExists; also what Del and Clear answer. */
export class KeyArgs extends Message {
  key: string = "";

  static of(key: string): KeyArgs {
    const args = new KeyArgs();
    args.key = key;
    return args;
  }
  names(): string[] {
    return ["key"];
  }
  write(_: string, out: Writer): void {
    out.string(this.key);
  }
  read(_: string, input: Reader): void {
    this.key = input.string();
  }
}

/** SetUnion, SetIntersection. */
export class KeysArgs extends Message {
  keys: string[] = [];

  static of(keys: string[]): KeysArgs {
    const args = new KeysArgs();
    args.keys = keys;
    return args;
  }
  names(): string[] {
    return ["keys"];
  }
  write(_: string, out: Writer): void {
    out.strings(this.keys);
  }
  read(_: string, input: Reader): void {
    this.keys = input.strings();
  }
}

export class AddArgs extends Message {
  key: string = "";
  value: i32 = 0;

  static of(key: string, value: i32): AddArgs {
    const args = new AddArgs();
    args.key = key;
    args.value = value;
    return args;
  }
  names(): string[] {
    return ["key", "value"];
  }
  write(name: string, out: Writer): void {
    if (name == "key") out.string(this.key);
    else out.integer(this.value);
  }
  read(name: string, input: Reader): void {
    if (name == "key") this.key = input.string();
    else this.value = input.i32();
  }
}

/** Push, ListItemDelete, SetAdd, SetRemove. */
export class ItemArgs extends Message {
  key: string = "";
  value: string = "";

  static of(key: string, value: string): ItemArgs {
    const args = new ItemArgs();
    args.key = key;
    args.value = value;
    return args;
  }
  names(): string[] {
    return ["key", "value"];
  }
  write(name: string, out: Writer): void {
    out.string(name == "key" ? this.key : this.value);
  }
  read(name: string, input: Reader): void {
    if (name == "key") this.key = input.string();
    else this.value = input.string();
  }
}

export class SetArgs extends Message {
  key: string = "";
  value: string = "";
  expires: i32 = 0;

  static of(key: string, value: string, expires: i32): SetArgs {
    const args = new SetArgs();
    args.key = key;
    args.value = value;
    args.expires = expires;
    return args;
  }
  names(): string[] {
    return ["key", "value", "expires"];
  }
  write(name: string, out: Writer): void {
    if (name == "expires") out.integer(this.expires);
    else out.string(name == "key" ? this.key : this.value);
  }
  read(name: string, input: Reader): void {
    if (name == "key") this.key = input.string();
    else if (name == "value") this.value = input.string();
    else this.expires = input.i32();
  }
}

export class RangeArgs extends Message {
  key: string = "";
  start: i32 = 0;
  stop: i32 = 0;

  static of(key: string, start: i32, stop: i32): RangeArgs {
    const args = new RangeArgs();
    args.key = key;
    args.start = start;
    args.stop = stop;
    return args;
  }
  names(): string[] {
    return ["key", "start", "stop"];
  }
  write(name: string, out: Writer): void {
    if (name == "key") out.string(this.key);
    else out.integer(name == "start" ? this.start : this.stop);
  }
  read(name: string, input: Reader): void {
    if (name == "key") this.key = input.string();
    else if (name == "start") this.start = input.i32();
    else this.stop = input.i32();
  }
}

export class GetResponse extends Message {
  value: string = "";
  exists: bool = false;

  names(): string[] {
    return ["value", "exists"];
  }
  write(name: string, out: Writer): void {
    if (name == "value") out.string(this.value);
    else out.boolean(this.exists);
  }
  read(name: string, input: Reader): void {
    if (name == "value") this.value = input.string();
    else this.exists = input.boolean();
  }
}

export class AddResponse extends Message {
  value: i32 = 0;

  names(): string[] {
    return ["value"];
  }
  write(_: string, out: Writer): void {
    out.integer(this.value);
  }
  read(_: string, input: Reader): void {
    this.value = input.i32();
  }
}

export class SetResponse extends Message {
  value: string = "";

  names(): string[] {
    return ["value"];
  }
  write(_: string, out: Writer): void {
    out.string(this.value);
  }
  read(_: string, input: Reader): void {
    this.value = input.string();
  }
}

/** Push, ListItemDelete. */
export class ListResponse extends Message {
  newCount: i32 = 0;

  names(): string[] {
    return ["newCount"];
  }
  write(_: string, out: Writer): void {
    out.integer(this.newCount);
  }
  read(_: string, input: Reader): void {
    this.newCount = input.i32();
  }
}

/** SetAdd, SetRemove: the same number under another name. */
export class SetOperationResponse extends Message {
  newCount: i32 = 0;

  names(): string[] {
    return ["new_count"];
  }
  write(_: string, out: Writer): void {
    out.integer(this.newCount);
  }
  read(_: string, input: Reader): void {
    this.newCount = input.i32();
  }
}

/** Range, SetUnion, SetIntersection, SetQuery. */
export class ValuesResponse extends Message {
  values: string[] = [];

  names(): string[] {
    return ["values"];
  }
  write(_: string, out: Writer): void {
    out.strings(this.values);
  }
  read(_: string, input: Reader): void {
    this.values = input.strings();
  }
}
