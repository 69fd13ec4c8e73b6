#include "providers/httpserver/connection.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <type_traits>
#include <utility>

#include "providers/httpserver/exchange.hpp"
#include "providers/httpserver/served_address.hpp"

namespace trellis::providers::httpserver {
namespace {

using TlsStream = net::ssl::stream<Socket>;

/// Time for the peer to close after us.
constexpr std::chrono::milliseconds closing_time = std::chrono::seconds(2);
/// Requests answered in a row before other connections get the thread: a client that pipelines must
/// not keep it.
constexpr int requests_in_a_row = 16;

template <class Stream>
class Connection final : public ConnectionBase,
                         public std::enable_shared_from_this<Connection<Stream>> {
 public:
  Connection(std::shared_ptr<ServedAddress> site, std::shared_ptr<const Settings> settings,
             Socket socket)
      : ConnectionBase(site->clock()),
        site_(std::move(site)),
        settings_(std::move(settings)),
        stream_(make_stream(std::move(socket), *settings_)),
        exchange_(site_->log(), site_->where(), limits(), *settings_->routes, site_->memory()) {
    // Entered last: from then on the sweeper may call.
    attach(this->socket().native_handle());
    site_->enter(*this);
  }
  ~Connection() override {
    detach();
    site_->leave(*this);
  }

  void start(bool refused) {
    AsioError ignored;
    socket().set_option(net::ip::tcp::no_delay(true), ignored);
    if constexpr (is_tls) {
      handshake();
    } else {
      // Writing is tried at once, and waited for only where the client is slow.
      socket().non_blocking(true, ignored);
      if (refused) exchange_.refuse(503, "Too many connections\n");
      run();
    }
  }

 private:
  static constexpr bool is_tls = std::is_same_v<Stream, TlsStream>;

  static Stream make_stream(Socket socket, const Settings& settings) {
    if constexpr (is_tls) {
      return Stream(std::move(socket), *settings.tls);
    } else {
      return socket;
    }
  }

  [[nodiscard]] Socket& socket() noexcept {
    if constexpr (is_tls) {
      return stream_.next_layer();
    } else {
      return stream_;
    }
  }
  [[nodiscard]] RequestLimits limits() const noexcept {
    return {settings_->options.max_header_bytes, settings_->options.max_body_bytes};
  }

  void handshake() {
    enter(Phase::receiving, settings_->options.header_timeout);
    stream_.async_handshake(net::ssl::stream_base::server,
                            [self = this->shared_from_this()](const AsioError& error) {
                              if (error) return self->close();
                              self->run();
                            });
  }

  /// Goes on until it must wait. Starting an asynchronous operation is the last thing done: its end
  /// may already be running on another thread.
  void run() {
    for (int handled = 0;;) {
      // Links may change while the connection is open: each request is under one state of them.
      if (!exchange_.mid_request() && site_->refresh(settings_)) {
        exchange_.set_terms(limits(), *settings_->routes);
      }
      switch (exchange_.next()) {
        case Step::read: return read();
        case Step::handle:
          if (++handled > requests_in_a_row) return yield();
          handle();
          break;
        case Step::write:
          if (!write()) return;
          break;
        case Step::close: return finish();
      }
    }
  }

  void yield() {
    net::post(stream_.get_executor(), [self = this->shared_from_this()] { self->run(); });
  }

  void read() {
    if (exchange_.mid_request()) {
      proceed(Phase::receiving, settings_->options.header_timeout, exchange_.held());
    } else {
      proceed(Phase::idle, settings_->options.idle_timeout);
      // Looked at after the phase was set: drain() sets closing() and then looks at the phase, so
      // that one of them sees the other.
      if (site_->closing()) return finish();
    }
    stream_.async_read_some(
        exchange_.input_space(),
        [self = this->shared_from_this()](const AsioError& error, std::size_t count) {
          self->on_read(error, count);
        });
  }

  void on_read(const AsioError& error, std::size_t count) {
    if (error && site_->closing() && exchange_.mid_request()) {
      exchange_.refuse(503, "The server is stopping\n");  // it is we who cut the request off
    } else if (error) {
      exchange_.input_ended(expired());
    } else {
      moved(count);
      exchange_.received(count);
    }
    run();
  }

  void handle() {
    enter(Phase::handling, {});
    const auto began = clock().steady();
    if (site_->closing()) {
      exchange_.refuse(503, "The server is stopping\n");
    } else {
      exchange_.handle();
    }
    exchange_.log_access(clock().steady() - began);
  }

  /// False when the rest goes on asynchronously or the connection is gone.
  bool write() {
    if constexpr (!is_tls) {
      AsioError error;
      const std::size_t count = stream_.write_some(exchange_.output(), error);
      if (!error) {
        moved(count);
        exchange_.written(count);
        return true;
      }
      if (error != net::error::would_block) {
        close();
        return false;
      }
    }
    proceed(Phase::writing, settings_->options.header_timeout);
    stream_.async_write_some(exchange_.output(), [self = this->shared_from_this()](
                                                     const AsioError& error, std::size_t count) {
      if (error) return self->close();
      self->moved(count);
      self->exchange_.written(count);
      self->run();
    });
    return false;
  }

  void finish() {
    enter(Phase::closing, closing_time);
    if constexpr (is_tls) {
      stream_.async_shutdown(
          [self = this->shared_from_this()](const AsioError&) { self->close(); });
    } else {
      if (!exchange_.must_linger()) return close();
      AsioError ignored;
      stream_.shutdown(Socket::shutdown_send, ignored);
      linger();
    }
  }

  /// Reads and drops what comes: closing with unread input would reset the connection and could
  /// take the response with it.
  void linger() {
    stream_.async_read_some(exchange_.input_space(),
                            [self = this->shared_from_this()](const AsioError& error, std::size_t) {
                              if (error) return self->close();
                              self->linger();
                            });
  }

  // Detached first, so that the sweeper shuts down nobody else's socket of that number.
  void close() {
    detach();
    AsioError ignored;
    socket().close(ignored);
  }

  const std::shared_ptr<ServedAddress> site_;
  std::shared_ptr<const Settings> settings_;
  Stream stream_;
  Exchange exchange_;
};

template <class Stream>
void start(std::shared_ptr<ServedAddress> site, std::shared_ptr<const Settings> settings,
           Socket socket, bool refuse) {
  std::make_shared<Connection<Stream>>(std::move(site), std::move(settings), std::move(socket))
      ->start(refuse);
}

}  // namespace

void serve_connection(std::shared_ptr<ServedAddress> site, std::shared_ptr<const Settings> settings,
                      Socket socket, bool refuse) {
  if (!settings->tls) {
    return start<Socket>(std::move(site), std::move(settings), std::move(socket), refuse);
  }
  // TLS has nothing to say before the handshake, which is what costs.
  if (refuse) return;
  start<TlsStream>(std::move(site), std::move(settings), std::move(socket), false);
}

}  // namespace trellis::providers::httpserver
