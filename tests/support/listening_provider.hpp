// What the tests of providers that listen share: a fake host, an instance, two actors, a port.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "codec/fields.hpp"
#include "support/provider_harness.hpp"

namespace trellis::test {

class ListeningProviderTest : public ::testing::Test {
 protected:
  static constexpr std::string_view actor =
      "MBCFOPM6JW2APJLXJD3Z5O4CN7CPYJ2B4FTKLJUR5YR5MITIU7HD3WD5";
  static constexpr std::string_view other =
      "MCFMFDWFHGKELOXPCNCDXKK5OFLHBVEWRAOXR5JSQUD2TOFRE3DFPM7E";

  explicit ListeningProviderTest(const trellis_provider_table& table) : provider_(host_, table) {}

  /// Binds `who` to a free port of 127.0.0.1 and returns it.
  std::uint16_t bind(codec::StringMap values = {}, std::string_view who = actor) {
    values.try_emplace("BIND", "127.0.0.1:0");
    const auto bound = provider_.bind(who, values);
    EXPECT_TRUE(bound) << (bound ? "" : bound.error().message);
    return last_port();
  }
  /// The error text of a bind that must fail.
  std::string bind_error(const codec::StringMap& values, std::string_view who = actor) {
    const auto bound = provider_.bind(who, values);
    EXPECT_FALSE(bound);
    return bound ? "" : bound.error().message;
  }
  /// From the latest log line that says where the server listens.
  std::uint16_t last_port() const {
    std::string port;
    for (const auto& line : host_.logs()) {
      if (!line.text.starts_with("listening on ")) continue;
      const auto address = line.text.substr(0, line.text.find(" for "));
      port = address.substr(address.rfind(':') + 1);
    }
    return port.empty() ? std::uint16_t{0} : static_cast<std::uint16_t>(std::stoul(port));
  }
  bool logged(std::string_view part) const {
    for (const auto& line : host_.logs()) {
      if (line.text.find(part) != std::string::npos) return true;
    }
    return false;
  }

  FakeHost host_;
  ProviderInstance provider_;
};

}  // namespace trellis::test
