#include "wapc/test_support.hpp"

namespace trellis::wapc {
namespace {

using namespace testing;

TEST(GuestCall, AnswersWithItsPayload) {
  const auto module = compile("echo");
  on_guest_thread([&] {
    RecordingHost host;
    auto guest = instantiate(*module, host);
    for (int i = 0; i < 100; ++i) {
      const auto answer = guest->call("Echo", as_bytes("hello"), host, in(seconds(5)));
      ASSERT_TRUE(answer.has_value()) << answer.error().message;
      EXPECT_EQ(as_text(*answer), "hello");
      guest->idle();
    }
    EXPECT_TRUE(guest->usable());
  });
}

}  // namespace
}  // namespace trellis::wapc
