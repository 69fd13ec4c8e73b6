#include "admin/socket/protocol.hpp"

#include <gtest/gtest.h>

#include "base/binary_text.hpp"
#include "base/limits.hpp"

namespace trellis::admin {
namespace {

using nlohmann::json;

TEST(Protocol, RequestsSurviveTheWay) {
  const auto request = decode_request(encode_request({"call", {{"target", "MB"}}}));
  ASSERT_TRUE(request) << request.error().message;
  EXPECT_EQ(request->operation, "call");
  EXPECT_EQ(request->arguments, json({{"target", "MB"}}));
}

TEST(Protocol, ArgumentsMayBeAbsent) {
  const auto request = decode_request(R"({"v":1,"op":"ping"})");
  ASSERT_TRUE(request);
  EXPECT_EQ(request->arguments, json::object());
}

struct BadRequest {
  const char* text;
  ErrorCode code;
};

class ProtocolRefuses : public testing::TestWithParam<BadRequest> {};

TEST_P(ProtocolRefuses, ARequest) {
  const auto refused = decode_request(GetParam().text);
  ASSERT_FALSE(refused) << GetParam().text;
  EXPECT_EQ(refused.error().code, GetParam().code) << refused.error().message;
}

INSTANTIATE_TEST_SUITE_P(
    Each, ProtocolRefuses,
    testing::Values(BadRequest{"x", ErrorCode::malformed}, BadRequest{"[]", ErrorCode::malformed},
                    BadRequest{"null", ErrorCode::malformed},
                    BadRequest{R"({"op":"ping"})", ErrorCode::malformed},
                    BadRequest{R"({"v":"1","op":"ping"})", ErrorCode::malformed},
                    BadRequest{R"({"v":2,"op":"ping"})", ErrorCode::unsupported},
                    BadRequest{R"({"v":1})", ErrorCode::invalid_argument},
                    BadRequest{R"({"v":1,"op":7})", ErrorCode::invalid_argument},
                    BadRequest{R"({"v":1,"op":""})", ErrorCode::invalid_argument},
                    BadRequest{R"({"v":1,"op":"ping","args":[1]})", ErrorCode::invalid_argument}));

TEST(Protocol, ErrorsKeepCodeMessageAndRemedy) {
  const Error error{ErrorCode::guest_failed, "it said no", "ask again"};
  const auto outcome = decode_response(encode_response(std::unexpected(error)));
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error(), error);
}

TEST(Protocol, AnswersThatAreTooLongBecomeErrors) {
  const auto text = encode_response(json(std::string(limits::control_frame_bytes, 'x')));
  ASSERT_LT(text.size(), 1000U);
  const auto outcome = decode_response(text);
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, ErrorCode::limit);
}

TEST(Protocol, WhatIsNoAnswerIsAnError) {
  for (const char* text : {R"({"v":1})", R"({"v":1,"ok":false})", R"({"v":1,"ok":"true"})", "7"}) {
    EXPECT_FALSE(decode_response(text)) << text;
  }
}

TEST(Base64, KnownTextsAndBadOnes) {
  EXPECT_EQ(base64_encode({}), "");
  EXPECT_EQ(base64_encode(as_bytes("f")), "Zg==");
  EXPECT_EQ(base64_encode(as_bytes("foobar")), "Zm9vYmFy");
  EXPECT_EQ(base64_decode("Zm9vYmE="), to_bytes(std::string_view("fooba")));
  EXPECT_EQ(base64_decode(""), Bytes{});
  for (const char* bad : {"Zg", "Zg=", "Z g==", "Zg==x", "Zg==\n", "Z!==", "===="}) {
    EXPECT_FALSE(base64_decode(bad)) << bad;
  }
}

}  // namespace
}  // namespace trellis::admin
