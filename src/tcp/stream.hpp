// Bytes to and from a server, with deadlines, in the clear or encrypted. Deadlines are on
// std::chrono::steady_clock.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/descriptor.hpp"
#include "base/descriptors.hpp"
#include "tcp/tls_context.hpp"
#include "trellis/clock.hpp"
#include "trellis/result.hpp"

namespace trellis::tcp {

/// One connection. One thread may send while another receives; otherwise one at a time. Encryption
/// works on memory: the library's own writes would raise SIGPIPE and its reads know no deadline.
class Stream {
 public:
  /// `wake` is a descriptor that becomes readable when all waiting must end, and outlives the
  /// stream; -1 for none. Errors: unavailable, deadline, cancelled, busy (no descriptors left for
  /// this use).
  [[nodiscard]] static Result<Stream> connect(const std::string& host, std::uint16_t port, int wake,
                                              SteadyTime deadline,
                                              DescriptorUse use = DescriptorUse::link);
  Stream(Stream&& other) noexcept;
  Stream& operator=(Stream&& other) noexcept;
  ~Stream();

  /// From here on in TLS, with a server that proves to be `host`: a name or an address. Errors:
  /// unavailable (no TLS there), denied (a certificate that is not trusted), deadline, cancelled.
  [[nodiscard]] Result<void> encrypt(const TlsContext& context, const std::string& host,
                                     SteadyTime deadline);

  /// All of the bytes. Errors: unavailable, deadline, cancelled; part of them may have gone.
  [[nodiscard]] Result<void> send(std::string_view bytes, SteadyTime deadline);
  /// At least one byte. Errors as above; the end of the stream is unavailable.
  [[nodiscard]] Result<std::size_t> receive(std::span<std::uint8_t> buffer, SteadyTime deadline);
  /// Ends the connection; all that is sent or received afterwards fails. Any thread.
  void shut_down() noexcept;
  /// Ends the connection once the server has all that was sent and ends it too, or at the deadline,
  /// whatever `wake` says: closing a socket on which something was not read takes back what the
  /// server has not read. Nobody receives any more.
  void finish(SteadyTime deadline) noexcept;
  /// Open, and nothing to be read.
  [[nodiscard]] bool is_quiet() noexcept;

 private:
  struct Tls;

  Stream(Descriptor socket, int wake);

  [[nodiscard]] Result<void> send_plain(std::string_view bytes, SteadyTime deadline);
  [[nodiscard]] Result<std::size_t> receive_plain(std::span<std::uint8_t> buffer,
                                                  SteadyTime deadline);
  /// Sends what the library has written.
  [[nodiscard]] Result<void> flush(SteadyTime deadline);
  /// Gives the library what has come.
  [[nodiscard]] Result<void> feed(SteadyTime deadline);
  /// Without waiting. False: the server closed the connection.
  [[nodiscard]] bool feed_what_is_there() noexcept;

  Descriptor socket_;
  int wake_;
  std::unique_ptr<Tls> tls_;  ///< null in the clear
};

}  // namespace trellis::tcp
