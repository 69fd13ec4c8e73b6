// The HTTP client provider against a real server (our HTTP server provider), against servers that
// misbehave, and against the rules of which addresses may be reached (contracts.md 3.2).
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <mutex>

#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <thread>

#include "base/binary_text.hpp"
#include "base/text.hpp"
#include "codec/messages/httpclient.hpp"
#include "providers/builtin.hpp"
#include "providers/httpserver/http_fixture.hpp"
#include "support/scripted_server.hpp"
#include "support/temp_dir.hpp"

namespace trellis::test {
namespace {

using namespace std::chrono_literals;
using Args = codec::httpclient::RequestArgs;
using Answer = codec::httpclient::Response;

class HttpClientTest : public HttpServerTest, public ::testing::WithParamInterface<const char*> {
 protected:
  static const trellis_provider_table& table() {
    const std::string_view name = GetParam();
    return name == "Library" ? open_module(TRELLIS_LIBRARIES "/trellis-httpclient.so")
                             : *providers::find_builtin("builtin:httpclient");
  }
  void link(codec::StringMap values = {}) {
    values.try_emplace("ALLOW", "loopback");
    const auto bound = client_.bind(actor, values);
    ASSERT_TRUE(bound) << bound.error().message;
  }
  Result<Answer> ask(const Args& args) { return client_.ask<Answer>(actor, "Request", args); }
  std::string error(const Args& args) {
    const auto answer = ask(args);
    return answer ? fmt::format("no error but {}", answer->status_code) : answer.error().message;
  }
  static std::string url(std::uint16_t port, std::string_view path = "/") {
    return fmt::format("http://127.0.0.1:{}{}", port, path);
  }
  static std::string body(const Answer& answer) { return std::string(as_text(answer.body)); }

