// Bytes of a request in, the Request message of contracts.md 3.1 out, without an object in between.
#pragma once

#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "providers/httpserver/handler.hpp"
#include "providers/net/asio.hpp"
#include "providers/net/memory_hold.hpp"
#include "trellis/bytes.hpp"

namespace trellis::providers::httpserver {

class RouteTable;
struct Route;

struct RequestLimits {
  std::size_t header_bytes = 0;  ///< request line and headers together; also trailers
  std::size_t body_bytes = 0;
  MemorySource* memory = nullptr;  ///< counts bodies; null: nobody does
};

/// An answer that ends a connection because its request cannot be understood.
struct Refusal {
  unsigned status = 400;
  std::string_view text;  ///< literal; the body of the answer
};

/// What is kept between requests of one connection so that its memory is used again.
struct RequestStorage {
  struct Header {
    std::size_t name_at = 0, name_size = 0;  ///< into `text`; lower case
    std::size_t value_at = 0, value_size = 0;
    bool merged = false;  ///< repeats an earlier name, which carries this value too
  };

  std::string method;
  std::string target;
  std::string text;
  std::string joined;
  std::vector<Header> headers;
  Bytes body;     ///< of chunked requests; others go straight to `message`
  Bytes message;  ///< the encoded Request

  void clear();
  /// Gives up what is larger than a connection may keep between requests.
  void trim();
};

/// Parses one request. Stricter than Beast where two readers could disagree (request smuggling):
/// one Content-Length, Transfer-Encoding only `chunked` and only in HTTP/1.1, exactly one Host.
/// With `routes` the request is placed as soon as its head is there: the limit for its body is that
/// of the route, and one with a body that nobody is there for is refused at once (404). Belongs to
/// one connection.
class RequestParser final : public boost::beast::http::basic_parser<true>, public RequestHeaders {
 public:
  RequestParser(RequestStorage& storage, const RequestLimits& limits,
                const RouteTable* routes = nullptr);

  /// Parses what it can of `input`; returns how much was used up.
  std::size_t feed(std::string_view input);

  [[nodiscard]] bool complete() const { return is_done(); }
  /// Of the body, so far.
  [[nodiscard]] std::size_t body_size() const noexcept { return body_size_; }
  [[nodiscard]] const std::optional<Refusal>& refusal() const noexcept { return refusal_; }
  /// Whether the client waits for `100 Continue` before it sends the body.
  [[nodiscard]] bool awaits_continue() const;
  [[nodiscard]] bool is_head() const noexcept { return head_; }
  [[nodiscard]] bool is_http_10() const noexcept { return version_ < 11; }
  /// As the actor gets it: without the prefix that its route strips.
  [[nodiscard]] std::string_view path() const noexcept { return path_; }
  /// Null before the head is complete, without routes, and where none fits.
  [[nodiscard]] const Route* route() const noexcept { return route_; }
  [[nodiscard]] std::optional<std::string> find(std::string_view name) const override;

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
  void on_finish_impl(AsioError& error) override;

  [[nodiscard]] std::optional<Refusal> refusal_of_lines(std::string_view input);
  void refuse(unsigned status, std::string_view text, AsioError& error);
  [[nodiscard]] std::size_t append(Bytes& to, View part, AsioError& error);
  [[nodiscard]] Refusal refusal_for(const AsioError& error) const;
  void keep_header(std::string_view name, std::string_view value);
  void check_framing(Field field, std::string_view value, AsioError& error);
  [[nodiscard]] bool split_target();
  void choose_route(AsioError& error);
  void mark_repeated();
  [[nodiscard]] std::string_view name_of(const RequestStorage::Header& header) const noexcept;
  [[nodiscard]] std::string joined_value(std::size_t first) const;
  [[nodiscard]] std::string_view value_of(std::size_t first);
  /// Everything of the message but the content of its last field, the body.
  void encode_head(std::size_t body_size);

  RequestStorage& storage_;
  RequestLimits limits_;
  const RouteTable* routes_;
  const Route* route_ = nullptr;
  std::optional<Refusal> refusal_;
  std::string_view authority_;  ///< of an absolute target
  std::string_view path_;
  std::string_view query_;
  MemoryHold hold_;
  std::size_t body_size_ = 0;
  std::size_t head_bytes_ = 0;
  // Of the unread input, by refusal_of_lines.
  std::size_t searched_ = 0;
  std::size_t line_at_ = 0;
  int version_ = 0;
  unsigned hosts_ = 0;
  unsigned lengths_ = 0;
  bool repeated_ = false;
  bool transfer_encoding_ = false;
  bool first_line_done_ = false;
  bool lines_done_ = false;
  bool head_ = false;
  bool header_done_ = false;
  bool expects_continue_ = false;
  bool body_begun_ = false;
};

}  // namespace trellis::providers::httpserver
