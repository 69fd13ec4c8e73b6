// Says what was said, over telnet.
import { Done, failed, Result, telnet } from "trellis-actor";
export { __guest_call } from "trellis-actor";

function greet(session: telnet.Session): Result<telnet.Outcome> {
  const sent = telnet.send(session.session, "Polly is here.\r\n> ");
  return sent.isOk ? telnet.success() : failed<telnet.Outcome, Done>(sent);
}

function repeat(line: telnet.Text): Result<telnet.Outcome> {
  const sent = telnet.send(line.session, "\r\n" + line.text + "! " + line.text + "!\r\n> ");
  return sent.isOk ? telnet.success() : failed<telnet.Outcome, Done>(sent);
}

export function wapc_init(): void {
  telnet.handle(greet, repeat);
}
