#include "apply/plan.hpp"

#include <gtest/gtest.h>

namespace trellis::apply {
namespace {

std::string_view word_of(Action action) {
  switch (action) {
    case Action::keep: return "keep";
    case Action::set: return "set";
    case Action::start: return "start";
    case Action::scale: return "scale";
    case Action::update: return "update";
    case Action::restart: return "restart";
    case Action::stop: return "stop";
    case Action::refuse: return "refuse";
  }
  return "";
}

class Plan : public testing::Test {
 protected:
  Plan() { desired_.file = "m.yaml"; }

  WantedActor& want_actor(const std::string& key, const std::string& hash = "h1") {
    WantedActor actor;
    actor.what = key + ".wasm";
    actor.source = "/a/" + actor.what;
    actor.key = key;
    actor.hash = hash;
    actor.identity.key = key;
    actor.identity.revision = 1;
    return desired_.actors.emplace_back(std::move(actor));
  }
  WantedProvider& want_provider(const std::string& key, const std::string& source) {
    WantedProvider provider;
    provider.what = provider.source = source;
    provider.key = key;
    return desired_.providers.emplace_back(std::move(provider));
  }
  Link& want_link(const std::string& actor, const std::string& contract) {
    WantedLink link;
    link.what = actor + " -> " + contract;
    link.link = {actor, contract, "default", "V", {}};
    return desired_.links.emplace_back(std::move(link)).link;
  }
  ActorInfo& run_actor(const std::string& key, const std::string& hash = "h1") {
    ActorInfo info;
    info.identity.key = key;
    info.identity.revision = 1;
    info.source = "/a/" + key + ".wasm";
    info.hash = hash;
    return actual_.inventory.actors.emplace_back(std::move(info));
  }
  ProviderInfo& run_provider(const std::string& key, const std::string& source) {
    ProviderInfo info;
    info.key = key;
    info.link_name = "default";
    info.source = source;
    return actual_.inventory.providers.emplace_back(std::move(info));
  }
  LinkInfo& run_link(const std::string& actor, const std::string& contract) {
    LinkInfo info;
    info.link = {actor, contract, "default", "V", {}};
    return actual_.links.emplace_back(std::move(info));
  }

  /// "start actor A.wasm", with the reason in parentheses.
  std::vector<std::string> steps(bool prune = false) const {
    std::vector<std::string> texts;
    for (const auto& step : plan(desired_, actual_, managed_, {.prune = prune})) {
      texts.push_back(std::string(word_of(step.action)) + " " + std::string(to_string(step.kind)) +
                      " " + step.what + (step.reason.empty() ? "" : " (" + step.reason + ")"));
    }
    return texts;
  }
  using Texts = std::vector<std::string>;

  Desired desired_;
  Actual actual_;
  Managed managed_;
};

TEST_F(Plan, EverythingIsNewInAnEmptyHost) {
  desired_.labels["zone"] = "a";
  want_actor("A");
  want_provider("V", "builtin:httpserver");
  want_link("A", "http");
  EXPECT_EQ(steps(), (Texts{"set label zone", "start actor A.wasm",
                            "start provider builtin:httpserver", "set link A -> http"}));
}

TEST_F(Plan, NothingIsDoneWhereNothingDiffers) {
  want_actor("A");
  want_provider("V", "builtin:httpserver");
  want_link("A", "http");
  desired_.labels = {{"zone", "a"}, {"hostcore.os", "mine"}};
  actual_.inventory.labels = {{"zone", "a"}, {"hostcore.os", "linux"}};
  run_actor("A");
  run_provider("V", "builtin:httpserver");
  run_link("A", "http");
  managed_.links[slot_of(actual_.links[0].link)] = "A -> http";
  EXPECT_EQ(steps(), (Texts{"keep actor A.wasm", "keep provider builtin:httpserver",
                            "keep link A -> http"}));
  EXPECT_FALSE(plan(desired_, actual_, managed_)[0].ours) << "it was started by somebody else";
}

TEST_F(Plan, ALinkIsToldAgainTheFirstTime) {
  want_link("A", "http");
  run_link("A", "http").origin = LinkOrigin::lattice;
  const auto all = plan(desired_, actual_, managed_);
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].action, Action::set);
  EXPECT_EQ(all[0].deed, Deed::kept);
}

