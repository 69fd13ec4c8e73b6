// Options with which no host starts, and those that nobody gave.
#include "host/lifecycle/check_options.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.hpp"

namespace trellis::host {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;

TEST(CheckOptions, TheDefaultsAreSensibleAndThoseOfTheLimits) {
  const HostOptions usual;
  EXPECT_TRUE(check_options(usual));
  EXPECT_EQ(usual.call_timeout, limits::call_timeout);
  EXPECT_EQ(usual.stop_timeout, limits::stop_timeout);
  EXPECT_EQ(usual.pool_waiters, limits::pool_waiters);
  EXPECT_EQ(usual.payload_bytes, limits::payload_bytes);
  EXPECT_EQ(usual.memory_mb, limits::memory_pages / 16);
  EXPECT_EQ(usual.provider_process.memory_mb, limits::provider_process_mb);
}

TEST(CheckOptions, WhatIsNotMoreThanZeroIsRefusedByName) {
  const auto refusal = [](auto&& change) {
    HostOptions options;
    change(options);
    const auto checked = check_options(options);
    return checked ? std::string("accepted") : checked.error().message;
  };
  EXPECT_THAT(refusal([](auto& o) { o.call_timeout = milliseconds(0); }),
              HasSubstr("HostOptions::call_timeout is not more than 0"));
  EXPECT_THAT(refusal([](auto& o) { o.stop_timeout = milliseconds(-1); }),
              HasSubstr("HostOptions::stop_timeout"));
  EXPECT_THAT(refusal([](auto& o) { o.max_instances = 0; }), HasSubstr("max_instances"));
  EXPECT_THAT(refusal([](auto& o) { o.worker_threads = 0; }), HasSubstr("worker_threads"));
  EXPECT_THAT(refusal([](auto& o) { o.memory_budget_bytes = 0; }),
              HasSubstr("memory_budget_bytes"));
  EXPECT_THAT(refusal([](auto& o) { o.provider_process.open_files = 0; }),
              HasSubstr("provider_process.open_files"));
  EXPECT_THAT(refusal([](auto& o) { o.registry.timeout = milliseconds(0); }),
              HasSubstr("registry.timeout"));
  EXPECT_EQ(refusal([](auto& o) { o.max_instances = 1; }), "accepted");
}

TEST(CheckOptions, AnIssuerIsAnAccount) {
  HostOptions options;
  options.allowed_issuers = {"somebody"};
  const auto checked = check_options(options);
  ASSERT_FALSE(checked);
  EXPECT_THAT(checked.error().message, HasSubstr("'somebody' is no account's public key"));
}

}  // namespace
}  // namespace trellis::host
