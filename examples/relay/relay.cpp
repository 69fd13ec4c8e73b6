// Messages: POST /subject publishes the body, GET /subject?text asks and waits for the answer. What
// comes in on the link's subscriptions is answered with "heard: ...".
#include <trellis/actor.hpp>

using namespace trellis::guest;

static Result<http::Response> handle(const http::Request& request) {
  const auto subject = request.path.substr(1);
  if (request.method == "POST") {
    auto sent = messaging::publish({subject, "", request.body});
    if (!sent) return sent.error();
    return http::text(*sent ? "published\n" : "not published\n");
  }
  auto answer = messaging::request({subject, request.query_string, 2000});
  if (!answer) return http::text(answer.error().text + "\n", 504, "Gateway Timeout");
  return http::text(answer->body.data + "\n");
}

static Result<Done> hear(const messaging::Message& message) {
  console_log("on " + message.subject + ": " + message.body.data);
  if (message.reply_to.empty()) return Done{};
  auto answered = messaging::publish({message.reply_to, "", "heard: " + message.body.data});
  if (!answered) return answered.error();
  return Done{};
}

TRELLIS_ACTOR(on<http::HandleRequest, handle>(), on<messaging::HandleMessage, hear>());
