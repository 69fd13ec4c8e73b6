// The stream from a provider's process, whose other end nobody trusts.
#include <sys/socket.h>

#include <algorithm>
#include <array>

#include "base/descriptor.hpp"
#include "base/limits.hpp"
#include "expect.hpp"
#include "provider/process/frame.hpp"

using namespace trellis;
using namespace trellis::provider::process;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t max_payload = 4096;
  std::array<int, 2> ends{};
  if (size > 64 * limits::kib || ::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) != 0) return 0;
  const Descriptor near(ends[0]);
  const Descriptor far(ends[1]);
  FrameReader reader(near.get(), max_payload);
  // In pieces, as streams bring them.
  const std::size_t piece = size < 2 ? 1 : 1 + data[size - 1];
  for (std::size_t at = 0; at < size; at += piece) {
    const auto count = std::min(piece, size - at);
    if (::send(far.get(), data + at, count, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) break;
    while (true) {
      Frame frame;
      const auto got = reader.next(frame, FrameReader::Wait::no);
      if (!got) return 0;
      if (!*got) break;
      expect(frame.payload.size() <= max_payload);
      expect(frame.first.size() <= limits::name_bytes && frame.second.size() <= limits::name_bytes);
    }
  }
  return 0;
}
