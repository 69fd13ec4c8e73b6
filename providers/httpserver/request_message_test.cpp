// The Request message that an actor gets, byte by byte and through the decoder.
#include "providers/httpserver/request_message.hpp"

#include <gtest/gtest.h>

#include <string>

#include "base/text.hpp"
#include "codec/message.hpp"

namespace trellis::providers::httpserver {
namespace {

using codec::httpserver::Request;

void fill_put(RequestHead& head, const RequestHead::Framing& framing) {
  ASSERT_TRUE(head.set_request_line("PUT", "/p?q=1", 11));
  head.add("Host", "h");
  head.add("A", "1");
  head.add("a", "2");
  head.finish(framing);
}

TEST(EncodeRequest, EverythingButTheBody) {
  RequestHead head;
  fill_put(head, {.length = 2});
  Bytes out;
  encode_request(head, "/other", 2, out);
  const std::string expected =
      "\x85"
      "\xa6method\xa3PUT"
      "\xa4path\xa6/other"
      "\xabqueryString\xa3q=1"
      "\xa6header\x82\xa4host\xa1h\xa1"
      "a\xa4"
      "1, 2"
      "\xa4"
      "body\xc4\x02";
  EXPECT_EQ(to_hex_lower(out), to_hex_lower(to_bytes(expected)));
}

Request decoded_request(const RequestMessage& message) {
  auto request = codec::decode<Request>(message.bytes());
  EXPECT_TRUE(request) << request.error().message;
  return request ? std::move(*request) : Request{};
}

TEST(RequestMessage, ABodyOfKnownLengthGoesBehindTheHead) {
  RequestHead head;
  fill_put(head, {.length = 5});
  RequestMessage message(nullptr);
  message.begin(head, "/p");
  const auto before = message.bytes().size();
  EXPECT_TRUE(message.append("he") && message.append("llo"));
  EXPECT_EQ(message.bytes().size(), before + 5) << "straight to its place";
  message.finish();
  const auto request = decoded_request(message);
  EXPECT_EQ(request.method, "PUT");
  EXPECT_EQ(request.path, "/p");
  EXPECT_EQ(request.query_string, "q=1");
  EXPECT_EQ(request.header.at("a"), "1, 2");
  EXPECT_EQ(as_text(request.body), "hello");
}

TEST(RequestMessage, AChunkedBodyIsThereInTheEnd) {
  RequestHead head;
  fill_put(head, {.chunked = true});
  RequestMessage message(nullptr);
  message.begin(head, "/p");
  EXPECT_TRUE(message.append("he") && message.append("llo"));
  message.finish();
  EXPECT_EQ(as_text(decoded_request(message).body), "hello");
}

TEST(RequestMessage, NothingOfTheRequestBeforeIsLeft) {
  RequestMessage message(nullptr);
  for (const bool chunked : {true, false, true}) {
    RequestHead head;
    fill_put(head, {.length = chunked ? 0U : 2U, .chunked = chunked});
    message.begin(head, "/p");
    EXPECT_TRUE(message.append("ab"));
    message.finish();
    EXPECT_EQ(as_text(decoded_request(message).body), "ab");
    message.clear();
  }
}

/// Counts what is held.
struct CountedMemory final : MemorySource {
  bool reserve(std::size_t bytes) noexcept override {
    if (held + bytes > most) return false;
    held += bytes;
    return true;
  }
  void release(std::size_t bytes) noexcept override { held -= bytes; }
  std::size_t most = 500'000;
  std::size_t held = 0;
};

TEST(RequestMessage, WhatIsKeptIsCountedBefore) {
  CountedMemory memory;
  RequestMessage message(&memory);
  const std::string piece(1000, 'x');
  for (const bool chunked : {false, true}) {
    RequestHead head;
    fill_put(head, {.length = chunked ? 0U : 1'000'000U, .chunked = chunked});
    message.begin(head, "/p");
    std::size_t taken = 0;
    while (message.append(piece)) {
      taken += piece.size();
      // A chunked body is kept twice in the end.
      EXPECT_GE(memory.held + 16 * 1024, chunked ? 2 * taken : taken);
    }
    EXPECT_GT(taken, chunked ? 100'000U : 200'000U);
    EXPECT_LE(memory.held, memory.most);
    message.clear();
    EXPECT_EQ(memory.held, 0U);
  }
}

}  // namespace
}  // namespace trellis::providers::httpserver
