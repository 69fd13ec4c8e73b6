#include "tcp/tls_context.hpp"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "base/text.hpp"

namespace trellis::tcp {
namespace {

[[nodiscard]] std::unexpected<Error> unusable(const std::string& file, std::string remedy) {
  return fail(ErrorCode::invalid_argument,
              fmt::format("cannot use '{}': {}", excerpt(file, 256), tls_error_text()),
              std::move(remedy));
}

[[nodiscard]] Result<void> load_own(SSL_CTX* context, const TlsFiles& files) {
  if (files.certificate.empty() != files.key.empty()) {
    return fail(ErrorCode::invalid_argument,
                "a client certificate needs its key, and a key its certificate",
                "name both files or neither");
  }
  if (files.certificate.empty()) return {};
  constexpr auto remedy = "name a certificate and its key, both in PEM format";
  if (::SSL_CTX_use_certificate_chain_file(context, files.certificate.c_str()) != 1) {
    return unusable(files.certificate, remedy);
  }
  if (::SSL_CTX_use_PrivateKey_file(context, files.key.c_str(), SSL_FILETYPE_PEM) != 1 ||
      ::SSL_CTX_check_private_key(context) != 1) {
    return unusable(files.key, remedy);
  }
  return {};
}

}  // namespace

std::string tls_error_text() {
  // Queue of errors belongs to the thread and is emptied, so that the next failure does not show
  // this one.
  const auto number = ::ERR_peek_last_error();
  ::ERR_clear_error();
  const char* reason = number == 0 ? nullptr : ::ERR_reason_error_string(number);
  return reason == nullptr ? "the stream is no TLS" : reason;
}

void TlsContext::Free::operator()(SSL_CTX* context) const noexcept {
  ::SSL_CTX_free(context);
}

Result<std::shared_ptr<const TlsContext>> TlsContext::make(const TlsFiles& files) {
  ::ERR_clear_error();
  std::shared_ptr<const TlsContext> made(new TlsContext(::SSL_CTX_new(::TLS_client_method())));
  auto* const context = made->get();
  // Authorities are those of the system where the caller wants them, and those that it names.
  if (context == nullptr || ::SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1 ||
      (files.system_authorities && ::SSL_CTX_set_default_verify_paths(context) != 1)) {
    return fail(ErrorCode::unavailable, "TLS cannot be had: " + tls_error_text());
  }
  ::SSL_CTX_set_verify(context, files.verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
  if (!files.authorities.empty() &&
      ::SSL_CTX_load_verify_locations(context, files.authorities.c_str(), nullptr) != 1) {
    return unusable(files.authorities, "give the path of a readable PEM file of authorities");
  }
  if (auto loaded = load_own(context, files); !loaded) return pass(loaded);
  return made;
}

}  // namespace trellis::tcp
