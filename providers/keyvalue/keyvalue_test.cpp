// Conformance of a key-value provider to contracts.md 3.3. The suite knows nothing of ours but the
// link values and runs against the built-in table and the library alike.
#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

#include "base/text.hpp"
#include "codec/messages/keyvalue.hpp"
#include "providers/builtin.hpp"
#include "support/provider_harness.hpp"

namespace trellis::providers {
namespace {

using namespace codec::keyvalue;
using namespace std::chrono_literals;
using test::FakeHost;
using test::ProviderInstance;

using Strings = std::vector<std::string>;

class KeyValueConformance : public ::testing::TestWithParam<const char*> {
 protected:
  static const trellis_provider_table& table() {
    const std::string_view name = GetParam();
    return name == "library" ? test::open_module(TRELLIS_KEYVALUE_MODULE) : *find_builtin(name);
  }
  void SetUp() override { ASSERT_TRUE(kv_.bind("MA")); }
  void TearDown() override { EXPECT_EQ(host_.bad_completions(), 0); }

  std::string set(std::string_view key, std::string_view value, std::int32_t expires = 0) {
    return text(
        kv_.ask<SetResponse>(actor_, "Set", SetArgs{std::string(key), std::string(value), expires}),
        &SetResponse::value);
  }
  std::string get(std::string_view key) {
    const auto answer = kv_.ask<GetResponse>(actor_, "Get", GetArgs{std::string(key)});
    if (!answer) return "error: " + answer.error().message;
    return answer->exists ? answer->value : "(none)";
  }
  bool exists(std::string_view key) {
    const auto answer = kv_.ask<GetResponse>(actor_, "KeyExists", KeyExistsArgs{std::string(key)});
    EXPECT_TRUE(answer);
    EXPECT_EQ(answer->value, "");
    return answer->exists;
  }
  std::string add(std::string_view key, std::int32_t value) {
    const auto answer = kv_.ask<AddResponse>(actor_, "Add", AddArgs{std::string(key), value});
    return answer ? std::to_string(answer->value) : "error: " + answer.error().message;
  }
  std::string del(std::string_view key) {
    return text(kv_.ask<DelResponse>(actor_, "Del", DelArgs{std::string(key)}), &DelResponse::key);
  }
  int push(std::string_view key, std::string_view value) {
    return count(
        kv_.ask<ListResponse>(actor_, "Push", PushArgs{std::string(key), std::string(value)}));
  }
  int remove_item(std::string_view key, std::string_view value) {
    return count(kv_.ask<ListResponse>(actor_, "ListItemDelete",
                                       ListItemDeleteArgs{std::string(key), std::string(value)}));
  }
  Strings range(std::string_view key, std::int32_t start, std::int32_t stop) {
    return list(
        kv_.ask<ListRangeResponse>(actor_, "Range", RangeArgs{std::string(key), start, stop}));
  }
  int set_add(std::string_view key, std::string_view value) {
    return count(kv_.ask<SetOperationResponse>(actor_, "SetAdd",
                                               SetAddArgs{std::string(key), std::string(value)}));
  }
  int set_remove(std::string_view key, std::string_view value) {
    return count(kv_.ask<SetOperationResponse>(
        actor_, "SetRemove", SetRemoveArgs{std::string(key), std::string(value)}));
  }
  Strings members(std::string_view key) {
    return list(kv_.ask<SetQueryResponse>(actor_, "SetQuery", SetQueryArgs{std::string(key)}));
  }
  Strings set_union(Strings keys) {
    return list(kv_.ask<SetQueryResponse>(actor_, "SetUnion", SetUnionArgs{std::move(keys)}));
  }
  Strings intersection(Strings keys) {
    return list(
        kv_.ask<SetQueryResponse>(actor_, "SetIntersection", SetIntersectionArgs{std::move(keys)}));
  }
  std::string error(std::string_view operation, std::string_view payload_hex) {
    const auto answer = kv_.call(actor_, operation, from_hex(payload_hex).value());
    return answer ? "" : answer.error().message;
  }

  FakeHost host_;
  ProviderInstance kv_{host_, table()};
  std::string_view actor_ = "MA";

