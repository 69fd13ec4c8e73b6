// Credentials that are shown to a NATS server (host.md 12.3).
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "identity/keys.hpp"
#include "nats/server_url.hpp"
#include "trellis/nats_options.hpp"
#include "trellis/result.hpp"

namespace trellis::nats {

/// The one way of authentication the options ask for. Secrets are never part of an error or a log
/// line. One thread at a time.
class Credentials {
 public:
  /// Errors: invalid_argument (jwt without seed, seed without anything it could be, user without
  /// password, text that is none), and those of reading the credentials file; all with a remedy.
  [[nodiscard]] static Result<std::unique_ptr<Credentials>> load(const NatsOptions& options);

  /// The login of a URL goes before user, password and token of the options; keys go before both.
  void use(const UrlLogin& login);
  /// The members of CONNECT that log in, each with a comma before it; `nonce` is what the server
  /// wants signed. Error: denied (keys, and no nonce).
  [[nodiscard]] Result<std::string> members(std::string_view nonce) const;

  /// Reads the credentials file again, which may have been renewed. On failure what was read before
  /// stays in use.
  [[nodiscard]] Result<void> reload();

 private:
  struct Signer {
    std::string jwt;  // empty: nkey alone
    identity::KeyPair key;
  };

  Credentials() = default;
  static Result<Signer> parse_signer(std::string_view jwt, std::string_view seed);
  static Result<Signer> read_creds(const std::filesystem::path& path);

  std::optional<Signer> signer_;
  std::filesystem::path creds_file_;
  std::string user_, password_, token_;
};

}  // namespace trellis::nats
