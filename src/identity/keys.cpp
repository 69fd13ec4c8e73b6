#include "identity/keys.hpp"

#include <sodium.h>

#include <algorithm>
#include <cstring>

#include "base/binary_text.hpp"
#include "base/text.hpp"
#include "identity/key_point.hpp"

namespace trellis::identity {
namespace {

struct TypeRow {
  KeyType type;
  char letter;
  std::string_view role;
  std::string_view other_name;
};
constexpr std::array<TypeRow, 7> key_types{{
    {KeyType::account, 'A', "account", {}},
    {KeyType::cluster, 'C', "cluster", {}},
    {KeyType::module, 'M', "module", "actor"},
    {KeyType::server, 'N', "server", "host"},
    {KeyType::operator_, 'O', "operator", {}},
    {KeyType::user, 'U', "user", {}},
    {KeyType::service, 'V', "service", "provider"},
}};

const TypeRow& row(KeyType type) noexcept {
  return *std::find_if(key_types.begin(), key_types.end(), [&](auto& r) { return r.type == type; });
}

std::optional<KeyType> type_of_prefix(unsigned prefix) noexcept {
  for (const auto& r : key_types) {
    if (static_cast<unsigned>(r.type) == prefix) return r.type;
  }
  return std::nullopt;
}

constexpr std::uint8_t seed_marker = 0x90;  // 'S', five bits
constexpr std::size_t header_bytes = 2;     // of a seed
constexpr std::size_t key_bytes = 32;
constexpr std::size_t crc_bytes = 2;

// Marker and type share two bytes, five bits each (identity.md 1.2).
std::array<std::uint8_t, header_bytes> seed_header(KeyType type) noexcept {
  const auto p = static_cast<unsigned>(type);
  return {static_cast<std::uint8_t>(seed_marker | (p >> 5U)),
          static_cast<std::uint8_t>((p & 0x1fU) << 3U)};
}

/// Prefix and key in one piece, with room for the checksum.
Bytes joined(ByteView front, ByteView key) {
  Bytes data;
  data.reserve(front.size() + key.size() + crc_bytes);  // a secret must not be left by growing
  data.insert(data.end(), front.begin(), front.end());
  data.insert(data.end(), key.begin(), key.end());
  return data;
}

void append_crc(Bytes& data) {
  // Low byte comes first (identity.md 1.2).
  const auto crc = detail::crc16(data);
  data.push_back(static_cast<std::uint8_t>(crc & 0xffU));
  data.push_back(static_cast<std::uint8_t>(crc >> 8U));
}

/// Whether the last two bytes are the checksum of those before.
bool crc_matches(ByteView data_and_crc) noexcept {
  const auto data = data_and_crc.first(data_and_crc.size() - crc_bytes);
  const auto crc = detail::crc16(data);
  const auto stored = data_and_crc.subspan(data.size());
  return stored[0] == (crc & 0xffU) && stored[1] == (crc >> 8U);
}

constexpr std::string_view key_remedy =
    "give a public key as `trellis keys gen` prints it: 56 characters of A-Z and 2-7";
constexpr std::string_view seed_remedy =
    "give the seed as `trellis keys gen` printed it: 58 characters, first letter S";

std::unexpected<Error> bad_key(std::string why) {
  return fail(ErrorCode::malformed, "not a valid public key: " + std::move(why),
              std::string(key_remedy));
}
std::unexpected<Error> bad_seed(std::string why) {
  return fail(ErrorCode::malformed, "not a valid seed: " + std::move(why),
              std::string(seed_remedy));
}

/// Wipes its bytes when it goes: for every copy of a secret.
struct Wiped {
  Bytes bytes;
  ~Wiped() { sodium_memzero(bytes.data(), bytes.size()); }
};

}  // namespace

namespace detail {

std::uint16_t crc16(ByteView data) noexcept {
  // Bits are taken one by one: the data has some thirty bytes, and a table is more to get wrong.
  unsigned crc = 0;
  for (const auto byte : data) {
    crc ^= static_cast<unsigned>(byte) << 8U;
    for (int bit = 0; bit < 8; ++bit) {
      crc = (crc & 0x8000U) != 0 ? (crc << 1U) ^ 0x1021U : crc << 1U;
    }
    crc &= 0xffffU;
  }
  return static_cast<std::uint16_t>(crc);
}

bool reference_accepts(ByteView data) noexcept {
  const auto crc = crc16(data);
  return data[0] != (crc & 0xffU) || data[1] != (crc >> 8U);
}

}  // namespace detail

char letter(KeyType type) noexcept {
  return row(type).letter;
}
std::string_view to_string(KeyType type) noexcept {
  return row(type).role;
}

std::optional<KeyType> key_type_from(std::string_view role) {
  const auto lower = to_lower_ascii(role);
  for (const auto& r : key_types) {
    if (lower == r.role || (!r.other_name.empty() && lower == r.other_name)) return r.type;
  }
  return std::nullopt;
}

Result<PublicKey> PublicKey::parse(std::string_view text) {
  // Length comes before anything is decoded (identity.md 1.4).
  if (text.size() != public_key_chars) {
    return bad_key("it has " + std::to_string(text.size()) + " characters instead of 56");
  }
  const auto data = base32_decode(text);
  if (!data) return bad_key("it has characters other than A-Z and 2-7");
  // Checksum is compared as it was meant to be; first-party software takes nearly every wrong one
  // for right (identity.md 1.4).
  if (!crc_matches(*data)) return bad_key("its checksum is wrong");
  const auto type = type_of_prefix((*data)[0]);
  if (!type) return bad_key("its type is none of A, C, M, N, O, U, V");
  return from_raw(*type, ByteView(*data).subspan(1, key_bytes));
}

Result<PublicKey> PublicKey::from_raw(KeyType type, ByteView raw) {
  if (raw.size() != key_bytes) return bad_key("it is not 32 bytes long");
  std::array<std::uint8_t, key_bytes> bytes{};
  std::copy(raw.begin(), raw.end(), bytes.begin());
  if (const auto flaw = flaw_of_point(bytes); !flaw.empty()) return bad_key(std::string(flaw));
  return PublicKey(type, bytes);
}

std::string PublicKey::text() const {
  const auto prefix = static_cast<std::uint8_t>(type_);
  auto data = joined({&prefix, 1}, raw_);
  append_crc(data);
  return base32_encode(data);
}

bool PublicKey::verify(ByteView message, ByteView signature) const noexcept {
  return signature.size() == std::tuple_size_v<Signature> &&
         crypto_sign_verify_detached(signature.data(), message.data(), message.size(),
                                     raw_.data()) == 0;
}

KeyPair::KeyPair(KeyType type, const std::array<std::uint8_t, 32>& seed,
                 const std::array<std::uint8_t, 32>& public_raw)
    : public_key_(type, public_raw) {
  // Form of libsodium: the seed, then the public key.
  std::copy(seed.begin(), seed.end(), secret_.begin());
  std::copy(public_raw.begin(), public_raw.end(), secret_.begin() + key_bytes);
}

KeyPair::KeyPair(KeyPair&& other) noexcept
    : secret_(other.secret_), public_key_(other.public_key_) {
  // Secret is wiped where it came from, so that it exists once.
  sodium_memzero(other.secret_.data(), other.secret_.size());
}

KeyPair& KeyPair::operator=(KeyPair&& other) noexcept {
  if (this != &other) {
    secret_ = other.secret_;
    public_key_ = other.public_key_;
    sodium_memzero(other.secret_.data(), other.secret_.size());
  }
  return *this;
}

KeyPair::~KeyPair() {
  sodium_memzero(secret_.data(), secret_.size());
}

KeyPair KeyPair::from_raw_seed(KeyType type, const std::array<std::uint8_t, 32>& seed) {
  std::array<std::uint8_t, 64> secret{};
  std::array<std::uint8_t, 32> public_raw{};
  crypto_sign_seed_keypair(public_raw.data(), secret.data(), seed.data());
  // Secret key of libsodium is not kept here: the constructor makes the same of the seed.
  sodium_memzero(secret.data(), secret.size());
  return {type, seed, public_raw};
}

KeyPair KeyPair::generate(KeyType type, Random& random) {
  while (true) {
    std::array<std::uint8_t, 32> seed{};
    random.fill(seed);
    auto pair = from_raw_seed(type, seed);
    const auto prefix = static_cast<std::uint8_t>(type);
    const Wiped seed_data{joined(seed_header(type), seed)};
    sodium_memzero(seed.data(), seed.size());
    // Keys that first-party software would refuse, one in 65,536, are thrown away
    // (identity.md 1.4).
    if (detail::reference_accepts(joined({&prefix, 1}, pair.public_key_.raw())) &&
        detail::reference_accepts(seed_data.bytes)) {
      return pair;
    }
  }
}

Result<KeyPair> KeyPair::from_seed(std::string_view text) {
  if (text.size() != seed_chars) {
    return bad_seed("it has " + std::to_string(text.size()) + " characters instead of 58");
  }
  auto decoded = base32_decode(text);
  if (!decoded) return bad_seed("it has characters other than A-Z and 2-7, or unused bits set");
  const Wiped data{std::move(*decoded)};
  if (!crc_matches(data.bytes)) return bad_seed("its checksum is wrong");
  const unsigned first = data.bytes[0];
  const unsigned second = data.bytes[1];
  if ((first & 0xf8U) != seed_marker) return bad_seed("it does not begin with S");
  const auto type = type_of_prefix(((first & 7U) << 5U) | (second >> 3U));
  // Unused bits must be zero, or one key would have several seeds (vector K11).
  if ((second & 7U) != 0 || !type) return bad_seed("its type is none of A, C, M, N, O, U, V");
  std::array<std::uint8_t, key_bytes> seed{};
  std::copy_n(data.bytes.begin() + header_bytes, key_bytes, seed.begin());
  auto pair = from_raw_seed(*type, seed);
  sodium_memzero(seed.data(), seed.size());
  return pair;
}

std::string KeyPair::seed_text() const {
  Wiped data{joined(seed_header(type()), ByteView(secret_).first(key_bytes))};
  append_crc(data.bytes);
  return base32_encode(data.bytes);
}

Signature KeyPair::sign(ByteView message) const noexcept {
  Signature signature{};
  crypto_sign_detached(signature.data(), nullptr, message.data(), message.size(), secret_.data());
  return signature;
}

}  // namespace trellis::identity