 private:
  template <class Answer, class Member>
  static std::string text(const Result<Answer>& answer, Member member) {
    return answer ? (*answer).*member : "error: " + answer.error().message;
  }
  template <class Answer>
  static int count(const Result<Answer>& answer) {
    return answer ? answer->new_count : -1;
  }
  /// In order, because the contract gives sets none; a failure is a list with its text.
  template <class Answer>
  static Strings list(Result<Answer> answer) {
    if (!answer) return {"error: " + answer.error().message};
    return answer->values;
  }
};

INSTANTIATE_TEST_SUITE_P(Providers, KeyValueConformance,
                         ::testing::Values("builtin:keyvalue", "library"), [](const auto& test) {
                           return std::string(test.param) == "library" ? "Library" : "Builtin";
                         });

Strings sorted(Strings values) {
  std::ranges::sort(values);
  return values;
}

TEST_P(KeyValueConformance, DescribesItself) {
  EXPECT_STREQ(table().contract_id, "wasmcloud:keyvalue");
  EXPECT_NE(table().flags & TRELLIS_PROVIDER_CONCURRENT, 0U);
  EXPECT_NE(table().flags & TRELLIS_PROVIDER_NONBLOCKING, 0U);
  EXPECT_NE(table().flags & TRELLIS_PROVIDER_REBINDS, 0U);
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
  set("k", "v", 5);
  set("never", "v", 0);
  set("negative", "v", -1);
  host_.advance(4s);
  EXPECT_EQ(get("k"), "v");
  host_.advance(2s);
  EXPECT_EQ(get("k"), "(none)");
  EXPECT_FALSE(exists("k"));
  EXPECT_EQ(push("k", "v"), 1) << "an expired key has no type any more";
  host_.advance(1000000s);
  EXPECT_EQ(get("never"), "v");
  EXPECT_EQ(get("negative"), "v");
}

TEST_P(KeyValueConformance, AddKeepsTheExpiryAndSetReplacesIt) {
  set("n", "1", 10);
  add("n", 1);
  set("k", "v", 10);
  set("k", "w");
  host_.advance(11s);
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
  ASSERT_TRUE(kv_.bind("MB"));
  ASSERT_TRUE(kv_.bind("MC", {{"SHARED", "false"}}));
  ASSERT_TRUE(kv_.bind("MD", {{"NAMESPACE", "x"}}));
  ASSERT_TRUE(kv_.bind("ME", {{"NAMESPACE", "x"}}));
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
  EXPECT_EQ(kv_.bind("MF", {{"NAMESPACE", "x"}, {"SHARED", "false"}}).error().message,
            "link values NAMESPACE and SHARED=false exclude each other");
}

TEST_P(KeyValueConformance, BindingIsIdempotentAndChangesTakeEffect) {
  set("k", "v");
  ASSERT_TRUE(kv_.bind("MA"));
  EXPECT_EQ(get("k"), "v");
  ASSERT_TRUE(kv_.bind("MA", {{"MAX_VALUE_BYTES", "3"}}));
  EXPECT_EQ(set("k", "1234"), "error: a key or value of 4 bytes exceeds 3");
  EXPECT_EQ(get("k"), "v");
  EXPECT_FALSE(kv_.bind("MA", {{"MAX_VALUE_BYTES", "0"}}));
  EXPECT_FALSE(kv_.bind("MA", {{"MAX_KEYS", "many"}}));
  EXPECT_FALSE(kv_.bind("MA", {{"SHARED", "perhaps"}}));
  EXPECT_EQ(set("k", "123"), "123") << "the last good link is in force";
  EXPECT_EQ(set("k", "1234").substr(0, 6), "error:");
}

TEST_P(KeyValueConformance, RemovalEndsTheLinkButKeepsTheKeys) {
  set("k", "v");
  ASSERT_TRUE(kv_.remove("MA"));
  EXPECT_EQ(get("k"), "error: actor MA is not linked to this provider");
  ASSERT_TRUE(kv_.remove("MA"));
  ASSERT_TRUE(kv_.bind("MA"));
  EXPECT_EQ(get("k"), "v");
}

TEST_P(KeyValueConformance, LimitsOfTheLinkBoundWhatIsKept) {
  ASSERT_TRUE(kv_.bind("MA", {{"MAX_KEYS", "2"}, {"MAX_TOTAL_BYTES", "1000"}}));
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

TEST_P(KeyValueConformance, InstancesShareNothing) {
  ProviderInstance other(host_, table());
  ASSERT_TRUE(other.bind("MA"));
  set("k", "v");
  EXPECT_FALSE(other.ask<GetResponse>("MA", "Get", GetArgs{"k"})->exists);
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
          if (round % 50 == 0) host_.advance(1s);
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
