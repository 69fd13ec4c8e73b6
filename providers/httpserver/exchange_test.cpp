// HTTP without sockets: what a client may send, in every division, and what comes back.
#include "providers/httpserver/exchange.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <random>

#include "codec/message.hpp"

namespace trellis::providers::httpserver {
namespace {

using codec::httpserver::Request;
using codec::httpserver::Response;

/// Keeps the requests it got; answers with a number.
class Recorder final : public RequestHandler {
 public:
  void handle(const RequestView& view, Response& response) override {
    auto request = codec::decode<Request>(view.message);
    ASSERT_TRUE(request) << request.error().message;
    EXPECT_EQ(request->method, view.method);
    EXPECT_EQ(request->path, view.path);
    requests.push_back(std::move(*request));
    response = answer;
    if (response.body.empty()) response.body = to_bytes(std::to_string(requests.size()));
  }
  std::vector<Request> requests;
  Response answer;
};

/// The table of an address that one handler has for itself.
std::shared_ptr<const RouteTable> routes_to(RequestHandler& handler, std::size_t max_body_bytes) {
  auto route = std::make_shared<Route>();
  route->label = "M";
  route->options.max_body_bytes = max_body_bytes;
  route->handler = std::shared_ptr<RequestHandler>(std::shared_ptr<void>(), &handler);
  return RouteTable::make({route}, "here").value();
}

/// Feeds an Exchange and collects its output.
class Driver {
 public:
  explicit Driver(const RequestLimits& limits = {8192, 1024}, MemorySource* memory = nullptr)
      : routes(routes_to(handler, limits.body_bytes)),
        exchange(Log(), "M", limits, *routes, memory) {}

  /// Gives `input` in pieces of `piece` bytes; false once the exchange has closed.
  bool feed(std::string_view input, std::size_t piece = 1u << 20U) {
    while (!input.empty()) {
      if (!settle()) return false;
      const auto space = exchange.input_space();
      const std::size_t count = std::min({piece, input.size(), space.size()});
      std::memcpy(space.data(), input.data(), count);
      exchange.received(count);
      input.remove_prefix(count);
    }
    return settle();
  }
  bool settle() {
    for (;;) {
      switch (exchange.next()) {
        case Step::read: return true;
        case Step::close: return false;
        case Step::handle: exchange.handle(); break;
        case Step::write: write(); break;
      }
    }
  }
  void write() {
    std::size_t count = 0;
    for (const auto& part : exchange.output()) {
      output.append(static_cast<const char*>(part.data()), part.size());
      count += part.size();
    }
    ASSERT_GT(count, 0U);
    // In two goes, as a socket may take it.
    exchange.written(count / 2);
    if (count / 2 < count) exchange.written(count - count / 2);
  }
  [[nodiscard]] std::string status() const { return output.substr(0, 12); }

