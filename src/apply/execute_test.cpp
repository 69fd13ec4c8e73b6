#include "apply/execute.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <mutex>

#include "apply/fake_target_fixture.hpp"

namespace trellis::apply {
namespace {

using Texts = std::vector<std::string>;

Step actor_step(Action action, const std::string& key) {
  Step step;
  step.kind = ItemKind::actor;
  step.action = action;
  step.deed = action == Action::stop ? Deed::stopped : Deed::started;
  step.what = step.where = key + ".wasm";
  step.key = key;
  step.actor.source = "/" + key;
  step.source_before = "/old-" + key;
  return step;
}

Step link_step(Action action, const std::string& actor) {
  Step step;
  step.kind = ItemKind::link;
  step.action = action;
  step.what = actor;
  step.link = {actor, "c", "default", "V", {}};
  return step;
}

class Execute : public testing::Test {
 protected:
  ApplyReport run(const std::vector<Step>& steps) { return execute(target_, steps, managed_); }

  FakeTarget target_;
  Managed managed_;
};

TEST_F(Execute, DoesTheStepsAndRemembersWhatIsOurs) {
  auto kept = actor_step(Action::keep, "K");
  kept.ours = false;
  Step label{.kind = ItemKind::label, .action = Action::set, .what = "zone", .where = {}};
  label.label_value = "a";
  const auto report =
      run({label, actor_step(Action::start, "A"), kept, link_step(Action::set, "A")});
  EXPECT_EQ(target_.log, (Texts{"label zone=a", "start /A", "link A"}));
  EXPECT_EQ(target_.last_options.source, "/A");
  EXPECT_EQ(report.failures(), 0U);
  EXPECT_EQ(managed_.actors, (std::map<std::string, std::string>{{"KEY-/A", "A.wasm"}}));
  EXPECT_EQ(managed_.links.size(), 1U);
  EXPECT_EQ(managed_.labels.at("zone"), "a");
}

TEST_F(Execute, AnUpdateThatIsNotPermittedIsAStopAndAStart) {
  EXPECT_EQ(run({actor_step(Action::update, "A")}).failures(), 0U);
  EXPECT_EQ(target_.log, (Texts{"update A /A"}));
  target_.log.clear();
  target_.failures["update A /A"] = {ErrorCode::denied, "not enabled", ""};
  EXPECT_EQ(run({actor_step(Action::update, "A")}).failures(), 0U);
  EXPECT_EQ(target_.log, (Texts{"update A /A", "stop A", "start /A"}));
}

TEST_F(Execute, TheEarlierOneComesBackWhenTheNewOneDoesNotStart) {
  target_.failures["start /A"] = {ErrorCode::guest_failed, "traps", "mend it"};
  const auto report = run({actor_step(Action::restart, "A")});
  EXPECT_EQ(target_.log, (Texts{"stop A", "start /A", "start /old-A"}));
  EXPECT_EQ(report.items[0].problem, "traps");
  EXPECT_EQ(report.items[0].remedy, "mend it");
}

TEST_F(Execute, NothingIsTakenAwayWhileSomethingNewFails) {
  managed_.actors["B"] = "B.wasm";
  target_.failures["start /A"] = {ErrorCode::denied, "no", ""};
  const auto report = run({actor_step(Action::start, "A"), link_step(Action::stop, "B"),
                           actor_step(Action::stop, "B")});
  EXPECT_EQ(target_.log, (Texts{"start /A"}));
  EXPECT_EQ(report.failures(), 3U);
  EXPECT_TRUE(managed_.actors.contains("B")) << "it is tried again the next time";
  target_.failures.clear();
  EXPECT_EQ(run({actor_step(Action::stop, "B")}).failures(), 0U);
  EXPECT_FALSE(managed_.actors.contains("B"));
}

TEST_F(Execute, ALabelThatIsGoneNeedsARestart) {
  Step label{.kind = ItemKind::label, .action = Action::refuse, .what = "rack", .where = {}};
  EXPECT_EQ(run({label}).items[0].remedy, "restart the host");
}

TEST_F(Execute, CancellingLeavesTheRest) {
  int asked = 0;
  const auto report =
      execute(target_, {actor_step(Action::start, "A"), actor_step(Action::start, "B")}, managed_,
              [&] { return ++asked > 1; });
  EXPECT_TRUE(report.cancelled);
  EXPECT_EQ(report.items.size(), 1U);
}

/// Two starts, each of which waits for the other.
class Meeting final : public FakeTarget {
 public:
  std::size_t starts_at_once() const override { return 2; }
  Result<std::string> start_actor(const std::string& reference, ActorOptions) override {
    std::unique_lock lock(mutex_);
    ++there_;
    all_.notify_all();
    if (!all_.wait_for(lock, std::chrono::seconds(20), [this] { return there_ >= 2; })) {
      return fail(ErrorCode::deadline, "was alone");
    }
    return "KEY-" + reference;
  }

 private:
  std::mutex mutex_;
  std::condition_variable all_;
  int there_ = 0;
};

TEST_F(Execute, ActorsStartAtOneTimeAndAreReportedInTheirOrder) {
  Meeting target;
  const auto report = execute(target,
                              {actor_step(Action::start, "A"), actor_step(Action::start, "B"),
                               link_step(Action::set, "A"), actor_step(Action::start, "C")},
                              managed_);
  ASSERT_EQ(report.failures(), 0U) << report.items[0].problem;
  Texts keys;
  for (const auto& item : report.items) keys.push_back(item.key);
  EXPECT_EQ(keys, (Texts{"KEY-/A", "KEY-/B", "", "KEY-/C"}));
  EXPECT_EQ(target.log, (Texts{"link A"}));
}

TEST_F(Execute, APreviewDoesNothing) {
  const auto report = preview({actor_step(Action::start, "A")});
  EXPECT_TRUE(report.untouched);
  EXPECT_EQ(report.items[0].deed, Deed::started);
  EXPECT_EQ(target_.log, Texts{});
}

}  // namespace
}  // namespace trellis::apply
