#include "admin/socket/frame.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <thread>

#include "base/descriptor.hpp"

namespace trellis::admin {
namespace {

using namespace std::chrono_literals;

class Frame : public testing::Test {
 protected:
  void SetUp() override {
    int pair[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    here_ = Descriptor(pair[0]);
    there_ = Descriptor(pair[1]);
  }
  void send(std::string_view raw) const {
    ASSERT_EQ(::send(there_.get(), raw.data(), raw.size(), 0), static_cast<ssize_t>(raw.size()));
  }
  [[nodiscard]] Result<std::optional<std::string>> read(
      std::chrono::milliseconds whole = 10s) const {
    return read_frame(here_.get(), {1000, 10s, whole});
  }

  Descriptor here_;
  Descriptor there_;
};

TEST_F(Frame, ComesThroughInPiecesLargerThanTheSocketBuffer) {
  const std::string content(5'000'000, 'x');
  std::thread writer([&] { EXPECT_TRUE(write_frame(there_.get(), content, 10s)); });
  const auto got = read_frame(here_.get(), {content.size(), 10s, 10s});
  writer.join();
  ASSERT_TRUE(got);
  EXPECT_EQ(*got, content);
}

TEST_F(Frame, LengthIsBigEndian) {
  send(std::string_view("\0\0\0\2hi", 6));
  const auto got = read();
  ASSERT_TRUE(got);
  EXPECT_EQ(*got, "hi");
}

TEST_F(Frame, EndOfStreamIsNothing) {
  there_ = Descriptor();
  const auto got = read();
  ASSERT_TRUE(got);
  EXPECT_FALSE(*got);
}

TEST_F(Frame, SilenceIsNothing) {
  const auto got = read_frame(here_.get(), {1000, 1ms, 10s});
  ASSERT_TRUE(got);
  EXPECT_FALSE(*got);
}

TEST_F(Frame, EndInsideAFrameIsAnError) {
  send(std::string_view("\0\0\0\5hi", 6));
  there_ = Descriptor();
  const auto got = read();
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, ErrorCode::malformed);
}

TEST_F(Frame, AnUnfinishedFrameRunsIntoItsDeadline) {
  send(std::string_view("\0\0\0\5hi", 6));
  const auto got = read(5ms);
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, ErrorCode::deadline);
}

TEST_F(Frame, LengthsOutOfBoundsAreRefusedUnread) {
  for (const std::string_view header :
       {std::string_view("\0\0\0\0", 4), std::string_view("\0\0\x03\xe9", 4),
        std::string_view("\xff\xff\xff\xff", 4)}) {
    send(header);
    const auto got = read();
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().code, ErrorCode::limit);
  }
}

TEST_F(Frame, WritingToSomebodyWhoDoesNotReadEnds) {
  const auto sent = write_frame(there_.get(), std::string(5'000'000, 'x'), 5ms);
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().code, ErrorCode::deadline);
}

TEST_F(Frame, WritingToSomebodyWhoIsGoneIsAnErrorAndNoSignal) {
  here_ = Descriptor();
  const auto sent = write_frame(there_.get(), "x", 10s);
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().code, ErrorCode::unavailable);
}

}  // namespace
}  // namespace trellis::admin
