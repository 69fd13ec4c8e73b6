// The entry point that TRELLIS_ACTOR makes, and calls to the host.
#include <gtest/gtest.h>

#include "guest_sdk/fake_host.hpp"
#include "trellis/actor.hpp"

namespace {

using namespace trellis::guest;
using trellis::guest_test::Call;
using trellis::guest_test::FakeHost;

Result<http::Response> count(const http::Request& request) {
  auto counter = kv::add(request.path, 1, "other");
  if (!counter) return counter.error();
  return http::text(std::to_string(*counter));
}
Result<Bytes> echo(std::string_view payload) {
  return Bytes(payload);
}

}  // namespace

TRELLIS_ACTOR(on<http::HandleRequest, count>(), on_raw<echo>("Echo"));

namespace {

class GuestDispatch : public testing::Test {
 protected:
  std::int32_t call(std::string operation, std::string payload) {
    host.operation = std::move(operation);
    host.payload = std::move(payload);
    return trellis_guest_call(host.operation.size(), host.payload.size());
  }
  static std::string request(std::string path) {
    http::Request made;
    made.path = std::move(path);
    return encode(made);
  }

  FakeHost host;
};

TEST_F(GuestDispatch, RawOperationsGetTheirBytes) {
  EXPECT_EQ(call("Echo", std::string("a\0b", 3)), 1);
  EXPECT_EQ(host.responses, std::vector{std::string("a\0b", 3)});
}

TEST_F(GuestDispatch, HealthIsAnsweredUnasked) {
  EXPECT_EQ(call("HealthRequest", ""), 1);
  EXPECT_EQ(decode<health::Response>(host.responses.at(0))->healthy, true);
  EXPECT_EQ(host.responses.at(0), encode(health::Response{}));
}

TEST_F(GuestDispatch, UnknownOperationsAreRefused) {
  EXPECT_EQ(call("Nope", "x"), 0);
  EXPECT_EQ(host.errors, std::vector<std::string>{"No handler registered for function \"Nope\""});
  EXPECT_TRUE(host.responses.empty());
}

TEST_F(GuestDispatch, BadPayloadsNeverReachTheHandler) {
  EXPECT_EQ(call("HandleRequest", "\xc0"), 0);
  EXPECT_EQ(host.errors.at(0), "Failed to de-serialize: expected a map at byte 0, found marker c0");
  EXPECT_TRUE(host.calls.empty());
}

TEST_F(GuestDispatch, HostCallsSayWhereTo) {
  host.answer = [](const Call&) { return Result<std::string>(encode(kv::AddResponse{7})); };
  ASSERT_EQ(call("HandleRequest", request("/a")), 1);
  EXPECT_EQ(decode<http::Response>(host.responses.at(0))->body.data, "7");
  ASSERT_EQ(host.calls.size(), 1U);
  EXPECT_EQ(host.calls[0].binding, "other");
  EXPECT_EQ(host.calls[0].ns, "wasmcloud:keyvalue");
  EXPECT_EQ(host.calls[0].operation, "Add");
  EXPECT_EQ(host.calls[0].payload, encode(kv::AddArgs{"/a", 1}));
}

TEST_F(GuestDispatch, ErrorsOfTheHostArePassedOn) {
  host.answer = [](const Call&) { return Result<std::string>(Error{"no such link"}); };
  EXPECT_EQ(call("HandleRequest", request("/a")), 0);
  EXPECT_EQ(host.errors, std::vector<std::string>{"no such link"});
}

TEST_F(GuestDispatch, AnswersThatAreNoMessageAreErrors) {
  host.answer = [](const Call&) { return Result<std::string>(std::string()); };
  EXPECT_EQ(call("HandleRequest", request("/a")), 0);
  EXPECT_EQ(host.errors, std::vector<std::string>{"Failed to de-serialize: ends after 0 bytes"});
}

TEST_F(GuestDispatch, ExtrasAndLoggingSendWhatTheContractSays) {
  host.answer = [](const Call& made) {
    return Result<std::string>(
        made.operation == "WriteLog" ? std::string() : encode(extras::GeneratorResult{"g", 5, 42}));
  };
  EXPECT_EQ(*extras::guid(), "g");
  EXPECT_EQ(*extras::random(0, 100), 42U);
  EXPECT_EQ(*extras::sequence(), 5U);
  EXPECT_TRUE(logging::write("warn", "text", "target"));
  ASSERT_EQ(host.calls.size(), 4U);
  EXPECT_EQ(host.calls[0].operation, "RequestGuid");
  EXPECT_EQ(host.calls[1].payload, encode(extras::GeneratorRequest{false, false, true, 0, 100}));
  EXPECT_EQ(host.calls[3].payload, encode(logging::WriteLogArgs{"target", "warn", "text"}));
  EXPECT_EQ(host.calls[3].binding, "default");
  console_log("line");
  EXPECT_EQ(host.log, std::vector<std::string>{"line"});
}

}  // namespace
