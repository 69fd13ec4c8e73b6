#include "cli/link_words.hpp"

#include <gtest/gtest.h>

namespace trellis::cli {
namespace {

TEST(LinkWords, AreAContractAndWhatFollows) {
  EXPECT_EQ(parse_link("keyvalue")->contract_id, "wasmcloud:keyvalue");
  EXPECT_EQ(parse_link("acme:store")->contract_id, "acme:store");
  const auto link =
      parse_link("httpserver,BIND=127.0.0.1:1,127.0.0.1:2,HOSTS=a,b,provider=x.so,link_name=w");
  ASSERT_TRUE(link) << link.error().message;
  EXPECT_EQ(link->values.at("BIND"), "127.0.0.1:1,127.0.0.1:2");
  EXPECT_EQ(link->values.at("HOSTS"), "a,b");
  EXPECT_EQ(link->values.size(), 2U);
  EXPECT_EQ(link->provider_id, "x.so");
  EXPECT_EQ(link->link_name, "w");
  EXPECT_EQ(parse_link("kv,URL=redis://a?b=c,d=e")->values.at("URL"), "redis://a?b=c");
}

TEST(LinkWords, RefusesWhatIsNone) {
  for (const auto* text : {"", "BIND=1", "a b", "kv,", "kv,x", "kv,=x", "kv*"}) {
    EXPECT_FALSE(parse_link(text)) << text;
  }
}

}  // namespace
}  // namespace trellis::cli
