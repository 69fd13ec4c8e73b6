// Promises of the key-value provider in memory alone.
#include <gtest/gtest.h>

#include "providers/keyvalue/keyvalue_fixture.hpp"

namespace trellis::providers {
namespace {

class MemoryKeyValue : public KeyValueTest {
 protected:
  MemoryKeyValue() : KeyValueTest(std::make_unique<MemoryBackend>(false)) {}
};

TEST_F(MemoryKeyValue, RunsOnTheCallersThread) {
  EXPECT_NE(backend_->table().flags & TRELLIS_PROVIDER_NONBLOCKING, 0U);
}

TEST_F(MemoryKeyValue, LimitsOfTheLinkBoundWhatIsKept) {
  ASSERT_TRUE(bind("MA", {{"MAX_KEYS", "2"}, {"MAX_TOTAL_BYTES", "1000"}}));
  set("a", "1");
  set("b", "1");
  const std::string full = "the key-value store is full (2 keys or 1000 bytes)";
  EXPECT_EQ(set("c", "1"), "error: " + full);
  EXPECT_EQ(add("c", 1), "error: " + full);
  EXPECT_EQ(push("c", "1"), -1);
  EXPECT_EQ(set_add("c", "1"), -1);
  EXPECT_FALSE(exists("c"));
  EXPECT_EQ(set("a", "2"), "2") << "what is there may change";
  EXPECT_EQ(set("a", std::string(1000, 'x')), "error: " + full);
  EXPECT_EQ(get("a"), "2");
  del("b");
  EXPECT_EQ(set("c", "1"), "1");
}

TEST_F(MemoryKeyValue, InstancesShareNothing) {
  ProviderInstance other(host_, backend_->table());
  ASSERT_TRUE(other.bind("MA"));
  set("k", "v");
  EXPECT_FALSE(other.ask<GetResponse>("MA", "Get", GetArgs{"k"})->exists);
}

TEST_F(MemoryKeyValue, BadBoundsAreRefused) {
  for (const char* key : {"MAX_KEYS", "MAX_TOTAL_BYTES", "MAX_VALUE_BYTES"}) {
    for (const char* value : {"0", "many", "-1", "99999999999999999999"}) {
      EXPECT_FALSE(bind("MA", {{key, value}})) << key << '=' << value;
    }
  }
}

}  // namespace
}  // namespace trellis::providers
