#include "providers/redis/stream.hpp"

#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <climits>

#include "base/call_limits.hpp"
#include "base/text.hpp"
#include "providers/redis/socket.hpp"

namespace trellis::providers::redis {

namespace {

constexpr std::size_t piece_bytes = 16 * limits::kib;

[[nodiscard]] std::unexpected<Error> lost(std::string why) {
  return fail(ErrorCode::unavailable, std::move(why),
              "check the server; whether it carried out the command is unknown");
}

[[nodiscard]] std::string library_text() {
  const auto number = ::ERR_get_error();
  ::ERR_clear_error();
  const char* reason = number == 0 ? nullptr : ::ERR_reason_error_string(number);
  return reason == nullptr ? "the stream is no TLS" : reason;
}

/// Why the handshake failed: a certificate that is not trusted, or something else.
[[nodiscard]] std::unexpected<Error> not_encrypted(SSL* ssl) {
  const auto verdict = ::SSL_get_verify_result(ssl);
  auto why = library_text();
  if (verdict == X509_V_OK) {
    return fail(ErrorCode::unavailable, "TLS: " + why,
                "check that the server speaks TLS at this port; redis:// is the clear one");
  }
  return fail(ErrorCode::denied,
              fmt::format("the certificate of the server is not trusted: {}",
                          ::X509_verify_cert_error_string(verdict)),
              "name the authority that signed it: TLS_CA of the link, a PEM file; the certificate "
              "must be for the host in URL");
}

/// Who the server must prove to be.
[[nodiscard]] bool set_expected_name(SSL* ssl, const std::string& host) {
  auto* const wanted = ::SSL_get0_param(ssl);
  if (::X509_VERIFY_PARAM_set1_ip_asc(wanted, host.c_str()) == 1) return true;
  // What SSL_set_tlsext_host_name() is; the library does not change the text.
  auto* const name = const_cast<char*>(host.c_str());
  return ::SSL_set1_host(ssl, host.c_str()) == 1 &&
         ::SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name) == 1;
}

}  // namespace

void Trust::Free::operator()(SSL_CTX* context) const noexcept {
  ::SSL_CTX_free(context);
}

void Stream::Free::operator()(SSL* ssl) const noexcept {
  ::SSL_free(ssl);
}

Result<std::shared_ptr<const Trust>> Trust::make(const std::string& ca_file) {
  std::shared_ptr<const Trust> made(new Trust(::SSL_CTX_new(::TLS_client_method())));
  auto* const context = made->context();
  if (context == nullptr || ::SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1 ||
      ::SSL_CTX_set_default_verify_paths(context) != 1) {
    return fail(ErrorCode::unavailable, "TLS cannot be had: " + library_text());
  }
  ::SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  if (!ca_file.empty() && ::SSL_CTX_load_verify_locations(context, ca_file.c_str(), nullptr) != 1) {
    return fail(ErrorCode::invalid_argument,
                fmt::format("link value TLS_CA: cannot use '{}': {}", excerpt(ca_file, 256),
                            library_text()),
                "give the path of a readable PEM file of authorities");
  }
  return made;
}

Result<Stream> Stream::connect(const Address& address, const Trust* trust, int wake,
                               SteadyTime deadline) {
  auto socket = connect_to(address.host, address.port, wake, deadline);
  if (!socket) return pass(socket);
  Stream stream(std::move(*socket), wake);
  if (trust == nullptr) return stream;
  if (auto encrypted = stream.encrypt(address, *trust, deadline); !encrypted) {
    return pass(encrypted);
  }
  return stream;
}

Result<> Stream::encrypt(const Address& address, const Trust& trust, SteadyTime deadline) {
  ssl_.reset(::SSL_new(trust.context()));
  incoming_ = ::BIO_new(::BIO_s_mem());
  outgoing_ = ::BIO_new(::BIO_s_mem());
  if (!ssl_ || incoming_ == nullptr || outgoing_ == nullptr) {
    ::BIO_free(incoming_);
    ::BIO_free(outgoing_);
    return fail(ErrorCode::limit, "no memory for TLS");
  }
  ::SSL_set_bio(ssl_.get(), incoming_, outgoing_);
  if (!set_expected_name(ssl_.get(), address.host)) {
    return fail(ErrorCode::invalid_argument, "TLS cannot check this host: " + library_text());
  }
  while (true) {
    ::ERR_clear_error();
    const int done = ::SSL_connect(ssl_.get());
    const int wants = done == 1 ? SSL_ERROR_NONE : ::SSL_get_error(ssl_.get(), done);
    if (auto sent = flush(deadline); !sent) return sent;
    if (done == 1) return {};
    if (wants != SSL_ERROR_WANT_READ) return not_encrypted(ssl_.get());
    if (auto fed = feed(deadline); !fed) return fed;
  }
}

