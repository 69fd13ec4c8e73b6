#include "providers/httpserver/tls.hpp"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <boost/system/system_error.hpp>

namespace trellis::providers::httpserver {
namespace {

namespace ssl = boost::asio::ssl;

std::unexpected<Error> unusable(std::string_view key, const std::string& file,
                                const boost::system::error_code& error) {
  // Queue of errors is the thread's: what stays in it would be taken for an error of a connection.
  ::ERR_clear_error();
  return fail(
      ErrorCode::invalid_argument,
      fmt::format("link value {}: cannot use '{}': {}", key, file.substr(0, 256), error.message()),
      "give the path of a readable PEM file; certificate and key must belong together");
}

/// Chooses HTTP/1.1 or nothing: a client that insists on HTTP/2 learns it in the handshake.
int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_size,
                    const unsigned char* offered, unsigned offered_size, void*) {
  static constexpr unsigned char ours[] = "\x08http/1.1";
  unsigned char* chosen = nullptr;
  const int result =
      ::SSL_select_next_proto(&chosen, out_size, ours, sizeof ours - 1, offered, offered_size);
  if (result != OPENSSL_NPN_NEGOTIATED) return SSL_TLSEXT_ERR_ALERT_FATAL;
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

}  // namespace

Result<std::shared_ptr<ssl::context>> make_tls(const std::string& cert_file,
                                               const std::string& key_file) {
  boost::system::error_code error;
  std::shared_ptr<ssl::context> context;
  try {
    context = std::make_shared<ssl::context>(ssl::context::tls_server);
  } catch (const boost::system::system_error& failed) {
    return fail(ErrorCode::internal, fmt::format("TLS cannot be had: {}", failed.what()));
  }
  ::SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
  ::SSL_CTX_set_alpn_select_cb(context->native_handle(), &choose_protocol, nullptr);
  static_cast<void>(
      context->set_options(ssl::context::default_workarounds | ssl::context::single_dh_use, error));
  if (context->use_certificate_chain_file(cert_file, error)) {
    return unusable("TLS_CERT", cert_file, error);
  }
  if (context->use_private_key_file(key_file, ssl::context::pem, error)) {
    return unusable("TLS_KEY", key_file, error);
  }
  return context;
}

}  // namespace trellis::providers::httpserver
