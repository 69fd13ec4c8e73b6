#include "lattice/wire/subjects.hpp"

#include <gtest/gtest.h>

namespace trellis::lattice {
namespace {

TEST(Answers, NeverGoToSubjectsOfTheProtocol) {
  auto subjects = *Subjects::make("default");
  subjects.reserve("my.cache");
  for (const auto* reply :
       {"_INBOX.abc.1", "answers", "wasmbusiness.1", "my.cached", "trellis_x"}) {
    EXPECT_TRUE(subjects.may_answer(reply)) << reply;
  }
  for (const auto* reply : {"wasmbus", "wasmbus.ctl.default.cmd.N.la", "wasmbus.rpc.other.claims",
                            "trellis.ctl.default.N.stop", "lattice.state.events", "my.cache",
                            "my.cache.trellis.sync"}) {
    EXPECT_FALSE(subjects.may_answer(reply)) << reply;
  }
}

TEST(Reach, OfPatternsIsWhatTheyCanMatch) {
  for (const auto* pattern : {">", "*", "a", "a.b", "a.>", "*.b", "*.>", "a.*.c"}) {
    EXPECT_TRUE(reaches(pattern, "a")) << pattern;
  }
  for (const auto* pattern : {"b", "ab", "b.a", "b.>"}) EXPECT_FALSE(reaches(pattern, "a"));
  for (const auto* pattern : {"a.b", "a.b.c", "*.b.c", "a.*", "a.>", "*.*.x", ">"}) {
    EXPECT_TRUE(reaches(pattern, "a.b")) << pattern;
  }
  for (const auto* pattern : {"a", "*", "a.c", "b.b", "*.c"}) {
    EXPECT_FALSE(reaches(pattern, "a.b")) << pattern;
  }
}

TEST(Reach, OfTheProtocol) {
  const std::vector<std::string> reserved = {"my.cache"};
  for (const auto* subject : {"wasmbus", "wasmbus.ctl.default.cmd.N.la", "*.ctl.>", ">", "*", "*.*",
                              "trellis.x", "lattice.state.events", "lattice.>", "my.cache", "my.*",
                              "my.cache.sync", "*.cache", "$JS.API.STREAM.CREATE.x", "$JS.>",
                              "$SYS.REQ.SERVER.PING", "_INBOX.>", "_INBOX.*", "_INBOX.a.*"}) {
    EXPECT_TRUE(reaches_protocol(subject, reserved)) << subject;
  }
  for (const auto* subject : {"orders.new", "orders.*", "orders.>", "_INBOX.abc.1", "wasmbusiness",
                              "wasmbusiness.>", "my.other", "$JS.ACK.x", "$KV.bucket.key"}) {
    EXPECT_FALSE(reaches_protocol(subject, reserved)) << subject;
  }
}

}  // namespace
}  // namespace trellis::lattice
