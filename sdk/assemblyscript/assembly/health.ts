// The question the host asks every actor (contracts.md 2.3).
import { Message } from "./message";
import { Reader, Writer } from "./msgpack";

export class HealthRequest extends Message {
  placeholder: bool = true;

  names(): string[] {
    return ["placeholder"];
  }
  write(_: string, out: Writer): void {
    out.boolean(this.placeholder);
  }
  read(_: string, input: Reader): void {
    this.placeholder = input.boolean();
  }
}

/** For actors that judge their health themselves: register a function as "HealthRequest". */
export class HealthResponse extends Message {
  healthy: bool = true;
  message: string = "";

  names(): string[] {
    return ["healthy", "message"];
  }
  write(name: string, out: Writer): void {
    if (name == "healthy") out.boolean(this.healthy);
    else out.string(this.message);
  }
  read(name: string, input: Reader): void {
    if (name == "healthy") this.healthy = input.boolean();
    else this.message = input.string();
  }
}
