// One program may have the host, built-in providers and providers of its own: nothing of one side
// has the name of something else of the other.
#include <gtest/gtest.h>

#include "provider/provider.hpp"
#include "providers/keyvalue/keyvalue.hpp"
#include "providers/logging/logging.hpp"
#include "support/provider_harness.hpp"
#include "trellis/host.hpp"
#include "trellis/provider.hpp"

namespace trellis::test {
namespace {

struct TallyLink {
  std::uint32_t calls = 0;
};

/// Counts calls; over the types of C++17.
class Tally : public sdk::Provider<TallyLink> {
 public:
  static constexpr Description description = {"example:tally", "Tally", "t", "1"};
  using Provider::Provider;

  Result<std::shared_ptr<TallyLink>> bind(std::string_view, const StringMap&,
                                          const std::shared_ptr<TallyLink>&) override {
    return std::make_shared<TallyLink>();
  }
  Result<Bytes> handle(TallyLink& link, const Call&) override {
    guest::Writer out;
    out.unsigned_integer(++link.calls);
    return out.take();
  }
};

/// The same over those of C++23.
class Tally23 : public sdk23::Provider<TallyLink> {
 public:
  static constexpr Description description = {"example:tally", "Tally 23", "t", "1"};
  using Provider::Provider;

  Result<std::shared_ptr<TallyLink>> bind(std::string_view, const StringMap&,
                                          const std::shared_ptr<TallyLink>&) override {
    return std::make_shared<TallyLink>();
  }
  Result<Bytes> handle(TallyLink& link, const Call&) override {
    return codec::encode(++link.calls);
  }
};

std::string described(const trellis_provider_table& table) {
  const auto plugin = provider::wrap_table(table);
  return plugin ? (*plugin)->description().name : plugin.error().message;
}

TEST(BothSides, ProvidersOfAllKindsRunInOneProgram) {
  FakeHost host;
  const trellis_provider_table* tables[] = {
      sdk::provider_table<Tally>(), sdk23::provider_table<Tally23>(), providers::keyvalue::table(),
      providers::logging::table()};
  EXPECT_EQ(described(*tables[0]), "Tally");
  EXPECT_EQ(described(*tables[1]), "Tally 23");
  EXPECT_EQ(described(*tables[2]), "Trellis Key-Value (memory)");
  for (const auto* table : tables) {
    ProviderInstance instance(host, *table);
    ASSERT_TRUE(instance.bind("MA"));
    EXPECT_EQ(instance.call("MB", "Add", {}).error().message,
              "actor MB is not linked to this provider");
    EXPECT_TRUE(instance.call("system", "HealthRequest", {}));
  }
}

TEST(BothSides, BothKindsOfTypesAnswerTheSameBytes) {
  FakeHost host;
  for (const auto* table : {sdk::provider_table<Tally>(), sdk23::provider_table<Tally23>()}) {
    ProviderInstance tally(host, *table);
    ASSERT_TRUE(tally.bind("MA"));
    EXPECT_EQ(tally.call("MA", "Count", {}).value(), Bytes{1});
    EXPECT_EQ(tally.call("MA", "Count", {}).value(), Bytes{2});
  }
}

}  // namespace
}  // namespace trellis::test
