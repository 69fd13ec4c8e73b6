// Which route a request gets, against a search that cannot be clever.
#include "providers/httpserver/route.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <random>

namespace trellis::providers::httpserver {
namespace {

std::shared_ptr<Route> route(const std::string& label, codec::StringMap values) {
  auto made = std::make_shared<Route>();
  made->label = label;
  const auto parsed = read_options(values);
  EXPECT_TRUE(parsed) << (parsed ? "" : parsed.error().message);
  if (parsed) made->options = parsed->options;
  return made;
}

std::shared_ptr<const RouteTable> table(RouteTable::Routes routes) {
  auto made = RouteTable::make(std::move(routes), "1.2.3.4:80");
  EXPECT_TRUE(made) << (made ? "" : made.error().message);
  return made.value_or(nullptr);
}

std::string conflict(RouteTable::Routes routes) {
  const auto made = RouteTable::make(std::move(routes), "1.2.3.4:80");
  return made ? "" : made.error().message;
}

std::string who(const RouteTable& routes, std::string_view host, std::string_view path) {
  const auto* found = routes.find(host, path);
  return found == nullptr ? "" : found->label;
}

TEST(Route, HostsAreNormalised) {
  EXPECT_EQ(normal_host("A.Example.COM:8080"), "a.example.com");
  EXPECT_EQ(normal_host("a.example.com."), "a.example.com");
  EXPECT_EQ(normal_host("a.example.com.:80"), "a.example.com");
  EXPECT_EQ(normal_host("[::1]:80"), "[::1]");
  EXPECT_EQ(normal_host("[::1]"), "[::1]");
  EXPECT_EQ(normal_host("[::1"), "[::1");
  EXPECT_EQ(normal_host(""), "");
  EXPECT_EQ(normal_host(":"), "");
  EXPECT_EQ(normal_host("."), "");
}

TEST(Route, TheMostSpecificHostWins) {
  const auto all =
      table({route("any", {{"PATH_PREFIX", "/"}}), route("wild", {{"HOSTS", "*.example.com"}}),
             route("deep", {{"HOSTS", "*.b.example.com"}}),
             route("exact", {{"HOSTS", "a.example.com, example.com"}}),
             route("v6", {{"HOSTS", "[::1]"}})});
  EXPECT_EQ(who(*all, "a.example.com", "/"), "exact");
  EXPECT_EQ(who(*all, "A.EXAMPLE.com:99", "/"), "exact");
  EXPECT_EQ(who(*all, "example.com", "/"), "exact");
  EXPECT_EQ(who(*all, "x.example.com", "/"), "wild");
  EXPECT_EQ(who(*all, "x.a.example.com", "/"), "wild");
  EXPECT_EQ(who(*all, "b.example.com", "/"), "wild") << "the star is never empty";
  EXPECT_EQ(who(*all, "x.b.example.com", "/"), "deep");
  EXPECT_EQ(who(*all, "[::1]:8080", "/"), "v6");
  for (const auto* host :
       {"", "badexample.com", ".example.com", "example.com.evil.org", "*.other"}) {
    EXPECT_EQ(who(*all, host, "/"), "any") << host;
  }
  EXPECT_EQ(who(*all, std::string(20'000, '.') + "example.com", "/"), "any");
}

TEST(Route, TheLongestPrefixWins) {
  const auto all =
      table({route("api", {{"PATH_PREFIX", "/api"}}), route("v2", {{"PATH_PREFIX", "/api/v2/"}}),
             route("dash", {{"PATH_PREFIX", "/api-x"}})});
  for (const auto* path : {"/api", "/api/", "/api/x", "/api/v2x", "/api/v", "/api//v2"}) {
    EXPECT_EQ(who(*all, "h", path), "api") << path;
  }
  for (const auto* path : {"/api/v2", "/api/v2/", "/api/v2/a/b"}) {
    EXPECT_EQ(who(*all, "h", path), "v2") << path;
  }
  EXPECT_EQ(who(*all, "h", "/api-x/y"), "dash");
  for (const auto* path : {"/", "/apix", "/ap", "/API", "/x/api", "//api", "/%61pi", "*", ""}) {
    EXPECT_EQ(who(*all, "h", path), "") << path;
  }
}

TEST(Route, AHostWithoutThePathPassesItOn) {
  const auto all = table({route("host", {{"HOSTS", "a.org"}, {"PATH_PREFIX", "/x"}}),
                          route("wild", {{"HOSTS", "*.org"}, {"PATH_PREFIX", "/y"}}),
                          route("rest", {{"PATH_PREFIX", "/"}})});
  EXPECT_EQ(who(*all, "a.org", "/x"), "host");
  EXPECT_EQ(who(*all, "a.org", "/y"), "wild");
  EXPECT_EQ(who(*all, "a.org", "/z"), "rest");
}

TEST(Route, AnUnsharedRouteIsAlone) {
  const auto only = table({route("only", {})});
  EXPECT_FALSE(only->by_host());
  EXPECT_EQ(who(*only, "whatever", "/x"), "only");
  EXPECT_EQ(who(*only, "", "*"), "only");
  EXPECT_NE(conflict({route("A", {}), route("B", {{"HOSTS", "b"}})}).find("in use by A"),
            std::string::npos);
  EXPECT_NE(conflict({route("A", {{"HOSTS", "b"}}), route("B", {})}).find("1.2.3.4:80"),
            std::string::npos);
}

TEST(Route, Conflicts) {
  const auto a = route("A", {{"HOSTS", "x.org,y.org"}, {"PATH_PREFIX", "/p"}});
  const auto text = conflict({a, route("B", {{"HOSTS", "Y.org"}, {"PATH_PREFIX", "/p/"}})});
  EXPECT_EQ(text, "y.org/p/ on 1.2.3.4:80 already belongs to A");
  EXPECT_EQ(conflict({a, route("B", {{"HOSTS", "y.org"}, {"PATH_PREFIX", "/q"}})}), "");
  EXPECT_EQ(conflict({a, route("B", {{"HOSTS", "*.org"}, {"PATH_PREFIX", "/p"}})}), "");
  EXPECT_EQ(conflict({route("A", {{"PATH_PREFIX", "/"}}), route("B", {{"PATH_PREFIX", "//"}})}),
            "any host, / on 1.2.3.4:80 already belongs to A");
  auto tls = route("T", {{"HOSTS", "t.org"}, {"TLS_CERT", "c"}, {"TLS_KEY", "k"}});
  EXPECT_NE(conflict({a, tls}).find("TLS"), std::string::npos);
  EXPECT_NE(conflict({tls, a}).find("TLS"), std::string::npos);
  EXPECT_EQ(conflict({tls, route("U", {{"HOSTS", "u.org"}, {"TLS_CERT", "c"}, {"TLS_KEY", "k"}})}),
            "");
}

/// Every prefix tried in turn.
std::string slow_find(const RouteTable::Routes& routes, std::string_view path) {
  std::optional<std::string> best;
  for (const auto& each : routes) {
    const auto& prefix = each->options.path_prefix;
    const bool fits = path.starts_with(prefix) && (prefix.empty() || prefix.size() == path.size() ||
                                                   path[prefix.size()] == '/');
    if (fits && (!best || prefix.size() > best->size())) best = prefix;
  }
  return best.value_or("none");
}

TEST(Route, PrefixesAgreeWithASlowSearch) {
  std::mt19937 random(20'240'117);
  const auto text = [&](std::size_t most) {
    constexpr std::string_view letters = "/a-/b0/";
    std::string made = "/";
    const auto size = random() % most;
    while (made.size() < size) made += letters[random() % letters.size()];
    return made;
  };
  for (int round = 0; round < 300; ++round) {
    RouteTable::Routes routes;
    for (std::size_t i = 0; i < 1 + random() % 12; ++i) {
      auto next = route("r", {{"PATH_PREFIX", text(8)}});
      next->label = next->options.path_prefix;
      const bool known = std::any_of(routes.begin(), routes.end(),
                                     [&](const auto& each) { return each->label == next->label; });
      if (!known) routes.push_back(std::move(next));
    }
    const auto all = table(routes);
    for (int i = 0; i < 40; ++i) {
      const auto path = text(12);
      const auto* found = all->find("", path);
      EXPECT_EQ(found == nullptr ? "none" : found->label, slow_find(routes, path)) << path;
    }
  }
}

}  // namespace
}  // namespace trellis::providers::httpserver
