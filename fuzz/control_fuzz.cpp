// What strangers may say on the control socket and the health address.
#include <algorithm>
#include <string_view>

#include "admin/http/probe.hpp"
#include "admin/socket/arguments.hpp"
#include "admin/socket/protocol.hpp"
#include "base/binary_text.hpp"
#include "expect.hpp"

using trellis::ByteView;
using namespace trellis::admin;

namespace {

/// Everything a client says of a request, cut out of the text at blanks.
void probe(std::string_view text) {
  const auto first = std::min(text.find(' '), text.size());
  const auto second = std::min(text.find(' ', first + 1), text.size());
  const auto path = text.substr(first, second - first);
  const auto answer = answer_probe({text.substr(0, first), path, text.substr(second)},
                                   {[] { return Readiness{}; }, [] { return "a 1\n"; }});
  expect(answer.status_code == 200 || answer.status_code == 404 || answer.status_code == 405 ||
         answer.status_code == 421);
}

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
  probe(text);
  return 0;
}
