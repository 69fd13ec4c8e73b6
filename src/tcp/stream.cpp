#include "tcp/stream.hpp"

#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <climits>
#include <mutex>
#include <utility>

#include "base/call_limits.hpp"
#include "base/mutex.hpp"
#include "tcp/socket.hpp"

namespace trellis::tcp {

namespace {

constexpr std::size_t piece_bytes = 16 * limits::kib;

[[nodiscard]] std::unexpected<Error> lost(std::string why) {
  return fail(ErrorCode::unavailable, std::move(why),
              "check the server; whether it has taken what was sent is unknown");
}

/// Error of a failed handshake: a certificate that is not trusted, or something else.
[[nodiscard]] std::unexpected<Error> not_encrypted(SSL* ssl) {
  const auto verdict = ::SSL_get_verify_result(ssl);
  const bool verifies = ::SSL_get_verify_mode(ssl) != SSL_VERIFY_NONE;
  auto why = tls_error_text();
  if (verdict == X509_V_OK || !verifies) {
    return fail(ErrorCode::unavailable, "TLS: " + why,
                "check that the server speaks TLS at this port");
  }
  return fail(ErrorCode::denied,
              fmt::format("the certificate of the server is not trusted: {}",
                          ::X509_verify_cert_error_string(verdict)),
              "name the authority that signed it; it must be for the host of the address");
}

/// Sets the name or address that the server's certificate must have; names are told to the server
/// too (SNI).
[[nodiscard]] bool set_expected_name(SSL* ssl, const std::string& host) {
  auto* const wanted = ::SSL_get0_param(ssl);
  if (::X509_VERIFY_PARAM_set1_ip_asc(wanted, host.c_str()) == 1) return true;
  // Call is what SSL_set_tlsext_host_name() stands for; the library does not change the text.
  auto* const name = const_cast<char*>(host.c_str());
  return ::SSL_set1_host(ssl, host.c_str()) == 1 &&
         ::SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name) == 1;
}

}  // namespace

/// TLS over two memory buffers instead of the socket: the library never waits, so that one thread
/// can send while another reads, with its state locked only for moments.
struct Stream::Tls {
  struct Free {
    void operator()(SSL* one) const noexcept { ::SSL_free(one); }
  };

  /// False without memory.
  [[nodiscard]] bool make(SSL_CTX* context) {
    const MutexLock lock(mutex);
    ssl.reset(::SSL_new(context));
    incoming = ::BIO_new(::BIO_s_mem());
    outgoing = ::BIO_new(::BIO_s_mem());
    if (ssl && incoming != nullptr && outgoing != nullptr) {
      ::SSL_set_bio(ssl.get(), incoming, outgoing);
      return true;
    }
    ::BIO_free(incoming);
    ::BIO_free(outgoing);
    return false;
  }
  [[nodiscard]] bool expect(const std::string& host) {
    const MutexLock lock(mutex);
    return set_expected_name(ssl.get(), host);
  }
  /// SSL_ERROR_NONE when they are done, else what the library wants.
  [[nodiscard]] int shake_hands() {
    const MutexLock lock(mutex);
    ::ERR_clear_error();
    const int done = ::SSL_connect(ssl.get());
    return done == 1 ? SSL_ERROR_NONE : ::SSL_get_error(ssl.get(), done);
  }
  [[nodiscard]] bool has_output() {
    const MutexLock lock(mutex);
    return ::BIO_ctrl_pending(outgoing) > 0;
  }

  Mutex sending;  ///< records go out in the order they were made in; before `mutex`
  Mutex mutex;    ///< never held while waiting
  std::unique_ptr<SSL, Free> ssl GUARDED_BY(mutex);
  BIO* incoming GUARDED_BY(mutex) = nullptr;  ///< of ssl
  BIO* outgoing GUARDED_BY(mutex) = nullptr;  ///< of ssl
};

Stream::Stream(Descriptor socket, int wake) : socket_(std::move(socket)), wake_(wake) {}
Stream::Stream(Stream&& other) noexcept = default;
Stream& Stream::operator=(Stream&& other) noexcept = default;
Stream::~Stream() = default;

Result<Stream> Stream::connect(const std::string& host, std::uint16_t port, int wake,
                               SteadyTime deadline, DescriptorUse use) {
  auto socket = connect_to(host, port, wake, use, deadline);
  if (!socket) return pass(socket);
  return Stream(std::move(*socket), wake);
}

Result<void> Stream::encrypt(const TlsContext& context, const std::string& host,
                             SteadyTime deadline) {
  ::ERR_clear_error();
  auto tls = std::make_unique<Tls>();
  if (!tls->make(context.get())) return fail(ErrorCode::limit, "no memory for TLS");
  if (!tls->expect(host)) {
    return fail(ErrorCode::invalid_argument, "TLS cannot check this host: " + tls_error_text());
  }
  tls_ = std::move(tls);
  while (true) {
    const int wants = tls_->shake_hands();
    // Output goes out in any case: when the handshake fails it is the alert that tells the server
    // why.
    if (auto sent = flush(deadline); !sent) return sent;
    if (wants == SSL_ERROR_NONE) return {};
    if (wants != SSL_ERROR_WANT_READ) {
      const MutexLock lock(tls_->mutex);
      return not_encrypted(tls_->ssl.get());
    }
    if (auto fed = feed(deadline); !fed) return fed;
  }
}

