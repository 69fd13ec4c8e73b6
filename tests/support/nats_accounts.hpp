// Operators, accounts and users of a NATS server with JWT authentication, made by the test itself.
#pragma once

#include <fmt/format.h>

#include <chrono>
#include <string>
#include <string_view>

#include "base/binary_text.hpp"
#include "base/random.hpp"
#include "identity/keys.hpp"

namespace trellis::test {

/// A server's trust chain with one account. One thread.
class NatsAccounts {
 public:
  NatsAccounts()
      : operator_(make(identity::KeyType::operator_)), account_(make(identity::KeyType::account)) {}

  /// The configuration of a server that trusts the chain.
  [[nodiscard]] std::string config() const {
    const auto operator_jwt =
        token(operator_, operator_, "operator", R"("type":"operator","version":2)");
    const auto account_jwt = token(
        operator_, account_, "account",
        R"("type":"account","version":2,"limits":{"subs":-1,"data":-1,"payload":-1,"imports":-1,)"
        R"("exports":-1,"wildcards":true,"conn":-1,"leaf":-1})");
    return fmt::format("operator: {}\nresolver: MEMORY\nresolver_preload: {{ {}: {} }}\n",
                       operator_jwt, account_.public_key().text(), account_jwt);
  }

  /// The token of a user; it ends at `expires` (seconds since 1970), or never.
  [[nodiscard]] std::string user_jwt(const identity::KeyPair& user,
                                     std::int64_t expires = 0) const {
    return token(account_, user, "user",
                 R"("type":"user","version":2,"subs":-1,"data":-1,"payload":-1)", expires);
  }

  [[nodiscard]] static identity::KeyPair make(identity::KeyType type) {
    SystemRandom random;
    return identity::KeyPair::generate(type, random);
  }

  [[nodiscard]] static std::string creds_file(std::string_view jwt, std::string_view seed) {
    return fmt::format(
        "-----BEGIN NATS USER JWT-----\n{}\n------END NATS USER JWT------\n\n"
        "************************* IMPORTANT *************************\n\n"
        "-----BEGIN USER NKEY SEED-----\n{}\n------END USER NKEY SEED------\n",
        jwt, seed);
  }

 private:
  static std::string token(const identity::KeyPair& issuer, const identity::KeyPair& subject,
                           std::string_view name, std::string_view nats, std::int64_t expires = 0) {
    const auto now = std::chrono::duration_cast<std::chrono::seconds>(
                         std::chrono::system_clock::now().time_since_epoch())
                         .count();
    const auto claims =
        fmt::format(R"({{"jti":"{}","iat":{},"iss":"{}","name":"{}","sub":"{}"{},"nats":{{{}}}}})",
                    name, now - 10, issuer.public_key().text(), name, subject.public_key().text(),
                    expires == 0 ? std::string() : fmt::format(R"(,"exp":{})", expires), nats);
    const auto text = encode(R"({"typ":"JWT","alg":"ed25519-nkey"})") + "." + encode(claims);
    const auto signature = issuer.sign(as_bytes(text));
    return text + "." + base64url_encode(signature);
  }
  static std::string encode(std::string_view text) { return base64url_encode(as_bytes(text)); }

  identity::KeyPair operator_;
  identity::KeyPair account_;
};

}  // namespace trellis::test
