// The replicated cache and its file (lattice.md 8). The first byte chooses; changes are applied one
// after the other, as from a hostile peer.
#include <cstddef>
#include <cstdint>

#include "base/hash.hpp"
#include "codec/message.hpp"
#include "expect.hpp"
#include "lattice/cache/anti_entropy.hpp"
#include "lattice/cache/cache_event.hpp"
#include "lattice/cache/cache_state.hpp"
#include "lattice/cache/entries.hpp"
#include "lattice/cache/state_file.hpp"

namespace {

using namespace trellis;
using namespace trellis::lattice;

constexpr CacheLimits limits{4096, 64};

/// Splits the input into messages: a length byte before each.
template <class Use>
void each_part(ByteView input, const Use& use) {
  while (input.size() > 1) {
    const auto size = std::min<std::size_t>(input[0], input.size() - 1);
    use(input.subspan(1, size));
    input = input.subspan(1 + size);
  }
}

void changes(ByteView input) {
  CacheState state(limits);
  LatticeEntries entries;
  AntiEntropy times;
  std::int64_t now = 1000;
  each_part(input, [&](ByteView part) {
    const auto event = codec::decode<CacheEvent>(part);
    if (!event) return;
    const bool would = state.would_change(*event);
    const auto applied = state.apply(*event);
    expect(!applied || *applied == would);
    if (!applied) return;
    times.observe(*event, ++now);
    static_cast<void>(entries.observe(state, *event));
  });
  // Whoever replays the shortest list has the same.
  CacheState copy({1U << 20U, 1U << 16U});
  for (const auto& event : state.rebuild()) expect(copy.apply(event).has_value());
  expect(copy.values() == state.values());
  expect(AntiEntropy::digest(copy) == AntiEntropy::digest(state));
}

void sync(ByteView input) {
  CacheState state(limits);
  AntiEntropy times;
  each_part(input, [&](ByteView part) {
    const auto message = codec::decode<SyncMessage>(part);
    if (!message) return;
    for (const auto& value : message->values) {
      for (const auto& event : times.merge(state, value, 5000)) {
        if (!state.apply(event)) return;
      }
      // What was taken over is not taken over again.
      const auto again = times.merge(state, value, 5000);
      for (const auto& event : again) static_cast<void>(state.apply(event));
    }
  });
}

/// With a right checksum, so that what is behind it is reached.
void file(ByteView body) {
  static_cast<void>(read_links_file(as_text(body), "default"));
  const auto text =
      "trellis links 1\n" + sha256_upper_hex(body) + "\n" + std::string(as_text(body));
  static_cast<void>(read_links_file(text, "default"));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const ByteView rest{data + 1, size - 1};
  switch (data[0] % 6) {
    case 0: changes(rest); break;
    case 1: sync(rest); break;
    case 2: file(rest); break;
    case 3: static_cast<void>(codec::decode<CacheEventMessage>(rest)); break;
    case 4: static_cast<void>(codec::decode<ReplayRequest>(rest)); break;
    default: static_cast<void>(codec::decode<ReplayAck>(rest)); break;
  }
  return 0;
}
