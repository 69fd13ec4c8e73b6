// Fixture of the tests of the HTTP server: a fake host, the provider, an actor, a port.
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
#include "providers/httpserver/httpserver.hpp"
#include "support/http_client.hpp"
#include "support/listening_provider.hpp"

namespace trellis::test {

class HttpServerTest : public ListeningProviderTest {
 protected:
  using Request = codec::httpserver::Request;
  using Response = codec::httpserver::Response;

  HttpServerTest() : HttpServerTest(*providers::httpserver::table()) {}
  explicit HttpServerTest(const trellis_provider_table& table) : ListeningProviderTest(table) {
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
  static std::optional<HttpResponse> ask(std::uint16_t port, std::string_view request) {
    return HttpClient(port).ask(request);
  }
};

}  // namespace trellis::test
