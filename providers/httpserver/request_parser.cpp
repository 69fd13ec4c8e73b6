// Requests are parsed by Beast; what it is lenient about is checked here: bytes that two readers (a
// proxy and this one) could take for different requests are refused.
#include "providers/httpserver/request_parser.hpp"

#include <algorithm>
#include <boost/beast/core/string.hpp>
#include <utility>

#include "base/ascii.hpp"

namespace trellis::providers::httpserver {
namespace {

namespace http = boost::beast::http;

/// Bound on headers: RequestHead finds repeated names by comparing all with all.
constexpr std::size_t max_headers = 256;

std::string_view to_std(boost::beast::string_view text) noexcept {
  return {text.data(), text.size()};
}

bool is_in(std::string_view text, std::string_view further) {
  return std::ranges::all_of(text,
                             [&](char c) { return is_letter_or_digit(c) || further.contains(c); });
}

/// Name or address with or without port, or nothing (RFC 9110, 7.2); stricter than the grammar in
/// the characters of names, which nobody needs and filters trip over.
bool is_authority(std::string_view text) {
  std::string_view port;
  if (text.starts_with('[')) {
    const auto close = text.find(']');
    if (close == std::string_view::npos || !is_in(text.substr(1, close - 1), ":.%")) return false;
    port = text.substr(close + 1);
  } else {
    const auto colon = std::min(text.find(':'), text.size());
    if (!is_in(text.substr(0, colon), "-._~%")) return false;
    port = text.substr(colon);
  }
  constexpr std::size_t longest = 6;  // ":65535"
  return port.empty() || (port.starts_with(':') && port.size() <= longest &&
                          port.find_first_not_of("0123456789", 1) == std::string_view::npos);
}

bool has_bare_line_feed(std::string_view text) {
  for (auto at = text.find('\n'); at != std::string_view::npos; at = text.find('\n', at + 1)) {
    if (at == 0 || text[at - 1] != '\r') return true;
  }
  return false;
}

}  // namespace

RequestParser::RequestParser(RequestHead& head, BodySink& body, const RequestLimits& limits)
    : head_(head), body_(body), limits_(limits) {
  head_.clear();
  header_limit(static_cast<std::uint32_t>(limits_.header_bytes));
  body_limit(limits_.body_bytes);
}

std::size_t RequestParser::feed(std::string_view input) {
  // Beast asserts five bytes where the end of a chunked body may have four so far. Every rest of
  // such a body has at least five ("0", two line ends), so waiting for them loses nothing.
  if (has_head_ && chunked() && input.size() < 5) return 0;
  if (!has_head_) {
    refusal_ = refusal_of_lines(input);
    if (refusal_) return 0;
  }
  // Eager parsing goes as far as it can; before the body the caller wants to look at the head.
  eager(has_head_);
  AsioError error;
  const std::size_t used = put(net::const_buffer(input.data(), input.size()), error);
  // Places in the input move with what was taken from its front.
  searched_ -= std::min(searched_, used);
  line_at_ -= std::min(line_at_, used);
  if (!has_head_) head_bytes_ += used;
  error = error_of_rest(input.substr(used), error);
  if (!error || error == http::error::need_more || refusal_) return used;
  refusal_ = refusal_for(error, input);
  return used;
}

/// Error of Beast, or that of bytes that it left for the next time and would leave for ever.
AsioError RequestParser::error_of_rest(std::string_view rest, const AsioError& error) {
  const bool wants_more = error == http::error::need_more;
  if (!has_head_) {
    // Head is bounded as a whole: Beast bounds the request line and the fields each for themselves.
    const bool too_long = head_bytes_ + rest.size() > limits_.header_bytes;
    if ((!error || wants_more) && too_long) return http::error::header_limit;
  } else if (wants_more) {
    // Rest is a line of a chunk's size, or trailers: endless, or with a line end that is none.
    if (rest.size() > limits_.header_bytes || has_bare_line_feed(rest)) {
      return http::error::bad_chunk;
    }
  }
  return error;
}

/// Refuses what Beast takes and another reader of the same bytes may take for something else: lines
/// that end without a carriage return, lines that go on in the next, a request line of more than
/// three words. Looks at each byte of the head once.
std::optional<Refusal> RequestParser::refusal_of_lines(std::string_view input) {
  while (!lines_done_) {
    const auto end = input.find('\n', searched_);
    searched_ = end == std::string_view::npos ? input.size() : end + 1;
    if (end == std::string_view::npos) break;
    const auto line = input.substr(line_at_, searched_ - line_at_);
    line_at_ = searched_;
    if (!line.ends_with("\r\n")) {
      return Refusal{400, "A line of the request ends without a carriage return\n"};
    }
    if (!std::exchange(first_line_done_, true)) {
      if (std::ranges::count(line, ' ') != 2) {
        return Refusal{400, "The request line is not three words\n"};
      }
    } else if (line.starts_with(' ') || line.starts_with('\t')) {
      return Refusal{400, "A header goes on in the next line\n"};
    }
    lines_done_ = line.size() == 2;
  }
  return std::nullopt;
}

bool RequestParser::awaits_continue() const {
  return has_head_ && head_.framing().expects_continue && !is_done() && body_size_ == 0;
}

void RequestParser::on_request_impl(http::verb verb, View method, View target, int version,
                                    AsioError& error) {
  if (verb == http::verb::connect) {
    return refuse({405, "CONNECT is for proxies; this is not one\n"}, error);
  }
  version_ = version;
  if (!head_.set_request_line(to_std(method), to_std(target), version)) {
    refuse({400, "The request target is not a path\n"}, error);
  }
}

void RequestParser::on_field_impl(Field field, View name, View value, AsioError& error) {
  if (has_head_) return;  // trailers: nothing in the Request message can carry them
  if (head_.lines() == max_headers) {
    return refuse({431, "Too many request headers\n"}, error);
  }
  check_framing(field, to_std(value), error);
  if (!error) head_.add(to_std(name), to_std(value));
}

// Headers that decide where a request ends, or whom it is for, must be there once and mean one
// thing: request smuggling lives on those that mean two.
void RequestParser::check_framing(Field field, std::string_view value, AsioError& error) {
  switch (field) {
    case Field::host:
      ++hosts_;
      if (!is_authority(value)) refuse({400, "The Host is not a name or an address\n"}, error);
      break;
    case Field::content_length:
      if (++lengths_ > 1 || value.find(',') != std::string_view::npos) {
        refuse({400, "More than one Content-Length\n"}, error);
      }
      break;
    case Field::transfer_encoding:
      if (transfer_encoding_ || !boost::beast::iequals(value, "chunked")) {
        return refuse({501, "The only Transfer-Encoding understood is chunked\n"}, error);
      }
      transfer_encoding_ = true;
      break;
    case Field::expect:
      if (!boost::beast::iequals(value, "100-continue")) {
        return refuse({417, "The only expectation understood is 100-continue\n"}, error);
      }
      expects_continue_ = true;
      break;
    default: break;
  }
}

void RequestParser::on_header_impl(AsioError& error) {
  has_head_ = true;
  if (hosts_ > 1 || (hosts_ == 0 && version_ >= 11)) {
    return refuse({400, "A request has exactly one Host\n"}, error);
  }
  if (transfer_encoding_ && version_ < 11) {
    return refuse({400, "Transfer-Encoding is not for HTTP/1.0\n"}, error);
  }
  // Interim answers are not for HTTP/1.0, where nobody understands them.
  head_.finish(
      {content_length().value_or(0), chunked(), keep_alive(), expects_continue_ && version_ >= 11});
}

std::size_t RequestParser::on_body_impl(View body, AsioError& error) {
  body_size_ += body.size();
  if (!body_.append(to_std(body))) {
    refuse(server_busy, error);
    return 0;
  }
  return body.size();
}

std::size_t RequestParser::on_chunk_body_impl(std::uint64_t, View body, AsioError& error) {
  return on_body_impl(body, error);
}

void RequestParser::refuse(const Refusal& refusal, AsioError& error) {
  refusal_ = refusal;
  error = http::error::bad_field;  // any error stops Beast; `refusal_` says which it is
}

Refusal RequestParser::refusal_for(const AsioError& error, std::string_view input) const {
  if (error == http::error::header_limit) {
    const bool in_first_line = input.find('\n') == std::string_view::npos && head_.method().empty();
    if (in_first_line) return {414, "The request target is too long\n"};
    return {431, "The request headers are too large\n"};
  }
  if (error == http::error::body_limit) return body_too_large;
  if (error == http::error::bad_version) return {505, "The HTTP version is not supported\n"};
  if (error == http::error::bad_transfer_encoding || error == http::error::bad_content_length ||
      error == http::error::multiple_content_length) {
    return {400, "Content-Length and Transfer-Encoding contradict each other\n"};
  }
  return {400, "Malformed request\n"};
}

}  // namespace trellis::providers::httpserver
