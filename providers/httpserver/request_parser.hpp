// Bytes of a request in; out come its head as a value, and its body piece by piece.
#pragma once

#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <cstddef>
#include <optional>
#include <string_view>

#include "providers/httpserver/request_head.hpp"
#include "providers/net/asio.hpp"

namespace trellis::providers::httpserver {

struct RequestLimits {
  std::size_t header_bytes = 0;  ///< request line and headers together; also trailers
  std::size_t body_bytes = 0;
};

/// Parses one request. Stricter than Beast where two readers could disagree (request smuggling):
/// one Content-Length, Transfer-Encoding only `chunked` and only in HTTP/1.1, exactly one Host.
/// Belongs to one connection.
class RequestParser final : private boost::beast::http::basic_parser<true> {
 public:
  /// Fills in `head`; pieces of the body go to `body`, after has_head().
  RequestParser(RequestHead& head, BodySink& body, const RequestLimits& limits);

  /// Parses what it can of `input`, and no further than to the end of the head when that is in it;
  /// returns how much was used up.
  std::size_t feed(std::string_view input);

  [[nodiscard]] bool has_head() const noexcept { return has_head_; }
  [[nodiscard]] bool complete() const { return is_done(); }
  [[nodiscard]] const std::optional<Refusal>& refusal() const noexcept { return refusal_; }
  /// Whether the client waits for `100 Continue` before it sends the body.
  [[nodiscard]] bool awaits_continue() const;
  /// For the body that is to come, when the head told whose limit counts; once more bytes than that
  /// have come the request is refused.
  void limit_body(std::size_t bytes) { body_limit(bytes); }
  /// Bytes of the body, so far.
  [[nodiscard]] std::size_t body_size() const noexcept { return body_size_; }

 private:
  using View = boost::beast::string_view;
  using Field = boost::beast::http::field;

  void on_request_impl(boost::beast::http::verb verb, View method, View target, int version,
                       AsioError& error) override;
  void on_response_impl(int, View, int, AsioError&) override {}
  void on_field_impl(Field field, View name, View value, AsioError& error) override;
  void on_header_impl(AsioError& error) override;
  void on_body_init_impl(const boost::optional<std::uint64_t>&, AsioError&) override {}
  std::size_t on_body_impl(View body, AsioError& error) override;
  void on_chunk_header_impl(std::uint64_t, View, AsioError&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, View body, AsioError& error) override;
  void on_finish_impl(AsioError&) override {}

  [[nodiscard]] std::optional<Refusal> refusal_of_lines(std::string_view input);
  [[nodiscard]] AsioError error_of_rest(std::string_view rest, const AsioError& error);
  [[nodiscard]] Refusal refusal_for(const AsioError& error, std::string_view input) const;
  void refuse(const Refusal& refusal, AsioError& error);
  void check_framing(Field field, std::string_view value, AsioError& error);

  RequestHead& head_;
  BodySink& body_;
  const RequestLimits limits_;
  std::optional<Refusal> refusal_;
  std::size_t body_size_ = 0;
  std::size_t head_bytes_ = 0;
  // Places in the unread input, kept by refusal_of_lines.
  std::size_t searched_ = 0;
  std::size_t line_at_ = 0;
  int version_ = 0;
  unsigned hosts_ = 0;
  unsigned lengths_ = 0;
  bool transfer_encoding_ = false;
  bool expects_continue_ = false;
  bool first_line_done_ = false;
  bool lines_done_ = false;
  bool has_head_ = false;
};

}  // namespace trellis::providers::httpserver
