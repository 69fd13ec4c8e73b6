// Where a request goes once its head is there; which route fits is tested in route_test.cpp.
#include "providers/httpserver/routing.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

namespace trellis::providers::httpserver {
namespace {

std::shared_ptr<Route> shared_route(std::string label, std::string host, std::string prefix) {
  auto made = std::make_shared<Route>();
  made->label = std::move(label);
  made->options.shared = true;
  if (!host.empty()) made->options.hosts = {std::move(host)};
  made->options.path_prefix = std::move(prefix);
  return made;
}

std::shared_ptr<const RouteTable> shared_table(RouteTable::Routes routes) {
  return RouteTable::make(routes, "here").value();
}

struct AskedRequest {
  std::string_view target = "/";
  std::string_view host = "a.example";
  RequestHead::Framing framing{};
};

void fill_asked(RequestHead& head, const AskedRequest& asked) {
  ASSERT_TRUE(head.set_request_line("GET", asked.target, 11));
  head.add("Host", asked.host);
  head.finish(asked.framing);
}

TEST(Routing, GoesByHostAndPath) {
  const auto routes =
      shared_table({shared_route("api", "", "/api"), shared_route("b", "b.example", "")});
  const auto who = [&](const AskedRequest& asked) -> std::string {
    RequestHead head;
    fill_asked(head, asked);
    const auto routing = route_request(head, *routes);
    return routing.route == nullptr ? "" : routing.route->label;
  };
  EXPECT_EQ(who({"/api/x"}), "api");
  EXPECT_EQ(who({"/x"}), "");
  EXPECT_EQ(who({"/x", "B.example:80"}), "b");
  EXPECT_EQ(who({"http://b.example/x", "a.example"}), "b") << "of an absolute target, not Host";
  EXPECT_EQ(who({"http://a.example/x", "b.example"}), "");
}

TEST(Routing, StripsThePrefix) {
  const auto stripped = shared_route("s", "", "/api");
  stripped->options.strip_prefix = true;
  const auto routes = shared_table({stripped, shared_route("kept", "", "/kept")});
  for (const auto& [target, path] : {std::pair{"/api/x/y?z", "/x/y"}, std::pair{"/api", "/"},
                                     std::pair{"/api/", "/"}, std::pair{"/kept/x", "/kept/x"}}) {
    RequestHead head;
    fill_asked(head, {target});
    EXPECT_EQ(route_request(head, *routes).path, path) << target;
  }
}

TEST(Routing, ABodyForNobodyIsNotRead) {
  const auto routes = shared_table({shared_route("api", "", "/api")});
  const auto status = [&](std::string_view target, const RequestHead::Framing& framing) {
    RequestHead head;
    fill_asked(head, {target, "h", framing});
    const auto routing = route_request(head, *routes);
    return routing.refusal ? routing.refusal->status : 0;
  };
  EXPECT_EQ(status("/x", {}), 0U) << "answered like any other";
  EXPECT_EQ(status("/x", {.length = 1}), 404U);
  EXPECT_EQ(status("/x", {.chunked = true}), 404U);
  EXPECT_EQ(status("/api", {.length = 1}), 0U);
}

TEST(Routing, ItsRouteSaysHowLongABodyMayBe) {
  const auto small = shared_route("small", "", "/small");
  small->options.max_body_bytes = 10;
  const auto routes = shared_table({small, shared_route("large", "", "/large")});
  const auto status = [&](std::string_view target, std::uint64_t length) {
    RequestHead head;
    fill_asked(head, {target, "h", {.length = length}});
    const auto routing = route_request(head, *routes);
    return routing.refusal ? routing.refusal->status : 0;
  };
  EXPECT_EQ(status("/small", 10), 0U);
  EXPECT_EQ(status("/small", 11), 413U);
  EXPECT_EQ(status("/large", 11), 0U);
}

}  // namespace
}  // namespace trellis::providers::httpserver
