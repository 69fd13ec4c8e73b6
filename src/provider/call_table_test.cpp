#include "provider/call_table.hpp"

#include <gtest/gtest.h>

#include <set>
#include <thread>
#include <vector>

namespace trellis::provider {
namespace {

Answer answer_of(std::string_view text) {
  return {TRELLIS_OK, to_bytes(text)};
}

Completion complete(CallTable& table, trellis_call number, std::string_view text) {
  const auto found = table.find(number);
  return found.slot == nullptr ? Completion::repeated
                               : found.slot->complete(found.generation, answer_of(text));
}

CallContext some_context(EntityId last) {
  CallContext context;
  context.chain_id = last;
  context.deadline = SteadyTime(std::chrono::nanoseconds(last));
  while (context.can_extend()) context = context.extended(last);
  return context;
}

TEST(CallTable, NumbersAreNeverReused) {
  CallTable table;
  std::set<trellis_call> seen;
  for (int i = 0; i < 5000; ++i) {
    const auto call = table.open({});
    EXPECT_NE(call.number, TRELLIS_NO_CALL);
    EXPECT_TRUE(seen.insert(call.number).second);
    table.close(call);
  }
}

TEST(CallTable, HoldsItsMaximumAndThenRefuses) {
  CallTable table;
  std::vector<CallTable::Open> calls;
  for (std::size_t i = 0; i < CallTable::max_calls; ++i) {
    calls.push_back(table.open({}));
    ASSERT_NE(calls.back().slot, nullptr);
  }
  EXPECT_EQ(table.open({}).slot, nullptr);
  table.close(calls.back());
  EXPECT_NE(table.open({}).slot, nullptr);
}

TEST(CallTable, AnswersArriveOnceAndOnlyAtTheirCall) {
  CallTable table;
  const auto call = table.open({});
  EXPECT_FALSE(call.slot->answered());
  EXPECT_EQ(complete(table, call.number, "one"), Completion::accepted);
  EXPECT_EQ(complete(table, call.number, "two"), Completion::repeated);
  ASSERT_TRUE(call.slot->answered());
  EXPECT_EQ(as_text(call.slot->take_answer().bytes), "one");
  table.close(call);
  const auto next = table.open({});
  EXPECT_EQ(next.slot, call.slot) << "the test wants the same slot again";
  EXPECT_EQ(complete(table, call.number, "three"), Completion::repeated);
  EXPECT_FALSE(next.slot->answered());
}

TEST(CallTable, LateAnswersAreToldFromRepeatedOnes) {
  CallTable table;
  const auto call = table.open({});
  ASSERT_TRUE(call.slot->abandon());
  table.rest(call);
  EXPECT_EQ(complete(table, call.number, "late"), Completion::late);
  EXPECT_EQ(complete(table, call.number, "again"), Completion::repeated);
}

TEST(CallTable, RestingSlotsComeBack) {
  CallTable table;
  for (std::size_t i = 0; i < 3 * CallTable::max_calls; ++i) {
    const auto call = table.open({});
    ASSERT_NE(call.slot, nullptr) << i;
    ASSERT_TRUE(call.slot->abandon());
    call.slot->set_left(true);
    table.rest(call);
  }
  EXPECT_FALSE(table.any_inside());
}

TEST(CallTable, InventedNumbersNameNothing) {
  CallTable table;
  EXPECT_EQ(complete(table, TRELLIS_NO_CALL, "x"), Completion::repeated);
  EXPECT_EQ(complete(table, ~TRELLIS_NO_CALL, "x"), Completion::repeated);
  const auto call = table.open({});
  EXPECT_EQ(complete(table, call.number + (trellis_call{1} << 20), "x"), Completion::repeated);
  EXPECT_FALSE(call.slot->answered());
}

TEST(CallTable, KnowsWhoIsInside) {
  CallTable table;
  EXPECT_FALSE(table.any_inside());
  const auto call = table.open({});
  EXPECT_TRUE(table.any_inside());
  call.slot->set_left(true);
  EXPECT_FALSE(table.any_inside());
  table.close(call);
  const auto next = table.open({});
  EXPECT_TRUE(table.any_inside());
  table.close(next);
}

TEST(CallTable, ContextsAreReadWholeWhileSlotsAreReused) {
  CallTable table;
  std::atomic<trellis_call> current{TRELLIS_NO_CALL};
  std::atomic<bool> end{false};
  std::atomic<int> read{0};
  std::thread reader([&] {
    while (!end) {
      const auto found = table.find(current);
      const auto context =
          found.slot == nullptr ? std::nullopt : found.slot->context(found.generation);
      if (!context) continue;
      ++read;
      for (const auto entity : context->chain) EXPECT_EQ(entity, context->chain_id);
      EXPECT_EQ(context->deadline.time_since_epoch().count(), std::int64_t(context->chain_id));
    }
  });
  for (EntityId i = 1; i < 20000 || (read == 0 && i < 100000000); ++i) {
    const auto call = table.open(some_context(i));
    current = call.number;
    table.close(call);
  }
  end = true;
  reader.join();
}

TEST(CallTable, ExactlyOneOfManyCompletionsWins) {
  CallTable table;
  const SystemClock clock;
  const std::atomic<bool> stopping{false};
  for (int round = 0; round < 200; ++round) {
    const auto call = table.open({});
    std::atomic<int> accepted{0};
    std::vector<std::thread> threads;
    for (const auto* text : {"one", "two"}) {
      threads.emplace_back([&, text] {
        if (complete(table, call.number, text) == Completion::accepted) ++accepted;
      });
    }
    const auto end = call.slot->wait(clock.steady() + std::chrono::hours(1), clock, stopping);
    EXPECT_EQ(end, WaitEnd::answered);
    EXPECT_EQ(call.slot->take_answer().bytes.size(), 3U);
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(accepted, 1);
    table.close(call);
  }
}

TEST(CallTable, AnswerAndDeadlineRaceHasOneWinner) {
  CallTable table;
  const SystemClock clock;
  const std::atomic<bool> stopping{false};
  for (int round = 0; round < 500; ++round) {
    const auto call = table.open({});
    auto completion = Completion::repeated;
    std::thread other([&] { completion = complete(table, call.number, "x"); });
    const auto end =
        call.slot->wait(clock.steady() + std::chrono::microseconds(50), clock, stopping);
    other.join();
    EXPECT_EQ(completion == Completion::accepted, end == WaitEnd::answered);
    EXPECT_EQ(completion == Completion::late, end == WaitEnd::deadline);
    if (end == WaitEnd::answered) {
      EXPECT_EQ(call.slot->take_answer().bytes.size(), 1U);
      table.close(call);
    } else {
      call.slot->set_left(true);
      table.rest(call);
    }
  }
}

}  // namespace
}  // namespace trellis::provider
