// How to reach a NATS server and log in there. All are plain values.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

namespace trellis {

/// TLS of a NATS connection. Verification is on unless switched off by name.
struct NatsTls {
  bool required = false;            ///< fail when the server does not offer TLS
  std::filesystem::path ca_file;    ///< certificates to trust; empty: the system's
  std::filesystem::path cert_file;  ///< client certificate, PEM
  std::filesystem::path key_file;   ///< its key, PEM
  bool skip_verification = false;   ///< accept any certificate: for tests only
};

/// One connection to NATS (host.md 12). At most one way of authentication is used, in this order:
/// `jwt` with `seed`, `creds_file`, `seed` alone (nkey), `user` and `password`, `token`, none.
struct NatsOptions {
  std::vector<std::string> servers = {"nats://127.0.0.1:4222"};  ///< `host:port` works too
  std::string name = "trellis";  ///< shown by the server's monitoring
  std::string jwt;               ///< user JWT, its text; needs `seed`
  std::string seed;              ///< nkey seed (SU…), its text
  std::filesystem::path creds_file;
  std::string user;
  std::string password;
  std::string token;
  /// What the subjects that answers come to begin with, without the dot: where the server permits
  /// a user an inbox of its own only.
  std::string inbox_prefix = "_INBOX";
  NatsTls tls;
  bool echo = true;  ///< receive own messages; hosts switch it off for advertisements
  /// How long connecting may take before the first attempt counts as failed.
  std::chrono::milliseconds connect_timeout{2000};
};

}  // namespace trellis
