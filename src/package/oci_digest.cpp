#include "package/oci_digest.hpp"

#include <openssl/evp.h>

#include <array>

#include "base/ascii.hpp"
#include "base/text.hpp"

namespace trellis::package {
namespace {

struct AlgorithmName {
  DigestAlgorithm algorithm;
  std::string_view name;
  std::size_t digits;
};
constexpr std::array<AlgorithmName, 3> kinds{{{DigestAlgorithm::sha256, "sha256", 64},
                                              {DigestAlgorithm::sha384, "sha384", 96},
                                              {DigestAlgorithm::sha512, "sha512", 128}}};

const EVP_MD* method_of(DigestAlgorithm algorithm) {
  switch (algorithm) {
    case DigestAlgorithm::sha384: return EVP_sha384();
    case DigestAlgorithm::sha512: return EVP_sha512();
    case DigestAlgorithm::sha256: break;
  }
  return EVP_sha256();
}

}  // namespace

std::string ContentDigest::text() const {
  for (const auto& kind : kinds) {
    if (kind.algorithm == algorithm) return std::string(kind.name) + ':' + hex;
  }
  return hex;
}

Result<ContentDigest> parse_digest(std::string_view text) {
  const auto colon = text.find(':');
  const auto name = text.substr(0, colon);
  const auto digits = colon == std::string_view::npos ? "" : text.substr(colon + 1);
  for (const auto& kind : kinds) {
    if (kind.name != name) continue;
    if (digits.size() == kind.digits && std::ranges::all_of(digits, is_hex_digit)) {
      // Lower case throughout, so that digests compare as text.
      return ContentDigest{kind.algorithm, to_lower_ascii(digits)};
    }
    return fail(ErrorCode::malformed,
                excerpt(text) + ": not a digest: " + std::string(name) + " has " +
                    std::to_string(kind.digits) + " hex digits",
                "copy the digest whole, as the registry or `trellis reg push` shows it");
  }
  return fail(colon == std::string_view::npos ? ErrorCode::malformed : ErrorCode::unsupported,
              excerpt(text) + ": not a digest of a known kind",
              "use sha256:, sha384: or sha512: and the digits");
}

struct DigestHasher::State {
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context{EVP_MD_CTX_new(),
                                                                  &EVP_MD_CTX_free};
  DigestAlgorithm algorithm;

  explicit State(DigestAlgorithm wanted) : algorithm(wanted) { start(); }
  void start() { EVP_DigestInit_ex(context.get(), method_of(algorithm), nullptr); }
};

DigestHasher::DigestHasher(DigestAlgorithm algorithm)
    : state_(std::make_unique<State>(algorithm)) {}
DigestHasher::~DigestHasher() = default;
DigestHasher::DigestHasher(DigestHasher&&) noexcept = default;
DigestHasher& DigestHasher::operator=(DigestHasher&&) noexcept = default;

void DigestHasher::add(ByteView bytes) {
  EVP_DigestUpdate(state_->context.get(), bytes.data(), bytes.size());
}

ContentDigest DigestHasher::finish() {
  std::array<std::uint8_t, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  EVP_DigestFinal_ex(state_->context.get(), digest.data(), &size);
  state_->start();
  return {state_->algorithm, to_hex_lower({digest.data(), size})};
}

ContentDigest digest_of(DigestAlgorithm algorithm, ByteView bytes) {
  DigestHasher hasher(algorithm);
  hasher.add(bytes);
  return hasher.finish();
}

}  // namespace trellis::package
