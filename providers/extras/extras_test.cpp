#include "providers/extras/extras.hpp"

#include <gtest/gtest.h>

#include <set>
#include <thread>

#include "base/text.hpp"
#include "codec/messages/extras.hpp"
#include "support/provider_forms.hpp"

namespace trellis::providers {
namespace {

using codec::extras::GeneratorRequest;
using codec::extras::GeneratorResult;
using codec::extras::RandomArgs;

class ExtrasConformance : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override { ASSERT_TRUE(extras_.bind("MA")); }
  void TearDown() override { EXPECT_EQ(host_.bad_completions(), 0); }

  Result<GeneratorResult> ask(std::string_view operation, const GeneratorRequest& request,
                              std::string_view actor = "MA") {
    return extras_.ask<GeneratorResult>(actor, operation, request);
  }
  Result<Bytes> call(std::string_view operation, std::string_view hex) {
    return extras_.call("MA", operation, from_hex(hex).value());
  }

  test::FakeHost host_;
  const test::ProviderForm form_{GetParam(), *extras::table(), "extras"};
  test::ProviderInstance extras_{host_, form_.table()};
};

INSTANTIATE_TEST_SUITE_P(Providers, ExtrasConformance, test::provider_forms(), test::name_of_form);

bool is_uuid4(const std::string& text) {
  if (text.size() != 36 || text[14] != '4') return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    const bool digit = (text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'f');
    if (dash ? text[i] != '-' : !digit) return false;
  }
  return std::string_view("89ab").find(text[19]) != std::string_view::npos;
}

TEST_P(ExtrasConformance, HasItsFixedIdentity) {
  EXPECT_STREQ(form_.table().contract_id, "wasmcloud:extras");
  EXPECT_STREQ(form_.table().name, "wasmcloud Extras");
  EXPECT_STREQ(form_.table().vendor, "wasmcloud");
  EXPECT_EQ(form_.table().revision, 0);
  EXPECT_EQ(extras::fixed_key.size(), 56U);
}

TEST_P(ExtrasConformance, GuidIsARandomUuid) {
  std::set<std::string> seen;
  for (int i = 0; i < 50; ++i) {
    const auto result = ask("RequestGuid", {true, false, false, 0, 0});
    ASSERT_TRUE(result);
    ASSERT_TRUE(result->guid);
    EXPECT_TRUE(is_uuid4(*result->guid)) << *result->guid;
    EXPECT_EQ(result->sequence_number, 0U);
    EXPECT_EQ(result->random_number, 0U);
    seen.insert(*result->guid);
  }
  EXPECT_EQ(seen.size(), 50U);
}

TEST_P(ExtrasConformance, RandomIsWithinItsHalfOpenRange) {
  std::set<std::uint32_t> seen;
  for (int i = 0; i < 500; ++i) {
    const auto result = ask("RequestRandom", {false, false, true, 3, 7});
    ASSERT_TRUE(result);
    EXPECT_FALSE(result->guid);
    seen.insert(result->random_number);
  }
  EXPECT_EQ(seen, (std::set<std::uint32_t>{3, 4, 5, 6}));
  EXPECT_EQ(ask("RequestRandom", {false, false, true, 4294967294, 4294967295})->random_number,
            4294967294U);
}

TEST_P(ExtrasConformance, AnEmptyRangeIsAnError) {
  EXPECT_EQ(ask("RequestRandom", {false, false, true, 5, 5}).error().message, "invalid range");
  EXPECT_EQ(ask("RequestRandom", {false, false, true, 6, 5}).error().message, "invalid range");
  EXPECT_EQ(call("RequestRandom", "82a36d696e05a36d617805").error().message, "invalid range");
}

TEST_P(ExtrasConformance, RandomNotAskedForIsAllDefaults) {
  const auto result = call(
      "RequestRandom", "85a467756964c2a873657175656e6365c2a672616e646f6dc2a36d696e00a36d617800");
  ASSERT_TRUE(result);
  EXPECT_EQ(to_hex_lower(*result),
            "83a467756964c0ae73657175656e63654e756d62657200ad72616e646f6d5f6e756d62657200");
}

TEST_P(ExtrasConformance, SequenceIsPerActorFromZero) {
  ASSERT_TRUE(extras_.bind("MB"));
  const GeneratorRequest request{false, true, false, 0, 0};
  for (std::uint64_t i = 0; i < 3; ++i) {
    EXPECT_EQ(ask("RequestSequence", request)->sequence_number, i);
  }
  EXPECT_EQ(ask("RequestSequence", request, "MB")->sequence_number, 0U);
  ASSERT_TRUE(extras_.bind("MA", {{"some", "value"}}));
  EXPECT_EQ(ask("RequestSequence", request)->sequence_number, 3U) << "a new link value keeps it";
}

TEST_P(ExtrasConformance, SequenceGivesEachNumberOnce) {
  std::mutex mutex;
  std::set<std::uint64_t> seen;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 3; ++i) {
      threads.emplace_back([&] {
        for (int round = 0; round < 200; ++round) {
          const auto result = ask("RequestSequence", {false, true, false, 0, 0});
          const std::scoped_lock lock(mutex);
          seen.insert(result ? result->sequence_number : 9999);
        }
      });
    }
  }
  EXPECT_EQ(seen.size(), 600U);
  EXPECT_EQ(*seen.rbegin(), 599U);
}

TEST_P(ExtrasConformance, ServesTheShapeWithBareAnswers) {
  const auto guid = codec::decode<std::string>(call("RequestGuid", "").value());
  ASSERT_TRUE(guid);
  EXPECT_TRUE(is_uuid4(*guid));
  EXPECT_EQ(to_hex_lower(call("RequestSequence", "").value()), "00");
  EXPECT_EQ(to_hex_lower(call("RequestSequence", "").value()), "01");
  EXPECT_EQ(
      to_hex_lower(extras_.call("MA", "RequestRandom", codec::encode(RandomArgs{41, 42})).value()),
      "29");
  EXPECT_FALSE(call("RequestRandom", "")) << "no range to draw from";
}

TEST_P(ExtrasConformance, BadPayloadsAreErrors) {
  for (const char* operation : {"RequestGuid", "RequestRandom", "RequestSequence"}) {
    for (const char* payload : {"c0", "c1", "a1", "85", "91c3", "81a672616e646f6d05"}) {
      EXPECT_FALSE(call(operation, payload)) << operation << " " << payload;
    }
  }
  EXPECT_EQ(call("Nope", "").error().message, "bad dispatch");
  EXPECT_EQ(
      call("RequestRandom", "83a467756964c3a873657175656e6365c2a672616e646f6dc2").error().message,
      "Failed to de-serialize: missing field `min`");
}

TEST_P(ExtrasConformance, RemovalSucceedsAndUnlinkedActorsAreRefused) {
  EXPECT_TRUE(extras_.remove("MA"));
  EXPECT_TRUE(extras_.remove("MA"));
  EXPECT_EQ(call("RequestGuid", "").error().message, "actor MA is not linked to this provider");
  EXPECT_TRUE(extras_.call("system", "HealthRequest", {}));
}

}  // namespace
}  // namespace trellis::providers