  FakeHost client_host_;
  ProviderInstance client_{client_host_, table()};
};

TEST_P(HttpClientTest, MessagesAreThoseOfTheContract) {
  const Args args{"GET", "http://a/", {}, {}};
  EXPECT_EQ(to_hex_lower(codec::encode(args)),
            "84a66d6574686f64a3474554a375726ca9687474703a2f2f612fa76865616465727380a4626f6479c400");
}

TEST_P(HttpClientTest, EveryMethodArrivesWithHeadersAndBody) {
  link();
  answer_with([](const Request& request) {
    return Response{201,
                    "",
                    {{"x-method", request.method}, {"x-type", request.header.at("x-kind")}},
                    request.body};
  });
  const auto port = bind();
  for (const auto method : {"GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"}) {
    for (const std::string_view text : {"", "some\nbody"}) {
      const auto answer = ask({method, url(port, "/a?b=c"), {{"X-Kind", "k"}}, to_bytes(text)});
      ASSERT_TRUE(answer) << method << ": " << answer.error().message;
      EXPECT_EQ(answer->status_code, 201U);
      EXPECT_EQ(answer->status, "Created");
      EXPECT_EQ(answer->header.at("x-method"), method);
      EXPECT_EQ(answer->header.at("x-type"), "k");
      EXPECT_EQ(body(*answer), text) << method;
    }
  }
  const auto head = ask({"HEAD", url(port), {{"x-kind", ""}}, to_bytes("dropped")});
  ASSERT_TRUE(head) << head.error().message;
  EXPECT_EQ(head->header.at("x-method"), "HEAD");
  EXPECT_TRUE(head->body.empty());
}

TEST_P(HttpClientTest, WhatIsNoRequestIsRefusedBeforeAnythingIsSent) {
  link();
  const auto port = bind();
  EXPECT_EQ(error({"get", url(port), {}, {}}), "unknown method:  get");
  EXPECT_NE(error({"CONNECT", url(port), {}, {}}).find("tunnel"), std::string::npos);
  EXPECT_NE(error({"GET", "file:///etc/passwd", {}, {}}).find("file"), std::string::npos);
  EXPECT_NE(error({"GET", "http://u:p@/", {}, {}}).find("is not an http or https address"),
            std::string::npos);
  EXPECT_NE(error({"GET", "", {}, {}}), "");
  for (const auto& [name, value] : codec::StringMap{{"a b", "x"}, {"x", "a\r\nb: c"}, {"", "x"}}) {
    EXPECT_NE(error({"GET", url(port), {{name, value}}, {}}).find("not allowed in HTTP"),
              std::string::npos)
        << name;
  }
  EXPECT_EQ(client_.ask<Answer>(other, "Request", Args{"GET", url(port), {}, {}}).error().code,
            ErrorCode::provider_failed);
  EXPECT_FALSE(client_.call(actor, "Request", to_bytes("\xc1")));
  EXPECT_FALSE(client_.call(actor, "Else", {}));
}

TEST_P(HttpClientTest, HeadersOfTheConnectionAreTheClients) {
  link();
  answer_with(&echo);
  const auto port = bind();
  const auto answer = ask({"GET",
                           url(port),
                           {{"Content-Length", "987654321"},
                            {"Transfer-Encoding", "chunked"},
                            {"Connection", "close"},
                            {"X-Empty", ""}},
                           {}});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(body(*answer).find("987654321"), std::string::npos) << body(*answer);
  EXPECT_EQ(body(*answer).find("transfer-encoding"), std::string::npos);
  EXPECT_NE(body(*answer).find("x-empty="), std::string::npos);
}

TEST_P(HttpClientTest, OddHeadersAreToldAsTheContractSays) {
  link();
  const ScriptedServer server(
      "HTTP/1.1 299 Whatever\r\nX-Two: a\r\nx-two: b\r\nX-Bytes: gr\xfcn\r\n"
      "Content-Length: 2\r\n\r\nok");
  const auto answer = ask({"GET", url(server.port()), {}, {}});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->status_code, 299U);
  EXPECT_EQ(answer->status, "");
  EXPECT_EQ(answer->header.at("x-two"), "a,b");
  EXPECT_EQ(answer->header.at("x-bytes"), "Z3L8bg==");
  EXPECT_EQ(body(*answer), "ok");
}

TEST_P(HttpClientTest, RedirectsAreFollowedAsBrowsersDo) {
  link({{"max_redirects", "3"}});
  answer_with([](const Request& request) {
    if (request.path == "/end") return echo(request);
    const auto status = static_cast<std::uint32_t>(std::stoul(request.path.substr(1)));
    return Response{status, "", {{"location", status == 300 ? "/300" : "/end"}}, {}};
  });
  const auto port = bind();
  const auto got = [&](std::string_view method, std::string_view path) {
    const auto answer = ask({std::string(method), url(port, path), {}, to_bytes("body")});
    return answer ? body(*answer) : answer.error().message;
  };
  for (const auto path : {"/301", "/302", "/303"}) {
    EXPECT_EQ(got("POST", path).substr(0, 8), "GET /end") << path;
  }
  EXPECT_EQ(got("PUT", "/303").substr(0, 8), "GET /end");
  for (const auto path : {"/307", "/308"}) EXPECT_EQ(got("POST", path), "body") << path;
  EXPECT_EQ(got("PUT", "/302"), "body");
}

TEST_P(HttpClientTest, RedirectsAreBoundedAndMayBeLeftToTheActor) {
  link({{"max_redirects", "3"}});
  answer_with([](const Request& request) {
    return Response{302, "", {{"location", request.path + "x"}}, {}};
  });
  const auto port = bind();
  EXPECT_NE(error({"GET", url(port), {}, {}}).find("more than 3 redirects"), std::string::npos);
  link({{"max_redirects", "0"}});
  const auto answer = ask({"GET", url(port), {}, {}});
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status_code, 302U);
  EXPECT_EQ(answer->header.at("location"), "/x");
}

