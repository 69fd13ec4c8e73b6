// Requests of the client, byte for byte, against those of the first-party client.
#include <gtest/gtest.h>

#include <map>
#include <mutex>

#include "client/over.hpp"
#include "nats/memory_transport.hpp"
#include "support/vectors.hpp"
#include "trellis/client.hpp"

namespace trellis {
namespace {

using std::chrono::milliseconds;

/// Ours is the last member; first-party hosts ignore it (own_messages.hpp).
std::string without_operation_id(std::string text) {
  const auto at = text.find(",\"operation_id\":\"");
  if (at != std::string::npos) text.replace(at, std::string::npos, "}");
  return text;
}

/// Records what is asked, and stays silent.
struct ClientVectors : testing::Test {
  ClientVectors() {
    for (const auto* pattern : {"wasmbus.ctl.default.cmd.>", "wasmbus.ctl.default.auction.>"}) {
      ears.push_back(*listener->subscribe(pattern, {}, [this](const nats::Message& message) {
        const std::scoped_lock lock(mutex);
        asked[std::string(message.subject)] = as_text(message.payload);
      }));
    }
    ClientOptions options;
    options.window = options.control_timeout = milliseconds(20);
    client = *client::ClientAccess::over(options, bus.connect(), bus.connect());
  }

  nats::MemoryBus bus;
  std::unique_ptr<nats::MemoryTransport> listener = bus.connect();
  std::mutex mutex;
  std::map<std::string, std::string> asked;  // under mutex
  std::vector<std::unique_ptr<nats::Subscription>> ears;
  std::unique_ptr<Client> client;
};

TEST_F(ClientVectors, CommandsAndAuctionsAreThoseOfTheFirstPartyClient) {
  const auto vectors = test::load_json("tests/vectors/control.json");
  std::size_t compared = 0;
  std::size_t others = 0;
  for (const auto& vector : vectors.at("cases")) {
    const auto name = test::text_of(vector.at("name"));
    if (!name.ends_with("Command") && !name.ends_with("AuctionRequest")) {
      ++others;
      continue;
    }
    const auto bytes = test::from_hex_or_fail(test::text_of(vector.at("bytes_hex")));
    const auto request = nlohmann::json::parse(as_text(bytes));
    const auto field = [&](const char* key) { return request.value(key, std::string()); };
    const auto host = field("host_id");
    // Answers do not come: only what was sent counts.
    if (name == "StartActorCommand") {
      static_cast<void>(client->start_actor(host, field("actor_ref")));
    } else if (name == "StopActorCommand") {
      static_cast<void>(client->stop_actor(host, field("actor_ref")));
    } else if (name == "UpdateActorCommand") {
      static_cast<void>(client->update_actor(host, field("actor_id"), field("new_actor_ref")));
    } else if (name == "StartProviderCommand") {
      static_cast<void>(client->start_provider(host, field("provider_ref"), field("link_name")));
    } else if (name == "StopProviderCommand") {
      static_cast<void>(client->stop_provider(host, field("provider_ref"), field("link_name"),
                                              field("contract_id")));
    } else if (name == "ActorAuctionRequest") {
      static_cast<void>(client->auction_actor(field("actor_ref"), request.at("constraints")));
    } else if (name == "ProviderAuctionRequest") {
      static_cast<void>(client->auction_provider(field("provider_ref"), field("link_name"),
                                                 request.at("constraints")));
    }
    bus.settle();
    const std::scoped_lock lock(mutex);
    const auto sent = asked.find(test::text_of(vector.at("subject")));
    ASSERT_NE(sent, asked.end()) << name << ": nothing was sent on its subject";
    EXPECT_EQ(without_operation_id(sent->second), as_text(bytes)) << name;
    ++compared;
  }
  std::printf("control.json: %zu cases compared, %zu are answers, subjects or advertisements\n",
              compared, others);
  EXPECT_EQ(compared, 7U);
}

}  // namespace
}  // namespace trellis
