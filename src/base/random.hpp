// Random bytes and the two kinds of identifiers made from them.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace trellis {

/// Source of random bytes, passed in so that tests can be repeated. Any thread.
class Random {
 public:
  virtual ~Random() = default;
  virtual void fill(std::span<std::uint8_t> out) noexcept = 0;
};

/// The operating system's generator (getrandom); never blocks after boot, never fails.
class SystemRandom final : public Random {
 public:
  void fill(std::span<std::uint8_t> out) noexcept override;
};

/// Random UUID, version 4, lower case with hyphens (36 characters).
[[nodiscard]] std::string make_uuid(Random& random);

/// 22 characters of 0-9A-Za-z, the form of token ids (identity.md 2.2, `jti`).
[[nodiscard]] std::string make_nuid(Random& random);

}  // namespace trellis
