// Messages: POST /subject publishes the body, GET /subject?text asks and waits for the answer. What
// comes in on the link's subscriptions is answered with "heard: ...".
import { consoleLog, Done, done, failed, http, messaging, Result } from "trellis-actor";
export { __guest_call } from "trellis-actor";

function handle(request: http.Request): Result<http.Response> {
  const subject = request.path.slice(1);
  if (request.method == "POST") {
    const sent = messaging.send(messaging.Message.of(subject, request.body));
    if (!sent.isOk) return failed<http.Response, bool>(sent);
    return Result.ok(http.text(sent.get() ? "published\n" : "not published\n"));
  }
  const answer = messaging.request(subject, request.queryString, 2000);
  if (answer.isOk) return Result.ok(http.text(answer.get().text() + "\n"));
  const response = http.text(answer.error()!.message + "\n");
  response.statusCode = 504;
  return Result.ok(response);
}

function hear(message: messaging.Message): Result<Done> {
  consoleLog("on " + message.subject + ": " + message.text());
  if (message.replyTo == "") return done();
  const sent = messaging.publish(message.replyTo, "heard: " + message.text());
  return sent.isOk ? done() : failed<Done, bool>(sent);
}

export function wapc_init(): void {
  http.handle(handle);
  messaging.handle(hear);
}
