// JSON of the control interface and of events (lattice.md 5 and 7). The first byte chooses what the
// rest is read as.
#include <cstddef>
#include <cstdint>

#include "expect.hpp"
#include "lattice/cache/entries.hpp"
#include "lattice/wire/control_messages.hpp"
#include "lattice/wire/events.hpp"
#include "lattice/wire/own_messages.hpp"

namespace {

using namespace trellis::lattice;

/// What is understood is written in one form only, which is understood again.
template <class T>
void message(std::string_view text) {
  const auto first = read_json<T>(text);
  if (!first) return;
  const auto written = write_json(*first);
  const auto second = read_json<T>(written);
  expect(second && *second == *first);
}

template <class... Messages>
void one_of(std::size_t choice, std::string_view text) {
  std::size_t at = 0;
  ((at++ == choice % sizeof...(Messages) ? message<Messages>(text) : void()), ...);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] == 255) {
    if (const auto link = link_from_cache_json(text)) {
      const auto again = link_from_cache_json(to_cache_json(*link));
      expect(again && *again == *link);
    }
    return 0;
  }
  one_of<HostReply, HostInventory, LinkDefinitionList, ClaimsList, ActorAuctionRequest,
         ActorAuctionAck, ProviderAuctionRequest, ProviderAuctionAck, StartActorCommand,
         StartActorAck, StopActorCommand, StopAck, StartProviderCommand, StartProviderAck,
         StopProviderCommand, UpdateActorCommand, UpdateActorAck, PublishedEvent, OperationTag,
         Outcome, ScaleActorCommand, StopHostCommand, CommandAck, LinkStatesRequest,
         LinkStatesReply>(data[0], text);
  return 0;
}