TEST_P(HttpClientTest, CredentialsStayWithTheirOrigin) {
  link();
  const auto second = bind({}, other);
  const auto first = bind();
  answer_with([&](const Request& request) {
    if (request.path == "/there") return echo(request);
    return Response{
        302, "", {{"location", request.path == "/stay" ? "/there" : url(second, "/there")}}, {}};
  });
  const codec::StringMap secrets = {{"Authorization", "Bearer s3cret"}, {"Cookie", "s3cret"}};
  const auto stays = ask({"GET", url(first, "/stay"), secrets, {}});
  ASSERT_TRUE(stays);
  EXPECT_NE(body(*stays).find("s3cret"), std::string::npos);
  const auto leaves = ask({"GET", url(first, "/leave"), secrets, {}});
  ASSERT_TRUE(leaves);
  EXPECT_EQ(body(*leaves).find("s3cret"), std::string::npos) << body(*leaves);
}

TEST_P(HttpClientTest, TheMachineItselfIsOutOfReachUnlessAllowed) {
  const auto port = bind();
  ASSERT_TRUE(client_.bind(actor, {}));
  for (const auto host : {"127.0.0.1", "localhost", "127.1", "0.0.0.0", "[::1]",
                          "[::ffff:127.0.0.1]", "169.254.169.254", "2130706433"}) {
    EXPECT_NE(error({"GET", fmt::format("http://{}:{}/", host, port), {}, {}}).find("not allowed"),
              std::string::npos)
        << host;
  }
  link({{"ALLOW", "127.0.0.1"}});
  EXPECT_TRUE(ask({"GET", url(port), {}, {}}));
  // Also when a server that may be reached sends the client there.
  answer_with([&](const Request& request) {
    if (request.path == "/there") return Response{200, "", {}, {}};
    return Response{302, "", {{"location", fmt::format("http://127.0.0.2:{}/there", port)}}, {}};
  });
  EXPECT_NE(error({"GET", url(port), {}, {}}).find("not allowed"), std::string::npos);
}

TEST_P(HttpClientTest, CompressedBodiesAreDecodedWithinTheirLimit) {
  link();
  const auto compressed = from_hex(
      "1f8b0800000000000203edc13101000000c2a0aceb5fc2147e4001000000006f037659f44c88130000");
  const ScriptedServer server(
      fmt::format("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n{}",
                  compressed->size(), as_text(*compressed)));
  const auto answer = ask({"GET", url(server.port()), {}, {}});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(body(*answer), std::string(5000, 'a'));
  EXPECT_FALSE(answer->header.contains("content-encoding"));
  EXPECT_FALSE(answer->header.contains("content-length"));
  link({{"MAX_RESPONSE_BYTES", "4999"}});
  EXPECT_NE(error({"GET", url(server.port()), {}, {}}).find("4999"), std::string::npos);
}

TEST_P(HttpClientTest, AnEncodingThatNobodyAskedForCostsNothing) {
  link();
  const auto gzip = from_hex("1f8b0800000000000203edc13101000000c2a0aceb5fc2147e40");  // cut short
  for (const auto& [encoding, content] :
       std::vector<std::pair<std::string, std::string>>{{"UTF-8", "{}"},
                                                        {"zip", "{}"},
                                                        {"gzip", "{}"},
                                                        {"gzip, br", "{}"},
                                                        {"gzip", ""},
                                                        {"deflate", "{}"},
                                                        {"gzip", std::string(as_text(*gzip))}}) {
    const ScriptedServer server(
        fmt::format("HTTP/1.1 200 OK\r\nContent-Encoding: {}\r\nContent-Length: {}\r\n\r\n{}",
                    encoding, content.size(), content));
    const auto answer = ask({"GET", url(server.port()), {}, {}});
    ASSERT_TRUE(answer) << encoding << ": " << answer.error().message;
    EXPECT_EQ(body(*answer), content) << encoding;
    EXPECT_EQ(answer->header.at("content-encoding"), encoding);
  }
}

TEST_P(HttpClientTest, WhatTheActorAsksForItDecodesItself) {
  link();
  const auto compressed = from_hex(
      "1f8b0800000000000203edc13101000000c2a0aceb5fc2147e4001000000006f037659f44c88130000");
  const ScriptedServer server(
      fmt::format("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n{}",
                  compressed->size(), as_text(*compressed)));
  const auto answer = ask({"GET", url(server.port()), {{"Accept-Encoding", "gzip"}}, {}});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->body, *compressed);
  EXPECT_EQ(answer->header.at("content-encoding"), "gzip");
}

