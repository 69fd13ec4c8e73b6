#include "providers/httpserver/response_head.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/beast/http/status.hpp>
#include <charconv>
#include <iterator>

#include "base/ascii.hpp"
#include "base/text.hpp"
#include "http/tokens.hpp"

namespace trellis::providers::httpserver {

using trellis::http::is_token;
using trellis::http::same_name;
namespace {

/// Whether a header's value has no control characters but tab, so no line ends: an actor that
/// passes on a client's text must not split the response.
bool is_value(std::string_view value) noexcept {
  return std::all_of(value.begin(), value.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte >= 0x20 && byte != 0x7f) || c == '\t';
  });
}

enum class Header { other, connection, length, date, ours };

/// Headers that belong to the connection (RFC 9110 7.6.1) are decided here, not by an actor.
Header classify(std::string_view name) noexcept {
  constexpr std::array<std::string_view, 6> hop_by_hop = {
      "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"};
  if (same_name(name, "connection")) return Header::connection;
  if (same_name(name, "content-length")) return Header::length;
  if (same_name(name, "date")) return Header::date;
  const bool found = std::any_of(hop_by_hop.begin(), hop_by_hop.end(),
                                 [&](auto each) { return same_name(name, each); });
  return found ? Header::ours : Header::other;
}

bool is_number(std::string_view text) noexcept {
  return !text.empty() && text.size() < 19 && std::all_of(text.begin(), text.end(), is_digit);
}

void append_header(std::string_view name, std::string_view value, std::string& out) {
  out.append(name).append(": ").append(value).append("\r\n");
}

bool is_printable_ascii(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
}

/// Writes the first line. A status without a registered reason has the actor's own, or none.
void append_status_line(const codec::httpserver::Response& response, std::string& out) {
  constexpr std::size_t longest_reason = 128;
  const auto status = boost::beast::http::int_to_status(response.status_code);
  std::string_view reason;
  if (status != boost::beast::http::status::unknown) {
    const auto registered = boost::beast::http::obsolete_reason(status);
    reason = {registered.data(), registered.size()};
  } else if (response.status.size() <= longest_reason && is_printable_ascii(response.status)) {
    reason = response.status;
  }
  fmt::format_to(std::back_inserter(out), "HTTP/1.1 {} {}\r\n", response.status_code, reason);
}

bool mentions_close(std::string_view value) {
  for (const auto part : split(value, ',')) {
    if (same_name(trim(part), "close")) return true;
  }
  return false;
}

}  // namespace

std::string_view DateText::at(std::time_t now) {
  if (now != second_) {
    second_ = now;
    std::tm parts{};
    ::gmtime_r(&now, &parts);
    constexpr std::array<const char*, 7> days = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    constexpr std::array<const char*, 12> months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                    "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    // Names are written out here, because strftime follows the locale.
    fmt::format_to_n(std::begin(text_), sizeof text_ - 1,
                     "{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT",
                     days[static_cast<std::size_t>(parts.tm_wday)], parts.tm_mday,
                     months[static_cast<std::size_t>(parts.tm_mon)], parts.tm_year + 1900,
                     parts.tm_hour, parts.tm_min, parts.tm_sec);
  }
  return {std::begin(text_), sizeof text_ - 1};
}

bool is_final_status(std::uint32_t status) noexcept {
  return status >= 200 && status <= 999;
}

ResponseOutcome write_response_head(const codec::httpserver::Response& response,
                                    const ResponseTerms& terms, std::string_view date,
                                    std::string& out) {
  ResponseOutcome outcome;
  outcome.status = response.status_code;
  outcome.keep_alive = terms.keep_alive;
  // Statuses without a body (RFC 9110 6.4.1): bytes behind them would be read as the next response.
  const bool bodiless = outcome.status == 204 || outcome.status == 304;
  outcome.send_body = !bodiless && !terms.head_request;
  std::string_view stated_length;
  bool has_date = false;

  out.clear();
  append_status_line(response, out);
  for (const auto& [name, value] : response.header) {
    // Bad header is left out, not the response: first-party servers drop the connection
    // (contracts.md 3.1).
    if (!is_token(name) || !is_value(value)) {
      if (outcome.dropped_headers++ == 0) outcome.first_dropped = name;
      continue;
    }
    const Header kind = classify(name);
    if (kind == Header::connection && mentions_close(value)) outcome.keep_alive = false;
    if (kind == Header::length) stated_length = trim(value);
    if (kind == Header::date) has_date = true;
    if (kind == Header::other || kind == Header::date) append_header(name, value, out);
  }
  if (!has_date) append_header("date", date, out);
  // Answer to HEAD states the length that GET would have; only the actor knows it.
  const bool believe = terms.head_request && response.body.empty() && is_number(stated_length);
  if (believe) {
    append_header("content-length", stated_length, out);
  } else if (!bodiless) {
    fmt::format_to(std::back_inserter(out), "content-length: {}\r\n", response.body.size());
  }
  if (!outcome.keep_alive) {
    out += "connection: close\r\n";
  } else if (terms.http_10) {
    out += "connection: keep-alive\r\n";
  }
  out += "\r\n";
  return outcome;
}

}  // namespace trellis::providers::httpserver
