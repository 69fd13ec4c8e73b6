// A place in the registry that is held while an actor or provider starts.
#pragma once

#include <string>
#include <utility>

#include "host/state/registry.hpp"

namespace trellis::host {

/// Gives the reserved place back at the end of a start, however it ends. One thread.
class Reservation {
 public:
  Reservation(Registry& registry, std::string slot)
      : registry_(registry), slot_(std::move(slot)), held_(registry_.reserve(slot_)) {}
  ~Reservation() {
    if (held_) registry_.release(slot_);
  }
  Reservation(const Reservation&) = delete;
  Reservation& operator=(const Reservation&) = delete;
  [[nodiscard]] bool held() const noexcept { return held_; }

 private:
  Registry& registry_;
  const std::string slot_;
  const bool held_;
};

}  // namespace trellis::host