  Recorder handler;
  std::shared_ptr<const RouteTable> routes;
  std::string output;
  Exchange exchange;
};

std::size_t count_of(std::string_view text, std::string_view part) {
  std::size_t count = 0;
  for (auto at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1))
    ++count;
  return count;
}

TEST(Exchange, SplitAtEveryByteMakesTheSameRequest) {
  constexpr std::string_view input =
      "\r\nPOST /p?q=1 HTTP/1.1\r\nHost: h\r\nX-A: 1\r\nContent-Length: 5\r\n\r\nhello"
      "PUT /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3;ext=1\r\nabc\r\n2\r\nde\r\n0\r\nTrailer: x\r\n\r\n"
      "DELETE /e HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
      "GET /last HTTP/1.1\r\nHost: h\r\n\r\n";
  for (std::size_t piece = 1; piece < input.size(); ++piece) {
    Driver driver;
    ASSERT_TRUE(driver.feed(input, piece)) << driver.output;
    const auto& requests = driver.handler.requests;
    ASSERT_EQ(requests.size(), 4U) << "pieces of " << piece;
    EXPECT_EQ(requests[0].method, "POST");
    EXPECT_EQ(requests[0].path, "/p");
    EXPECT_EQ(requests[0].query_string, "q=1");
    EXPECT_EQ(as_text(requests[0].body), "hello");
    EXPECT_EQ(requests[0].header.at("x-a"), "1");
    EXPECT_EQ(as_text(requests[1].body), "abcde");
    EXPECT_FALSE(requests[1].header.contains("trailer"));
    EXPECT_TRUE(requests[2].body.empty());
    EXPECT_EQ(requests[3].path, "/last");
    EXPECT_EQ(count_of(driver.output, "HTTP/1.1 200 OK\r\n"), 4U);
  }
}

TEST(Exchange, SplitAtOneByteOfTwoPieces) {
  constexpr std::string_view input =
      "POST /p HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n";
  for (std::size_t at = 1; at < input.size(); ++at) {
    Driver driver;
    ASSERT_TRUE(driver.feed(input.substr(0, at)));
    ASSERT_TRUE(driver.feed(input.substr(at)));
    ASSERT_EQ(driver.handler.requests.size(), 1U) << at;
    EXPECT_EQ(as_text(driver.handler.requests[0].body), "a");
  }
}

// Heads that two readers could take for two things, in one piece and byte for byte.
TEST(Exchange, AmbiguousHeadsAreRefused) {
  const std::vector<std::string> heads = {
      "GET / HTTP/1.1\nHost: h\n\n",
      "GET / HTTP/1.1\r\nHost: h\nX: b\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: h\r\n\n",
      "GET /a b HTTP/1.1\r\nHost: h\r\n\r\n",
      "GET  / HTTP/1.1\r\nHost: h\r\n\r\n",
      "GET / HTTP/1.1 \r\nHost: h\r\n\r\n",
      "GET /a\tb HTTP/1.1\r\nHost: h\r\n\r\n",
      "GET /a#b HTTP/1.1\r\nHost: h\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: h\r\nX: b\r\n  c\r\n\r\n",
      "GET / HTTP/1.1\r\n Host: h\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
      "GET / HTTP/1.1\r\nHost : h\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a,b\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a:x\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a:123456\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: [::1]x\r\n\r\n",
  };
  for (const auto& head : heads) {
    for (const std::size_t piece : {std::size_t{1}, head.size()}) {
      Driver driver;
      EXPECT_FALSE(driver.feed(head, piece)) << head;
      EXPECT_EQ(driver.status(), "HTTP/1.1 400") << head;
      EXPECT_TRUE(driver.handler.requests.empty());
    }
  }
  for (const std::string host :
       {"h", "h:80", "", "a.b-c_d:8080", "127.0.0.1", "[::1]", "[fe80::1%25eth0]:80"}) {
    Driver driver;
    EXPECT_TRUE(driver.feed("GET / HTTP/1.1\r\nHost: " + host + "\r\n\r\n")) << host;
    EXPECT_EQ(driver.handler.requests.size(), 1U) << host;
  }
}

TEST(Exchange, BodiesMayBeginWithAnything) {
  for (const std::string_view body : {" \n\t\r\n ", "\n\n\n\n\n\n", "\t\r\n\r\n\n"}) {
    const auto input =
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(body.size()) +
        "\r\n\r\n" + std::string(body);
    for (std::size_t at = 1; at < input.size(); ++at) {
      Driver driver;
      ASSERT_TRUE(driver.feed(input.substr(0, at))) << at;
      ASSERT_TRUE(driver.feed(input.substr(at))) << at;
      ASSERT_EQ(driver.handler.requests.size(), 1U) << at;
      EXPECT_EQ(as_text(driver.handler.requests[0].body), body);
    }
  }
}

/// Gives out so much and no more.
class LittleMemory final : public MemorySource {
 public:
  explicit LittleMemory(std::size_t bytes) : left(bytes) {}
  bool reserve(std::size_t bytes) noexcept override {
    if (bytes > left) return false;
    left -= bytes;
    return true;
  }
  void release(std::size_t bytes) noexcept override { left += bytes; }
  std::size_t left;
};

TEST(Exchange, BodiesAreCountedWhileTheyAreKept) {
  constexpr std::size_t all = 300'000;
  LittleMemory memory(all);
  const auto post = [](std::size_t size) {
    return "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n";
  };
  {
    Driver driver({8192, 1u << 20U}, &memory);
    ASSERT_TRUE(driver.feed(post(100'000) + std::string(60'000, 'x'), 1000));
    EXPECT_LE(memory.left, all - 60'000);
    ASSERT_TRUE(driver.feed(std::string(40'000, 'x'), 1000));
    EXPECT_EQ(driver.handler.requests.at(0).body.size(), 100'000U);
    EXPECT_EQ(memory.left, all) << "given back with the answer";
    ASSERT_TRUE(driver.feed(post(10'000) + std::string(5'000, 'x')));
    EXPECT_EQ(memory.left, all) << "small ones cost nothing";
    ASSERT_TRUE(driver.feed(std::string(5'000, 'x')));
    driver.output.clear();
    EXPECT_FALSE(driver.feed(post(500'000) + std::string(500'000, 'x'), 1000));
    EXPECT_EQ(driver.status(), "HTTP/1.1 503");
    EXPECT_NE(driver.output.find("retry-after"), std::string::npos);
  }
  EXPECT_EQ(memory.left, all);
  Driver driver({8192, 1u << 20U}, &memory);
  driver.handler.answer.body = Bytes(400'000, 'y');
  ASSERT_TRUE(driver.feed("GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
  EXPECT_EQ(driver.status(), "HTTP/1.1 503") << "no room to keep the answer";
  EXPECT_EQ(memory.left, all);
}

TEST(Exchange, HeadersAreLowerCaseAndRepeatedOnesJoined) {
  Driver driver;
  ASSERT_TRUE(driver.feed(
      "GET / HTTP/1.1\r\nHost: h\r\nX-Many: a\r\nCookie: a=1\r\nx-many: b\r\ncookie: b=2\r\n"
      "X-MANY:c\r\nX-Utf: \xc3\xa4\r\nX-Latin: \xe4!\r\nX-Empty:\r\n\r\n"));
  const auto& header = driver.handler.requests.at(0).header;
  EXPECT_EQ(header.at("x-many"), "a, b, c");
  EXPECT_EQ(header.at("cookie"), "a=1; b=2");
  EXPECT_EQ(header.at("x-utf"), "\xc3\xa4");
  EXPECT_EQ(header.at("x-latin"), "\xef\xbf\xbd!");
  EXPECT_EQ(header.at("x-empty"), "");
  EXPECT_EQ(header.size(), 6U);
}

TEST(Exchange, FormsOfTheTarget) {
  const std::vector<std::array<std::string, 4>> cases = {
      {"GET", "http://host:1/a?b=c", "/a", "b=c"},
      {"GET", "HTTPS://host", "/", ""},
      {"GET", "http://host?x", "/", "x"},
      {"OPTIONS", "*", "*", ""},
      {"GET", "/?", "/", ""},
      {"GET", "/a?b?c", "/a", "b?c"},
      {"GET", "/%2F%00//..", "/%2F%00//..", ""},
      {"GET", "/\xc3\xa4?\xff", "/%C3%A4", "%FF"},
      {"purge", "/x", "/x", ""},
  };
  for (const auto& [method, target, path, query] : cases) {
    Driver driver;
    ASSERT_TRUE(driver.feed(method + " " + target + " HTTP/1.1\r\nHost: h\r\n\r\n")) << target;
    ASSERT_EQ(driver.handler.requests.size(), 1U) << target;
    EXPECT_EQ(driver.handler.requests[0].method, method);
    EXPECT_EQ(driver.handler.requests[0].path, path);
    EXPECT_EQ(driver.handler.requests[0].query_string, query);
  }
}

struct Refused {
  std::string_view what;
  std::string_view request;
  std::string_view status;
};

class ExchangeRefusal : public ::testing::TestWithParam<Refused> {};

TEST_P(ExchangeRefusal, AnswersAndCloses) {
  const auto& [what, request, status] = GetParam();
  for (const std::size_t piece : {std::size_t{1}, request.size()}) {
    Driver driver;
    EXPECT_FALSE(driver.feed(request, piece)) << what;
    EXPECT_EQ(driver.status(), fmt::format("HTTP/1.1 {}", status)) << what;
    EXPECT_EQ(count_of(driver.output, "HTTP/1.1 "), 1U) << what << ": " << driver.output;
    EXPECT_NE(driver.output.find("connection: close\r\n"), std::string::npos) << what;
    EXPECT_TRUE(driver.handler.requests.empty()) << what;
    EXPECT_TRUE(driver.exchange.must_linger()) << what;
  }
}

constexpr std::string_view get = "GET / HTTP/1.1\r\n";
#define GET "GET / HTTP/1.1\r\nHost: h\r\n"
#define POST "POST / HTTP/1.1\r\nHost: h\r\n"
INSTANTIATE_TEST_SUITE_P(
    Requests, ExchangeRefusal,
    ::testing::Values(
        Refused{"garbage", "\x16\x03\x01 nonsense\r\n\r\n", "400"},
        Refused{"no version", "GET /\r\n\r\n", "400"},
        Refused{"two spaces", "GET  / HTTP/1.1\r\nHost: h\r\n\r\n", "400"},
        Refused{"HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "505"},
        Refused{"HTTP/1.2", "GET / HTTP/1.2\r\nHost: h\r\n\r\n", "505"},
        Refused{"relative target", "GET a HTTP/1.1\r\nHost: h\r\n\r\n", "400"},
        Refused{"star for GET", "GET * HTTP/1.1\r\nHost: h\r\n\r\n", "400"},
        Refused{"CONNECT", "CONNECT h:1 HTTP/1.1\r\nHost: h\r\n\r\n", "405"},
        Refused{"no host", "GET / HTTP/1.1\r\n\r\n", "400"},
        Refused{"two hosts", GET "Host: i\r\n\r\n", "400"},
        Refused{"bare carriage return", GET "X: a\rb\r\n\r\n", "400"},
        Refused{"space before colon", GET "X : a\r\n\r\n", "400"},
        Refused{"bad name", GET "X{}: a\r\n\r\n", "400"},
        Refused{"no name", GET ": a\r\n\r\n", "400"},
        Refused{"control character in value",
                GET "X: a\x01"
                    "b\r\n\r\n",
                "400"},
        Refused{"unknown expectation", GET "Expect: 200-ok\r\n\r\n", "417"},
        // Smuggling: anything two readers could frame differently.
        Refused{"length and chunked",
                POST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400"},
        Refused{"chunked and length",
                POST "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", "400"},
        Refused{"two lengths", POST "Content-Length: 1\r\nContent-Length: 2\r\n\r\na", "400"},
        Refused{"equal lengths", POST "Content-Length: 1\r\nContent-Length: 1\r\n\r\na", "400"},
        Refused{"list of lengths", POST "Content-Length: 1, 1\r\n\r\na", "400"},
        Refused{"signed length", POST "Content-Length: +1\r\n\r\na", "400"},
        Refused{"negative length", POST "Content-Length: -1\r\n\r\na", "400"},
        Refused{"hexadecimal length", POST "Content-Length: 0x1\r\n\r\na", "400"},
        Refused{"length beyond 64 bits", POST "Content-Length: 18446744073709551617\r\n\r\na",
                "400"},
        Refused{"empty length", POST "Content-Length:\r\n\r\n", "400"},
        Refused{"other coding", POST "Transfer-Encoding: gzip\r\nContent-Length: 1\r\n\r\na",
                "501"},
        Refused{"two codings", POST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "501"},
        Refused{"chunked twice", POST "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
                "501"},
        Refused{"coding twice",
                POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n0\r\n\r\n", "400"},
        Refused{"masked coding", POST "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", "501"},
        Refused{"chunked in HTTP/1.0",
                "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400"},
        Refused{"bad chunk size", POST "Transfer-Encoding: chunked\r\n\r\nxyz\r\nabc\r\n", "400"},
        Refused{"chunk without end", POST "Transfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n0\r\n\r\n",
                "400"},
        Refused{"body too large", POST "Content-Length: 1025\r\n\r\n", "413"},
        Refused{"chunk too large", POST "Transfer-Encoding: chunked\r\n\r\n401\r\n", "413"},
        Refused{"enormous chunk",
                POST "Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nabcdef", "413"}));

TEST(Exchange, RefusesWhatExceedsTheHeaderLimit) {
  const std::string filler(9000, 'a');
  const std::vector<std::pair<std::string, std::string_view>> cases = {
      {"GET /" + filler, "HTTP/1.1 414"},
      {std::string(get) + "X: " + filler, "HTTP/1.1 431"},
      // Beast bounds line and fields each; together they may not exceed the limit either.
      {"GET /" + filler.substr(0, 5000) + " HTTP/1.1\r\nHost: h\r\nX: " + filler.substr(0, 5000) +
           "\r\n\r\n",
       "HTTP/1.1 431"},
  };
  for (const auto& [request, status] : cases) {
    for (const std::size_t piece : {std::size_t{7}, request.size()}) {
      Driver driver;
      EXPECT_FALSE(driver.feed(request, piece));
      EXPECT_EQ(driver.status(), status) << request.substr(0, 20);
    }
  }
  std::string many = GET;
  for (int i = 0; i < 300; ++i) many += "A: b\r\n";
  Driver driver;
  EXPECT_FALSE(driver.feed(many + "\r\n"));
  EXPECT_EQ(driver.status(), "HTTP/1.1 431");
}

TEST(Exchange, LineFeedsAloneEndNothing) {
  for (const std::size_t piece : {std::size_t{1}, std::size_t{100}}) {
    Driver driver;
    static_cast<void>(driver.feed("GET / HTTP/1.1\nHost: h\n\n", piece));
    EXPECT_TRUE(driver.handler.requests.empty());
  }
}

TEST(Exchange, BoundsChunkExtensionsAndTrailers) {
  for (const std::string& start : {std::string("1;"), std::string("0\r\nX: ")}) {
    Driver driver;
    const std::string request = POST "Transfer-Encoding: chunked\r\n\r\n" + start;
    ASSERT_TRUE(driver.feed(request));
    EXPECT_FALSE(driver.feed(std::string(100'000, 'a'), 1000));
    EXPECT_EQ(driver.status(), "HTTP/1.1 400");
  }
}

TEST(Exchange, RefusesABareLineFeedInTrailersAtOnce) {
  for (const std::size_t piece : {std::size_t{1}, std::size_t{1000}}) {
    for (const std::string_view rest :
         {"0\r\nX: a\nY: b\r\n\r\n", "0\r\nX: a\n\n", "0\r\n\n    "}) {
      Driver driver;
      ASSERT_TRUE(driver.feed(POST "Transfer-Encoding: chunked\r\n\r\n"));
      EXPECT_FALSE(driver.feed(std::string(rest), piece)) << rest;
      EXPECT_EQ(driver.status(), "HTTP/1.1 400") << rest;
    }
  }
}

TEST(Exchange, AcceptsABodyOfExactlyTheLimit) {
  Driver driver;
  ASSERT_TRUE(driver.feed(POST "Content-Length: 1024\r\n\r\n" + std::string(1024, 'b'), 100));
  ASSERT_TRUE(driver.feed(POST "Transfer-Encoding: chunked\r\n\r\n200\r\n" + std::string(512, 'c') +
                          "\r\n200\r\n" + std::string(512, 'd') + "\r\n0\r\n\r\n"));
  ASSERT_EQ(driver.handler.requests.size(), 2U);
  EXPECT_EQ(driver.handler.requests[0].body.size(), 1024U);
  EXPECT_EQ(driver.handler.requests[1].body.size(), 1024U);
  EXPECT_EQ(driver.handler.requests[1].body.back(), 'd');
}

TEST(Exchange, KeepsAliveAsTheVersionSays) {
  const std::vector<std::pair<std::string, bool>> cases = {
      {"GET / HTTP/1.1\r\nHost: h\r\n\r\n", true},
      {"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", false},
      {"GET / HTTP/1.1\r\nHost: h\r\nConnection: TE, Close\r\n\r\n", false},
      {"GET / HTTP/1.0\r\n\r\n", false},
      {"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", true},
  };
  for (const auto& [request, kept] : cases) {
    Driver driver;
    EXPECT_EQ(driver.feed(request), kept) << request;
    EXPECT_EQ(driver.output.find("connection: close\r\n") == std::string::npos, kept) << request;
    EXPECT_EQ(driver.status(), "HTTP/1.1 200");
  }
  Driver asked;
  EXPECT_FALSE(asked.feed(GET "Connection: close\r\n\r\n"));
  EXPECT_FALSE(asked.exchange.must_linger()) << "the client sends no more";
}

TEST(Exchange, Continues) {
  Driver driver;
  ASSERT_TRUE(driver.feed(POST "Content-Length: 3\r\nExpect: 100-continue\r\n\r\n"));
  EXPECT_EQ(driver.output, "HTTP/1.1 100 Continue\r\n\r\n");
  ASSERT_TRUE(driver.feed("abc"));
  EXPECT_EQ(as_text(driver.handler.requests.at(0).body), "abc");
  EXPECT_EQ(count_of(driver.output, "100 Continue"), 1U);
  EXPECT_EQ(count_of(driver.output, "HTTP/1.1 200 OK"), 1U);

  Driver impatient;  // a client that sends the body at once needs no leave
  ASSERT_TRUE(impatient.feed(POST "Content-Length: 3\r\nExpect: 100-continue\r\n\r\nabc"));
  EXPECT_EQ(impatient.status(), "HTTP/1.1 200");
  Driver large;
  EXPECT_FALSE(large.feed(POST "Content-Length: 3000\r\nExpect: 100-continue\r\n\r\n"));
  EXPECT_EQ(large.status(), "HTTP/1.1 413");
}

TEST(Exchange, HeadHasLengthButNoBody) {
  Driver driver;
  driver.handler.answer.body = to_bytes("12345");
  ASSERT_TRUE(driver.feed("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n"));
  EXPECT_NE(driver.output.find("content-length: 5\r\n"), std::string::npos);
  EXPECT_TRUE(driver.output.ends_with("\r\n\r\n"));
  EXPECT_EQ(driver.handler.requests.at(0).method, "HEAD");
}

TEST(Exchange, EndOfInput) {
  Driver idle;
  idle.exchange.input_ended(false);
  EXPECT_FALSE(idle.settle());
  EXPECT_TRUE(idle.output.empty());

  Driver cut;
  ASSERT_TRUE(cut.feed("GET / HT"));
  cut.exchange.input_ended(false);
  EXPECT_FALSE(cut.settle());
  EXPECT_EQ(cut.status(), "HTTP/1.1 400");

  Driver slow;
  ASSERT_TRUE(slow.feed(POST "Content-Length: 3\r\n\r\na"));
  slow.exchange.input_ended(true);
  EXPECT_FALSE(slow.settle());
  EXPECT_EQ(slow.status(), "HTTP/1.1 408");
}

TEST(Exchange, StatusThatCannotBeSent) {
  for (const std::uint32_t status : {0U, 99U, 100U, 101U, 199U, 1000U, 4294967295U}) {
    Driver driver;
    driver.handler.answer = {status, "", {{"x-secret", "1"}}, to_bytes("body")};
    ASSERT_TRUE(driver.feed(GET "\r\n"));
    EXPECT_EQ(driver.status(), "HTTP/1.1 500") << status;
    EXPECT_EQ(driver.output.find("x-secret"), std::string::npos);
  }
}

/// Valid requests with a few bytes changed, removed, doubled or joined: whatever comes back is
/// HTTP, memory stays bounded, and nothing crashes.
TEST(Exchange, SurvivesMutatedRequests) {
  const std::vector<std::string> seeds = {
      GET "Accept: */*\r\nCookie: a=b\r\nCookie: c=d\r\n\r\n",
      POST "Content-Length: 10\r\n\r\n0123456789",
      POST "Transfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n0\r\n\r\n",
      POST "Expect: 100-continue\r\nContent-Length: 2\r\n\r\nhi",
      "HEAD http://h/x?y HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
  };
  std::mt19937 random(20210501);
  const auto below = [&](std::size_t bound) { return random() % bound; };
  for (int round = 0; round < 10'000; ++round) {
    std::string input = seeds[below(seeds.size())] + seeds[below(seeds.size())];
    for (std::size_t change = below(6); change > 0; --change) {
      const std::size_t at = below(input.size());
      switch (below(4)) {
        case 0: input[at] = static_cast<char>(below(256)); break;
        case 1: input.erase(at, 1 + below(8)); break;
        case 2: input.insert(at, input.substr(below(input.size()), below(20))); break;
        default: input.insert(at, 1, "\r\n:;, 0"[below(7)]); break;
      }
      if (input.empty()) input = "G";
    }
    Driver driver;
    const bool open = driver.feed(input, 1 + below(64));
    if (open) {
      driver.exchange.input_ended(false);
      EXPECT_FALSE(driver.settle());
    }
    EXPECT_TRUE(driver.output.empty() || driver.output.starts_with("HTTP/1.1 ")) << input;
  }
}

}  // namespace
}  // namespace trellis::providers::httpserver
