#include "admin/http/health_server.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "admin/http/loopback.hpp"
#include "base/descriptor.hpp"

namespace trellis::admin {
namespace {

Readiness ready() {
  return {};
}
Readiness not_ready() {
  return {{"link is waiting"}};
}

std::string probe(const std::string& address, std::string_view request) {
  const auto port = static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
  const Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0)
    return "refused";
  ::send(socket.get(), request.data(), request.size(), MSG_NOSIGNAL);
  std::string answer;
  char buffer[1000];
  for (ssize_t got = 0; (got = ::recv(socket.get(), buffer, sizeof buffer, 0)) > 0;) {
    answer.append(buffer, static_cast<std::size_t>(got));
  }
  return answer;
}

TEST(HealthServer, AnswersOverTheNetworkAndStops) {
  std::string address;
  {
    const auto server = HealthServer::start("127.0.0.1:0", {not_ready, {}}, {});
    ASSERT_TRUE(server) << server.error().message;
    address = server->address();
    EXPECT_TRUE(probe(address, "GET /livez HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 200 OK\r\n"));
    const auto answer = probe(address, "GET /readyz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 503 ")) << answer;
    EXPECT_NE(answer.find(R"({"ready":false,"reasons":["link is waiting"]})"), std::string::npos);
    EXPECT_TRUE(probe(address, std::string(9000, 'x')).starts_with("HTTP/1.1 431 "));
  }
  EXPECT_EQ(probe(address, ""), "refused");
}

TEST(HealthServer, AnswersToEachKindOfRequest) {
  const auto status = [](std::string_view head, auto state) {
    return answer_probe(head, {state, {}}).substr(9, 3);
  };
  EXPECT_EQ(status("GET /readyz HTTP/1.1\r\n\r\n", ready), "200");
  EXPECT_EQ(status("GET /readyz?verbose HTTP/1.0\r\n\r\n", not_ready), "503");
  EXPECT_EQ(status("GET /livez HTTP/1.1\r\n\r\n", not_ready), "200");
  EXPECT_EQ(status("POST /livez HTTP/1.1\r\n\r\n", ready), "405");
  EXPECT_EQ(status("GET / HTTP/1.1\r\n\r\n", ready), "404");
  EXPECT_EQ(status("GET /metrics HTTP/1.1\r\n\r\n", ready), "404") << "nobody has any";
  const auto figures =
      answer_probe("GET /metrics HTTP/1.1\r\n\r\n", {ready, [] { return "a 1\n"; }});
  EXPECT_NE(figures.find("Content-Type: text/plain; version=0.0.4"), std::string::npos);
  EXPECT_TRUE(figures.ends_with("\r\n\r\na 1\n"));
  for (const char* bad :
       {"\r\n\r\n", "GET\r\n\r\n", "GET /livez\r\n\r\n", "GET /livez SMTP\r\n\r\n"}) {
    EXPECT_EQ(status(bad, ready), "400") << bad;
  }
  for (const char* host : {"localhost", "127.0.0.1:9000", "127.1.2.3", "[::1]:80", "LOCALHOST:1"}) {
    EXPECT_EQ(status(std::string("GET /livez HTTP/1.1\r\nHost: ") + host + "\r\n\r\n", ready),
              "200")
        << host;
  }
  // Names that a page's server may have pointed at this machine.
  for (const char* host :
       {"evil.example", "127.evil.example", "localhost.evil.example", "10.0.0.1"}) {
    EXPECT_EQ(
        status(std::string("GET /livez HTTP/1.1\r\nA: b\r\nhost:") + host + ":9\r\n\r\n", ready),
        "421")
        << host;
  }
  const auto head = answer_probe("HEAD /readyz HTTP/1.1\r\n\r\n", {ready, {}});
  EXPECT_TRUE(head.ends_with("\r\n\r\n"));
}

TEST(Loopback, RefusesEverythingElse) {
  for (const char* bad :
       {"0.0.0.0:0", "192.0.2.1:0", "[::]:0", "[2001:db8::1]:0", "127.0.0.1", "8090",
        "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:1x", "[::1:0", "example.org:80", ""}) {
    const auto refused = listen_on_loopback(bad);
    ASSERT_FALSE(refused) << bad;
    EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument) << bad;
  }
}

TEST(Loopback, APortInUseIsUnavailable) {
  const auto first = listen_on_loopback("localhost:0");
  ASSERT_TRUE(first);
  const auto second = listen_on_loopback(first->address);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::unavailable);
}

TEST(Readiness, NamesWhatIsMissing) {
  Inventory inventory;
  ActorInfo actor;
  actor.identity.key = "MA";
  inventory.actors.push_back(actor);
  ProviderInfo provider;
  provider.key = "VA";
  inventory.providers.push_back(provider);
  EXPECT_TRUE(readiness_of(inventory, {}).ready()) << "not asked yet is not unhealthy";
  LinkInfo link;
  link.link = {"MA", "wasmcloud:keyvalue", "default", "VA", {}};
  link.state = LinkState::bound;
  EXPECT_TRUE(readiness_of(inventory, {link}).ready());
  link.state = LinkState::failed;
  link.problem = "port in use";
  inventory.providers[0].health = {HealthState::unhealthy, "stuck", {}, {}};
  inventory.actors[0].health = {HealthState::unhealthy, "silent", {}, {}};
  const auto state = readiness_of(inventory, {link});
  ASSERT_EQ(state.reasons.size(), 3U);
  EXPECT_EQ(state.reasons[0], "actor MA is unhealthy: silent");
  EXPECT_NE(state.reasons[2].find("port in use"), std::string::npos);
}

}  // namespace
}  // namespace trellis::admin
