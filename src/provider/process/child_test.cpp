#include "provider/process/child.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

namespace trellis::provider::process {
namespace {

/// The lowest descriptor that is free.
int next_descriptor() {
  const int fd = ::dup(STDERR_FILENO);
  ::close(fd);
  return fd;
}

TEST(Child, WithoutDescriptorsItFailsAndLeavesNoProcess) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  int started = 0;
  int failed = 0;
  // With each number of free descriptors another step of the start is the one that gets none.
  for (int extra = 0; extra < 30; ++extra) {
    rlimit few = before;
    few.rlim_cur = static_cast<rlim_t>(next_descriptor() + extra);
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
    {
      auto child = Child::start({"/bin/sleep", {"1000"}});
      child ? ++started : ++failed;
      EXPECT_TRUE(child || !child.error().remedy.empty());
    }
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
    EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "with " << extra << " descriptors";
    EXPECT_EQ(errno, ECHILD);
  }
  EXPECT_GT(started, 0);
  EXPECT_GT(failed, 0);
}

}  // namespace
}  // namespace trellis::provider::process