Result<> Stream::send(std::string_view bytes, SteadyTime deadline) {
  if (!ssl_) return send_plain(bytes, deadline);
  while (!bytes.empty()) {
    ::ERR_clear_error();
    const auto piece = bytes.substr(0, piece_bytes);
    // Into memory: all of it, or an error.
    const int written = ::SSL_write(ssl_.get(), piece.data(), static_cast<int>(piece.size()));
    if (written <= 0) return lost("TLS: " + library_text());
    bytes.remove_prefix(static_cast<std::size_t>(written));
    if (auto sent = flush(deadline); !sent) return sent;
  }
  return {};
}

Result<std::size_t> Stream::receive(std::span<std::uint8_t> buffer, SteadyTime deadline) {
  if (!ssl_) return receive_plain(buffer, deadline);
  const int room = static_cast<int>(std::min<std::size_t>(buffer.size(), INT_MAX));
  while (true) {
    ::ERR_clear_error();
    const int size = ::SSL_read(ssl_.get(), buffer.data(), room);
    if (size > 0) return static_cast<std::size_t>(size);
    const int wants = ::SSL_get_error(ssl_.get(), size);
    if (wants == SSL_ERROR_ZERO_RETURN) return lost("the server closed the connection");
    if (wants != SSL_ERROR_WANT_READ) return lost("TLS: " + library_text());
    if (auto sent = flush(deadline); !sent) return pass(sent);
    if (auto fed = feed(deadline); !fed) return pass(fed);
  }
}

Result<> Stream::send_plain(std::string_view bytes, SteadyTime deadline) {
  while (!bytes.empty()) {
    const auto sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
      continue;
    }
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && errno != EAGAIN && errno != EWOULDBLOCK) return lost(system_text(errno));
    if (auto ready = wait_for(socket_.get(), POLLOUT, wake_, deadline); !ready) return ready;
  }
  return {};
}

Result<std::size_t> Stream::receive_plain(std::span<std::uint8_t> buffer, SteadyTime deadline) {
  while (true) {
    if (auto ready = wait_for(socket_.get(), POLLIN, wake_, deadline); !ready) return pass(ready);
    const auto size = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
    if (size > 0) return static_cast<std::size_t>(size);
    if (size == 0) return lost("the server closed the connection");
    if (errno != EINTR && errno != EAGAIN) return lost(system_text(errno));
  }
}

Result<> Stream::flush(SteadyTime deadline) {
  std::array<char, piece_bytes> piece;
  while (::BIO_ctrl_pending(outgoing_) > 0) {
    const int size = ::BIO_read(outgoing_, piece.data(), static_cast<int>(piece.size()));
    if (size <= 0) return lost("TLS: " + library_text());
    if (auto sent = send_plain({piece.data(), static_cast<std::size_t>(size)}, deadline); !sent) {
      return sent;
    }
  }
  return {};
}

Result<> Stream::feed(SteadyTime deadline) {
  std::array<std::uint8_t, piece_bytes> piece;
  const auto size = receive_plain(piece, deadline);
  if (!size) return std::unexpected(size.error());
  if (::BIO_write(incoming_, piece.data(), static_cast<int>(*size)) != static_cast<int>(*size)) {
    return fail(ErrorCode::limit, "no memory for TLS");
  }
  return {};
}

bool Stream::feed_what_is_there() noexcept {
  std::array<std::uint8_t, piece_bytes> piece;
  const auto size = ::recv(socket_.get(), piece.data(), piece.size(), MSG_DONTWAIT);
  if (size < 0) return errno == EAGAIN || errno == EWOULDBLOCK;
  return size > 0 &&
         ::BIO_write(incoming_, piece.data(), static_cast<int>(size)) == static_cast<int>(size);
}

bool Stream::is_quiet() noexcept {
  std::uint8_t byte = 0;
  if (!ssl_) {
    const auto size = ::recv(socket_.get(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
  }
  // Tickets for later sessions come when they like, and are no answer.
  if (!feed_what_is_there()) return false;
  ::ERR_clear_error();
  const int size = ::SSL_peek(ssl_.get(), &byte, 1);
  return size <= 0 && ::SSL_get_error(ssl_.get(), size) == SSL_ERROR_WANT_READ;
}

}  // namespace trellis::providers::redis
