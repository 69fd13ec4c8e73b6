// Conformance to contracts.md 3.1: the provider as a client sees it, in each of its forms.
#include <atomic>
#include <span>
#include <vector>

#include "codec/messages/core.hpp"
#include "providers/httpserver/http_fixture.hpp"
#include "support/provider_forms.hpp"
#include "support/server_process.hpp"

namespace trellis::test {
namespace {

using namespace std::chrono_literals;
constexpr std::string_view get_x = "GET /x HTTP/1.1\r\nHost: t\r\n\r\n";

/// Made before the fixture that makes an instance of it.
struct FormOfServer {
  ProviderForm form_;
};

class HttpServerConformance : protected FormOfServer,
                              public HttpServerTest,
                              public ::testing::WithParamInterface<const char*> {
 protected:
  HttpServerConformance()
      : FormOfServer{{GetParam(), *providers::httpserver::table(), "httpserver"}},
        HttpServerTest(form_.table()) {}

  /// As health tells it: log lines of a process may come after the answer.
  std::uint16_t bind(codec::StringMap values = {}) {
    HttpServerTest::bind(std::move(values));
    const auto answer = provider_.call("system", "HealthRequest", to_bytes("\x80"));
    const auto health = codec::decode<codec::core::HealthResponse>(answer.value_or(Bytes{}));
    EXPECT_TRUE(health);
    const auto text = health ? health->message : ":0";
    return static_cast<std::uint16_t>(std::stoul(text.substr(text.rfind(':') + 1)));
  }
  bool will_log(std::string_view part) {
    return eventually([&] { return logged(part); });
  }
  /// How long the actor of the last call had: from a process, less what it took on the way.
  void expect_timeout(std::chrono::nanoseconds time) {
    if (form_.in_process()) {
      EXPECT_EQ(host_.last_timeout(), time);
    } else {
      EXPECT_LE(host_.last_timeout(), time);
      EXPECT_GT(host_.last_timeout(), 0s);
    }
  }
};

INSTANTIATE_TEST_SUITE_P(Providers, HttpServerConformance, provider_forms(), name_of_form);

TEST_P(HttpServerConformance, AnswersGet) {
  const auto port = bind();
  const auto response = ask(port, "GET /a/b%20c?x=1&y HTTP/1.1\r\nHost: t\r\nX-One: a\r\n\r\n");
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(response->body, "GET /a/b%20c x=1&y\nhost=t\nx-one=a");
  EXPECT_EQ(response->header.at("x-echo"), "yes");
  EXPECT_TRUE(response->header.contains("date"));
  expect_timeout(10s);
}

TEST_P(HttpServerConformance, BodiesAreBinary) {
  const auto port = bind();
  const std::string body("\x00\xff\r\n\r\nGET", 9);
  HttpClient client(port);
  const auto response = client.ask(
      fmt::format("POST / HTTP/1.1\r\nHost: t\r\nContent-Length: {}\r\n\r\n{}", body.size(), body));
  ASSERT_TRUE(response);
  EXPECT_EQ(response->body, body);
  const auto chunked = client.ask(
      "POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: "
      "chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n");
  ASSERT_TRUE(chunked);
  EXPECT_EQ(chunked->body, "abc");
}

TEST_P(HttpServerConformance, LargeBodiesBothWays) {
  const auto port = bind({{"MAX_BODY_BYTES", "6000000"}});
  std::string body(5'000'000, 'x');
  for (std::size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>(i * 7 + i / 251);
  HttpClient client(port);
  for (int round = 0; round < 2; ++round) {
    client.send(
        fmt::format("POST / HTTP/1.1\r\nHost: t\r\nContent-Length: {}\r\n\r\n", body.size()));
    client.send(body);
    const auto response = client.receive();
    ASSERT_TRUE(response);
    EXPECT_EQ(response->body, body);
  }
}

TEST_P(HttpServerConformance, KeepsConnectionsAndAnswersPipelinedRequestsInOrder) {
  const auto port = bind();
  HttpClient client(port);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(client.ask(get_x));
  std::string many;
  for (int i = 0; i < 100; ++i) many += fmt::format("GET /{} HTTP/1.1\r\nHost: t\r\n\r\n", i);
  client.send(many);
  for (int i = 0; i < 100; ++i) {
    const auto response = client.receive();
    ASSERT_TRUE(response) << i;
    EXPECT_TRUE(response->body.starts_with(fmt::format("GET /{} ", i))) << response->body;
  }
  client.send("GET / HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(client.receive()->header.at("connection"), "close");
  EXPECT_TRUE(client.closed());
}

TEST_P(HttpServerConformance, RequestsByteForByte) {
  const auto port = bind();
  HttpClient client(port);
  const int on = 1;
  ::setsockopt(client.descriptor(), IPPROTO_TCP, 1 /* TCP_NODELAY */, &on, sizeof on);
  for (const char byte :
       std::string_view("POST /p HTTP/1.1\r\nHost: t\r\nContent-Length: 3\r\n\r\nabc")) {
    ASSERT_TRUE(client.send({&byte, 1}));
  }
  EXPECT_EQ(client.receive()->body, "abc");
}

TEST_P(HttpServerConformance, HeadAndContinue) {
  const auto port = bind();
  HttpClient client(port);
  client.send("HEAD /h HTTP/1.1\r\nHost: t\r\n\r\n");
  const auto head = client.receive(true);
  ASSERT_TRUE(head);
  EXPECT_EQ(head->header.at("content-length"), "15");
  client.send("POST / HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_EQ(client.receive()->status, 100);
  EXPECT_EQ(client.ask("ok")->body, "ok");
}

TEST_P(HttpServerConformance, RefusalsReachClientsThatAreStillSending) {
  const auto port = bind({{"MAX_BODY_BYTES", "100"}, {"MAX_HEADER_BYTES", "1000"}});
  HttpClient large(port);
  large.send("POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 1000000\r\n\r\n");
  large.send(std::string(1'000'000, 'x'));
  const auto refused = large.receive();
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->status, 413);
  EXPECT_EQ(refused->header.at("connection"), "close");
  HttpClient wordy(port);
  wordy.send("GET / HTTP/1.1\r\nX: " + std::string(100'000, 'h'));
  EXPECT_EQ(wordy.receive()->status, 431);
  EXPECT_EQ(ask(port, "nonsense\r\n\r\n")->status, 400);
  EXPECT_EQ(ask(port, get_x)->status, 200);
}

TEST_P(HttpServerConformance, SlowSendersAreTold) {
  const auto port = bind({{"HEADER_TIMEOUT_MS", "150"}});
  HttpClient slow(port);
  slow.send("GET / HTTP/1.1\r\nHo");
  EXPECT_EQ(slow.receive()->status, 408);
  EXPECT_TRUE(slow.closed());
  HttpClient body(port);
  body.send("POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 10\r\n\r\nabc");
  EXPECT_EQ(body.receive()->status, 408);
  // Client that drips for ever gets no more time than one that is silent.
  HttpClient drip(port);
  bool open = true;
  const auto begin = std::chrono::steady_clock::now();
  while (open && std::chrono::steady_clock::now() - begin < 15s) {
    open = drip.send(drip.unread().empty() ? "GET / HTTP/1.1\r\nX: " : "a");
    std::this_thread::sleep_for(10ms);
  }
  EXPECT_FALSE(open);
}

TEST_P(HttpServerConformance, IdleConnectionsEnd) {
  const auto port = bind({{"IDLE_TIMEOUT_MS", "100"}});
  HttpClient client(port);
  ASSERT_TRUE(client.ask(get_x));
  EXPECT_TRUE(client.closed());
  EXPECT_TRUE(client.unread().empty()) << "nothing is said to one that asked nothing";
}

TEST_P(HttpServerConformance, ClientsThatDoNotReadAreCut) {
  answer_with([](const Request&) { return Response{200, "", {}, Bytes(8'000'000)}; });
  const auto port = bind({{"HEADER_TIMEOUT_MS", "100"}});
  HttpClient client(port);
  client.send(get_x);
  for (int i = 0; i < 200 && client.send("x"); ++i) std::this_thread::sleep_for(50ms);
  EXPECT_FALSE(client.send("x") && client.send("x"));
}

TEST_P(HttpServerConformance, OutcomesOfTheDispatch) {
  FakeHost::Reply reply;
  std::mutex mutex;
  host_.set_actor([&](auto, auto operation, auto) {
    EXPECT_EQ(operation, "HandleRequest");
    const std::scoped_lock lock(mutex);
    return reply;
  });
  const auto port = bind({{"TIMEOUT_MS", "1234"}});
  HttpClient client(port);
  const auto outcome = [&](trellis_status status, std::string_view bytes) {
    const std::scoped_lock lock(mutex);
    reply = {status, to_bytes(bytes)};
  };
  const auto expect = [&](int status, std::string_view body) {
    const auto response = client.ask(get_x);
    ASSERT_TRUE(response);
    EXPECT_EQ(response->status, status);
    EXPECT_EQ(response->body, body);
    EXPECT_EQ(response->header.contains("retry-after"), status == 503);
  };
  outcome(TRELLIS_OK, "\x01");
  expect(500, "Malformed response from actor");
  outcome(TRELLIS_OK, "");
  expect(500, "Malformed response from actor");
  outcome(TRELLIS_ERROR, "secret reason");
  expect(500, "Failed to handle request");
  EXPECT_TRUE(will_log("secret reason"));
  outcome(TRELLIS_DENIED, "no");
  expect(500, "Failed to handle request");
  outcome(TRELLIS_BUSY, "full");
  expect(503, "The actor is busy");
  outcome(TRELLIS_STOPPING, "");
  expect(503, "The actor is busy");
  outcome(TRELLIS_DEADLINE, "");
  expect(504, "The actor did not answer in time");
  expect_timeout(1234ms);
}

TEST_P(HttpServerConformance, ResponsesThatCannotBeSentAreMended) {
  answer_with([](const Request& request) {
    if (request.path == "/status") return Response{42, "", {}, {}};
    return Response{200, "", {{"a", "b\r\nX-Evil: 1"}, {"good", "yes"}}, {}};
  });
  const auto port = bind();
  HttpClient client(port);
  EXPECT_EQ(client.ask("GET /status HTTP/1.1\r\nHost: t\r\n\r\n")->status, 500);
  EXPECT_TRUE(will_log("status 42"));
  const auto response = client.ask(get_x);
  EXPECT_EQ(response->header.at("good"), "yes");
  EXPECT_FALSE(response->header.contains("x-evil"));
  EXPECT_TRUE(will_log("1 invalid headers"));
}

TEST_P(HttpServerConformance, AccessLogWhenAsked) {
  const auto port = bind();
  ASSERT_TRUE(ask(port, get_x));
  EXPECT_FALSE(logged("GET /x 200"));
  EXPECT_EQ(bind({{"ACCESS_LOG", "true"}}), port);
  ASSERT_TRUE(ask(port, get_x));
  EXPECT_TRUE(will_log("GET /x 200 "));
  EXPECT_TRUE(will_log(fmt::format(" bytes {}", actor)));
}

TEST_P(HttpServerConformance, ErrorsAreShownWhenAsked) {
  const auto port = bind({{"SHOW_ERRORS", "true"}});
  host_.set_actor(
      [](auto, auto, auto) { return FakeHost::Reply{TRELLIS_ERROR, to_bytes("no such user")}; });
  const auto response = ask(port, get_x);
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 500);
  EXPECT_TRUE(response->body.starts_with("Failed to handle request: ")) << response->body;
  EXPECT_TRUE(response->body.contains("no such user")) << response->body;
}

TEST_P(HttpServerConformance, ManyConnections) {
  const auto port = bind();
  std::vector<std::unique_ptr<HttpClient>> clients;
  for (int i = 0; i < 300; ++i) clients.push_back(std::make_unique<HttpClient>(port));
  // In a process of its own each request waits for the host, on one of the threads for that.
  const auto at_once = clients.size() / (form_.in_process() ? 1 : 10);
  for (std::size_t round = 0; round < 2; ++round) {
    for (std::size_t from = 0; from < clients.size(); from += at_once) {
      const auto some = std::span(clients).subspan(from, at_once);
      for (auto& client : some) ASSERT_TRUE(client->send(get_x));
      for (auto& client : some) {
        const auto response = client->receive();
        ASSERT_TRUE(response);
        EXPECT_EQ(response->status, 200);
      }
    }
  }
}

TEST_P(HttpServerConformance, TooManyConnections) {
  const auto port = bind({{"MAX_CONNECTIONS", "3"}});
  std::vector<std::unique_ptr<HttpClient>> clients;
  for (int i = 0; i < 3; ++i) {
    clients.push_back(std::make_unique<HttpClient>(port));
    ASSERT_EQ(clients.back()->ask(get_x)->status, 200);
  }
  const auto refused = ask(port, get_x);
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->status, 503);
  EXPECT_EQ(refused->header.at("retry-after"), "1");
  ASSERT_EQ(clients.front()->ask(get_x)->status, 200);
  clients.clear();
  for (int i = 0; i < 200; ++i) {
    const auto again = ask(port, get_x);
    if (again && again->status == 200) return;
    std::this_thread::sleep_for(20ms);
  }
  FAIL() << "the places of closed connections are not free";
}

TEST_P(HttpServerConformance, SurvivesRandomInputOnRealSockets) {
  const auto port = bind({{"HEADER_TIMEOUT_MS", "100"}});
  std::uint32_t state = 12345;
  const auto random = [&] { return state = state * 1664525 + 1013904223; };
  for (int round = 0; round < 300; ++round) {
    HttpClient client(port);
    std::string input(get_x);
    for (std::uint32_t i = 0; i < 1 + random() % 4; ++i) {
      input[(random() >> 8) % input.size()] = static_cast<char>(random() >> 16);
    }
    client.send(input);
    if (round % 3 != 0) client.end();
    if (round % 3 == 1) static_cast<void>(client.closed());
  }
  EXPECT_EQ(ask(port, get_x)->status, 200);
}

TEST_P(HttpServerConformance, OnlyTheHostLinks) {
  const auto payload =
      codec::encode(codec::core::CapabilityConfiguration{std::string(actor), {{"PORT", "0"}}});
  const auto bound = provider_.call(actor, "BindActor", payload);
  ASSERT_FALSE(bound);
  EXPECT_EQ(bound.error().message, "bad dispatch");
  bind();
  const auto called = provider_.call(actor, "HandleRequest", {});
  ASSERT_FALSE(called);
  EXPECT_EQ(called.error().message, "bad dispatch");
}

}  // namespace
}  // namespace trellis::test
