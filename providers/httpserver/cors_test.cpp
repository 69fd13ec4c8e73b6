// The rules of CORS, header by header, through the provider.
#include <vector>

#include "providers/httpserver/http_fixture.hpp"
#include "providers/httpserver/options.hpp"

namespace trellis::test {
namespace {

using Headers = std::map<std::string, std::string>;

class HttpCorsTest : public HttpServerTest {
 protected:
  std::string preflight(std::string_view origin, std::string_view method,
                        std::string_view headers = "") {
    auto text = fmt::format(
        "OPTIONS /x HTTP/1.1\r\nHost: t\r\nOrigin: {}\r\nAccess-Control-Request-Method: {}\r\n",
        origin, method);
    if (!headers.empty()) text += fmt::format("Access-Control-Request-Headers: {}\r\n", headers);
    return text + "\r\n";
  }
  static std::string get(std::string_view origin) {
    return fmt::format("GET /x HTTP/1.1\r\nHost: t\r\nOrigin: {}\r\n\r\n", origin);
  }
  /// The CORS headers of a response, and Vary.
  static Headers cors(const std::optional<HttpResponse>& response) {
    Headers found;
    if (!response) return {{"no", "response"}};
    for (const auto& [name, value] : response->header) {
      if (name.starts_with("access-control-") || name == "vary") found[name] = value;
    }
    return found;
  }
  static constexpr const char* preflight_vary =
      "Origin, Access-Control-Request-Method, Access-Control-Request-Headers";
};

TEST_F(HttpCorsTest, WithoutTheKeysNothingIsAdded) {
  const auto port = bind();
  EXPECT_EQ(cors(ask(port, get("https://a.example"))), Headers{});
  const auto response = ask(port, preflight("https://a.example", "PUT"));
  EXPECT_EQ(response->status, 200) << "the actor answers OPTIONS itself";
  EXPECT_EQ(response->header.at("x-echo"), "yes");
}

TEST_F(HttpCorsTest, ListedOriginsAreEchoed) {
  const auto port = bind({{"CORS_ORIGINS", "https://a.example, HTTPS://B.example:443"}});
  EXPECT_EQ(cors(ask(port, get("https://a.example"))),
            (Headers{{"access-control-allow-origin", "https://a.example"}, {"vary", "Origin"}}));
  EXPECT_EQ(cors(ask(port, get("https://b.example"))),
            (Headers{{"access-control-allow-origin", "https://b.example"}, {"vary", "Origin"}}));
  for (const auto* foreign :
       {"https://a.example.evil", "http://a.example", "https://a.example:444", "null",
        "https://A.example", "*", "https://a.example, https://b.example"}) {
    const auto response = ask(port, get(foreign));
    EXPECT_EQ(response->status, 200) << "the actor still answers";
    EXPECT_EQ(cors(response), (Headers{{"vary", "Origin"}})) << foreign;
  }
  EXPECT_EQ(cors(ask(port, "GET / HTTP/1.1\r\nHost: t\r\n\r\n")), (Headers{{"vary", "Origin"}}));
}

TEST_F(HttpCorsTest, AnyOriginIsAStarWithoutVary) {
  const auto port = bind({{"CORS_ORIGINS", "*"}});
  const Headers star = {{"access-control-allow-origin", "*"}};
  EXPECT_EQ(cors(ask(port, get("https://a.example"))), star);
  EXPECT_EQ(cors(ask(port, "GET / HTTP/1.1\r\nHost: t\r\n\r\n")), star);
}

TEST_F(HttpCorsTest, Credentials) {
  const auto port = bind({{"CORS_ORIGINS", "https://a.example"}, {"CORS_CREDENTIALS", "true"}});
  EXPECT_EQ(cors(ask(port, get("https://a.example"))),
            (Headers{{"access-control-allow-credentials", "true"},
                     {"access-control-allow-origin", "https://a.example"},
                     {"vary", "Origin"}}));
  EXPECT_EQ(cors(ask(port, get("https://b.example"))), (Headers{{"vary", "Origin"}}));
}

TEST_F(HttpCorsTest, APreflightIsAnsweredWithoutTheActor) {
  answer_with([](const Request&) -> Response { throw std::logic_error("the actor was asked"); });
  const auto port = bind({{"CORS_ORIGINS", "https://a.example"},
                          {"CORS_METHODS", "GET, PUT"},
                          {"CORS_HEADERS", "X-Token,content-type"},
                          {"CORS_MAX_AGE", "600"},
                          {"CORS_CREDENTIALS", "true"}});
  const auto response = ask(port, preflight("https://a.example", "PUT", "content-type, x-TOKEN"));
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 204);
  EXPECT_EQ(cors(response), (Headers{{"access-control-allow-credentials", "true"},
                                     {"access-control-allow-headers", "X-Token, content-type"},
                                     {"access-control-allow-methods", "GET, PUT"},
                                     {"access-control-allow-origin", "https://a.example"},
                                     {"access-control-max-age", "600"},
                                     {"vary", preflight_vary}}));
}

TEST_F(HttpCorsTest, DefaultsOfAPreflight) {
  const auto port = bind({{"CORS_ORIGINS", "*"}});
  const auto response = ask(port, preflight("null", "POST"));
  EXPECT_EQ(response->status, 204);
  EXPECT_EQ(cors(response),
            (Headers{{"access-control-allow-methods", "GET, HEAD, POST"},
                     {"access-control-allow-origin", "*"},
                     {"vary", "Access-Control-Request-Method, Access-Control-Request-Headers"}}));
}

TEST_F(HttpCorsTest, RefusedPreflightsSayWhy) {
  const auto port = bind({{"CORS_ORIGINS", "https://a.example"}, {"CORS_HEADERS", "x-a"}});
  const std::vector<std::pair<std::string, std::string>> cases = {
      {preflight("https://b.example", "GET"), "Origin https://b.example is not allowed\n"},
      {preflight("https://a.example", "PUT"), "Method PUT is not allowed for other origins\n"},
      {preflight("https://a.example", "get"), "Method get is not allowed for other origins\n"},
      {preflight("https://a.example", "GET", "x-a,x-b"),
       "Header x-b is not allowed for other origins\n"},
      {preflight("https://a.example", "GET", "*"), "Header * is not allowed for other origins\n"}};
  for (const auto& [request, reason] : cases) {
    const auto response = ask(port, request);
    ASSERT_TRUE(response);
    EXPECT_EQ(response->status, 403);
    EXPECT_EQ(response->body, reason);
    EXPECT_EQ(cors(response), (Headers{{"vary", preflight_vary}}));
  }
}

TEST_F(HttpCorsTest, StarsForMethodsAndHeaders) {
  const auto port =
      bind({{"CORS_ORIGINS", "*"}, {"CORS_METHODS", "*"}, {"CORS_HEADERS", "*, authorization"}});
  const auto found = cors(ask(port, preflight("https://a.example", "PURGE", "x-any")));
  EXPECT_EQ(found.at("access-control-allow-methods"), "*");
  EXPECT_EQ(found.at("access-control-allow-headers"), "*");
}

TEST_F(HttpCorsTest, OptionsWithoutAPreflightGoToTheActor) {
  const auto port = bind({{"CORS_ORIGINS", "*"}});
  const auto plain = ask(port, "OPTIONS /x HTTP/1.1\r\nHost: t\r\nOrigin: http://a\r\n\r\n");
  EXPECT_EQ(plain->header.at("x-echo"), "yes");
  const auto no_origin =
      ask(port, "OPTIONS /x HTTP/1.1\r\nHost: t\r\nAccess-Control-Request-Method: GET\r\n\r\n");
  EXPECT_EQ(no_origin->header.at("x-echo"), "yes");
}

TEST_F(HttpCorsTest, TheRulesReplaceWhatTheActorSays) {
  answer_with([](const Request&) -> Response {
    return {200,
            "",
            {{"Access-Control-Allow-Origin", "*"},
             {"ACCESS-CONTROL-ALLOW-CREDENTIALS", "true"},
             {"Vary", "Accept"},
             {"Access-Control-Expose-Headers", "x-a"}},
            {}};
  });
  const auto port = bind({{"CORS_ORIGINS", "https://a.example"}});
  EXPECT_EQ(cors(ask(port, get("https://b.example"))),
            (Headers{{"access-control-expose-headers", "x-a"}, {"vary", "Accept, Origin"}}));
  EXPECT_EQ(cors(ask(port, get("https://a.example"))),
            (Headers{{"access-control-allow-origin", "https://a.example"},
                     {"access-control-expose-headers", "x-a"},
                     {"vary", "Accept, Origin"}}));
}

TEST_F(HttpCorsTest, VaryIsNotRepeated) {
  for (const auto* vary : {"*", "accept, ORIGIN"}) {
    answer_with([vary](const Request&) -> Response { return {200, "", {{"vary", vary}}, {}}; });
    const auto port = bind({{"CORS_ORIGINS", "https://a.example"}});
    EXPECT_EQ(cors(ask(port, get("https://b.example"))), (Headers{{"vary", vary}}));
  }
}

TEST_F(HttpCorsTest, ErrorsCarryTheHeadersToo) {
  host_.set_actor(
      [](auto, auto, auto) -> FakeHost::Reply { return {TRELLIS_ERROR, to_bytes("boom")}; });
  const auto port = bind({{"CORS_ORIGINS", "*"}});
  const auto response = ask(port, get("https://a.example"));
  EXPECT_EQ(response->status, 500);
  EXPECT_EQ(response->header.at("access-control-allow-origin"), "*");
}

TEST_F(HttpCorsTest, BadValuesAreRefused) {
  const std::vector<std::pair<codec::StringMap, std::string>> cases = {
      {{{"CORS_METHODS", "GET"}}, "CORS_METHODS"},
      {{{"CORS_CREDENTIALS", "true"}}, "CORS_ORIGINS"},
      {{{"CORS_ORIGINS", "*"}, {"CORS_CREDENTIALS", "true"}}, "CORS_ORIGINS is '*'"},
      {{{"CORS_ORIGINS", "http://a"}, {"CORS_METHODS", "*"}, {"CORS_CREDENTIALS", "true"}},
       "CORS_METHODS is '*'"},
      {{{"CORS_ORIGINS", "http://a"}, {"CORS_HEADERS", "*"}, {"CORS_CREDENTIALS", "true"}},
       "CORS_HEADERS is '*'"},
      {{{"CORS_ORIGINS", "a.example"}}, "a.example"},
      {{{"CORS_ORIGINS", "https://a.example/"}}, "https://a.example/"},
      {{{"CORS_ORIGINS", "https://*.example"}}, "https://*.example"},
      {{{"CORS_ORIGINS", "https://a,,http://b"}}, "CORS_ORIGINS"},
      {{{"CORS_ORIGINS", "null"}}, "null"},
      {{{"CORS_ORIGINS", "http://a:x"}}, "http://a:x"},
      {{{"CORS_ORIGINS", "http://a:"}}, "http://a:"},
      {{{"CORS_ORIGINS", "://a"}}, "://a"},
      {{{"CORS_ORIGINS", "*"}, {"CORS_METHODS", "G ET"}}, "G ET"},
      {{{"CORS_ORIGINS", "*"}, {"CORS_HEADERS", "x-a:"}}, "x-a:"},
      {{{"CORS_ORIGINS", "*"}, {"CORS_MAX_AGE", "-1"}}, "CORS_MAX_AGE"},
      {{{"CORS_ORIGINS", "*"}, {"CORS_MAX_AGE", "86401"}}, "CORS_MAX_AGE"},
      {{{"CORS_ORIGINS", "*"}, {"CORS_CREDENTIALS", "yes"}}, "CORS_CREDENTIALS"},
  };
  for (auto [values, part] : cases) {
    values["BIND"] = "127.0.0.1:0";
    const auto text = bind_error(values);
    EXPECT_NE(text.find(part), std::string::npos) << text << " / " << part;
  }
}

}  // namespace
}  // namespace trellis::test