TEST_F(Plan, AnotherModuleIsAnUpdate) {
  want_actor("A", "h2").identity.revision = 2;
  want_actor("B", "h2");
  want_actor("C", "").identity = {};
  want_actor("D").identity.revision = 2;
  want_actor("E").identity.capabilities = {"x"};
  run_actor("D");
  run_actor("E");
  run_actor("A");
  run_actor("B");
  run_actor("C");
  EXPECT_EQ(steps(),
            (Texts{"update actor A.wasm (revision 1 -> 2)",
                   "update actor B.wasm (another module of revision 1)", "keep actor C.wasm",
                   "update actor D.wasm (revision 1 -> 2)", "update actor E.wasm (signed anew)"}));
}

TEST_F(Plan, OtherInstancesAreScaledAndOtherLimitsNeedAStart) {
  want_actor("A").options.max_instances = 4;
  want_actor("B").options.limits.memory_mb = 32;
  want_actor("C");
  auto& both = want_actor("D", "h2");
  both.identity.revision = 2;
  both.options.min_instances = 1;
  run_actor("A").options.max_instances = 2;
  run_actor("B");
  run_actor("C").options.max_instances = 2;
  run_actor("D");
  EXPECT_EQ(steps(), (Texts{"scale actor A.wasm (instances)", "restart actor B.wasm (limits)",
                            "restart actor C.wasm (instances)",
                            "restart actor D.wasm (revision 1 -> 2, instances)"}))
      << "only a start goes back to the default";
}

TEST_F(Plan, AProviderOfAnotherSourceOrModeIsStartedAgain) {
  want_provider("V", "r.example/http:2");
  want_provider("W", "./w.so").mode = ProviderMode::process;
  run_provider("V", "r.example/http:1");
  run_provider("W", "./w.so");
  EXPECT_EQ(steps(), (Texts{"restart provider r.example/http:2 (r.example/http:1 -> "
                            "r.example/http:2)",
                            "restart provider ./w.so (mode auto -> process)"}));
}

TEST_F(Plan, ReasonsOfLinksNameValuesAndNotWhatTheyHold) {
  want_link("A", "http").values = {{"PORT", "2"}, {"PASSWORD", "s3cret"}, {"SAME", "x"}};
  run_link("A", "http").link.values = {{"PORT", "1"}, {"GONE", "y"}, {"SAME", "x"}};
  want_link("A", "kv");
  run_link("A", "kv").link.provider_id = "W";
  EXPECT_EQ(steps(),
            (Texts{"set link A -> http (PASSWORD, PORT, GONE)", "set link A -> kv (provider)"}));
}

TEST_F(Plan, WhatIsGoneIsUnlinkedBeforeAndStoppedAfterTheRest) {
  run_actor("A");
  run_provider("V", "builtin:httpserver");
  run_link("A", "http");
  managed_.actors["A"] = "a.wasm";
  managed_.providers[{"V", "default"}] = "builtin:httpserver";
  managed_.links[slot_of(actual_.links[0].link)] = "a.wasm -> http";
  managed_.labels["zone"] = "a";
  want_link("B", "http");
  EXPECT_EQ(steps(), (Texts{"refuse label zone", "stop link a.wasm -> http", "set link B -> http",
                            "stop provider builtin:httpserver", "stop actor a.wasm"}));
}

TEST_F(Plan, WhatOthersBroughtStaysUnlessPruned) {
  run_actor("A");
  run_provider("V", "builtin:httpserver");
  run_provider("VX", "builtin:extras").of_host = true;
  run_link("A", "http");
  EXPECT_EQ(steps(), Texts{});
  EXPECT_EQ(steps(true), (Texts{"stop link A -> V (http)", "stop provider builtin:httpserver",
                                "stop actor /a/A.wasm"}));
}

}  // namespace
}  // namespace trellis::apply
