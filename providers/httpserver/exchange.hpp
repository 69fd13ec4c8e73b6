// HTTP/1.1 of one connection without any socket: bytes in, steps out.
#pragma once

#include <array>
#include <boost/asio/buffer.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "base/log.hpp"
#include "providers/httpserver/handler.hpp"
#include "providers/httpserver/request_head.hpp"
#include "providers/httpserver/request_message.hpp"
#include "providers/httpserver/request_parser.hpp"
#include "providers/httpserver/response_head.hpp"
#include "providers/httpserver/routing.hpp"

namespace trellis::providers::httpserver {

/// Next thing that the owner of an Exchange does.
enum class Step {
  read,    ///< read into input_space(), then received() or input_ended()
  handle,  ///< a request is complete: call handle() or refuse()
  write,   ///< send output(), then written()
  close    ///< nothing more; see must_linger()
};

/// Requests and responses of one connection, one after the other, pipelined ones included. Buffers
/// are used again, so a request costs no memory that the one before it had. Belongs to one thread
/// at a time.
class Exchange {
 public:
  /// Limits and routes may change between requests (set_terms). `label` stands in log lines for the
  /// actor where no route names one. `memory` counts bodies; null: nobody does.
  Exchange(Log log, std::string_view label, const RequestLimits& limits, const RouteTable& routes,
           MemorySource* memory = nullptr);
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  [[nodiscard]] Step next();

  [[nodiscard]] net::mutable_buffer input_space();
  void received(std::size_t count);
  /// The peer sends no more (`expired`: it took too long, which is answered with 408).
  void input_ended(bool expired);
  /// Whether a part of a request has come.
  [[nodiscard]] bool mid_request() const noexcept { return parser_.has_value(); }
  /// Bytes kept for the peer, for the request under way.
  [[nodiscard]] std::size_t held() const noexcept { return parser_ ? parser_->body_size() : 0; }
  /// For the next request: limits, and where requests go. `routes` must live until the next call.
  void set_terms(const RequestLimits& limits, const RouteTable& routes) noexcept {
    limits_ = limits;
    routes_ = &routes;
  }

  /// Lets the handler of its route answer the request; says so when nobody is there for it, or when
  /// its requests keep all the threads that it may have.
  void handle();
  /// Answers the request, or a connection without one, with an error, and closes.
  void refuse(unsigned status, std::string_view text);

  [[nodiscard]] std::array<net::const_buffer, 2> output() const;
  void written(std::size_t count);

  /// Whether unread input may be on its way, so that closing at once could destroy the response.
  [[nodiscard]] bool must_linger() const noexcept { return linger_; }
  /// Writes the request that was answered last to the access log, if its route wants that.
  void log_access(std::chrono::nanoseconds took) const;

 private:
  [[nodiscard]] bool parse();
  [[nodiscard]] bool advance();
  [[nodiscard]] bool place();
  void ask_handler();
  void warn_of_dropped_headers() const;
  [[nodiscard]] std::string_view unread() const noexcept;
  [[nodiscard]] std::string_view label() const noexcept;
  void answer(const ResponseTerms& terms);
  void finish_response();
  [[nodiscard]] std::size_t output_size() const noexcept;

  Log log_;
  std::string_view label_;
  RequestLimits limits_;
  const RouteTable* routes_;
  std::string input_;
  std::size_t input_begin_ = 0;
  std::size_t input_end_ = 0;
  // State of the request under way: what its bytes made of it, who it is for, what that one gets.
  RequestHead request_;
  Routing routing_;
  RequestMessage message_;
  std::optional<RequestParser> parser_;  ///< none between requests
  codec::httpserver::Response response_;
  ResponseOutcome outcome_;
  DateText date_;
  std::string head_;
  MemoryHold response_hold_;
  std::size_t sent_ = 0;
  bool filled_ = false;  ///< the last read took all the space there was
  bool writing_ = false;
  bool interim_ = false;  ///< what is written is 100 Continue
  bool close_ = false;    ///< after the output
  bool continued_ = false;
  bool linger_ = false;
};

}  // namespace trellis::providers::httpserver
