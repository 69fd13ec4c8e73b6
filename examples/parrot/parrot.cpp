// Says what was said, over telnet.
#include <trellis/actor.hpp>

using namespace trellis::guest;

static Result<telnet::Outcome> greet(const telnet::Session& session) {
  auto sent = telnet::send(session.session, "Polly is here.\r\n> ");
  if (!sent) return sent.error();
  return telnet::Outcome{};
}

static Result<telnet::Outcome> repeat(const telnet::Text& line) {
  auto sent = telnet::send(line.session, "\r\n" + line.text + "! " + line.text + "!\r\n> ");
  if (!sent) return sent.error();
  return telnet::Outcome{};
}

TRELLIS_ACTOR(on<telnet::SessionStarted, greet>(), on<telnet::ReceiveText, repeat>());
