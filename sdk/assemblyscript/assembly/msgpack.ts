// Just enough MessagePack for the contracts (contracts.md 2.1): exact writing, lenient reading.

/** Appends values in their shortest form. */
export class Writer {
  private bytes: Uint8Array = new Uint8Array(64);
  private size: i32 = 0;

  nil(): void {
    this.put(0xc0);
  }
  boolean(value: bool): void {
    this.put(value ? 0xc3 : 0xc2);
  }
  integer(value: i64): void {
    if (value >= 0) return this.unsigned(<u64>value);
    if (value >= -32) return this.put(<u8>value);
    const bits = <u64>value;
    if (value >= i8.MIN_VALUE) return this.sized(0xd0, bits, 1);
    if (value >= i16.MIN_VALUE) return this.sized(0xd1, bits, 2);
    if (value >= i32.MIN_VALUE) return this.sized(0xd2, bits, 4);
    this.sized(0xd3, bits, 8);
  }
  unsigned(value: u64): void {
    if (value < 0x80) return this.put(<u8>value);
    if (value <= u8.MAX_VALUE) return this.sized(0xcc, value, 1);
    if (value <= u16.MAX_VALUE) return this.sized(0xcd, value, 2);
    if (value <= u32.MAX_VALUE) return this.sized(0xce, value, 4);
    this.sized(0xcf, value, 8);
  }
  string(text: string): void {
    const encoded = String.UTF8.encode(text);
    if (encoded.byteLength < 32) this.put(<u8>(0xa0 | encoded.byteLength));
    else this.length(0xd9, encoded.byteLength);
    this.append(encoded);
  }
  /** Nil for null. */
  optionalString(text: string | null): void {
    if (text === null) this.nil();
    else this.string(text);
  }
  binary(bytes: ArrayBuffer): void {
    this.length(0xc4, bytes.byteLength);
    this.append(bytes);
  }
  map(size: i32): void {
    this.collection(0x80, 0xde, size);
  }
  array(size: i32): void {
    this.collection(0x90, 0xdc, size);
  }
  strings(values: Array<string>): void {
    this.array(values.length);
    for (let i = 0; i < values.length; ++i) this.string(values[i]);
  }
  stringMap(values: Map<string, string>): void {
    const names = values.keys();
    this.map(names.length);
    for (let i = 0; i < names.length; ++i) {
      this.string(names[i]);
      this.string(values.get(names[i]));
    }
  }
  /** Everything written so far. */
  take(): ArrayBuffer {
    return this.bytes.buffer.slice(0, this.size);
  }

  private room(more: i32): void {
    if (this.size + more <= this.bytes.length) return;
    const larger = new Uint8Array(max(this.bytes.length * 2, this.size + more));
    memory.copy(larger.dataStart, this.bytes.dataStart, this.size);
    this.bytes = larger;
  }
  private put(byte: u8): void {
    this.room(1);
    this.bytes[this.size++] = byte;
  }
  private append(bytes: ArrayBuffer): void {
    this.room(bytes.byteLength);
    memory.copy(this.bytes.dataStart + this.size, changetype<usize>(bytes), bytes.byteLength);
    this.size += bytes.byteLength;
  }
  private sized(marker: u8, value: u64, bytes: i32): void {
    this.put(marker);
    for (let shift = (bytes - 1) * 8; shift >= 0; shift -= 8) this.put(<u8>(value >> shift));
  }
  private length(marker8: u8, size: i32): void {
    if (size <= 0xff) return this.sized(marker8, size, 1);
    if (size <= 0xffff) return this.sized(marker8 + 1, size, 2);
    this.sized(marker8 + 2, size, 4);
  }
  private collection(fix: u8, marker16: u8, size: i32): void {
    if (size < 16) return this.put(<u8>(fix | size));
    if (size <= 0xffff) return this.sized(marker16, size, 2);
    this.sized(marker16 + 1, size, 4);
  }
}

const maxDepth: i32 = 32;

/**
 * Reads values one after the other. After the first mistake `problem` says what was wrong and
 * everything reads as empty, so callers check once, at the end.
 */
export class Reader {
  /** What was wrong; empty while nothing is. */
  problem: string = "";
  private at: i32 = 0;
  private bytes: Uint8Array;

  constructor(bytes: ArrayBuffer) {
    this.bytes = Uint8Array.wrap(bytes);
  }

