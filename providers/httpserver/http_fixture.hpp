// What the tests of the HTTP server share: a fake host, the provider, an actor, a port.
#pragma once

#include <gtest/gtest.h>

#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "codec/message.hpp"
#include "codec/messages/httpserver.hpp"
#include "providers/httpserver/http_client.hpp"
#include "providers/httpserver/httpserver.hpp"
#include "support/provider_harness.hpp"

namespace trellis::test {

class HttpServerTest : public ::testing::Test {
 protected:
  using Request = codec::httpserver::Request;
  using Response = codec::httpserver::Response;
  static constexpr std::string_view actor =
      "MBCFOPM6JW2APJLXJD3Z5O4CN7CPYJ2B4FTKLJUR5YR5MITIU7HD3WD5";
  static constexpr std::string_view other =
      "MCFMFDWFHGKELOXPCNCDXKK5OFLHBVEWRAOXR5JSQUD2TOFRE3DFPM7E";

  HttpServerTest() : HttpServerTest(*providers::httpserver::table()) {}
  explicit HttpServerTest(const trellis_provider_table& table) : provider_(host_, table) {
    answer_with(&echo);
  }

  /// The request back: method, path, query and headers as text, or the body when there is one.
  static Response echo(const Request& request) {
    if (!request.body.empty()) return {200, "OK", {}, request.body};
    std::string text = fmt::format("{} {} {}", request.method, request.path, request.query_string);
    for (const auto& [name, value] : request.header) text += fmt::format("\n{}={}", name, value);
    return {200, "OK", {{"x-echo", "yes"}}, to_bytes(text)};
  }
  void answer_with(std::function<Response(const Request&)> answer) {
    host_.set_actor([answer](auto, auto, ByteView payload) -> FakeHost::Reply {
      auto request = codec::decode<Request>(payload);
      if (!request) return {TRELLIS_ERROR, to_bytes(request.error().message)};
      return {TRELLIS_OK, codec::encode(answer(*request))};
    });
  }
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
  static std::optional<HttpResponse> ask(std::uint16_t port, std::string_view request) {
    return HttpClient(port).ask(request);
  }

  FakeHost host_;
  ProviderInstance provider_;
};

}  // namespace trellis::test
