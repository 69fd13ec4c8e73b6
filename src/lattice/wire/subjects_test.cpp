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

}  // namespace
}  // namespace trellis::lattice
