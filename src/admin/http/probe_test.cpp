// Each kind of probe and its answer; over the network in cli/health_server_test.cpp.
#include "admin/http/probe.hpp"

#include <gtest/gtest.h>

namespace trellis::admin {
namespace {

Readiness is_ready() {
  return {};
}
Readiness is_waiting() {
  return {{"link is waiting"}};
}

std::uint32_t status_of(std::string_view method, std::string_view path,
                        std::string_view host = "127.0.0.1:1", Readiness (*state)() = is_ready) {
  return answer_probe({method, path, host}, {state, {}}).status_code;
}

TEST(Probe, IsAnsweredByPathAndMethod) {
  EXPECT_EQ(status_of("GET", "/readyz"), 200U);
  EXPECT_EQ(status_of("GET", "/readyz", "", is_waiting), 503U);
  EXPECT_EQ(status_of("HEAD", "/readyz", "", is_waiting), 503U);
  EXPECT_EQ(status_of("GET", "/livez", "", is_waiting), 200U);
  EXPECT_EQ(status_of("POST", "/livez"), 405U);
  EXPECT_EQ(status_of("GET", "/"), 404U);
  EXPECT_EQ(status_of("GET", "/livez/"), 404U);
  EXPECT_EQ(status_of("GET", "/metrics"), 404U) << "nobody has any";
}

TEST(Probe, AnswersAreJson) {
  const auto waiting = answer_probe({"GET", "/readyz", ""}, {is_waiting, {}});
  EXPECT_EQ(as_text(waiting.body), "{\"ready\":false,\"reasons\":[\"link is waiting\"]}\n");
  EXPECT_EQ(waiting.header.at("content-type"), "application/json");
  EXPECT_EQ(waiting.header.at("cache-control"), "no-store");
  const auto unknown = answer_probe({"GET", "/x", ""}, {is_ready, {}});
  EXPECT_EQ(as_text(unknown.body), "{\"error\":\"Not Found\"}\n");
}

TEST(Probe, FiguresAreText) {
  const auto figures = answer_probe({"GET", "/metrics", ""}, {is_ready, [] { return "a 1\n"; }});
  EXPECT_EQ(figures.status_code, 200U);
  EXPECT_EQ(figures.header.at("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_EQ(as_text(figures.body), "a 1\n");
}

TEST(Probe, AnswersOnlyUnderNamesOfThisMachine) {
  for (const auto* host :
       {"", "localhost", "127.0.0.1:9000", "127.1.2.3", "[::1]:80", "[::1]", "LOCALHOST:1"}) {
    EXPECT_EQ(status_of("GET", "/livez", host), 200U) << host;
  }
  // Names that a page's server may have pointed at this machine.
  for (const auto* host :
       {"evil.example", "127.evil.example:9", "localhost.evil.example", "10.0.0.1", "[::2]"}) {
    EXPECT_EQ(status_of("GET", "/livez", host), 421U) << host;
  }
}

}  // namespace
}  // namespace trellis::admin
