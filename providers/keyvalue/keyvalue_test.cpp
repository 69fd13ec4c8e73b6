// Conformance of key-value providers to contracts.md 3.3. The suite knows nothing of ours but the
// link values and runs against every implementation alike.
#include <gtest/gtest.h>

#include <thread>

#include "providers/keyvalue/keyvalue_fixture.hpp"
#include "providers/keyvalue_file/file_fixture.hpp"
#include "providers/keyvalue_redis/redis_fixture.hpp"

namespace trellis::providers {
namespace {

std::unique_ptr<KeyValueBackend> make_backend(std::string_view name) {
  const bool library = name.ends_with("Library");
  if (name.starts_with("File")) return std::make_unique<FileBackend>(library);
  if (name.starts_with("Redis")) return std::make_unique<RedisBackend>(library);
  return std::make_unique<MemoryBackend>(library);
}

class KeyValueConformance : public KeyValueTest, public ::testing::WithParamInterface<const char*> {
 protected:
  KeyValueConformance() : KeyValueTest(make_backend(GetParam())) {}
};

INSTANTIATE_TEST_SUITE_P(Providers, KeyValueConformance,
                         ::testing::Values("Memory", "MemoryLibrary", "File", "FileLibrary",
                                           "Redis", "RedisLibrary"),
                         [](const auto& test) { return test.param; });

TEST_P(KeyValueConformance, DescribesItself) {
  EXPECT_STREQ(backend_->table().contract_id, "wasmcloud:keyvalue");
  EXPECT_NE(backend_->table().flags & TRELLIS_PROVIDER_CONCURRENT, 0U);
  EXPECT_NE(backend_->table().flags & TRELLIS_PROVIDER_REBINDS, 0U);
}

TEST_P(KeyValueConformance, SetGetDelete) {
  EXPECT_EQ(get("k"), "(none)");
  EXPECT_FALSE(exists("k"));
  EXPECT_EQ(set("k", "v"), "v");
  EXPECT_EQ(get("k"), "v");
  EXPECT_TRUE(exists("k"));
  const std::string odd("ü\0\n", 4);
  EXPECT_EQ(set(odd, odd), odd);
  EXPECT_EQ(get(odd), odd);
  EXPECT_EQ(del("k"), "k");
  EXPECT_EQ(get("k"), "(none)");
  EXPECT_EQ(del("k"), "k") << "deleting nothing succeeds";
}

TEST_P(KeyValueConformance, WireFormIsExact) {
  const auto hex = [&](std::string_view operation, std::string_view payload) {
    return to_hex_lower(kv_.call("MA", operation, from_hex(payload).value()).value());
  };
  EXPECT_EQ(hex("Set", "83a36b6579a16ba576616c7565a176a76578706972657300"), "81a576616c7565a176");
  EXPECT_EQ(hex("Get", "81a36b6579a16b"), "82a576616c7565a176a6657869737473c3");
  EXPECT_EQ(hex("Get", "91a16b"), "82a576616c7565a176a6657869737473c3");
  EXPECT_EQ(hex("Del", "81a36b6579a16b"), "81a36b6579a16b");
  EXPECT_EQ(hex("Add", "82a36b6579a16ba576616c7565cd012c"), "81a576616c7565cd012c");
  EXPECT_EQ(hex("Push", "82a36b6579a16ca576616c7565a162"), "81a86e6577436f756e7401");
  EXPECT_EQ(hex("Push", "82a36b6579a16ca576616c7565a161"), "81a86e6577436f756e7402");
  EXPECT_EQ(hex("Range", "83a36b6579a16ca5737461727400a473746f70ff"), "81a676616c75657392a161a162");
  EXPECT_EQ(hex("SetAdd", "82a36b6579a173a576616c7565a161"), "81a96e65775f636f756e7401");
  EXPECT_EQ(hex("SetUnion", "81a46b65797392a173a162"), "81a676616c75657391a161");
}

TEST_P(KeyValueConformance, AddCountsAndReadsBackAsText) {
  EXPECT_EQ(add("n", 5), "5");
  EXPECT_EQ(add("n", -7), "-2");
  EXPECT_EQ(get("n"), "-2");
  set("s", "40");
  EXPECT_EQ(add("s", 2), "42");
  set("bad", "4x");
  EXPECT_EQ(add("bad", 1), "error: key 'bad' holds a string, not a number");
  for (const char* no_number : {"", " 1", "+1", "01", "1 ", "9223372036854775808"}) {
    set("bad", no_number);
    EXPECT_EQ(add("bad", 1).substr(0, 6), "error:") << no_number;
    EXPECT_EQ(get("bad"), no_number);
  }
}

TEST_P(KeyValueConformance, AddRefusesToOverflow) {
  EXPECT_EQ(add("n", 2147483647), "2147483647");
  EXPECT_EQ(add("n", 1), "error: 2147483647 plus 1 of key 'n' exceeds 32 bits");
  EXPECT_EQ(get("n"), "2147483647");
  set("n", "9223372036854775807");
  EXPECT_EQ(add("n", 1).substr(0, 6), "error:");
  EXPECT_EQ(get("n"), "9223372036854775807");
  set("n", "-2147483648");
  EXPECT_EQ(add("n", -1).substr(0, 6), "error:");
}

TEST_P(KeyValueConformance, PushGoesToTheFront) {
  EXPECT_EQ(push("l", "a"), 1);
  EXPECT_EQ(push("l", "b"), 2);
  EXPECT_EQ(push("l", "c"), 3);
  EXPECT_EQ(range("l", 0, -1), (Strings{"c", "b", "a"}));
}

TEST_P(KeyValueConformance, RangeIsInclusiveAndCountsFromTheEnd) {
  for (const char* value : {"5", "4", "3", "2", "1", "0"}) push("l", value);
  EXPECT_EQ(range("l", 0, 0), Strings{"0"});
  EXPECT_EQ(range("l", 1, 3), (Strings{"1", "2", "3"}));
  EXPECT_EQ(range("l", -2, -1), (Strings{"4", "5"}));
  EXPECT_EQ(range("l", 4, 99), (Strings{"4", "5"}));
  EXPECT_EQ(range("l", -99, 1), (Strings{"0", "1"}));
  EXPECT_EQ(range("l", 3, 1), Strings{});
  EXPECT_EQ(range("l", 6, 7), Strings{});
  EXPECT_EQ(range("l", 0, -7), Strings{});
  EXPECT_EQ(range("l", -2147483648, 2147483647).size(), 6U);
  EXPECT_EQ(range("none", 0, -1), Strings{});
}

TEST_P(KeyValueConformance, ListItemDeleteRemovesAllEqualAndCountsThem) {
  for (const char* value : {"a", "b", "a", "c"}) push("l", value);
  EXPECT_EQ(remove_item("l", "a"), 2);
  EXPECT_EQ(remove_item("l", "a"), 0);
  EXPECT_EQ(range("l", 0, -1), (Strings{"c", "b"}));
  EXPECT_EQ(remove_item("none", "a"), 0);
  EXPECT_EQ(remove_item("l", "b"), 1);
  EXPECT_EQ(remove_item("l", "c"), 1);
  EXPECT_FALSE(exists("l")) << "an empty list is gone";
}

TEST_P(KeyValueConformance, ClearRemovesAList) {
  push("l", "a");
  const auto answer = kv_.ask<DelResponse>("MA", "Clear", ClearArgs{"l"});
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->key, "l");
  EXPECT_FALSE(exists("l"));
}

TEST_P(KeyValueConformance, SetsCountWhatChanged) {
  EXPECT_EQ(set_add("s", "a"), 1);
  EXPECT_EQ(set_add("s", "a"), 0);
  EXPECT_EQ(set_add("s", "b"), 1);
  EXPECT_EQ(sorted(members("s")), (Strings{"a", "b"}));
  EXPECT_EQ(set_remove("s", "a"), 1);
  EXPECT_EQ(set_remove("s", "a"), 0);
  EXPECT_EQ(set_remove("none", "a"), 0);
  EXPECT_FALSE(exists("none"));
  EXPECT_EQ(members("s"), Strings{"b"});
  EXPECT_EQ(members("none"), Strings{});
  EXPECT_EQ(set_remove("s", "b"), 1);
  EXPECT_FALSE(exists("s")) << "an empty set is gone";
}

TEST_P(KeyValueConformance, UnionAndIntersection) {
  for (const char* value : {"a", "b", "c"}) set_add("x", value);
  for (const char* value : {"b", "c", "d"}) set_add("y", value);
  EXPECT_EQ(sorted(set_union({"x", "y", "none"})), (Strings{"a", "b", "c", "d"}));
  EXPECT_EQ(sorted(intersection({"x", "y"})), (Strings{"b", "c"}));
  EXPECT_EQ(sorted(intersection({"x", "x"})), (Strings{"a", "b", "c"}));
  EXPECT_EQ(intersection({"x", "none"}), Strings{});
  EXPECT_EQ(set_union({}), Strings{});
  EXPECT_EQ(intersection({}), Strings{});
}

TEST_P(KeyValueConformance, AnotherTypeIsAnErrorAndChangesNothing) {
  set("string", "v");
  push("list", "v");
  set_add("set", "v");
  EXPECT_EQ(get("list"), "error: key 'list' holds a list, not a single value");
  EXPECT_EQ(get("set"), "error: key 'set' holds a set, not a single value");
  EXPECT_EQ(add("list", 1), "error: key 'list' holds a list, not a number");
  EXPECT_EQ(push("string", "x"), -1);
  EXPECT_EQ(push("set", "x"), -1);
  EXPECT_EQ(remove_item("set", "v"), -1);
  EXPECT_EQ(range("string", 0, -1), Strings{"error: key 'string' holds a string, not a list"});
  EXPECT_EQ(set_add("list", "x"), -1);
  EXPECT_EQ(set_remove("string", "v"), -1);
  EXPECT_EQ(members("list"), Strings{"error: key 'list' holds a list, not a set"});
  EXPECT_EQ(set_union({"set", "string"}), Strings{"error: key 'string' holds a string, not a set"});
  EXPECT_EQ(intersection({"set", "list"}), Strings{"error: key 'list' holds a list, not a set"});
  EXPECT_EQ(get("string"), "v");
  EXPECT_EQ(range("list", 0, -1), Strings{"v"});
  EXPECT_EQ(members("set"), Strings{"v"});
  EXPECT_EQ(set("list", "now a string"), "now a string") << "Set replaces any type";
  EXPECT_EQ(get("list"), "now a string");
}

TEST_P(KeyValueConformance, KeysExpireAfterTheirSeconds) {
  set("k", "v", 500);
  set("never", "v", 0);
  set("negative", "v", -1);
  advance(400s);
  EXPECT_EQ(get("k"), "v");
  advance(200s);
  EXPECT_EQ(get("k"), "(none)");
  EXPECT_FALSE(exists("k"));
  EXPECT_EQ(push("k", "v"), 1) << "an expired key has no type any more";
  advance(1000000s);
  EXPECT_EQ(get("never"), "v");
  EXPECT_EQ(get("negative"), "v");
}

TEST_P(KeyValueConformance, AddKeepsTheExpiryAndSetReplacesIt) {
  set("n", "1", 1000);
  add("n", 1);
  set("k", "v", 1000);
  set("k", "w");
  advance(1001s);
  EXPECT_EQ(get("n"), "(none)");
  EXPECT_EQ(add("n", 3), "3") << "counting begins anew";
  EXPECT_EQ(get("k"), "w");
}

TEST_P(KeyValueConformance, HealthIsAnsweredWithAStruct) {
  const auto health =
      kv_.ask<codec::core::HealthResponse>("system", "HealthRequest", codec::core::HealthRequest{});
  ASSERT_TRUE(health);
  EXPECT_TRUE(health->healthy);
  EXPECT_TRUE(kv_.call("system", "HealthRequest", {}));
}

TEST_P(KeyValueConformance, BadPayloadsAreErrors) {
  const std::string prefix = "Failed to de-serialize: ";
  for (const char* operation :
       {"Get", "Add", "Set", "Del", "Clear", "Range", "Push", "ListItemDelete", "SetAdd",
        "SetRemove", "SetUnion", "SetIntersection", "SetQuery", "KeyExists"}) {
    EXPECT_EQ(error(operation, ""),
              prefix + "IO error while reading marker: failed to fill whole buffer");
    EXPECT_EQ(error(operation, "c0"),
              prefix + "invalid type: unit value, expected struct " + operation + "Args");
    EXPECT_TRUE(error(operation, "80").starts_with(prefix + "missing field `key")) << operation;
    EXPECT_NE(error(operation, "81a36b6579ddffffffff"), "") << operation;
  }
  EXPECT_EQ(error("Nope", "80"), "bad dispatch");
  EXPECT_EQ(error("", ""), "bad dispatch");
  EXPECT_EQ(error("get", "81a36b6579a16b"), "bad dispatch");
}

TEST_P(KeyValueConformance, UnlinkedActorsAreRefused) {
  actor_ = "MB";
  EXPECT_EQ(get("k"), "error: actor MB is not linked to this provider");
  actor_ = "system";
  EXPECT_EQ(get("k"), "error: actor system is not linked to this provider");
}

TEST_P(KeyValueConformance, OneSpaceForAllUnlessTheLinkSaysOtherwise) {
  ASSERT_TRUE(bind("MB"));
  ASSERT_TRUE(bind("MC", {{"SHARED", "false"}}));
  ASSERT_TRUE(bind("MD", {{"NAMESPACE", "x"}}));
  ASSERT_TRUE(bind("ME", {{"NAMESPACE", "x"}}));
  set("k", "shared");
  actor_ = "MB";
  EXPECT_EQ(get("k"), "shared");
  actor_ = "MC";
  EXPECT_EQ(get("k"), "(none)");
  set("k", "own");
  actor_ = "MD";
  EXPECT_EQ(get("k"), "(none)");
  set("k", "x");
  actor_ = "ME";
  EXPECT_EQ(get("k"), "x");
  actor_ = "MA";
  EXPECT_EQ(get("k"), "shared");
  EXPECT_EQ(bind("MF", {{"NAMESPACE", "x"}, {"SHARED", "false"}}).error().message,
            "link values NAMESPACE and SHARED=false exclude each other");
}

TEST_P(KeyValueConformance, BindingIsIdempotentAndChangesTakeEffect) {
  set("k", "v");
  ASSERT_TRUE(bind("MA"));
  EXPECT_EQ(get("k"), "v");
  ASSERT_TRUE(bind("MA", {{"MAX_VALUE_BYTES", "3"}}));
  EXPECT_EQ(set("k", "1234"), "error: a key or value of 4 bytes exceeds 3");
  EXPECT_EQ(get("k"), "v");
  EXPECT_FALSE(bind("MA", {{"MAX_VALUE_BYTES", "0"}}));
  EXPECT_FALSE(bind("MA", {{"MAX_VALUE_BYTES", "many"}}));
  EXPECT_FALSE(bind("MA", {{"SHARED", "perhaps"}}));
  EXPECT_EQ(set("k", "123"), "123") << "the last good link is in force";
  EXPECT_EQ(set("k", "1234").substr(0, 6), "error:");
}

TEST_P(KeyValueConformance, RemovalEndsTheLinkButKeepsTheKeys) {
  set("k", "v");
  ASSERT_TRUE(kv_.remove("MA"));
  EXPECT_EQ(get("k"), "error: actor MA is not linked to this provider");
  ASSERT_TRUE(kv_.remove("MA"));
  ASSERT_TRUE(bind("MA"));
  EXPECT_EQ(get("k"), "v");
}

TEST_P(KeyValueConformance, ManyThreadsLoseNothing) {
  constexpr int threads = 4;
  constexpr int rounds = 150;
  {
    std::vector<std::jthread> running;
    for (int i = 0; i < threads; ++i) {
      running.emplace_back([&, i] {
        for (int round = 0; round < rounds; ++round) {
          add("n", 1);
          push("l", std::to_string(round));
          set_add("s", std::to_string(i) + "." + std::to_string(round));
          set_union({"s", "t"});
          set("e" + std::to_string(round % 7), "v", 1);
          if (round % 50 == 0) advance(1s);
        }
      });
    }
  }
  EXPECT_EQ(get("n"), std::to_string(threads * rounds));
  EXPECT_EQ(range("l", 0, -1).size(), static_cast<std::size_t>(threads * rounds));
  EXPECT_EQ(members("s").size(), static_cast<std::size_t>(threads * rounds));
}

}  // namespace
}  // namespace trellis::providers
