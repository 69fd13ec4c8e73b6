// What a NATS server sends: whatever the pieces it comes in, it means the same. The first byte
// chooses the size of the pieces.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "expect.hpp"
#include "nats/protocol.hpp"
#include "nats/refusals.hpp"
#include "nats/server_info.hpp"
#include "trellis/bytes.hpp"

namespace {

using namespace trellis;

/// All that was said, in one text.
class Recorder final : public nats::ProtocolSink {
 public:
  void on_message(const nats::ServerMessage& message) override {
    said += "message " + std::to_string(message.subscription) + ' ' + std::string(message.subject) +
            ' ' + std::string(message.reply) + ' ' + std::string(as_text(message.payload)) +
            (message.no_responders ? " nobody\n" : "\n");
    expect(!message.no_responders || message.payload.empty());
  }
  void on_info(std::string_view json) override {
    said += "info " + std::string(json) + '\n';
    const auto info = nats::parse_server_info(json);
    for (std::size_t i = 0; info && i < info->cluster.size(); ++i) {
      expect(info->cluster[i].port != 0 && !info->cluster[i].host.empty());
    }
  }
  void on_ping() override { said += "ping\n"; }
  void on_pong() override { said += "pong\n"; }
  void on_error(std::string_view words) override {
    said += "error " + std::string(words) + '\n';
    static_cast<void>(nats::meaning_of(words));
    static_cast<void>(nats::parse_refusal(words));
  }

  std::string said;
};

/// What it was understood as, in pieces of so many bytes.
std::string read_in_pieces(ByteView input, std::size_t size) {
  Recorder recorder;
  std::vector<std::uint8_t> held;
  while (!input.empty()) {
    const auto piece = input.first(std::min(size, input.size()));
    input = input.subspan(piece.size());
    held.insert(held.end(), piece.begin(), piece.end());
    const auto parsed = nats::parse_operations(held, recorder);
    if (!parsed) return recorder.said + "malformed";
    expect(parsed->taken <= held.size());
    held.erase(held.begin(), held.begin() + static_cast<std::ptrdiff_t>(parsed->taken));
    expect(parsed->wanted == 0 || parsed->wanted > held.size());
  }
  return recorder.said;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const ByteView rest{data + 1, size - 1};
  const auto whole = read_in_pieces(rest, rest.size());
  expect(read_in_pieces(rest, data[0] + std::size_t{1}) == whole);
  return 0;
}
