// What strangers may say on the control socket and the health address.
#include "admin/http/health_server.hpp"
#include "admin/socket/arguments.hpp"
#include "admin/socket/protocol.hpp"
#include "base/binary_text.hpp"
#include "expect.hpp"

using trellis::ByteView;
using namespace trellis::admin;

namespace {

void read_arguments(const Request& request) {
  const Arguments arguments(request);
  if (const auto text = arguments.text("target", 64)) expect(!text->empty() && text->size() <= 64);
  if (const auto wait = arguments.duration("timeout_ms")) expect(wait->count() >= 0);
  static_cast<void>(arguments.texts("values"));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = trellis::as_text(ByteView(data, size));
  if (const auto request = decode_request(text)) {
    const auto again = decode_request(encode_request(*request));
    expect(again && again->operation == request->operation);
    read_arguments(*request);
  }
  static_cast<void>(decode_response(text));
  if (const auto bytes = trellis::base64_decode(text))
    expect(trellis::base64_encode(*bytes) == text);
  expect(answer_probe(text, {[] { return Readiness{}; }, [] { return "a 1\n"; }})
             .starts_with("HTTP/1.1 "));
  return 0;
}
