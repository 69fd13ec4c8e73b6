// Signed modules for tests: throwaway keys, any claims.
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>
#include <utility>

#include "base/random.hpp"
#include "identity/claims.hpp"
#include "identity/keys.hpp"
#include "identity/module_token.hpp"
#include "trellis/bytes.hpp"

namespace trellis::test {

/// A guest built from tests/guests.
inline Bytes guest_module(const std::string& name) {
  std::ifstream file(std::string(TRELLIS_TEST_GUESTS) + "/" + name + ".wasm", std::ios::binary);
  EXPECT_TRUE(file) << "guest " << name << " was not built";
  return Bytes(std::istreambuf_iterator<char>(file), {});
}

/// An account and a module key, and modules signed with them.
class Signer {
 public:
  Signer()
      : account_(identity::KeyPair::generate(identity::KeyType::account, random_)),
        module_(identity::KeyPair::generate(identity::KeyType::module, random_)) {}

  [[nodiscard]] std::string key() const { return module_.public_key().text(); }
  [[nodiscard]] std::string issuer() const { return account_.public_key().text(); }

  /// Claims with everything a module needs; change what the test is about.
  [[nodiscard]] identity::ActorClaims claims() {
    identity::ActorClaims claims;
    claims.jti = make_nuid(random_);
    claims.iat = 1620000000;
    claims.sub = key();
    claims.name = "test actor";
    claims.caps =
        std::vector<std::string>{"wasmcloud:keyvalue", "wasmcloud:logging", "wasmcloud:httpserver"};
    claims.rev = 1;
    return claims;
  }
  [[nodiscard]] Bytes sign(const Bytes& module, identity::ActorClaims claims) {
    auto made = identity::sign_module(module, std::move(claims), account_);
    EXPECT_TRUE(made) << made.error().message;
    return made ? std::move(made->bytes) : Bytes{};
  }
  [[nodiscard]] Bytes sign(const Bytes& module) { return sign(module, claims()); }

 private:
  SystemRandom random_;
  identity::KeyPair account_;
  identity::KeyPair module_;
};

}  // namespace trellis::test
