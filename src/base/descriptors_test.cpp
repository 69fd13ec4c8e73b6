#include "base/descriptors.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>

#include "base/limits.hpp"

namespace trellis {
namespace {

/// Puts the limit of the process back.
class DescriptorLimit {
 public:
  explicit DescriptorLimit(rlim_t soft) {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    rlimit changed = before_;
    changed.rlim_cur = soft;
    ::setrlimit(RLIMIT_NOFILE, &changed);
  }
  ~DescriptorLimit() { ::setrlimit(RLIMIT_NOFILE, &before_); }
  DescriptorLimit(const DescriptorLimit&) = delete;
  DescriptorLimit& operator=(const DescriptorLimit&) = delete;
  [[nodiscard]] rlim_t hard() const noexcept { return before_.rlim_max; }

 private:
  rlimit before_{};
};

TEST(Descriptors, TheSoftLimitIsRaisedToTheHardOne) {
  const DescriptorLimit limit(100);
  const auto raised = raise_descriptor_limit();
  EXPECT_EQ(raised.before, 100U);
  EXPECT_EQ(raised.now, std::min<rlim_t>(limit.hard(), limits::descriptors));
  EXPECT_EQ(raise_descriptor_limit().before, raised.now);
}

TEST(Descriptors, TheLastOnesAreReserved) {
  const DescriptorLimit limit(1000);
  EXPECT_FALSE(is_reserved_descriptor(-1));
  EXPECT_FALSE(is_reserved_descriptor(871));
  EXPECT_TRUE(is_reserved_descriptor(872));
}

TEST(Descriptors, TheNextOneTells) {
  {
    const DescriptorLimit limit(1000);
    EXPECT_FALSE(is_short_of_descriptors());
  }
  const DescriptorLimit limit(4);
  EXPECT_TRUE(is_short_of_descriptors());
}

TEST(Descriptors, OfFewAQuarterIsReserved) {
  const DescriptorLimit limit(100);
  EXPECT_FALSE(is_reserved_descriptor(74));
  EXPECT_TRUE(is_reserved_descriptor(75));
}

}  // namespace
}  // namespace trellis
