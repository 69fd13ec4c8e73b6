// Keys: Ed25519 pairs with a one-letter type, written as base32 text (identity.md 1).
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/random.hpp"
#include "trellis/bytes.hpp"
#include "trellis/result.hpp"

namespace trellis::identity {

/// Role of a key; the value is the prefix byte of its text (identity.md 1.1).
enum class KeyType : std::uint8_t {
  account = 0x00,    ///< A
  cluster = 0x10,    ///< C
  module = 0x60,     ///< M: an actor
  server = 0x68,     ///< N: a host
  operator_ = 0x70,  ///< O
  user = 0xa0,       ///< U
  service = 0xa8,    ///< V: a capability provider
};

/// The letter a public key of this type begins with.
[[nodiscard]] char letter(KeyType type) noexcept;
/// Lower-case role: "account", "module", … as users write it.
[[nodiscard]] std::string_view to_string(KeyType type) noexcept;
/// The type of a role name in any letter case; "actor", "provider" and "host" are understood too.
[[nodiscard]] std::optional<KeyType> key_type_from(std::string_view role);

using Signature = std::array<std::uint8_t, 64>;

/// Characters of a public key's and of a seed's text.
inline constexpr std::size_t public_key_chars = 56;
inline constexpr std::size_t seed_chars = 58;

/// A public key: cheap value, freely copied, any thread. There is no invalid one: text and point
/// are checked when it is made.
class PublicKey {
 public:
  /// Decodes 56 characters of text. Errors (malformed): length, characters, checksum, type, not a
  /// curve point, small order, or a point not in its canonical encoding (identity.md 1.4, K1-K13).
  [[nodiscard]] static Result<PublicKey> parse(std::string_view text);
  /// From the 32 raw bytes; the same checks of the point.
  [[nodiscard]] static Result<PublicKey> from_raw(KeyType type, ByteView raw);

  [[nodiscard]] KeyType type() const noexcept { return type_; }
  [[nodiscard]] const std::array<std::uint8_t, 32>& raw() const noexcept { return raw_; }
  [[nodiscard]] std::string text() const;

  /// Whether `signature` (64 bytes, else false) is this key's over `message` (identity.md 1.3).
  [[nodiscard]] bool verify(ByteView message, ByteView signature) const noexcept;

  friend auto operator<=>(const PublicKey&, const PublicKey&) = default;

 private:
  friend class KeyPair;
  PublicKey(KeyType type, const std::array<std::uint8_t, 32>& raw) : type_(type), raw_(raw) {}
  KeyType type_;
  std::array<std::uint8_t, 32> raw_;
};

/// A key with its secret half. Move-only; the secret is wiped on destruction and never printed by
/// anything but seed_text(). sign() may be called from any thread at once.
class KeyPair {
 public:
  /// A new pair from `random`. Pairs whose text first-party software refuses because of its broken
  /// checksum comparison are passed over (identity.md 1.4, about one in 32 768).
  [[nodiscard]] static KeyPair generate(KeyType type, Random& random);
  /// Decodes a seed of 58 characters. Errors (malformed) never quote the text.
  [[nodiscard]] static Result<KeyPair> from_seed(std::string_view text);
  [[nodiscard]] static KeyPair from_raw_seed(KeyType type,
                                             const std::array<std::uint8_t, 32>& seed);

  KeyPair(KeyPair&& other) noexcept;
  KeyPair& operator=(KeyPair&& other) noexcept;
  KeyPair(const KeyPair&) = delete;
  KeyPair& operator=(const KeyPair&) = delete;
  ~KeyPair();

  [[nodiscard]] KeyType type() const noexcept { return public_key_.type(); }
  [[nodiscard]] const PublicKey& public_key() const noexcept { return public_key_; }
  /// The seed as text: secret, for key files and the person who asked for it only.
  [[nodiscard]] std::string seed_text() const;
  [[nodiscard]] Signature sign(ByteView message) const noexcept;

 private:
  KeyPair(KeyType type, const std::array<std::uint8_t, 32>& seed,
          const std::array<std::uint8_t, 32>& public_raw);
  /// libsodium's secret key: the 32-byte seed followed by the public key.
  std::array<std::uint8_t, 64> secret_{};
  PublicKey public_key_;
};

namespace detail {
/// Whether first-party software, which compares the checksum with the front of the data instead of
/// the trailer and wants a difference, loads `data` (prefix or header, then key or seed).
[[nodiscard]] bool reference_accepts(ByteView data) noexcept;
/// CRC-16/XMODEM.
[[nodiscard]] std::uint16_t crc16(ByteView data) noexcept;
}  // namespace detail

}  // namespace trellis::identity
