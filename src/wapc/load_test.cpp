// What is refused at load, and the order of initialisation (contracts.md 1.1-1.3).
#include "wapc/test_support.hpp"

namespace trellis::wapc {
namespace {

using namespace testing;

/// A guest that must be refused, with a piece of the text that says why.
struct Refusal {
  const char* guest;
  ErrorCode code;
  const char* text;
};

class Refused : public ::testing::TestWithParam<Refusal> {};

TEST_P(Refused, AtCompilation) {
  const auto made = GuestModule::compile(runtime(), read_guest(GetParam().guest));
  ASSERT_FALSE(made.has_value());
  EXPECT_EQ(to_string(made.error().code), to_string(GetParam().code)) << made.error().message;
  EXPECT_NE(made.error().message.find(GetParam().text), std::string::npos) << made.error().message;
}

constexpr std::array<Refusal, 18> refusals{{
    {"unknown_import", ErrorCode::unsupported, "env.launch_missiles"},
    {"unknown_wasi", ErrorCode::unsupported, "wasi_snapshot_preview1.sock_accept"},
    {"wrong_import_type", ErrorCode::unsupported,
     "wapc.__host_response as (i64) -> (); its type is (i32) -> ()"},
    {"wrong_call_type", ErrorCode::unsupported,
     "__guest_call as (i32) -> (i32); its type must be (i32, i32) -> (i32)"},
    {"wrong_init_type", ErrorCode::unsupported, "wapc_init as (i32) -> ()"},
    {"no_guest_call", ErrorCode::unsupported,
     "Could not find __guest_call function in WebAssembly module"},
    {"no_memory", ErrorCode::unsupported, "memory export"},
    {"memory_misnamed", ErrorCode::unsupported, "memory export"},
    {"imported_memory", ErrorCode::unsupported, "imports the memory env.memory"},
    {"imported_table", ErrorCode::unsupported, "imports the table env.table"},
    {"imported_global", ErrorCode::unsupported, "imports the global env.base"},
    {"shared_memory", ErrorCode::unsupported, "shared or 64-bit memory"},
    {"memory64", ErrorCode::unsupported, "shared or 64-bit memory"},
    {"two_memories", ErrorCode::unsupported, "2 memories"},
    {"atomics", ErrorCode::malformed, "not a valid WebAssembly module"},
    {"big_memory", ErrorCode::limit, "at least 3000 pages of 64 KiB; the limit is 2048"},
    {"big_table", ErrorCode::limit, "at least 10001 elements; the limit is 10000"},
    {"many_tables", ErrorCode::limit, "17 tables"},
}};

INSTANTIATE_TEST_SUITE_P(Guests, Refused, ::testing::ValuesIn(refusals),
                         [](const auto& named) { return std::string(named.param.guest); });

TEST(Load, OversizedModuleIsRefused) {
  const auto made = GuestModule::compile(runtime(), read_guest("echo"), {.module_bytes = 100});
  EXPECT_EQ(made.error().code, ErrorCode::limit);
}

TEST(Load, CapsAreOptions) {
  EXPECT_TRUE(GuestModule::compile(runtime(), read_guest("big_memory"), {.memory_pages = 3000}));
}

TEST(Load, CutModulesAreRefused) {
  const Bytes whole = read_guest("probe");
  for (std::size_t length = 0; length < whole.size(); length += 7) {
    const auto made = GuestModule::compile(runtime(), ByteView(whole).first(length));
    ASSERT_FALSE(made.has_value()) << length;
    EXPECT_FALSE(made.error().message.empty());
  }
}

TEST(Load, DamagedModulesDoNoHarm) {
  const Bytes whole = read_guest("init_command");
  for (std::size_t at = 8; at < whole.size(); ++at) {
    for (const std::uint8_t value : {0x00, 0x01, 0x7f, 0xff}) {
      Bytes damaged = whole;
      damaged[at] = value;
      const auto made = GuestModule::compile(runtime(), damaged);
      if (!made) {
        EXPECT_FALSE(made.error().message.empty());
      }
    }
  }
}

TEST(Initialisation, CommandRunsStartSectionStartAndInit) {
  const auto module = compile("init_command");
  on_guest_thread([&] {
    RecordingHost host;
    ASSERT_NE(instantiate(*module, host), nullptr);
    EXPECT_EQ(host.logs, (std::vector<std::string>{"section", "_start", "_init"}));
  });
}

TEST(Initialisation, ReactorRunsInitializeAndInit) {
  const auto module = compile("init_reactor");
  on_guest_thread([&] {
    RecordingHost host;
    ASSERT_NE(instantiate(*module, host), nullptr);
    EXPECT_EQ(host.logs, (std::vector<std::string>{"_initialize", "_init"}));
  });
}

TEST(Initialisation, RunsForEachInstance) {
  const auto module = compile("init_reactor");
  on_guest_thread([&] {
    RecordingHost host;
    for (int i = 0; i < 3; ++i) ASSERT_NE(instantiate(*module, host), nullptr);
    EXPECT_EQ(host.logs.size(), 6U);
  });
}

TEST(Initialisation, ExitZeroInStartIsSuccess) {
  const auto module = compile("exit_zero");
  on_guest_thread([&] {
    RecordingHost host;
    auto guest = instantiate(*module, host);
    ASSERT_NE(guest, nullptr);
    for (int i = 0; i < 3; ++i) {
      EXPECT_TRUE(guest->call("x", {}, host, in(seconds(5))).has_value());
    }
  });
}

/// Instantiates a guest that must fail to, and gives the error.
Error failure_of(std::string_view name, milliseconds timeout = seconds(10)) {
  const auto module = compile(name, {.init_timeout = timeout});
  Error error;
  on_guest_thread([&] {
    RecordingHost host;
    const auto before = runtime().instances();
    auto made = module->instantiate(host);
    ASSERT_FALSE(made.has_value());
    EXPECT_EQ(runtime().instances(), before) << "its place is free again";
    error = made.error();
  });
  return error;
}

TEST(Initialisation, OtherExitsFailTheLoad) {
  EXPECT_EQ(failure_of("exit_three").message,
            "Failed during starter initialization '_start': [trap] guest exited with code 3");
}

TEST(Initialisation, TrapsFailTheLoad) {
  EXPECT_EQ(failure_of("init_trap").message,
            "Failed during starter initialization 'wapc_init': [trap] unreachable executed");
  const auto error = failure_of("start_trap");
  EXPECT_EQ(error.code, ErrorCode::guest_failed);
  EXPECT_EQ(error.message, "[trap] unreachable executed");
}

TEST(Initialisation, EndlessOnesAreStopped) {
  EXPECT_EQ(failure_of("init_loop", milliseconds(50)).code, ErrorCode::deadline);
  EXPECT_EQ(failure_of("start_loop", milliseconds(50)).code, ErrorCode::deadline);
}

TEST(Runtime, SecondStartIsAnError) {
  runtime();
  EXPECT_EQ(EngineRuntime::start().error().code, ErrorCode::already_exists);
}

}  // namespace
}  // namespace trellis::wapc
