// The health address over the network; what each probe is answered is tested in admin/http.
#include "cli/health_server.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/limits.hpp"
#include "support/http_client.hpp"
#include "support/server_process.hpp"

namespace trellis::cli {
namespace {

using test::HttpClient;

admin::Readiness waiting() {
  return {{"link is waiting"}};
}

Result<HealthServer> start_health(std::string_view address = "127.0.0.1:0") {
  return HealthServer::start(address, {waiting, [] { return "a 1\n"; }}, {});
}

std::uint16_t health_port(const HealthServer& server) {
  const auto address = server.address();
  return static_cast<std::uint16_t>(std::stoul(address.substr(address.rfind(':') + 1)));
}

TEST(HealthServer, AnswersOverTheNetworkAndStops) {
  std::uint16_t port = 0;
  {
    const auto server = start_health();
    ASSERT_TRUE(server) << server.error().message;
    EXPECT_TRUE(server->address().starts_with("127.0.0.1:"));
    port = health_port(*server);
    const auto live = HttpClient(port).ask("GET /livez HTTP/1.0\r\n\r\n");
    ASSERT_TRUE(live);
    EXPECT_EQ(live->status, 200);
    EXPECT_EQ(live->body, "{\"live\":true}\n");
    EXPECT_EQ(live->header.at("content-type"), "application/json");
    const auto ready = HttpClient(port).ask("GET /readyz?all HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
    ASSERT_TRUE(ready);
    EXPECT_EQ(ready->status, 503);
    EXPECT_EQ(ready->body, "{\"ready\":false,\"reasons\":[\"link is waiting\"]}\n");
    HttpClient collector(port);
    collector.send("HEAD /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
    const auto head = collector.receive(true);
    ASSERT_TRUE(head);
    EXPECT_EQ(head->header.at("content-length"), "4");
    const auto figures = collector.ask("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
    ASSERT_TRUE(figures) << "the same connection again";
    EXPECT_EQ(figures->body, "a 1\n");
  }
  EXPECT_FALSE(HttpClient(port).connected());
}

TEST(HealthServer, RefusesWhatIsNoProbe) {
  const auto server = start_health();
  ASSERT_TRUE(server);
  const auto status = [&](const std::string& request) {
    const auto answer = HttpClient(health_port(*server)).ask(request);
    return answer ? answer->status : 0;
  };
  EXPECT_EQ(status("GET /livez HTTP/1.1\r\nHost: evil.example\r\n\r\n"), 421);
  EXPECT_EQ(status("POST /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"), 405);
  EXPECT_EQ(status("POST /livez HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\n"), 413);
  EXPECT_EQ(status("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"), 404);
  EXPECT_EQ(status("GET\r\n\r\n"), 400);
  EXPECT_EQ(status("GET /livez\r\n\r\n"), 400);
  EXPECT_EQ(status("GET /livez SMTP\r\n\r\n"), 505);
  EXPECT_EQ(status("GET /livez HTTP/1.1\r\nHost: localhost\r\nX: " +
                   std::string(limits::probe_request_bytes, 'x')),
            431);
}

TEST(HealthServer, SlowClientsAreCutAndOthersAnsweredMeanwhile) {
  const auto server = start_health();
  ASSERT_TRUE(server);
  std::vector<std::unique_ptr<HttpClient>> slow;
  for (int i = 0; i < 32; ++i) {
    slow.push_back(std::make_unique<HttpClient>(health_port(*server)));
    slow.back()->send("GET /livez HT");
  }
  const auto answer = HttpClient(health_port(*server)).ask("GET /livez HTTP/1.0\r\n\r\n");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 200);
  for (const auto& client : slow) EXPECT_TRUE(client->closed());
}

TEST(HealthServer, ThereAreOnlySoManyConnections) {
  const auto server = start_health();
  ASSERT_TRUE(server);
  std::vector<std::unique_ptr<HttpClient>> open;
  const auto another = [&] {
    open.push_back(std::make_unique<HttpClient>(health_port(*server)));
    return open.back()->ask("GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n");
  };
  std::optional<test::HttpResponse> answer = another();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 200);
  while (answer && answer->status == 200 && open.size() < 500) answer = another();
  EXPECT_LT(open.size(), 500U);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 503);
  EXPECT_EQ(answer->body, "Too many connections\n");
  open.clear();
  EXPECT_TRUE(test::eventually([&] {
    const auto again = HttpClient(health_port(*server)).ask("GET /livez HTTP/1.0\r\n\r\n");
    return again && again->status == 200;
  }));
}

TEST(HealthServer, ListensOnLoopbackOnly) {
  for (const auto* bad : {"0.0.0.0:0", "192.0.2.1:0", "[::]:0", "[2001:db8::1]:0", "127.0.0.1",
                          "8090", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:1x", "[::1:0",
                          "::1:0", "[127.0.0.1]:0", "[::1]", "example.org:80", ":80", ""}) {
    const auto refused = start_health(bad);
    ASSERT_FALSE(refused) << bad;
    EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument) << bad;
  }
}

TEST(HealthServer, APortInUseIsUnavailable) {
  const auto first = start_health("localhost:0");
  ASSERT_TRUE(first);
  const auto second = start_health(first->address());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::unavailable);
  EXPECT_EQ(second.error().remedy, "choose another port, or 0 for any");
}

}  // namespace
}  // namespace trellis::cli
