// What arrives on the RPC plane (lattice.md 2 to 4, 6): calls, answers, advertisements, tokens. The
// first byte chooses what the rest is read as.
#include <cstddef>
#include <cstdint>
#include <memory>

#include "codec/message.hpp"
#include "expect.hpp"
#include "lattice/anti_forgery.hpp"
#include "lattice/wire/advertisements.hpp"
#include "lattice/wire/invocation.hpp"
#include "lattice/wire/subjects.hpp"
#include "nats/server_url.hpp"
#include "nats/subject_check.hpp"

namespace {

using namespace trellis;

/// What is understood is written in one form only, which is understood again.
template <class T>
void message(ByteView input) {
  const auto first = codec::decode<T>(input);
  if (!first) return;
  const auto written = codec::encode(*first);
  const auto second = codec::decode<T>(written);
  expect(second && codec::encode(*second) == written);
}

/// Nobody but the holder of a key makes what is accepted, and the seeds hold no such call.
void call(ByteView input) {
  const auto invocation = codec::decode<lattice::Invocation>(input);
  if (!invocation) return;
  SystemRandom random;
  const lattice::CallVerifier verifier({}, std::make_shared<SystemClock>(), random);
  const auto first = verifier.verify(*invocation, invocation->target);
  const auto second = verifier.verify(*invocation, invocation->target);
  expect(!first || !second);  // at most once
  static_cast<void>(lattice::Subjects::make("default")->entity(invocation->target));
}

void names(std::string_view text) {
  const auto subject = nats::check_subject(text);
  const auto pattern = nats::check_pattern(text);
  expect(!subject || pattern);  // every subject is a pattern
  static_cast<void>(nats::parse_server_url(text));
  if (const auto ns = lattice::Subjects::make(text))
    expect(nats::check_subject(ns->events()).has_value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const ByteView rest{data + 1, size - 1};
  switch (data[0] % 6) {
    case 0: message<lattice::Invocation>(rest); break;
    case 1: message<lattice::InvocationResponse>(rest); break;
    case 2: message<lattice::LinkDefinition>(rest); break;
    case 3: message<lattice::ClaimsAdvertisement>(rest); break;
    case 4: call(rest); break;
    default: names(as_text(rest)); break;
  }
  return 0;
}
