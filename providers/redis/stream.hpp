// Bytes to and from a server, with deadlines, in the clear or encrypted (rediss://). Deadlines are
// on std::chrono::steady_clock.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/descriptor.hpp"
#include "providers/redis/address.hpp"
#include "trellis/clock.hpp"
#include "trellis/result.hpp"

using SSL_CTX = struct ssl_ctx_st;
using SSL = struct ssl_st;
using BIO = struct bio_st;

namespace trellis::providers::redis {

/// Which authorities vouch for servers. Immutable; any thread.
class Trust {
 public:
  /// Those of the system, and those in the PEM file `ca_file` if it is not empty. Errors:
  /// invalid_argument.
  [[nodiscard]] static Result<std::shared_ptr<const Trust>> make(const std::string& ca_file);

  [[nodiscard]] SSL_CTX* context() const noexcept { return context_.get(); }

 private:
  struct Free {
    void operator()(SSL_CTX* context) const noexcept;
  };
  explicit Trust(SSL_CTX* context) : context_(context) {}

  std::unique_ptr<SSL_CTX, Free> context_;
};

/// One connection. One thread at a time. Encryption works on memory: the library's own writes
/// would raise SIGPIPE and its reads know no deadline.
class Stream {
 public:
  /// Connects; with `trust` also makes sure that the server is who the address says. `wake` is a
  /// descriptor that becomes readable when all waiting must end, and outlives the stream; -1 for
  /// none. Errors: unavailable, deadline, cancelled, denied (no certificate that is trusted).
  [[nodiscard]] static Result<Stream> connect(const Address& address, const Trust* trust, int wake,
                                              SteadyTime deadline);

  /// All of the bytes. Errors: unavailable, deadline, cancelled.
  [[nodiscard]] Result<> send(std::string_view bytes, SteadyTime deadline);
  /// At least one byte. Errors as above; the end of the stream is unavailable.
  [[nodiscard]] Result<std::size_t> receive(std::span<std::uint8_t> buffer, SteadyTime deadline);
  /// Open, and nothing to be read.
  [[nodiscard]] bool is_quiet() noexcept;

 private:
  struct Free {
    void operator()(SSL* ssl) const noexcept;
  };

  Stream(Descriptor socket, int wake) : socket_(std::move(socket)), wake_(wake) {}

  [[nodiscard]] Result<> encrypt(const Address& address, const Trust& trust, SteadyTime deadline);
  [[nodiscard]] Result<> send_plain(std::string_view bytes, SteadyTime deadline);
  [[nodiscard]] Result<std::size_t> receive_plain(std::span<std::uint8_t> buffer,
                                                  SteadyTime deadline);
  /// Sends what the library has written.
  [[nodiscard]] Result<> flush(SteadyTime deadline);
  /// Gives the library what has come. False: nothing is there and `wait` was not asked for.
  [[nodiscard]] Result<> feed(SteadyTime deadline);
  /// Without waiting. False: the server closed the connection.
  [[nodiscard]] bool feed_what_is_there() noexcept;

  Descriptor socket_;
  int wake_;
  std::unique_ptr<SSL, Free> ssl_;  ///< null in the clear
  BIO* incoming_ = nullptr;         ///< of ssl_
  BIO* outgoing_ = nullptr;         ///< of ssl_
};

}  // namespace trellis::providers::redis
