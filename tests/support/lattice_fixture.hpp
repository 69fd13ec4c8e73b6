// Several hosts in one process, joined over a real nats-server.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "base/log_sinks.hpp"
#include "support/host_fixture.hpp"
#include "support/nats_server.hpp"

namespace trellis::test {

struct LatticeFixture : testing::Test {
  NatsServer server;
  std::vector<std::unique_ptr<Host>> hosts;

  /// All three connections to the server. `change` edits the options before the start.
  Host& start(const std::function<void(HostOptions&)>& change = {}) {
    HostOptions options = usual_options();
    options.lattice.rpc = server.options();
    options.lattice.control = server.options();
    options.lattice.cache.nats = server.options();
    options.lattice.rpc_timeout = std::chrono::seconds(20);
    options.call_timeout = std::chrono::seconds(30);
    // To see what hosts do, on standard error.
    if (const char* level = std::getenv("TRELLIS_TEST_LOG"); level != nullptr) {
      options.log =
          *make_log_sink({LogFormat::text, *LogFilter::parse(level), {}, LogColour::automatic},
                         std::make_shared<SystemClock>());
    }
    if (change) change(options);
    hosts.push_back(HostBuilder(engine()).options(std::move(options)).build());
    const auto started = hosts.back()->start();
    EXPECT_TRUE(started) << started.error().message;
    return *hosts.back();
  }

  static std::string start_actor(Host& host, Signer& signer,
                                 const std::function<void(identity::ActorClaims&)>& change = {}) {
    auto claims = signer.claims();
    if (change) change(claims);
    auto key = host.start_actor(signer.sign(guest_module("relay"), claims));
    EXPECT_TRUE(key) << key.error().message;
    return key.value_or("");
  }

  static std::string call(Host& host, std::string_view actor, std::string_view operation,
                          ByteView payload = {}) {
    auto answer = host.call_actor(actor, operation, payload);
    if (answer) return std::string(as_text(*answer));
    return std::string(to_string(answer.error().code)) + ": " + answer.error().message;
  }

  void TearDown() override {
    for (auto& host : hosts) host->stop();
  }
};

}  // namespace trellis::test
