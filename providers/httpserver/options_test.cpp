#include "providers/httpserver/options.hpp"

#include <gtest/gtest.h>

#include "providers/net/listener.hpp"

namespace trellis::providers::httpserver {
namespace {

using codec::StringMap;

std::string addresses(const StringMap& values) {
  const auto parsed = read_options(values);
  if (!parsed) return "error: " + parsed.error().message;
  std::string text;
  for (const auto& each : parsed->options.addresses) text += to_text(each) + " ";
  return text;
}

TEST(Options, Addresses) {
  EXPECT_EQ(addresses({}), "0.0.0.0:8080 ");
  EXPECT_EQ(addresses({{"PORT", "5011"}}), "0.0.0.0:5011 ");
  EXPECT_EQ(addresses({{"PORT", " 0 "}}), "0.0.0.0:0 ");
  EXPECT_EQ(addresses({{"BIND", "127.0.0.1:1, [::1]:2 ,3"}}), "127.0.0.1:1 [::1]:2 0.0.0.0:3 ");
  EXPECT_EQ(addresses({{"BIND", "127.0.0.1:1"}, {"PORT", "2"}}), "127.0.0.1:1 0.0.0.0:2 ");
  EXPECT_EQ(addresses({{"BIND", ":4"}}), "0.0.0.0:4 ");
  EXPECT_EQ(addresses({{"BIND", "2,2"}, {"PORT", "2"}}), "0.0.0.0:2 ");
  EXPECT_EQ(addresses({{"BIND", " "}, {"PORT", ""}}), "0.0.0.0:8080 ");
}

TEST(Options, BadValuesNameTheKey) {
  const std::vector<std::pair<std::string, std::vector<std::string>>> cases = {
      {"PORT", {"65536", "-1", "http", "80a", "1 2"}},
      {"BIND",
       {"localhost:80", "1.2.3:80", "1.2.3.4:", "1.2.3.4:65536", "::1:80", "[::1]", "[::1]80",
        "80,", ",", "[1.2.3.4]:80", "1.2.3.4:8o", ":", ":x"}},
      {"TIMEOUT_MS", {"0", "x", "99999999999"}},
      {"HEADER_TIMEOUT_MS", {"0", "1.5"}},
      {"IDLE_TIMEOUT_MS", {"0"}},
      {"MAX_BODY_BYTES", {"x", "16777216", "18446744073709551616"}},
      {"MAX_HEADER_BYTES", {"255", "999999999"}},
      {"MAX_CONNECTIONS", {"0", "-3"}},
      {"ACCESS_LOG", {"yes"}},
      {"SHOW_ERRORS", {"1"}},
      {"port", {"80"}},
      {"TIMEOUT", {"1"}},
  };
  for (const auto& [key, values] : cases) {
    for (const auto& value : values) {
      const auto parsed = read_options({{key, value}});
      ASSERT_FALSE(parsed) << key << "=" << value;
      EXPECT_NE(parsed.error().message.find(key), std::string::npos) << parsed.error().message;
      EXPECT_FALSE(parsed.error().remedy.empty());
    }
  }
}

TEST(Options, Numbers) {
  const auto parsed = read_options({{"TIMEOUT_MS", "250"},
                                    {"MAX_BODY_BYTES", "0"},
                                    {"MAX_HEADER_BYTES", "1000"},
                                    {"IDLE_TIMEOUT_MS", "3"},
                                    {"HEADER_TIMEOUT_MS", "4"},
                                    {"MAX_CONNECTIONS", "5"},
                                    {"WORKERS", "6"},
                                    {"ACCESS_LOG", "True"},
                                    {"__wasmcloud_name", "hidden"}});
  ASSERT_TRUE(parsed) << parsed.error().message;
  const auto& options = parsed->options;
  EXPECT_EQ(options.timeout.count(), 250);
  EXPECT_EQ(options.max_body_bytes, 0U);
  EXPECT_EQ(options.max_header_bytes, 1000U);
  EXPECT_EQ(options.idle_timeout.count(), 3);
  EXPECT_EQ(options.header_timeout.count(), 4);
  EXPECT_EQ(options.max_connections, 5U);
  EXPECT_EQ(options.workers, 6U);
  EXPECT_TRUE(options.access_log);
  EXPECT_TRUE(parsed->warnings.empty());
}

TEST(Options, WorkersThatAreNoNumberAreWarnedOf) {
  for (const char* value : {"many", "0", "-1", "1000"}) {
    const auto parsed = read_options({{"WORKERS", value}});
    ASSERT_TRUE(parsed) << value;
    EXPECT_FALSE(parsed->options.workers);
    ASSERT_EQ(parsed->warnings.size(), 1U);
    EXPECT_NE(parsed->warnings[0].find("WORKERS"), std::string::npos);
  }
}

TEST(Options, CertificateAndKeyGoTogether) {
  EXPECT_NE(read_options({{"TLS_CERT", "a"}}).error().message.find("TLS_KEY"), std::string::npos);
  EXPECT_NE(read_options({{"TLS_KEY", "a"}}).error().message.find("TLS_CERT"), std::string::npos);
  const auto both = read_options({{"TLS_CERT", "a"}, {"TLS_KEY", "b"}});
  ASSERT_TRUE(both);
  EXPECT_TRUE(both->options.tls());
}

TEST(Options, TooManyAddresses) {
  std::string list = "1";
  for (int i = 2; i < 30; ++i) list += "," + std::to_string(i);
  EXPECT_TRUE(addresses({{"BIND", list}}).starts_with("error: link value BIND"));
}

}  // namespace
}  // namespace trellis::providers::httpserver