  get ok(): bool {
    return this.problem.length == 0;
  }
  fail(problem: string): void {
    if (this.ok) this.problem = problem;
    this.at = this.bytes.length;
  }
  isArray(): bool {
    return this.at < this.bytes.length && isArrayMarker(this.bytes[this.at]);
  }
  /** Takes a nil if one is next. */
  nil(): bool {
    const found = this.at < this.bytes.length && this.bytes[this.at] == 0xc0;
    if (found) ++this.at;
    return found;
  }
  boolean(): bool {
    const marker = this.marker();
    if (marker != 0xc2 && marker != 0xc3) this.unexpected(marker, "a boolean");
    return marker == 0xc3;
  }
  i32(): i32 {
    return <i32>this.integer(i32.MIN_VALUE, i32.MAX_VALUE);
  }
  u32(): u32 {
    return <u32>this.integer(0, u32.MAX_VALUE);
  }
  i64(): i64 {
    return this.integer(i64.MIN_VALUE, i64.MAX_VALUE);
  }
  u64(): u64 {
    const marker = this.at < this.bytes.length ? this.bytes[this.at] : 0;
    if (marker != 0xcf) return <u64>this.integer(0, i64.MAX_VALUE);
    ++this.at;
    return this.bigEndian(8);
  }
  /** Text, or bytes that are UTF-8. */
  string(): string {
    const start = this.at;
    const size = this.textOrBinary(this.marker(), "text");
    const from = this.take(size);
    if (!this.ok) return "";
    if (!isUtf8(this.bytes.dataStart + from, size)) {
      this.fail("text at byte " + start.toString() + " is not UTF-8");
      return "";
    }
    return String.UTF8.decodeUnsafe(this.bytes.dataStart + from, size);
  }
  /** Null for nil. */
  optionalString(): string | null {
    return this.nil() ? null : this.string();
  }
  /** Bytes as bin, as text, or as an array of numbers. */
  binary(): ArrayBuffer {
    if (this.isArray()) return this.numbers();
    const size = this.textOrBinary(this.marker(), "bytes");
    const from = this.take(size);
    return this.ok ? this.bytes.buffer.slice(from, from + size) : new ArrayBuffer(0);
  }
  map(): i32 {
    const marker = this.marker();
    if (isMapMarker(marker)) return this.count(marker);
    this.unexpected(marker, "a map");
    return 0;
  }
  array(): i32 {
    const marker = this.marker();
    if (isArrayMarker(marker)) return this.count(marker);
    this.unexpected(marker, "an array");
    return 0;
  }
  strings(): Array<string> {
    const values = new Array<string>();
    for (let left = this.array(); left > 0 && this.ok; --left) values.push(this.string());
    return values;
  }
  stringMap(): Map<string, string> {
    const values = new Map<string, string>();
    for (let left = this.map(); left > 0 && this.ok; --left) {
      const name = this.string();
      values.set(name, this.string());
    }
    return values;
  }
  /** Passes over one value of any kind. */
  skip(depth: i32 = 0): void {
    if (depth > maxDepth) return this.fail("nested too deeply");
    const marker = this.marker();
    if (isMapMarker(marker) || isArrayMarker(marker)) {
      let items = <i64>this.count(marker) * (isMapMarker(marker) ? 2 : 1);
      for (; items > 0 && this.ok; --items) this.skip(depth + 1);
    } else {
      this.take(this.sizeOfScalar(marker));
    }
  }

