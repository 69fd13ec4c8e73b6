// Digests of registry content: "sha256:…" (identity.md 6.1, 6.4).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "trellis/bytes.hpp"
#include "trellis/result.hpp"

namespace trellis::package {

enum class DigestAlgorithm : std::uint8_t { sha256, sha384, sha512 };

/// A digest; `hex` is lower case and of the algorithm's length. Any thread.
struct ContentDigest {
  DigestAlgorithm algorithm = DigestAlgorithm::sha256;
  std::string hex;

  /// "sha256:…", the form of URLs and manifests.
  [[nodiscard]] std::string text() const;
  friend bool operator==(const ContentDigest&, const ContentDigest&) = default;
};

/// Reads "sha256:" and 64 digits, "sha384:" and 96, or "sha512:" and 128; either letter case.
/// Errors: malformed, unsupported (another algorithm).
[[nodiscard]] Result<ContentDigest> parse_digest(std::string_view text);

/// Hashes content as it arrives. One thread.
class DigestHasher {
 public:
  explicit DigestHasher(DigestAlgorithm algorithm);
  ~DigestHasher();
  DigestHasher(DigestHasher&&) noexcept;
  DigestHasher& operator=(DigestHasher&&) noexcept;

  void add(ByteView bytes);
  /// The digest of everything added. The hasher is empty afterwards.
  [[nodiscard]] ContentDigest finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

[[nodiscard]] ContentDigest digest_of(DigestAlgorithm algorithm, ByteView bytes);

}  // namespace trellis::package
