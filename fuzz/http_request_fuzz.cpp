// What a client of the HTTP server may send: the first byte says in what pieces it arrives.
#include <algorithm>
#include <cstring>
#include <memory>

#include "codec/message.hpp"
#include "expect.hpp"
#include "providers/httpserver/exchange.hpp"

namespace {

using namespace trellis;
using namespace trellis::providers::httpserver;
namespace net = trellis::providers::net;

/// The message that an actor gets is one, and says what the view of it says.
struct Checker final : RequestHandler {
  void handle(const RequestView& view, codec::httpserver::Response& response) override {
    const auto request = codec::decode<codec::httpserver::Request>(view.message);
    expect(request && request->method == view.method && request->path == view.path);
    expect(request->body.size() <= 1024);
    response.body = to_bytes("ok");
  }
};

std::shared_ptr<const RouteTable> routes() {
  auto api = std::make_shared<Route>();
  api->options.shared = true;
  api->options.path_prefix = "/api";
  api->options.strip_prefix = true;
  api->options.max_body_bytes = 100;
  api->handler = std::make_shared<Checker>();
  auto rest = std::make_shared<Route>();
  rest->options.shared = true;
  rest->options.hosts = {"h", "*.example"};
  rest->options.max_body_bytes = 1024;
  rest->handler = std::make_shared<Checker>();
  return RouteTable::make({api, rest}, "here").value();
}

void send(Exchange& exchange, std::size_t size) {
  const auto parts = exchange.output();
  expect(net::buffer_size(parts) > 0);
  exchange.written(std::min(size, net::buffer_size(parts)));
}

/// False once the exchange has closed.
bool settle(Exchange& exchange, std::size_t piece) {
  for (;;) {
    switch (exchange.next()) {
      case Step::read: return true;
      case Step::close: return false;
      case Step::handle: exchange.handle(); break;
      case Step::write: send(exchange, piece); break;
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t piece = data[0] == 0 ? size : data[0];
  auto input = as_text(ByteView(data, size)).substr(1);
  const auto table = routes();
  Exchange exchange(Log(), "fuzz", {1024, 1024}, *table);
  while (settle(exchange, piece) && !input.empty()) {
    const auto space = exchange.input_space();
    const auto count = std::min({piece, input.size(), space.size()});
    std::memcpy(space.data(), input.data(), count);
    exchange.received(count);
    input.remove_prefix(count);
  }
  exchange.input_ended(false);
  expect(!settle(exchange, piece));
  return 0;
}
