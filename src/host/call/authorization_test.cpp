#include "host/call/authorization.hpp"

#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <vector>

namespace trellis::host {

void PrintTo(Verdict verdict, std::ostream* out) {
  *out << reason_of(verdict);
}

namespace {

constexpr auto actor = EntityKind::actor;
constexpr auto provider = EntityKind::provider;
constexpr auto system_ = EntityKind::system;
constexpr auto here = CallPlace::here;
constexpr auto lattice = CallPlace::lattice;

/// One row of host.md 6.2, or one of its "further" sentences.
struct Row {
  const char* name;
  CallFacts facts;
  CallPolicy policy;
  Verdict verdict;
};

CallFacts to_provider(CallPlace made, bool lists) {
  return {.made = made,
          .origin = actor,
          .target = provider,
          .origin_known = true,
          .origin_has_list = true,
          .origin_lists_contract = lists};
}

CallFacts to_actor(CallPlace made, bool has_list) {
  return {.made = made,
          .origin = actor,
          .target = actor,
          .origin_known = true,
          .origin_has_list = has_list,
          .target_here = true};
}

CallFacts unknown_to(EntityKind target, CallPlace made) {
  return {.made = made, .origin = actor, .target = target, .target_here = true};
}

CallFacts from_provider(CallPlace made, bool listed) {
  return {.made = made,
          .origin = provider,
          .target = actor,
          .target_here = true,
          .target_lists_contract = listed};
}

CallFacts from_system(EntityKind target, CallPlace made) {
  return {.made = made, .origin = system_, .target = target, .target_here = true};
}

template <class Change>
CallFacts with(CallFacts facts, Change change) {
  change(facts);
  return facts;
}

const auto expired_origin = [](CallFacts& facts) { facts.origin_expired = true; };
const auto expired_target = [](CallFacts& facts) { facts.target_expired = true; };
const auto elsewhere = [](CallFacts& facts) { facts.target_here = false; };

const std::vector<Row>& rows() {
  static const std::vector<Row> table = {
      // actor → provider, made here
      {"ListedContract", to_provider(here, true), {}, Verdict::allowed},
      {"ContractNotListed", to_provider(here, false), {}, Verdict::origin_lacks_contract},
      {"ExpiredCallsProvider",
       with(to_provider(here, true), expired_origin),
       {},
       Verdict::origin_expired},
      // actor → actor, made here
      {"ListMayBeEmpty", to_actor(here, true), {}, Verdict::allowed},
      {"NoList", to_actor(here, false), {}, Verdict::origin_has_no_list},
      {"NoListAndTargetElsewhere",
       with(to_actor(here, false), elsewhere),
       {},
       Verdict::origin_has_no_list},
      {"ExpiredCallsActor",
       with(to_actor(here, true), expired_origin),
       {},
       Verdict::origin_expired},
      // actor with unknown claims, made here
      {"UnknownHereToActor", unknown_to(actor, here), {}, Verdict::origin_unknown},
      {"UnknownHereToProvider", unknown_to(provider, here), {}, Verdict::origin_unknown},
      // provider → actor, made here or inbound
      {"ProviderListed", from_provider(here, true), {}, Verdict::allowed},
      {"ProviderNotListed", from_provider(here, false), {}, Verdict::provider_not_listed},
      {"ProviderNotListedUnchecked",
       from_provider(here, false),
       {.check_provider_to_actor = false},
       Verdict::allowed},
      {"ProviderListedInbound", from_provider(lattice, true), {}, Verdict::allowed},
      {"ProviderNotListedInbound", from_provider(lattice, false), {}, Verdict::provider_not_listed},
      {"ProviderNotListedInboundUnchecked",
       from_provider(lattice, false),
       {.check_provider_to_actor = false},
       Verdict::allowed},
      {"ProviderToActorElsewhere",
       with(from_provider(here, false), elsewhere),
       {},
       Verdict::allowed},
      {"ProviderToProvider",
       {.made = lattice, .origin = provider, .target = provider},
       {},
       Verdict::provider_to_provider},
      // system → actor, system → provider
      {"SystemToActor", from_system(actor, here), {}, Verdict::allowed},
      {"SystemToActorInbound", from_system(actor, lattice), {}, Verdict::allowed},
      {"SystemToProviderInbound", from_system(provider, lattice), {}, Verdict::system_to_provider},
      {"SystemToProviderHere", from_system(provider, here), {}, Verdict::allowed},
      // inbound, origin actor known
      {"KnownInboundListed", to_provider(lattice, true), {}, Verdict::allowed},
      {"KnownInboundNotListed", to_provider(lattice, false), {}, Verdict::origin_lacks_contract},
      {"KnownInboundToActor", to_actor(lattice, true), {}, Verdict::allowed},
      {"KnownInboundNoList", to_actor(lattice, false), {}, Verdict::origin_has_no_list},
      {"KnownInboundExpired",
       with(to_actor(lattice, true), expired_origin),
       {},
       Verdict::origin_expired},
      {"KnownInboundExpiredToProvider",
       with(to_provider(lattice, true), expired_origin),
       {},
       Verdict::origin_expired},
      // inbound, origin actor unknown
      {"UnknownInbound", unknown_to(actor, lattice), {}, Verdict::allowed},
      {"UnknownInboundToProvider", unknown_to(provider, lattice), {}, Verdict::allowed},
      {"UnknownInboundStrict",
       unknown_to(actor, lattice),
       {.deny_unknown_origins = true},
       Verdict::origin_unknown},
      {"UnknownInboundToProviderStrict",
       unknown_to(provider, lattice),
       {.deny_unknown_origins = true},
       Verdict::origin_unknown},
      // expiry at call time, of the target
      {"TargetExpiredForActor",
       with(to_actor(here, true), expired_target),
       {},
       Verdict::target_expired},
      {"TargetExpiredForProvider",
       with(from_provider(here, true), expired_target),
       {},
       Verdict::target_expired},
      {"TargetExpiredForSystem",
       with(from_system(actor, here), expired_target),
       {},
       Verdict::target_expired},
      {"TargetExpiredInbound",
       with(unknown_to(actor, lattice), expired_target),
       {},
       Verdict::target_expired},
  };
  return table;
}

class Authorization : public testing::TestWithParam<Row> {};

TEST_P(Authorization, IsAsTheTableSays) {
  EXPECT_EQ(authorize(GetParam().facts, GetParam().policy), GetParam().verdict);
}

INSTANTIATE_TEST_SUITE_P(HostMd62, Authorization, testing::ValuesIn(rows()),
                         [](const auto& each) { return std::string(each.param.name); });

/// All facts and policies there are.
template <class Check>
void for_each_case(Check check) {
  constexpr unsigned flags = 9;
  for (unsigned bits = 0; bits < 1U << flags; ++bits) {
    const auto bit = [&](unsigned place) { return (bits >> place & 1U) != 0; };
    for (const auto made : {here, lattice}) {
      for (const auto origin : {actor, provider, system_}) {
        for (const auto target : {actor, provider}) {
          const CallFacts facts{.made = made,
                                .origin = origin,
                                .target = target,
                                .origin_known = bit(0),
                                .origin_expired = bit(1),
                                .origin_has_list = bit(2),
                                .origin_lists_contract = bit(3),
                                .target_here = bit(4),
                                .target_expired = bit(5),
                                .target_lists_contract = bit(6)};
          const CallPolicy policy{bit(7), bit(8)};
          check(facts, policy, authorize(facts, policy) == Verdict::allowed);
        }
      }
    }
  }
}

// What must hold whatever the rows say, looked at from the other side.
TEST(AuthorizationInvariants, HoldForEveryCall) {
  for_each_case([](const CallFacts& facts, const CallPolicy& policy, bool allowed) {
    if (facts.target_here && facts.target_expired) {
      EXPECT_FALSE(allowed) << "the target is expired";
    }
    if (facts.origin == actor && facts.origin_known && facts.origin_expired) {
      EXPECT_FALSE(allowed) << "the origin is expired";
    }
    if (facts.made == here && facts.origin == actor && !facts.origin_known) {
      EXPECT_FALSE(allowed) << "nobody calls from here without claims";
    }
    if (facts.target == provider && facts.origin != actor) {
      EXPECT_EQ(allowed, facts.origin == system_ && facts.made == here &&
                             !(facts.target_here && facts.target_expired))
          << "providers are for actors";
    }
    if (policy.deny_unknown_origins && facts.origin == actor && !facts.origin_known) {
      EXPECT_FALSE(allowed) << "strict";
    }
  });
}

// A stricter policy never allows more.
TEST(AuthorizationInvariants, StricterPoliciesOnlyTakeAway) {
  for_each_case([](const CallFacts& facts, const CallPolicy& policy, bool allowed) {
    auto stricter = policy;
    stricter.check_provider_to_actor = true;
    stricter.deny_unknown_origins = true;
    if (!allowed) {
      EXPECT_NE(authorize(facts, stricter), Verdict::allowed);
    }
  });
}

TEST(AuthorizationInvariants, EveryDenialHasAReason) {
  std::vector<std::string_view> reasons;
  for (const auto& row : rows()) {
    if (row.verdict != Verdict::allowed) reasons.push_back(reason_of(row.verdict));
  }
  for (const auto reason : reasons) {
    EXPECT_FALSE(reason.empty());
    EXPECT_NE(reason, "not allowed");
  }
}

TEST(AuthorizationInvariants, AProviderHearsOfActorsThatListItsContractOnly) {
  EXPECT_TRUE(may_bind(true, {}));
  EXPECT_FALSE(may_bind(false, {}));
  EXPECT_TRUE(may_bind(false, {.check_provider_to_actor = false}));
}

}  // namespace
}  // namespace trellis::host
