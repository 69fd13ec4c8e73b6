// The stream between host and provider's process: whole frames whatever the pieces they come in.
#include "provider/process/frame.hpp"

#include <gmock/gmock.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <thread>

#include "base/call_limits.hpp"
#include "base/descriptor.hpp"
#include "base/text.hpp"
#include "provider/process/frame_writer.hpp"

namespace trellis::provider::process {
namespace {

using namespace std::chrono_literals;

class FrameStream : public ::testing::Test {
 protected:
  FrameStream() {
    std::array<int, 2> ends{};
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
    near_ = Descriptor(ends[0]);
    far_ = Descriptor(ends[1]);
  }
  static Bytes bytes_of(const FrameView& frame) {
    const auto head = head_of(frame);
    Bytes all(sizeof head);
    std::memcpy(all.data(), &head, sizeof head);
    for (const auto part : {as_bytes(frame.first), as_bytes(frame.second), frame.payload}) {
      all.insert(all.end(), part.begin(), part.end());
    }
    return all;
  }
  void put(ByteView bytes) const {
    ASSERT_EQ(::send(far_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }
  static FrameView sample(ByteView payload) {
    FrameView frame{.kind = FrameKind::call, .depth = 3, .number = 7, .parent = 5};
    frame.deadline = SteadyTime(123456789ns);
    frame.first = "MACTOR";
    frame.second = "Get";
    frame.payload = payload;
    return frame;
  }
  static void expect_sample(const Frame& frame, ByteView payload) {
    EXPECT_EQ(frame.kind, FrameKind::call);
    EXPECT_EQ(frame.depth, 3U);
    EXPECT_EQ(frame.number, 7U);
    EXPECT_EQ(frame.parent, 5U);
    EXPECT_EQ(frame.deadline, SteadyTime(123456789ns));
    EXPECT_EQ(frame.first, "MACTOR");
    EXPECT_EQ(frame.second, "Get");
    EXPECT_EQ(frame.payload, to_bytes(payload));
  }

  Descriptor near_;
  Descriptor far_;
  const SystemClock clock_;
};

TEST_F(FrameStream, ArrivesWholeHoweverItIsCut) {
  const auto payload = to_bytes(std::string_view("key and value"));
  const auto bytes = bytes_of(sample(payload));
  for (std::size_t cut = 1; cut < bytes.size(); ++cut) {
    FrameReader reader(near_.get(), 1000);
    Frame frame;
    put(ByteView(bytes).first(cut));
    auto early = reader.next(frame, FrameReader::Wait::no);
    ASSERT_TRUE(early && !*early) << cut;
    put(ByteView(bytes).subspan(cut));
    auto whole = reader.next(frame, FrameReader::Wait::no);
    ASSERT_TRUE(whole && *whole) << cut;
    expect_sample(frame, payload);
  }
}

TEST_F(FrameStream, ManyInOnePiece) {
  Bytes all;
  for (int i = 0; i < 500; ++i) {
    const auto one = bytes_of(sample(to_bytes(std::to_string(i))));
    all.insert(all.end(), one.begin(), one.end());
  }
  put(all);
  FrameReader reader(near_.get(), 1000);
  Frame frame;
  for (int i = 0; i < 500; ++i) {
    const auto got = reader.next(frame, FrameReader::Wait::no);
    ASSERT_TRUE(got && *got) << i;
    EXPECT_EQ(as_text(frame.payload), std::to_string(i));
  }
  const auto none = reader.next(frame, FrameReader::Wait::no);
  EXPECT_TRUE(none && !*none);
}

TEST_F(FrameStream, LongerThanEveryBuffer) {
  Bytes payload(3 * limits::mib);
  for (std::size_t i = 0; i < payload.size(); ++i) payload[i] = static_cast<std::uint8_t>(i * 31);
  FrameWriter writer(far_.get(), clock_);
  std::thread sender([&] {
    for (int i = 0; i < 3; ++i) {
      const auto sent = writer.write(sample(payload), clock_.steady() + 30s);
      EXPECT_TRUE(sent && *sent == FrameWriter::Sent::whole);
    }
  });
  FrameReader reader(near_.get(), limits::payload_bytes);
  for (int i = 0; i < 3; ++i) {
    Frame frame;
    const auto got = reader.next(frame, FrameReader::Wait::yes);
    ASSERT_TRUE(got && *got);
    expect_sample(frame, payload);
  }
  sender.join();
}

TEST_F(FrameStream, WhatDoesNotFitInTimeIsKeptAndGoesFirst) {
  const Bytes payload(4 * limits::mib, 9);
  FrameWriter writer(far_.get(), clock_);
  const auto first = writer.write(sample(payload), clock_.steady() + 20ms);
  ASSERT_TRUE(first && *first == FrameWriter::Sent::kept);
  EXPECT_TRUE(writer.has_kept());
  const auto second = writer.write(sample({}), clock_.steady() + 20ms);
  ASSERT_TRUE(second && *second == FrameWriter::Sent::nothing);

  std::thread reading([&] {
    FrameReader reader(near_.get(), limits::payload_bytes);
    Frame frame;
    ASSERT_TRUE(reader.next(frame, FrameReader::Wait::yes));
    expect_sample(frame, payload);
    ASSERT_TRUE(reader.next(frame, FrameReader::Wait::yes));
    expect_sample(frame, {});
  });
  const auto third = writer.write(sample({}), clock_.steady() + 30s);
  EXPECT_TRUE(third && *third == FrameWriter::Sent::whole);
  reading.join();
  EXPECT_FALSE(writer.has_kept());
}

TEST_F(FrameStream, KeepsNoMoreThanAllowed) {
  const Bytes payload(1 * limits::mib, 9);
  FrameWriter writer(far_.get(), clock_);
  Result<FrameWriter::Sent> sent;
  for (int i = 0; i < 8 && sent; ++i) sent = writer.write_or_keep(sample(payload), 3 * limits::mib);
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().code, ErrorCode::limit);
}

TEST_F(FrameStream, RefusesWhatMakesNoSense) {
  const auto refused = [&](auto change) {
    auto head = head_of(sample({}));
    change(head);
    Bytes bytes(sizeof head);
    std::memcpy(bytes.data(), &head, sizeof head);
    put(bytes);
    FrameReader reader(near_.get(), 1000);
    Frame frame;
    const auto got = reader.next(frame, FrameReader::Wait::no);
    EXPECT_FALSE(got);
    return got ? std::string() : got.error().message;
  };
  EXPECT_THAT(refused([](auto& head) { head.kind = 0; }), ::testing::HasSubstr("no kind 0"));
  EXPECT_THAT(refused([](auto& head) { head.kind = 8; }), ::testing::HasSubstr("no kind 8"));
  EXPECT_THAT(refused([](auto& head) { head.payload_size = 1001; }),
              ::testing::HasSubstr("1001 bytes; 1000"));
  EXPECT_THAT(refused([](auto& head) { head.first_size = 257; }), ::testing::HasSubstr("name"));
  EXPECT_THAT(refused([](auto& head) { head.second_size = 65535; }), ::testing::HasSubstr("name"));
}

TEST_F(FrameStream, TheEndIsAnError) {
  FrameReader reader(near_.get(), 1000);
  Frame frame;
  ::shutdown(far_.get(), SHUT_RDWR);
  const auto got = reader.next(frame, FrameReader::Wait::yes);
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, ErrorCode::cancelled);
}

}  // namespace
}  // namespace trellis::provider::process
