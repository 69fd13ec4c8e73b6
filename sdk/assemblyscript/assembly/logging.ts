// wasmcloud:logging (contracts.md 3.5).
import { hostCall, Result } from "@wapc/as-guest/assembly";

import { encode, Message } from "./message";
import { Reader, Writer } from "./msgpack";

export const contract: string = "wasmcloud:logging";

export class WriteLogArgs extends Message {
  target: string = "";
  level: string = "";
  text: string = "";

  names(): string[] {
    return ["target", "level", "text"];
  }
  write(name: string, out: Writer): void {
    out.string(name == "target" ? this.target : name == "level" ? this.level : this.text);
  }
  read(name: string, input: Reader): void {
    if (name == "target") this.target = input.string();
    else if (name == "level") this.level = input.string();
    else this.text = input.string();
  }
}

/** `level` is one of error, warn, info, debug, trace. The answer has no content. */
export function write(level: string, text: string, target: string = "",
                      link: string = "default"): Result<ArrayBuffer> {
  const args = new WriteLogArgs();
  args.target = target;
  args.level = level;
  args.text = text;
  return hostCall(link, contract, "WriteLog", encode(args));
}
