// Providers and their tests have the headers only: what those define is whole without libtrellis.
#include <chrono>
#include <memory>

#include "trellis/clock.hpp"
#include "trellis/provider/cpp23.hpp"

int main() {
  const std::unique_ptr<const trellis::Clock> clock = std::make_unique<trellis::SystemClock>();
  const auto behind = clock->steady() - clock->coarse();
  const bool plausible = behind >= std::chrono::seconds(0) && behind < std::chrono::seconds(1);
  return plausible && clock->wall() > trellis::WallTime() ? 0 : 1;
}