Result<void> Stream::send(std::string_view bytes, SteadyTime deadline) {
  if (!tls_) return send_plain(bytes, deadline);
  const MutexLock turn(tls_->sending);
  while (!bytes.empty()) {
    const auto piece = bytes.substr(0, piece_bytes);
    {
      const MutexLock lock(tls_->mutex);
      ::ERR_clear_error();
      // Written into memory: all of it, or an error.
      const int written =
          ::SSL_write(tls_->ssl.get(), piece.data(), static_cast<int>(piece.size()));
      if (written <= 0) return lost("TLS: " + tls_error_text());
      bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    if (auto sent = flush(deadline); !sent) return sent;
  }
  return {};
}

Result<std::size_t> Stream::receive(std::span<std::uint8_t> buffer, SteadyTime deadline) {
  if (!tls_) return receive_plain(buffer, deadline);
  const int room = static_cast<int>(std::min<std::size_t>(buffer.size(), INT_MAX));
  while (true) {
    {
      const MutexLock lock(tls_->mutex);
      ::ERR_clear_error();
      const int size = ::SSL_read(tls_->ssl.get(), buffer.data(), room);
      if (size > 0) return static_cast<std::size_t>(size);
      const int wants = ::SSL_get_error(tls_->ssl.get(), size);
      if (wants == SSL_ERROR_ZERO_RETURN) return lost("the server closed the connection");
      if (wants != SSL_ERROR_WANT_READ) return lost("TLS: " + tls_error_text());
    }
    // Library may have something to say itself, a new key for example. Whoever sends at this moment
    // takes it along.
    if (tls_->has_output()) {
      const std::unique_lock turn(tls_->sending, std::try_to_lock);
      if (turn) {
        if (auto sent = flush(deadline); !sent) return pass(sent);
      }
    }
    if (auto fed = feed(deadline); !fed) return pass(fed);
  }
}

Result<void> Stream::send_plain(std::string_view bytes, SteadyTime deadline) {
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

// Socket is read before it is waited for: mostly something is there, or comes while others are
// served.
Result<std::size_t> Stream::receive_plain(std::span<std::uint8_t> buffer, SteadyTime deadline) {
  // Time is looked at first: a server that sends a byte now and then must not hold the caller for
  // ever.
  while (std::chrono::steady_clock::now() < deadline) {
    const auto size = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
    if (size > 0) return static_cast<std::size_t>(size);
    if (size == 0) return lost("the server closed the connection");
    if (errno == EINTR) continue;
    if (errno != EAGAIN && errno != EWOULDBLOCK) return lost(system_text(errno));
    if (auto ready = wait_for(socket_.get(), POLLIN, wake_, deadline); !ready) return pass(ready);
  }
  return fail(ErrorCode::deadline, "no answer in the time allowed",
              "check the server, or allow it more time");
}

Result<void> Stream::flush(SteadyTime deadline) {
  std::array<char, piece_bytes> piece;
  while (true) {
    int size = 0;
    {
      const MutexLock lock(tls_->mutex);
      if (::BIO_ctrl_pending(tls_->outgoing) == 0) return {};
      size = ::BIO_read(tls_->outgoing, piece.data(), static_cast<int>(piece.size()));
    }
    if (size <= 0) return lost("TLS: " + tls_error_text());
    if (auto sent = send_plain({piece.data(), static_cast<std::size_t>(size)}, deadline); !sent) {
      return sent;
    }
  }
}

Result<void> Stream::feed(SteadyTime deadline) {
  std::array<std::uint8_t, piece_bytes> piece;
  const auto size = receive_plain(piece, deadline);
  if (!size) return pass(size);
  const int length = static_cast<int>(*size);
  const MutexLock lock(tls_->mutex);
  if (::BIO_write(tls_->incoming, piece.data(), length) == length) return {};
  return fail(ErrorCode::limit, "no memory for TLS");
}

bool Stream::feed_what_is_there() noexcept {
  std::array<std::uint8_t, piece_bytes> piece;
  const auto size = ::recv(socket_.get(), piece.data(), piece.size(), MSG_DONTWAIT);
  if (size < 0) return errno == EAGAIN || errno == EWOULDBLOCK;
  const MutexLock lock(tls_->mutex);
  return size > 0 && ::BIO_write(tls_->incoming, piece.data(), static_cast<int>(size)) ==
                         static_cast<int>(size);
}

void Stream::shut_down() noexcept {
  static_cast<void>(::shutdown(socket_.get(), SHUT_RDWR));
}

void Stream::finish(SteadyTime deadline) noexcept {
  // Rest of what was sent arrives only if what came is read: a socket that is closed with unread
  // bytes is reset.
  static_cast<void>(::shutdown(socket_.get(), SHUT_WR));
  std::array<std::uint8_t, piece_bytes> unread;
  while (wait_for(socket_.get(), POLLIN, -1, deadline)) {
    const auto size = ::recv(socket_.get(), unread.data(), unread.size(), 0);
    if (size == 0 || (size < 0 && errno != EINTR && errno != EAGAIN)) break;
  }
  shut_down();
}

bool Stream::is_quiet() noexcept {
  std::uint8_t byte = 0;
  if (!tls_) {
    const auto size = ::recv(socket_.get(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
  }
  // Tickets for later sessions come at any time, and are no answer.
  if (!feed_what_is_there()) return false;
  const MutexLock lock(tls_->mutex);
  ::ERR_clear_error();
  const int size = ::SSL_peek(tls_->ssl.get(), &byte, 1);
  return size <= 0 && ::SSL_get_error(tls_->ssl.get(), size) == SSL_ERROR_WANT_READ;
}

}  // namespace trellis::tcp
