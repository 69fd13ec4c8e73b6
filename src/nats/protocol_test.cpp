// The server's side of the protocol, taken apart, and what a server says of itself.
#include "nats/protocol.hpp"

#include <gtest/gtest.h>

#include <string>

#include "base/limits.hpp"
#include "nats/refusals.hpp"
#include "nats/server_info.hpp"

namespace trellis::nats {
namespace {

/// One line for each operation.
class Told final : public ProtocolSink {
 public:
  void on_message(const ServerMessage& message) override {
    text += std::to_string(message.subscription) + " " + std::string(message.subject) + " <" +
            std::string(message.reply) + "> " + std::string(as_text(message.payload)) +
            (message.no_responders ? "(nobody)\n" : "\n");
  }
  void on_info(std::string_view json) override { text += "INFO " + std::string(json) + "\n"; }
  void on_ping() override { text += "PING\n"; }
  void on_pong() override { text += "PONG\n"; }
  void on_error(std::string_view words) override { text += "ERR " + std::string(words) + "\n"; }

  std::string text;
};

/// Operations that are understood of a text that comes in pieces of `size` bytes.
std::string understood(std::string_view text, std::size_t size = 1000) {
  Told told;
  std::string held;
  while (!text.empty()) {
    held += text.substr(0, size);
    text.remove_prefix(std::min(size, text.size()));
    const auto parsed = parse_operations(as_bytes(held), told);
    if (!parsed) return told.text + "malformed: " + parsed.error().message;
    held.erase(0, parsed->taken);
  }
  return told.text;
}

TEST(NatsProtocol, OperationsInAnyPieces) {
  constexpr std::string_view text =
      "INFO {\"a\":1} \r\nMSG a.b 7 5\r\nhello\r\nmsg a\t8  back 0\r\n\r\n"
      "HMSG x 9 16 16\r\nNATS/1.0 503\r\n\r\n\r\nHMSG x 9 y 12 14\r\nNATS/1.0\r\n\r\nhi\r\n"
      "PING\r\npong\r\n+OK\r\n-ERR 'Stale Connection'\r\n-ERR\r\n";
  const std::string expected =
      "INFO {\"a\":1}\n7 a.b <> hello\n8 a <back> \n9 x <> (nobody)\n9 x <y> hi\n"
      "PING\nPONG\nERR Stale Connection\nERR \n";
  for (std::size_t size = 1; size <= text.size(); ++size) {
    EXPECT_EQ(understood(text, size), expected) << size;
  }
}

TEST(NatsProtocol, WhatIsNoneEndsThere) {
  for (const std::string text :
       {"HTTP/1.1 400 Bad Request\r\n", "PING\n", "\r\n", "\n", "PINGS\r\n", "MSG a\r\n",
        "MSG a 1\r\n", "MSG a 1 -5\r\n", "MSG a x 5\r\n", "MSG a 1 b c 5\r\n", "MSG a 1 5x\r\n",
        "MSG a 1 18446744073709551616\r\n", "MSG a 1 67108865\r\n", "MSG a 1 1\r\nxyz",
        "HMSG a 1 5\r\n", "HMSG a 1 20 10\r\n", "HMSG a 1 -1 10\r\n"}) {
    EXPECT_TRUE(understood(text).starts_with("malformed: ")) << text;
    EXPECT_EQ(understood("PONG\r\n" + text).substr(0, 16), "PONG\nmalformed: ") << text;
  }
}

TEST(NatsProtocol, LinesAreBounded) {
  EXPECT_TRUE(understood("MSG " + std::string(5000, 'a'), 512).starts_with("malformed"));
  EXPECT_TRUE(understood(std::string(5000, ' '), 512).starts_with("malformed"));
  EXPECT_EQ(understood("INFO " + std::string(60'000, 'x') + "\r\n", 512).size(), 60'006U);
  EXPECT_TRUE(understood("INFO " + std::string(70'000, 'x') + "\r\n", 512).contains("malformed"));
}

TEST(NatsProtocol, HowMuchIsMissingIsSaid) {
  Told told;
  const auto parsed = parse_operations(as_bytes("PING\r\nMSG a 1 1000\r\nabc"), told);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->taken, 6U);
  EXPECT_EQ(parsed->wanted, std::string_view("MSG a 1 1000\r\n").size() + 1002);
}

TEST(ServerInfo, IsReadAsFarAsItMakesSense) {
  const auto info = parse_server_info(
      R"({"proto":1,"headers":true,"max_payload":1000,"tls_required":true,"nonce":"n","ldm":true,)"
      R"("connect_urls":["10.0.0.1:4222","[::1]:5","no host!",7,"u:p@h:1"],"more":{"a":[1]}})");
  ASSERT_TRUE(info);
  EXPECT_EQ(info->protocol, 1);
  EXPECT_EQ(info->max_payload, 1000);
  EXPECT_TRUE(info->headers && info->tls_required && info->lame_duck && !info->tls_available);
  EXPECT_EQ(info->nonce, "n");
  ASSERT_EQ(info->cluster.size(), 2U);
  EXPECT_EQ(info->cluster[1].host, "::1");
  EXPECT_EQ(info->cluster[1].port, 5);
  const auto odd = parse_server_info(
      R"({"proto":"1","headers":1,"max_payload":18446744073709551615,"connect_urls":{},"nonce":3})");
  ASSERT_TRUE(odd);
  EXPECT_EQ(odd->max_payload, INT64_MAX);
  EXPECT_FALSE(odd->headers);
  for (const std::string text : {"", "[]", "{", "nothing", R"({"a":[[[[[[[[[[[[1]]]]]]]]]]]]})"}) {
    EXPECT_FALSE(parse_server_info(text)) << text;
  }
  EXPECT_FALSE(parse_server_info(std::string(60'000, '[')));
}

TEST(ServerErrors, WhatTheyMeanForTheConnection) {
  EXPECT_EQ(meaning_of("Authorization Violation"), ServerError::login);
  EXPECT_EQ(meaning_of("User Authentication Expired"), ServerError::login);
  EXPECT_EQ(meaning_of("Permissions Violation for Publish to \"x\""), ServerError::permission);
  EXPECT_EQ(meaning_of("maximum subscriptions exceeded"), ServerError::harmless);
  EXPECT_EQ(meaning_of("Slow Consumer"), ServerError::fatal);
  EXPECT_EQ(meaning_of("what is this"), ServerError::fatal);
}

}  // namespace
}  // namespace trellis::nats
