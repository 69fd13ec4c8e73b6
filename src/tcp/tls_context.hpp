// Authorities that clients trust, and the certificate they show, when they speak TLS.
#pragma once

#include <memory>
#include <string>

#include "trellis/result.hpp"

using SSL_CTX = struct ssl_ctx_st;

namespace trellis::tcp {

struct TlsFiles {
  std::string authorities = {};    ///< PEM file of those that vouch for servers; empty: none
  bool system_authorities = true;  ///< those of the system too
  std::string certificate = {};    ///< PEM file of the client's chain; empty: none
  std::string key = {};            ///< PEM file of its key
  bool verify = true;              ///< false: any certificate is taken
};

/// Immutable; any thread.
class TlsContext {
 public:
  /// Reads the files. Errors: invalid_argument, naming the file.
  [[nodiscard]] static Result<std::shared_ptr<const TlsContext>> make(const TlsFiles& files);

  [[nodiscard]] SSL_CTX* get() const noexcept { return context_.get(); }

 private:
  struct Free {
    void operator()(SSL_CTX* context) const noexcept;
  };
  explicit TlsContext(SSL_CTX* context) : context_(context) {}

  std::unique_ptr<SSL_CTX, Free> context_;
};

/// The newest entry of the library's list of errors, which is emptied.
[[nodiscard]] std::string tls_error_text();

}  // namespace trellis::tcp
