// Your provider: rolls dice for actors, for the contract example:dice.
#include <trellis/provider.hpp>

#include <random>
#include <vector>

using namespace trellis::sdk;

// The messages of the contract. An actor has the same structs, with <trellis/actor.hpp>.
struct Roll {
  std::uint32_t dice = 1;
  static constexpr auto fields() {
    return std::make_tuple(trellis::guest::field("dice", &Roll::dice));
  }
};

struct Rolled {
  std::vector<std::string> values;
  static constexpr auto fields() {
    return std::make_tuple(trellis::guest::field("values", &Rolled::values));
  }
};

// State of one linked actor, kept from bind to the removal of its link.
struct Link {
  unsigned sides;
};

class Dice : public Provider<Link> {
 public:
  static constexpr Description description = {"example:dice", "Dice", "you", "0.1.0", 1};
  using Provider::Provider;

  // The link value SIDES says what dice the actor gets. A bad one is an error of the link.
  Result<std::shared_ptr<Link>> bind(std::string_view actor, const StringMap& values,
                                     const std::shared_ptr<Link>&) override {
    const auto found = values.find("SIDES");
    const int sides = found == values.end() ? 6 : std::atoi(found->second.c_str());
    if (sides < 2 || sides > 1000) return Error{"link value SIDES must be from 2 to 1000"};
    host().log(TRELLIS_LOG_INFO, "dice for " + std::string(actor));
    return std::make_shared<Link>(Link{static_cast<unsigned>(sides)});
  }

  Result<Bytes> handle(Link& link, const Call& call) override {
    if (call.operation != "Roll") return Error{"bad dispatch"};
    const auto roll = trellis::guest::decode<Roll>(call.payload);
    if (!roll) return roll.error();
    // Bounds on what actors ask for: the provider shares a process with others, or the whole host.
    if (roll->dice > 100) return Error{"nobody has more than 100 dice"};
    Rolled rolled;
    std::uniform_int_distribution<unsigned> die(1, link.sides);
    for (std::uint32_t i = 0; i < roll->dice; ++i) {
      rolled.values.push_back(std::to_string(die(random_)));
    }
    return trellis::guest::encode(rolled);
  }

 private:
  std::random_device random_;  // one call at a time: the description has no CONCURRENT
};

TRELLIS_PROVIDER(Dice)