  private sizeOfScalar(marker: u8): i32 {
    if (marker < 0x80 || marker >= 0xe0 || marker == 0xc0 || marker == 0xc2 || marker == 0xc3) return 0;
    if (marker >= 0xcc && marker <= 0xcf) return 1 << (marker - 0xcc);
    if (marker >= 0xd0 && marker <= 0xd3) return 1 << (marker - 0xd0);
    if (marker == 0xca || marker == 0xcb) return marker == 0xca ? 4 : 8;
    if (marker >= 0xd4 && marker <= 0xd8) return 1 + (1 << (marker - 0xd4));
    if (marker >= 0xc7 && marker <= 0xc9) return 1 + this.size(1 << (marker - 0xc7));
    return this.textOrBinary(marker, "a value");
  }
  private marker(): u8 {
    const at = this.take(1);
    return this.ok ? this.bytes[at] : 0xc1;
  }
  private unexpected(marker: u8, wanted: string): void {
    if (!this.ok) return;
    const at = (this.at - 1).toString();
    this.fail("expected " + wanted + " at byte " + at + ", found marker " + marker.toString(16));
  }
  private integer(smallest: i64, largest: i64): i64 {
    const marker = this.marker();
    let value: i64 = 0;
    if (marker < 0x80) value = marker;
    else if (marker >= 0xe0) value = <i8>marker;
    else if (marker >= 0xcc && marker <= 0xcf) value = this.unsigned(marker);
    else if (marker == 0xd0) value = <i8>this.bigEndian(1);
    else if (marker == 0xd1) value = <i16>this.bigEndian(2);
    else if (marker == 0xd2) value = <i32>this.bigEndian(4);
    else if (marker == 0xd3) value = <i64>this.bigEndian(8);
    else this.unexpected(marker, "an integer");
    if (this.ok && (value < smallest || value > largest)) this.fail(value.toString() + " is out of range");
    return this.ok ? value : 0;
  }
  private unsigned(marker: u8): i64 {
    const value = this.bigEndian(1 << (marker - 0xcc));
    if (value > <u64>i64.MAX_VALUE) this.fail(value.toString() + " is out of range");
    return <i64>value;
  }
  private numbers(): ArrayBuffer {
    const values = new Uint8Array(this.array());
    for (let i = 0; i < values.length && this.ok; ++i) values[i] = <u8>this.integer(0, 255);
    return values.buffer;
  }
  /** The number of items behind a marker of a map or array. Each takes a byte at least. */
  private count(marker: u8): i32 {
    if (marker == 0xdc || marker == 0xde) return this.size(2);
    if (marker == 0xdd || marker == 0xdf) return this.size(4);
    const count = <i32>(marker & 0x0f);
    if (count > this.bytes.length - this.at) this.endsEarly();
    return this.ok ? count : 0;
  }
  private textOrBinary(marker: u8, wanted: string): i32 {
    if ((marker & 0xe0) == 0xa0) return marker & 0x1f;
    if (marker >= 0xd9 && marker <= 0xdb) return this.size(1 << (marker - 0xd9));
    if (marker >= 0xc4 && marker <= 0xc6) return this.size(1 << (marker - 0xc4));
    this.unexpected(marker, wanted);
    return 0;
  }
  /** A length on the wire, which the bytes that are left must cover. */
  private size(width: i32): i32 {
    const value = this.bigEndian(width);
    if (value > <u64>(this.bytes.length - this.at)) this.endsEarly();
    return this.ok ? <i32>value : 0;
  }
  private endsEarly(): void {
    this.fail("ends after " + this.bytes.length.toString() + " bytes");
  }
  /** The position of the next `size` bytes, which are taken. */
  private take(size: i32): i32 {
    const from = this.at;
    if (size > this.bytes.length - from) this.endsEarly();
    if (this.ok) this.at += size;
    return from;
  }
  private bigEndian(width: i32): u64 {
    const from = this.take(width);
    let value: u64 = 0;
    for (let i = 0; i < width && this.ok; ++i) value = (value << 8) | this.bytes[from + i];
    return value;
  }
}

function isMapMarker(marker: u8): bool {
  return (marker & 0xf0) == 0x80 || marker == 0xde || marker == 0xdf;
}

function isArrayMarker(marker: u8): bool {
  return (marker & 0xf0) == 0x90 || marker == 0xdc || marker == 0xdd;
}

/** Whether the bytes are well-formed UTF-8: no overlong forms, no surrogates, nothing cut off. */
function isUtf8(start: usize, size: i32): bool {
  const end = start + size;
  for (let at = start; at < end;) {
    const lead = load<u8>(at++);
    if (lead < 0x80) continue;
    const more = lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
    if (lead < 0xc2 || lead > 0xf4 || at + more > end) return false;
    const second = load<u8>(at);
    if (lead == 0xe0 && second < 0xa0) return false;
    if (lead == 0xed && second > 0x9f) return false;
    if (lead == 0xf0 && second < 0x90) return false;
    if (lead == 0xf4 && second > 0x8f) return false;
    for (let i = 0; i < more; ++i) {
      if ((load<u8>(at++) & 0xc0) != 0x80) return false;
    }
  }
  return true;
}
