// Several actors on one address: who gets what, and links that come, change and go meanwhile.
#include <atomic>
#include <vector>

#include "providers/httpserver/http_fixture.hpp"

namespace trellis::test {
namespace {

using namespace std::chrono_literals;

class HttpSharingTest : public HttpServerTest {
 protected:
  static constexpr std::string_view third =
      "MDHPKGFKDI34Y4RN4PWWZHRYZ6373HYRSNNEM4UTDLLGO5B37TSVREPA";

  /// Each actor answers with the beginning of its key and the path it was given.
  HttpSharingTest() {
    host_.set_actor([](std::string_view who, auto, ByteView payload) -> FakeHost::Reply {
      const auto request = codec::decode<Request>(payload);
      if (!request) return {TRELLIS_ERROR, to_bytes(request.error().message)};
      const auto text =
          fmt::format("{} {} {}", who.substr(0, 2), request->path, request->body.size());
      return {TRELLIS_OK, codec::encode(Response{200, "", {}, to_bytes(text)})};
    });
  }
  static std::string at(std::uint16_t port) { return fmt::format("127.0.0.1:{}", port); }
  static std::string get(std::string_view host, std::string_view path) {
    return fmt::format("GET {} HTTP/1.1\r\nHost: {}\r\n\r\n", path, host);
  }
  std::string body(std::uint16_t port, std::string_view host, std::string_view path) {
    const auto response = ask(port, get(host, path));
    if (!response) return "no response";
    return response->status == 200 ? response->body : std::to_string(response->status);
  }
  void put(std::string_view who, std::uint16_t port, codec::StringMap values) {
    values["BIND"] = at(port);
    const auto bound = provider_.bind(who, values);
    EXPECT_TRUE(bound) << (bound ? "" : bound.error().message);
  }
};

TEST_F(HttpSharingTest, HostsAndPrefixesTellActorsApart) {
  const auto port = bind({{"HOSTS", "a.example, *.a.example"}});
  put(other, port, {{"HOSTS", "b.example"}, {"PATH_PREFIX", "/api"}});
  put(third, port, {{"PATH_PREFIX", "/api/deep"}, {"STRIP_PREFIX", "true"}});
  EXPECT_EQ(body(port, "a.example", "/x"), "MB /x 0");
  EXPECT_EQ(body(port, "X.A.Example:8080", "/api/deep"), "MB /api/deep 0");
  EXPECT_EQ(body(port, "b.example", "/api/x"), "MC /api/x 0");
  EXPECT_EQ(body(port, "b.example", "/x"), "404");
  EXPECT_EQ(body(port, "c.example", "/api"), "404");
  EXPECT_EQ(body(port, "c.example", "/api/deep"), "MD / 0");
  EXPECT_EQ(body(port, "c.example", "/api/deep/"), "MD / 0");
  EXPECT_EQ(body(port, "c.example", "/api/deep/a?q"), "MD /a 0");
  EXPECT_EQ(body(port, "b.example", "http://a.example/y"), "MB /y 0") << "the target's host counts";
  EXPECT_EQ(body(port, "b.example", "http://u:p@A.example:1?z"), "MB / 0");
}

TEST_F(HttpSharingTest, UnmatchedRequestsKeepTheConnection) {
  const auto port = bind({{"PATH_PREFIX", "/a"}});
  HttpClient client(port);
  const auto nobody = client.ask(get("t", "/b"));
  ASSERT_TRUE(nobody);
  EXPECT_EQ(nobody->status, 404);
  EXPECT_EQ(nobody->body, "Nothing is served here\n");
  EXPECT_EQ(client.ask(get("t", "/a"))->body, "MB /a 0");
  // HTTP/1.0 without Host, and HEAD.
  EXPECT_EQ(ask(port, "GET /a HTTP/1.0\r\n\r\n")->body, "MB /a 0");
  client.send("HEAD /b HTTP/1.1\r\nHost: t\r\n\r\n");
  EXPECT_EQ(client.receive(true)->status, 404);
  EXPECT_EQ(client.ask(get("t", "/a"))->status, 200);
  // A body that nobody wants is not read.
  const auto posted = client.ask("POST /b HTTP/1.1\r\nHost: t\r\nContent-Length: 5000000\r\n\r\n");
  ASSERT_TRUE(posted);
  EXPECT_EQ(posted->status, 404);
  EXPECT_TRUE(client.closed());
  HttpClient waiting(port);
  EXPECT_EQ(waiting
                .ask("POST /b HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\n"
                     "Expect: 100-continue\r\n\r\n")
                ->status,
            404);
}

TEST_F(HttpSharingTest, EachLinkHasItsOwnLimits) {
  const auto port =
      bind({{"PATH_PREFIX", "/small"}, {"MAX_BODY_BYTES", "3"}, {"TIMEOUT_MS", "77"}});
  put(other, port, {{"PATH_PREFIX", "/big"}, {"MAX_BODY_BYTES", "100"}, {"TIMEOUT_MS", "99"}});
  const auto post = [&](std::string_view path, std::size_t size) {
    const auto text = fmt::format("POST {} HTTP/1.1\r\nHost: t\r\nContent-Length: {}\r\n\r\n{}",
                                  path, size, std::string(size, 'x'));
    return ask(port, text)->status;
  };
  const auto post_chunk = [&](std::string_view path, std::size_t size) {
    const auto text = fmt::format(
        "POST {} HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{}\r\n0\r\n\r\n",
        path, size, std::string(size, 'x'));
    return ask(port, text)->status;
  };
  EXPECT_EQ(post("/small", 3), 200);
  EXPECT_EQ(host_.last_timeout(), 77ms);
  EXPECT_EQ(post("/small", 4), 413);
  EXPECT_EQ(post("/big", 100), 200);
  EXPECT_EQ(host_.last_timeout(), 99ms);
  EXPECT_EQ(post("/big", 101), 413);
  EXPECT_EQ(post_chunk("/small", 3), 200);
  EXPECT_EQ(post_chunk("/small", 4), 413);
  EXPECT_EQ(post_chunk("/big", 4), 200);
}

TEST_F(HttpSharingTest, ConflictsAreRefusedAndChangeNothing) {
  const auto port = bind({{"HOSTS", "a.example"}});
  auto text = bind_error({{"BIND", at(port)}, {"HOSTS", "b.example,A.example"}}, other);
  EXPECT_NE(text.find("a.example/ on " + at(port)), std::string::npos) << text;
  EXPECT_NE(text.find(actor), std::string::npos) << text;
  EXPECT_EQ(body(port, "b.example", "/"), "404") << "nothing of the refused link is left";
  text = bind_error({{"BIND", at(port)}}, other);
  EXPECT_NE(text.find("in use"), std::string::npos) << text;
  // The other way round: an address that is not shared.
  const auto own = bind({}, other);
  text = bind_error({{"BIND", at(own)}, {"HOSTS", "x"}}, third);
  EXPECT_NE(text.find("in use"), std::string::npos) << text;
  // Second of two addresses of a link is refused: the first is not touched.
  text = bind_error({{"BIND", at(port) + "," + at(own)}, {"HOSTS", "x"}}, third);
  EXPECT_EQ(body(port, "x", "/"), "404");
  EXPECT_EQ(body(port, "a.example", "/"), "MB / 0");
  EXPECT_EQ(body(own, "any", "/"), "MC / 0");
}

TEST_F(HttpSharingTest, TlsMustBeTheSame) {
  const auto port = bind({{"HOSTS", "a.example"}});
  const std::string missing = "/nowhere/cert.pem";
  const codec::StringMap values = {
      {"BIND", at(port)}, {"HOSTS", "b"}, {"TLS_CERT", missing}, {"TLS_KEY", missing}};
  EXPECT_NE(bind_error(values, other).find(missing), std::string::npos);
  EXPECT_EQ(body(port, "a.example", "/"), "MB / 0");
}

TEST_F(HttpSharingTest, AnAddressChangesFromOwnToSharedAndBack) {
  const auto port = bind();
  HttpClient client(port);
  EXPECT_EQ(client.ask(get("t", "/"))->body, "MB / 0");
  put(actor, port, {{"PATH_PREFIX", "/a"}});
  EXPECT_EQ(client.ask(get("t", "/"))->status, 404);
  put(other, port, {{"PATH_PREFIX", "/b"}});
  EXPECT_EQ(client.ask(get("t", "/b"))->body, "MC /b 0");
  EXPECT_NE(bind_error({{"BIND", at(port)}}).find("in use"), std::string::npos)
      << "not while another is there";
  ASSERT_TRUE(provider_.remove(other));
  put(actor, port, {});
  EXPECT_EQ(client.ask(get("t", "/b"))->body, "MB /b 0");
}

TEST_F(HttpSharingTest, RemovingOneLeavesTheOthersConnections) {
  const auto port = bind({{"PATH_PREFIX", "/a"}});
  put(other, port, {{"PATH_PREFIX", "/b"}});
  HttpClient client(port);
  HttpClient arriving(port);
  EXPECT_EQ(client.ask(get("t", "/a"))->status, 200);
  // A request that has been placed already, but is not complete.
  ASSERT_EQ(arriving.ask(get("t", "/b"))->status, 200);
  arriving.send("POST /a HTTP/1.1\r\nHost: t\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  ASSERT_EQ(arriving.receive()->status, 100);
  ASSERT_TRUE(provider_.remove(actor));
  EXPECT_EQ(client.ask(get("t", "/a"))->status, 404);
  EXPECT_EQ(client.ask(get("t", "/b"))->body, "MC /b 0");
  EXPECT_EQ(arriving.ask("hi")->status, 404);
  EXPECT_EQ(arriving.ask(get("t", "/b"))->status, 200);
  ASSERT_TRUE(provider_.remove(other));
  EXPECT_FALSE(HttpClient(port).connected());
  EXPECT_TRUE(client.closed());
}

TEST_F(HttpSharingTest, ALinkMovesFromOneSharedAddressToAnother) {
  const auto first = bind({{"PATH_PREFIX", "/a"}});
  const auto second = bind({{"PATH_PREFIX", "/b"}}, other);
  put(third, first, {{"PATH_PREFIX", "/c"}});
  EXPECT_EQ(body(first, "t", "/c"), "MD /c 0");
  put(third, second, {{"PATH_PREFIX", "/c"}});
  EXPECT_EQ(body(first, "t", "/c"), "404");
  EXPECT_EQ(body(first, "t", "/a"), "MB /a 0");
  EXPECT_EQ(body(second, "t", "/c"), "MD /c 0");
  // On both.
  ASSERT_TRUE(
      provider_.bind(third, {{"BIND", at(first) + "," + at(second)}, {"PATH_PREFIX", "/c"}}));
  EXPECT_EQ(body(first, "t", "/c"), "MD /c 0");
  EXPECT_EQ(body(second, "t", "/c"), "MD /c 0");
  // The owner of the first goes, the address stays for the one that is left.
  ASSERT_TRUE(provider_.remove(actor));
  EXPECT_EQ(body(first, "t", "/a"), "404");
  EXPECT_EQ(body(first, "t", "/c"), "MD /c 0");
}

TEST_F(HttpSharingTest, LinksComeAndGoWithoutAFailureOfTheOthers) {
  const auto port = bind({{"PATH_PREFIX", "/steady"}});
  std::atomic<bool> ended{false};
  std::atomic<int> answered{0};
  std::vector<std::thread> clients;
  for (int i = 0; i < 3; ++i) {
    clients.emplace_back([&] {
      HttpClient client(port);
      while (!ended) {
        const auto response = client.ask(get("t", "/steady/x"));
        ASSERT_TRUE(response);
        ASSERT_EQ(response->body, "MB /steady/x 0");
        ++answered;
      }
    });
  }
  for (int round = 0; round < 40 || answered < 100; ++round) {
    put(other, port, {{"PATH_PREFIX", round % 2 == 0 ? "/even" : "/odd"}});
    put(third, port, {{"HOSTS", fmt::format("h{}.example", round)}});
    EXPECT_EQ(body(port, fmt::format("h{}.example", round), "/"), "MD / 0");
    put(actor, port,
        {{"PATH_PREFIX", "/steady"}, {"IDLE_TIMEOUT_MS", std::to_string(60'000 + round)}});
    ASSERT_TRUE(provider_.remove(round % 3 == 0 ? other : third));
  }
  ended = true;
  for (auto& client : clients) client.join();
}

TEST_F(HttpSharingTest, BadValuesAreRefused) {
  const std::vector<std::pair<codec::StringMap, std::string>> cases = {
      {{{"HOSTS", "a:80"}}, "a:80"},
      {{{"HOSTS", "a,"}}, "HOSTS"},
      {{{"HOSTS", "*"}}, "HOSTS"},
      {{{"HOSTS", "a.*.b"}}, "a.*.b"},
      {{{"HOSTS", "a..b"}}, "a..b"},
      {{{"HOSTS", "http://a"}}, "http://a"},
      {{{"HOSTS",
         "b\xc3\xbc"
         "cher.example"}},
       "HOSTS"},
      {{{"HOSTS", std::string(64, 'a') + ".b"}}, "HOSTS"},
      {{{"PATH_PREFIX", "api"}}, "'api'"},
      {{{"PATH_PREFIX", "/a b"}}, "PATH_PREFIX"},
      {{{"PATH_PREFIX", "/a?b"}}, "PATH_PREFIX"},
      {{{"PATH_PREFIX", "/" + std::string(1024, 'a')}}, "PATH_PREFIX"},
      {{{"PATH_PREFIX", "/a"}, {"STRIP_PREFIX", "1"}}, "STRIP_PREFIX"},
      {{{"HOSTS", "a"}, {"STRIP_PREFIX", "true"}}, "PATH_PREFIX"},
  };
  for (auto [values, part] : cases) {
    values["BIND"] = "127.0.0.1:0";
    const auto text = bind_error(values);
    EXPECT_NE(text.find(part), std::string::npos) << text << " / " << part;
  }
  std::string many;
  for (int i = 0; i < 65; ++i) many += fmt::format("{}h{}", i == 0 ? "" : ",", i);
  EXPECT_NE(bind_error({{"BIND", "127.0.0.1:0"}, {"HOSTS", many}}).find("64"), std::string::npos);
}

}  // namespace
}  // namespace trellis::test
