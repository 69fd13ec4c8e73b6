#include "base/hash.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <cstdlib>
#include <memory>

#include "base/text.hpp"

namespace trellis {
namespace {

/// OpenSSL fails here only for want of memory, which ends the process everywhere else too.
void require(int ok) noexcept {
  if (ok != 1) std::abort();
}

struct FreeContext {
  void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
};

}  // namespace

Digest sha256(std::initializer_list<ByteView> pieces) {
  const std::unique_ptr<EVP_MD_CTX, FreeContext> context(EVP_MD_CTX_new());
  require(context == nullptr ? 0 : 1);
  require(EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr));
  for (const auto piece : pieces) {
    require(EVP_DigestUpdate(context.get(), piece.data(), piece.size()));
  }
  Digest digest{};
  require(EVP_DigestFinal_ex(context.get(), digest.data(), nullptr));
  return digest;
}

Digest sha256(ByteView bytes) {
  return sha256({bytes});
}

std::string sha256_upper_hex(std::initializer_list<ByteView> pieces) {
  return to_hex_upper(sha256(pieces));
}
std::string sha256_upper_hex(ByteView bytes) {
  return to_hex_upper(sha256(bytes));
}

std::string tls_library_version() {
  return OpenSSL_version(OPENSSL_VERSION);
}

}  // namespace trellis
