// What servers and files tell the built-in providers: answers of S3 and Redis, key-value journals,
// what terminals type, which addresses a link allows. The first byte chooses the reader.
#include "expect.hpp"
#include "providers/blobstore_s3/xml.hpp"
#include "providers/httpclient/address_rules.hpp"
#include "providers/keyvalue_file/change.hpp"
#include "providers/redis/address.hpp"
#include "providers/redis/reply.hpp"
#include "providers/telnet/terminal.hpp"

using namespace trellis;
using namespace trellis::providers;

namespace {

void read_s3(std::string_view text) {
  if (const auto listing = blobstore_s3::parse_listing(text)) {
    expect(!listing->truncated || !listing->next.empty());
  }
  if (const auto id = blobstore_s3::parse_upload_id(text)) expect(!id->empty());
  static_cast<void>(blobstore_s3::parse_problem(text));
}

/// In two pieces, as a socket may give them.
void read_redis(ByteView bytes) {
  redis::ReplyReader reader({.bytes = 64 * 1024, .elements = 1000});
  const auto middle = bytes.size() / 2;
  for (const auto piece : {bytes.first(middle), bytes.subspan(middle)}) {
    if (!reader.feed(piece)) return;
    while (true) {
      const auto reply = reader.next();
      if (!reply) return;
      if (!*reply) break;
    }
  }
}

void read_journal(ByteView bytes) {
  while (true) {
    const auto parsed = keyvalue_file::parse_record(bytes);
    if (parsed.state != keyvalue_file::Parsed::State::whole) return;
    std::string again;
    keyvalue_file::append_record(again, parsed.change);
    expect(as_text(bytes.first(parsed.bytes)) == again);
    bytes = bytes.subspan(parsed.bytes);
  }
}

void type(std::string_view text) {
  telnet::Terminal terminal({.line_bytes = 80, .require_ansi = text.size() % 2 == 0});
  std::string output;
  while (!text.empty()) {
    const auto fed = terminal.feed(text, output);
    expect(fed.used <= text.size());
    text.remove_prefix(fed.used);
    if (fed.event == telnet::Event::line) expect(terminal.take_line().size() <= 80 * 3);
    if (fed.event == telnet::Event::ready) static_cast<void>(terminal.take_early());
    if (fed.event == telnet::Event::refused || fed.event == telnet::Event::abuse) return;
    if (fed.event == telnet::Event::none) expect(text.empty());
  }
}

void read_rules(std::string_view text) {
  const auto middle = text.find('\n');
  if (middle == text.npos) return;
  const auto rules =
      httpclient::AddressRules::read({{"ALLOW", std::string(text.substr(0, middle))}});
  if (rules) static_cast<void>(rules->allows_host(text.substr(middle + 1)));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const ByteView bytes(data + 1, size - 1);
  switch (data[0] % 6) {
    case 0: read_s3(as_text(bytes)); break;
    case 1: read_redis(bytes); break;
    case 2: read_journal(bytes); break;
    case 3: type(as_text(bytes)); break;
    case 4: read_rules(as_text(bytes)); break;
    case 5: static_cast<void>(redis::parse_address(as_text(bytes))); break;
    default: break;
  }
  return 0;
}