TEST_P(HttpClientTest, AddressesAreReadAsBrowsersDo) {
  link();
  std::mutex mutex;
  std::string head;
  const ScriptedServer server([&](int socket) {
    char bytes[4096];
    const auto size = ::recv(socket, bytes, sizeof bytes, 0);
    {
      const std::scoped_lock lock(mutex);
      head.assign(bytes, static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
    }
    const bool first = head.starts_with("GET /redirect");
    ScriptedServer::say(socket, first ? "HTTP/1.1 302 Found\r\nLocation: /two words?y=1 2#z\r\n"
                                        "Content-Length: 0\r\nConnection: close\r\n\r\n"
                                      : "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n"
                                        "Connection: close\r\n\r\n");
  });
  const auto host = "127.0.0.1:" + std::to_string(server.port());
  const auto asked = [&](const std::string& address, codec::StringMap headers = {}) {
    const auto answer = ask({"GET", address, std::move(headers), {}});
    EXPECT_TRUE(answer) << address << ": " << answer.error().message;
    const std::scoped_lock lock(mutex);
    return head;
  };
  const auto line = [&](const std::string& address) {
    const auto text = asked(address);
    return text.substr(0, text.find(" HTTP/"));
  };
  EXPECT_EQ(line("http://" + host + "/two words?a=b c"), "GET /two%20words?a=b%20c");
  EXPECT_EQ(line(" http://" + host +
                 "/gr\xc3\xbc\xc3\x9f"
                 "e\n"),
            "GET /gr%C3%BC%C3%9Fe");
  EXPECT_EQ(line("http://" + host + "\\a\\b?c\\d"), "GET /a/b?c\\d");
  EXPECT_EQ(line("http://" + host + "/a%20b/../c"), "GET /c");
  EXPECT_EQ(line("http://" + host + "/redirect"), "GET /two%20words?y=1%202");
  const auto login = asked("http://us%65r:p%40ss@" + host + "/");
  EXPECT_NE(login.find("Authorization: Basic " + base64_encode(as_bytes("user:p@ss"))),
            std::string::npos)
      << login;
  const auto own = asked("http://user:pass@" + host + "/", {{"authorization", "Bearer x"}});
  EXPECT_EQ(own.find("Basic"), std::string::npos) << own;
  // Names with other letters are looked up in their other form.
  const auto unknown = error({"GET",
                              "http://b\xc3\xbc"
                              "cher.invalid/",
                              {},
                              {}});
  EXPECT_EQ(unknown.find("is not an http"), std::string::npos) << unknown;
  EXPECT_NE(unknown.find("xn--bcher-kva.invalid"), std::string::npos) << unknown;
  for (const auto* bad : {"http://", "ftp://host/", "http://a b/", "words", "http://me:secret@a b/",
                          "ftp://me:secret@host"}) {
    const auto refused = error({"GET", bad, {}, {}});
    EXPECT_EQ(refused.find("secret"), std::string::npos) << refused;
    EXPECT_NE(refused.find("is not an http or https address"), std::string::npos) << refused;
    EXPECT_EQ(refused.find("registry"), std::string::npos) << refused;
  }
}

TEST_P(HttpClientTest, ServersThatMisbehaveAreErrors) {
  link({{"timeout", "1"}});
  const ScriptedServer silent([](int socket) { ScriptedServer::wait_for_bytes(socket); });
  EXPECT_NE(error({"GET", url(silent.port()), {}, {}}), "");
  const ScriptedServer broken("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
  EXPECT_NE(error({"GET", url(broken.port()), {}, {}}).find("time"), std::string::npos);
  const ScriptedServer garbage("\x16\x03\x01 this is no HTTP\r\n\r\n");
  EXPECT_NE(error({"GET", url(garbage.port()), {}, {}}), "");
  std::string headers = "HTTP/1.1 200 OK\r\n";
  while (headers.size() < 200'000) headers += "X-Long: " + std::string(1000, 'x') + "\r\n";
  const ScriptedServer endless(headers);
  EXPECT_NE(error({"GET", url(endless.port()), {}, {}}).find("headers"), std::string::npos);
  const auto closed = port_of(listen_on(0));
  EXPECT_NE(error({"GET", url(closed), {}, {}}).find("onnect"), std::string::npos);
}

TEST_P(HttpClientTest, ConnectionsAreKeptAndBounded) {
  link({{"CONNECTIONS", "2"}});
  std::atomic<int> now{0};
  std::atomic<int> most{0};
  std::atomic<int> all{0};
  answer_with([&](const Request&) {
    most = std::max<int>(most, ++now);
    // Two come at one time, and nobody goes before they have.
    EXPECT_TRUE(eventually([&] { return most >= 2; }));
    --now;
    ++all;
    return Response{200, "", {}, {}};
  });
  const auto port = bind({{"WORKERS", "8"}});
  std::vector<std::jthread> callers;
  for (int i = 0; i < 8; ++i) {
    callers.emplace_back([&] {
      for (int n = 0; n < 10; ++n) EXPECT_TRUE(ask({"GET", url(port), {}, {}}));
    });
  }
  callers.clear();
  EXPECT_EQ(all, 80);
  EXPECT_EQ(most, 2);
}

TEST_P(HttpClientTest, StopEndsWhatIsUnderWay) {
  link();
  const ScriptedServer silent([](int socket) {
    while (ScriptedServer::wait_for_bytes(socket)) continue;
  });
  std::string answer;
  std::jthread caller([&] { answer = error({"GET", url(silent.port()), {}, {}}); });
  ASSERT_TRUE(eventually([&] { return silent.connections() == 1; }));
  client_.stop();
  caller.join();  // not with the error of a deadline
  EXPECT_NE(answer.find("cancelled"), std::string::npos) << answer;
}

TEST_P(HttpClientTest, CertificatesAreVerified) {
  const TempDir folder;
  const auto key = (folder.path() / "key.pem").string();
  const auto cert = (folder.path() / "cert.pem").string();
  const auto command = fmt::format(
      "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 "
      "-subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1 "
      "-keyout {} -out {} >/dev/null 2>&1",
      key, cert);
  ASSERT_EQ(std::system(command.c_str()), 0) << "the openssl program is missing";
  const auto port = bind({{"TLS_CERT", cert}, {"TLS_KEY", key}});
  const Args args{"GET", fmt::format("https://127.0.0.1:{}/", port), {}, {}};
  link();
  EXPECT_NE(error(args).find("not trusted"), std::string::npos) << error(args);
  link({{"CA_FILE", cert}});
  const auto answer = ask(args);
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->status_code, 200U);
}

TEST_P(HttpClientTest, BadLinkValuesAreNamed) {
  const std::vector<std::pair<codec::StringMap, std::string>> cases = {
      {{{"timeout", "0"}}, "timeout"},
      {{{"timeout", "soon"}}, "timeout"},
      {{{"max_redirects", "-1"}}, "max_redirects"},
      {{{"TIMEOUT", "3"}}, "TIMEOUT"},
      {{{"ALLOW", "10.0.0.0/33"}}, "ALLOW"},
      {{{"DENY", "everybody"}}, "DENY"},
      {{{"CA_FILE", "/none/such.pem"}}, "CA_FILE"},
      {{{"PROXY", "socks5://x"}}, "PROXY"},
      {{{"PROXY", "http://user:secret@bad host:1"}}, "PROXY"},
  };
  for (const auto& [values, key] : cases) {
    const auto bound = client_.bind(actor, values);
    ASSERT_FALSE(bound) << key;
    EXPECT_NE(bound.error().message.find(key), std::string::npos) << bound.error().message;
    EXPECT_EQ(bound.error().message.find("secret"), std::string::npos) << bound.error().message;
  }
  EXPECT_TRUE(client_.bind(actor, {{"PROXY", "http://user:secret@127.0.0.1:1"}}));
}

INSTANTIATE_TEST_SUITE_P(Providers, HttpClientTest, ::testing::Values("BuiltIn", "Library"),
                         [](const auto& param) { return std::string(param.param); });

}  // namespace
}  // namespace trellis::test
