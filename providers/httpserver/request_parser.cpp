#include "providers/httpserver/request_parser.hpp"

#include <algorithm>
#include <boost/beast/core/string.hpp>
#include <iterator>
#include <utility>

#include "base/call_limits.hpp"
#include "base/text.hpp"
#include "codec/msgpack_writer.hpp"
#include "providers/httpserver/route.hpp"

namespace trellis::providers::httpserver {
namespace {

namespace http = boost::beast::http;

/// Repeated names are found by comparing all with all.
constexpr std::size_t max_headers = 256;

std::string_view to_std(boost::beast::string_view text) noexcept {
  return {text.data(), text.size()};
}

bool is_ascii(std::string_view text) noexcept {
  return std::none_of(text.begin(), text.end(),
                      [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
}

char lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// Appends the target; bytes that RFC 3986 does not allow raw are percent-encoded, as clients
/// should have done, so that the path is ASCII for the actor.
void append_target(std::string_view target, std::string& out) {
  if (is_ascii(target)) {
    out += target;
    return;
  }
  constexpr std::string_view digits = "0123456789ABCDEF";
  for (const char c : target) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      out += c;
    } else {
      out += {'%', digits[byte >> 4U], digits[byte & 0x0fU]};
    }
  }
}

bool is_in(std::string_view text, std::string_view further) {
  return std::ranges::all_of(text, [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           further.contains(c);
  });
}

/// A name or an address with or without port, or nothing (RFC 9110, 7.2); stricter than the grammar
/// in the characters of names, which nobody needs and filters trip over.
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

void RequestStorage::clear() {
  method.clear();
  target.clear();
  text.clear();
  headers.clear();
  body.clear();
  message.clear();
}

void RequestStorage::trim() {
  // Thousands of connections may idle.
  constexpr std::size_t kept = 16 * limits::kib;
  if (body.capacity() > kept) body = {};
  if (message.capacity() > kept) message = {};
}

RequestParser::RequestParser(RequestStorage& storage, const RequestLimits& limits,
                             const RouteTable* routes)
    : storage_(storage), limits_(limits), routes_(routes), hold_(limits.memory) {
  storage_.clear();
  header_limit(static_cast<std::uint32_t>(limits_.header_bytes));
  body_limit(limits_.body_bytes);
  eager(true);
}

std::size_t RequestParser::feed(std::string_view input) {
  // Beast asserts five bytes where the end of a chunked body may have four so far. Every rest of
  // such a body has at least five ("0", two line ends), so waiting for them loses nothing.
  if (header_done_ && chunked() && input.size() < 5) return 0;
  if (!header_done_) {
    refusal_ = refusal_of_lines(input);
    if (refusal_) return 0;
  }
  AsioError error;
  const std::size_t used = put(net::const_buffer(input.data(), input.size()), error);
  searched_ -= std::min(searched_, used);
  line_at_ -= std::min(line_at_, used);
  if (!header_done_) {
    head_bytes_ += used;
    // Beast bounds the request line and the fields each for themselves.
    if (!error || error == http::error::need_more) {
      if (head_bytes_ + (input.size() - used) > limits_.header_bytes) {
        error = http::error::header_limit;
      }
    }
  } else if (error == http::error::need_more) {
    // What is left is a line of a chunk's size, or trailers: endless, or with a line end that Beast
    // would wait for for ever.
    const auto rest = input.substr(used);
    if (rest.size() > limits_.header_bytes || has_bare_line_feed(rest)) {
      error = http::error::bad_chunk;
    }
  }
  if (!error || error == http::error::need_more || refusal_) return used;
  refusal_ = refusal_for(error);
  const bool in_first_line = input.find('\n') == std::string_view::npos && storage_.method.empty();
  if (error == http::error::header_limit && in_first_line) {
    refusal_ = Refusal{414, "The request target is too long\n"};
  }
  return used;
}

/// What Beast takes and another reader of the same bytes may take for something else: lines that
/// end without a carriage return, lines that go on in the next, a request line of more than three
/// words. Looks at each byte of the head once.
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
  return expects_continue_ && header_done_ && !is_done() && !body_begun_;
}

void RequestParser::on_request_impl(http::verb verb, View method, View target, int version,
                                    AsioError& error) {
  if (verb == http::verb::connect) {
    return refuse(405, "CONNECT is for proxies; this is not one\n", error);
  }
  version_ = version;
  head_ = verb == http::verb::head;
  storage_.method = to_std(method);
  append_target(to_std(target), storage_.target);
  if (!split_target()) refuse(400, "The request target is not a path\n", error);
}

bool RequestParser::split_target() {
  path_ = storage_.target;
  if (path_.contains('#')) return false;  // fragments stay with the client
  if (!path_.starts_with('/')) {
    if (path_ == "*") return storage_.method == "OPTIONS";
    const auto scheme = path_.find("://");
    const auto name = to_lower_ascii(path_.substr(0, std::min<std::size_t>(scheme, 5)));
    if (scheme == std::string_view::npos || (name != "http" && name != "https")) return false;
    path_.remove_prefix(scheme + 3);
    const auto end = std::min(path_.find_first_of("/?"), path_.size());
    authority_ = path_.substr(0, end);
    authority_.remove_prefix(authority_.find('@') + 1);  // npos + 1 is 0
    path_.remove_prefix(end);
  }
  const auto question = path_.find('?');
  if (question != std::string_view::npos) {
    query_ = path_.substr(question + 1);
    path_ = path_.substr(0, question);
  }
  if (path_.empty()) path_ = "/";
  return true;
}

void RequestParser::on_field_impl(Field field, View name, View value, AsioError& error) {
  if (header_done_) return;  // trailers: nothing in the Request message can carry them
  if (storage_.headers.size() == max_headers) {
    return refuse(431, "Too many request headers\n", error);
  }
  check_framing(field, to_std(value), error);
  if (!error) keep_header(to_std(name), to_std(value));
}

void RequestParser::check_framing(Field field, std::string_view value, AsioError& error) {
  switch (field) {
    case Field::host:
      ++hosts_;
      if (!is_authority(value)) refuse(400, "The Host is not a name or an address\n", error);
      break;
    case Field::content_length:
      if (++lengths_ > 1 || value.find(',') != std::string_view::npos) {
        refuse(400, "More than one Content-Length\n", error);
      }
      break;
    case Field::transfer_encoding:
      if (transfer_encoding_ || !boost::beast::iequals(value, "chunked")) {
        return refuse(501, "The only Transfer-Encoding understood is chunked\n", error);
      }
      transfer_encoding_ = true;
      break;
    case Field::expect:
      if (!boost::beast::iequals(value, "100-continue")) {
        return refuse(417, "The only expectation understood is 100-continue\n", error);
      }
      expects_continue_ = true;
      break;
    default: break;
  }
}

void RequestParser::keep_header(std::string_view name, std::string_view value) {
  auto& text = storage_.text;
  RequestStorage::Header header;
  header.name_at = text.size();
  header.name_size = name.size();
  std::transform(name.begin(), name.end(), std::back_inserter(text), lower);
  header.value_at = text.size();
  if (is_ascii(value)) {
    text += value;
  } else {
    text += replace_bad_utf8(value);  // a str of MessagePack is UTF-8
  }
  header.value_size = text.size() - header.value_at;
  storage_.headers.push_back(header);
}

void RequestParser::on_header_impl(AsioError& error) {
  header_done_ = true;
  if (hosts_ > 1 || (hosts_ == 0 && version_ >= 11)) {
    return refuse(400, "A request has exactly one Host\n", error);
  }
  if (transfer_encoding_ && version_ < 11) {
    return refuse(400, "Transfer-Encoding is not for HTTP/1.0\n", error);
  }
  if (version_ < 11) expects_continue_ = false;
  mark_repeated();
  if (routes_ != nullptr) choose_route(error);
  if (error) return;
  // The length of a chunked body is known at its end only.
  if (!chunked()) encode_head(static_cast<std::size_t>(content_length().value_or(0)));
}

/// Memory grows with what arrives, not with what a length promises, and is counted before.
std::size_t RequestParser::append(Bytes& to, View part, AsioError& error) {
  body_begun_ = true;
  body_size_ += part.size();
  const auto needed = to.size() + part.size();
  if (needed > to.capacity()) {
    const auto grown = std::max(needed, 2 * to.capacity());
    // A chunked body is copied once, at its end.
    if (!hold_.cover(&to == &storage_.body ? 2 * grown : grown)) {
      refuse(503, "The server is busy\n", error);
      return 0;
    }
    to.reserve(grown);
  }
  to.insert(to.end(), part.begin(), part.end());
  return part.size();
}

std::size_t RequestParser::on_body_impl(View body, AsioError& error) {
  return append(storage_.message, body, error);
}

std::size_t RequestParser::on_chunk_body_impl(std::uint64_t, View body, AsioError& error) {
  return append(storage_.body, body, error);
}

void RequestParser::on_finish_impl(AsioError&) {
  if (!chunked()) return;
  encode_head(storage_.body.size());
  storage_.message.insert(storage_.message.end(), storage_.body.begin(), storage_.body.end());
}

/// RFC 9112 3.2.2: the authority of an absolute target counts, not Host.
void RequestParser::choose_route(AsioError& error) {
  std::string host(authority_);
  if (host.empty() && routes_->by_host()) host = find("host").value_or("");
  route_ = routes_->find(host, path_);
  const bool has_body = chunked() || content_length().value_or(0) > 0;
  if (route_ == nullptr) {
    // Without a body the connection may go on, and the answer is made like any other.
    if (has_body) refuse(404, "Nothing is served here\n", error);
    return;
  }
  const auto& options = route_->options;
  if (content_length().value_or(0) > options.max_body_bytes) error = http::error::body_limit;
  if (chunked()) body_limit(options.max_body_bytes);
  if (!options.strip_prefix) return;
  path_.remove_prefix(options.path_prefix.size());
  if (path_.empty()) path_ = "/";
}

std::string_view RequestParser::name_of(const RequestStorage::Header& header) const noexcept {
  return std::string_view(storage_.text).substr(header.name_at, header.name_size);
}

std::optional<std::string> RequestParser::find(std::string_view name) const {
  const auto& headers = storage_.headers;
  for (std::size_t i = 0; i < headers.size(); ++i) {
    if (!headers[i].merged && name_of(headers[i]) == name) return joined_value(i);
  }
  return std::nullopt;
}

void RequestParser::mark_repeated() {
  auto& headers = storage_.headers;
  const auto name = [&](const RequestStorage::Header& header) { return name_of(header); };
  for (std::size_t i = 1; i < headers.size(); ++i) {
    for (std::size_t j = 0; j < i && !headers[i].merged; ++j) {
      headers[i].merged = !headers[j].merged && name(headers[i]) == name(headers[j]);
    }
    repeated_ = repeated_ || headers[i].merged;
  }
}

std::string RequestParser::joined_value(std::size_t first) const {
  const std::string_view text = storage_.text;
  const auto& head = storage_.headers[first];
  const auto name = name_of(head);
  std::string all(text.substr(head.value_at, head.value_size));
  for (std::size_t i = first + 1; repeated_ && i < storage_.headers.size(); ++i) {
    const auto& other = storage_.headers[i];
    if (!other.merged || name_of(other) != name) continue;
    all += name == "cookie" ? "; " : ", ";
    all += text.substr(other.value_at, other.value_size);
  }
  return all;
}

std::string_view RequestParser::value_of(std::size_t first) {
  const auto& head = storage_.headers[first];
  if (!repeated_) return std::string_view(storage_.text).substr(head.value_at, head.value_size);
  storage_.joined = joined_value(first);
  return storage_.joined;
}

void RequestParser::encode_head(std::size_t body_size) {
  const auto& headers = storage_.headers;
  codec::MsgpackWriter out(storage_.message);
  out.map(5);
  out.string("method");
  out.string(storage_.method);
  out.string("path");
  out.string(path_);
  out.string("queryString");
  out.string(query_);
  out.string("header");
  out.map(static_cast<std::size_t>(std::count_if(
      headers.begin(), headers.end(), [](const auto& header) { return !header.merged; })));
  for (std::size_t i = 0; i < headers.size(); ++i) {
    if (headers[i].merged) continue;
    out.string(name_of(headers[i]));
    out.string(value_of(i));
  }
  out.string("body");
  out.binary_head(body_size);
}

void RequestParser::refuse(unsigned status, std::string_view text, AsioError& error) {
  refusal_ = Refusal{status, text};
  error = http::error::bad_field;  // any error stops Beast; `refusal_` says which it is
}

Refusal RequestParser::refusal_for(const AsioError& error) const {
  if (error == http::error::header_limit) return {431, "The request headers are too large\n"};
  if (error == http::error::body_limit) return {413, "The request body is too large\n"};
  if (error == http::error::bad_version) return {505, "The HTTP version is not supported\n"};
  if (error == http::error::bad_transfer_encoding || error == http::error::bad_content_length ||
      error == http::error::multiple_content_length) {
    return {400, "Content-Length and Transfer-Encoding contradict each other\n"};
  }
  return {400, "Malformed request\n"};
}

}  // namespace trellis::providers::httpserver
