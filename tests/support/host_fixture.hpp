// A started host with test actors, for tests that go through the public API.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "support/memory_provider.hpp"
#include "support/signed_actor.hpp"
#include "trellis/builtins.hpp"
#include "trellis/host.hpp"

namespace trellis::test {

/// The engine of this test program: it can be started once per process.
inline std::shared_ptr<EngineRuntime> engine() {
  static const auto runtime = [] {
    auto started = EngineRuntime::start({});
    EXPECT_TRUE(started) << started.error().message;
    return *started;
  }();
  return runtime;
}

/// Payload of the relay guest's Relay operation: one more host call.
inline Bytes relay(std::string_view ns, std::string_view operation, ByteView payload = {},
                   std::string_view binding = "default") {
  Bytes bytes;
  for (const auto part : {binding, ns, operation}) {
    bytes.push_back(static_cast<std::uint8_t>(part.size()));
    bytes.insert(bytes.end(), part.begin(), part.end());
  }
  bytes.insert(bytes.end(), payload.begin(), payload.end());
  return bytes;
}

/// Options of a host that has the providers of the binary.
inline HostOptions usual_options() {
  HostOptions options;
  options.builtins = builtin_providers();
  options.open_cache = open_redis_cache;
  return options;
}

struct HostFixture : testing::Test {
  HostOptions options = usual_options();
  std::unique_ptr<Host> host;

  Host& start() {
    if (!host) {
      host = HostBuilder(engine()).options(options).build();
      const auto started = host->start();
      EXPECT_TRUE(started);
    }
    return *host;
  }
  void TearDown() override {
    if (host) host->stop();
  }

  /// Starts the relay guest under the signer's key; `change` edits the claims before signing.
  std::string start_actor(Signer& signer,
                          const std::function<void(identity::ActorClaims&)>& change = {},
                          ActorOptions actor_options = {}) {
    auto claims = signer.claims();
    if (change) change(claims);
    auto key =
        start().start_actor(signer.sign(guest_module("relay"), claims), std::move(actor_options));
    EXPECT_TRUE(key) << key.error().message;
    return key.value_or("");
  }

  /// Response as text, or "code: message".
  std::string call(std::string_view actor, std::string_view operation, ByteView payload = {},
                   std::optional<std::chrono::milliseconds> timeout = {}) {
    auto answer = start().call_actor(actor, operation, payload, timeout);
    if (answer) return std::string(as_text(*answer));
    return std::string(to_string(answer.error().code)) + ": " + answer.error().message;
  }
};

}  // namespace trellis::test
