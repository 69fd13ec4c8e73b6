// Pointers and lengths a hostile guest may pass to every import (contracts.md 1.1).
#include <fmt/format.h>

#include "wapc/probe_fixture.hpp"

namespace trellis::wapc {
namespace {

using namespace testing;

/// One import, and where it takes a pointer and a length (-1: the length is fixed or ours).
struct Place {
  const char* name;
  Op op;
  int pointer;
  int length;
  std::uint32_t fixed_length;  ///< when `length` is -1
};

constexpr std::array<Place, 11> places{{
    {"__guest_request", Op::guest_request, 0, -1, 5},  // the operation
    {"__guest_response", Op::guest_response, 0, 1, 0},
    {"__guest_error", Op::guest_error, 0, 1, 0},
    {"__host_call", Op::host_call, 0, 1, 0},
    {"__host_call", Op::host_call, 2, 3, 0},
    {"__host_call", Op::host_call, 4, 5, 0},
    {"__host_call", Op::host_call, 6, 7, 0},
    {"__host_response", Op::host_response, 0, -1, 4},
    {"__host_error", Op::host_error, 0, -1, 4},
    {"__console_log", Op::console_log, 0, 1, 0},
    {"__guest_request", Op::guest_request, 1, -1, 4},  // the payload, which is longer still
}};

class Pointers : public ProbeTest, public ::testing::WithParamInterface<Place> {
 protected:
  /// The import called with one pointer and length, all others being fine. An earlier host call
  /// leaves a response or an error of four bytes.
  Program program(std::uint32_t pointer, std::uint32_t length) {
    const Place& place = GetParam();
    std::array<std::uint32_t, 8> arguments{};
    if (place.op == Op::guest_request) arguments = {operation_at, payload_at};
    arguments[static_cast<std::size_t>(place.pointer)] = pointer;
    if (place.length >= 0) arguments[static_cast<std::size_t>(place.length)] = length;
    host.answer = [&](auto...) {
      return place.op == Op::host_error ? Result<Bytes>(fail(ErrorCode::denied, "four"))
                                        : Result<Bytes>(to_bytes("four"));
    };
    Program made;
    if (place.op == Op::host_response || place.op == Op::host_error) made.host_call("", "", "", "");
    made.op(place.op, {arguments[0], arguments[1], arguments[2], arguments[3], arguments[4],
                       arguments[5], arguments[6], arguments[7]});
    return made;
  }

  void expect_trap(std::uint32_t pointer, std::uint32_t length) {
    const auto text = error_of(program(pointer, length).respond());
    EXPECT_EQ(text, fmt::format("Guest call failure: [trap] out of bounds memory access in {}",
                                GetParam().name))
        << pointer << "+" << length;
    EXPECT_FALSE(guest_usable);
  }
  void expect_fine(std::uint32_t pointer, std::uint32_t length) {
    run(program(pointer, length).respond());
    EXPECT_TRUE(answer.has_value()) << answer.error().message << " " << pointer << "+" << length;
  }
};

TEST_P(Pointers, PastTheEndTraps) {
  const auto length = GetParam().length >= 0 ? 4 : GetParam().fixed_length;
  expect_trap(memory_bytes, length);
  expect_trap(memory_bytes - 1, length);
  expect_trap(memory_bytes - length + 1, length);
}

TEST_P(Pointers, WrappingTraps) {
  expect_trap(0xffffffff, 4);
  expect_trap(0xfffffffe, 0x7fffffff);
  expect_trap(0x80000000, 4);
  if (GetParam().length < 0) return;
  expect_trap(8, 0xffffffff);
  expect_trap(0xffffffff, 0xffffffff);
  expect_trap(0, memory_bytes + 1);
}

TEST_P(Pointers, NothingMayPointAnywhere) {
  if (GetParam().length < 0) return;
  expect_fine(1, 0);
  expect_fine(memory_bytes, 0);
  expect_fine(memory_bytes + 1, 0);
  expect_fine(0xffffffff, 0);
}

TEST_P(Pointers, LastBytesAreFine) {
  if (GetParam().op == Op::guest_request && GetParam().pointer == 1) return;
  const auto length = GetParam().length >= 0 ? 4 : GetParam().fixed_length;
  expect_fine(memory_bytes - length, length);
}

INSTANTIATE_TEST_SUITE_P(EveryImport, Pointers, ::testing::ValuesIn(places), [](const auto& named) {
  return fmt::format("{}_{}", std::string(named.param.name).substr(2), named.param.pointer);
});

TEST_F(ProbeTest, GrownMemoryIsSeenAtOnce) {
  Program grow;
  grow.op(Op::memory_grow, {1}).op(Op::store, {memory_bytes, 0x12345678});
  run(grow.respond(memory_bytes, 4));
  ASSERT_TRUE(answer.has_value()) << answer.error().message;
  EXPECT_EQ(word_of(*answer), 0x12345678U);
}

TEST_F(ProbeTest, EmptyOutcomesAreNotWritten) {
  EXPECT_EQ(result_of(Program()
                          .op(Op::host_response, {0xffffffff})
                          .op(Op::host_error, {0xffffffff})
                          .op(Op::host_response_len)),
            0U);
  host.answer = [](auto...) { return Result<Bytes>(Bytes()); };
  EXPECT_EQ(result_of(Program()
                          .host_call("", "", "", "")
                          .op(Op::host_response, {0xffffffff})
                          .op(Op::host_error_len)),
            0U);
}

}  // namespace
}  // namespace trellis::wapc
