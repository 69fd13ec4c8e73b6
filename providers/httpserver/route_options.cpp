#include "providers/httpserver/route_options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "base/ascii.hpp"
#include "base/text.hpp"
#include "http/tokens.hpp"
#include "providers/common/link_values.hpp"

namespace trellis::providers::httpserver {

using trellis::http::is_token;
namespace {

constexpr std::size_t max_items = 64;  ///< of each list
constexpr std::size_t max_name_chars = 253;
constexpr std::size_t max_prefix_chars = 1024;
constexpr std::uint64_t max_max_age = 24ULL * 60 * 60;

std::unexpected<Error> bad_item(std::string_view key, std::string_view item,
                                std::string_view expected) {
  return fail(ErrorCode::invalid_argument,
              fmt::format("link value {} has '{}', expected {}", key, excerpt(item), expected),
              std::string(link_remedy));
}

/// Items of a list, each once; none for a blank value.
Result<std::vector<std::string>> read_list(const codec::StringMap& values, std::string_view key) {
  std::vector<std::string> all;
  const auto text = text_value(values, key);
  if (text.empty()) return all;
  for (const auto piece : split(text, ',')) {
    std::string item(trim(piece));
    if (std::find(all.begin(), all.end(), item) == all.end()) all.push_back(std::move(item));
  }
  if (all.size() <= max_items) return all;
  return fail(
      ErrorCode::limit,
      fmt::format("link value {} lists {} items; {} are allowed", key, all.size(), max_items),
      std::string(link_remedy));
}

bool is_name_char(char c) noexcept {
  return is_lower(c) || is_digit(c) || c == '-' || c == '_';
}

/// Whether it is "a.example.com" or an IPv4 address.
bool is_host_name(std::string_view name) {
  if (name.size() > max_name_chars) return false;
  for (const auto label : split(name, '.')) {
    if (label.empty() || label.size() > 63) return false;
    if (!std::all_of(label.begin(), label.end(), is_name_char)) return false;
  }
  return true;
}

bool is_v6_literal(std::string_view text) {
  if (text.size() < 4 || text.front() != '[' || text.back() != ']') return false;
  AsioError error;
  static_cast<void>(net::ip::make_address_v6(std::string(text.substr(1, text.size() - 2)), error));
  return !error;
}

Result<void> read_hosts(const codec::StringMap& values, std::vector<std::string>& out) {
  auto items = read_list(values, "HOSTS");
  if (!items) return pass(items);
  for (const auto& item : *items) {
    auto host = to_lower_ascii(item);
    if (host.ends_with('.')) host.pop_back();
    const auto name = std::string_view(host).substr(host.starts_with("*.") ? 2 : 0);
    if (!is_host_name(name) && !is_v6_literal(host)) {
      return bad_item("HOSTS", item, "a host name without port, or *.NAME");
    }
    if (std::find(out.begin(), out.end(), host) == out.end()) out.push_back(std::move(host));
  }
  // Order says nothing, so that options that differ in it only are equal.
  std::sort(out.begin(), out.end());
  return {};
}

Result<void> read_prefix(const codec::StringMap& values, std::string& out) {
  auto text = text_value(values, "PATH_PREFIX");
  if (text.empty()) return {};
  const bool plain = std::all_of(
      text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f && c != '?' && c != '#'; });
  if (!plain || text.front() != '/' || text.size() > max_prefix_chars) {
    return bad_item("PATH_PREFIX", text,
                    "a path as requests have it: from '/' on, percent-encoded, without '?'");
  }
  // Prefix without its final slash: `/shop` is for `/shop` and `/shop/…`, not for `/shopping`.
  while (text.ends_with('/')) text.remove_suffix(1);
  out = text;
  return {};
}

/// Origin as browsers write it (RFC 6454 6.2), since it is compared as a text; or nothing.
std::optional<std::string> to_origin(std::string_view text) {
  auto origin = to_lower_ascii(text);
  const auto at = origin.find("://");
  if (at == std::string::npos || at == 0 || at + 3 == origin.size()) return std::nullopt;
  const auto scheme = origin.substr(0, at);
  const auto authority = std::string_view(origin).substr(at + 3);
  const auto colon = authority.find(':', authority.starts_with('[') ? authority.find(']') : 0);
  const auto host = authority.substr(0, colon);
  if (!is_token(scheme) || (!is_host_name(host) && !is_v6_literal(host))) return std::nullopt;
  if (colon == std::string_view::npos) return origin;
  const auto port = authority.substr(colon + 1);
  const bool digits = std::all_of(port.begin(), port.end(), is_digit);
  if (port.empty() || port.size() > 5 || !digits) return std::nullopt;
  const bool usual = (scheme == "http" && port == "80") || (scheme == "https" && port == "443");
  return usual ? origin.substr(0, origin.size() - port.size() - 1) : origin;
}

Result<void> read_origins(const codec::StringMap& values, CorsRules& out) {
  const auto items = read_list(values, "CORS_ORIGINS");
  if (!items) return pass(items);
  for (const auto& item : *items) {
    if (item == "*") {
      out.any_origin = true;
      continue;
    }
    auto origin = to_origin(item);
    if (!origin) {
      return bad_item("CORS_ORIGINS", item, "SCHEME://HOST or SCHEME://HOST:PORT, or * for all");
    }
    out.origins.push_back(std::move(*origin));
  }
  return {};
}

/// Reads a list of tokens; `*` sets `any`.
Result<void> read_tokens(const codec::StringMap& values, std::string_view key,
                         std::vector<std::string>& out, bool& any) {
  const auto items = read_list(values, key);
  if (!items) return pass(items);
  if (!items->empty()) out.clear();
  for (const auto& item : *items) {
    if (!is_token(item)) return bad_item(key, item, "a name, or * for all");
    if (item == "*") any = true;
    if (item != "*") out.push_back(item);
  }
  return {};
}

/// Refuses `*` with credentials: browsers take it for a name where credentials are sent (Fetch
/// 3.3.5), so it would allow nothing.
Result<void> check_credentials(const CorsRules& rules) {
  if (!rules.credentials) return {};
  const std::string_view key = rules.any_origin   ? "CORS_ORIGINS"
                               : rules.any_method ? "CORS_METHODS"
                               : rules.any_header ? "CORS_HEADERS"
                                                  : "";
  if (key.empty()) return {};
  return fail(ErrorCode::invalid_argument,
              fmt::format("link value {} is '*', which cannot go with CORS_CREDENTIALS", key),
              "list what is allowed, or leave CORS_CREDENTIALS out");
}

/// Refuses values that would do nothing: whoever wrote them believes that they do.
Result<void> check_needs_origins(const codec::StringMap& values) {
  constexpr std::array<std::string_view, 4> others = {"CORS_METHODS", "CORS_HEADERS",
                                                      "CORS_MAX_AGE", "CORS_CREDENTIALS"};
  for (const auto key : others) {
    if (text_value(values, key).empty()) continue;
    return fail(ErrorCode::invalid_argument,
                fmt::format("link value {} does nothing without CORS_ORIGINS", key),
                "say with CORS_ORIGINS which pages may ask");
  }
  return {};
}

Result<void> read_max_age(const codec::StringMap& values, CorsRules& out) {
  if (text_value(values, "CORS_MAX_AGE").empty()) return {};
  const auto age = number_value(values, "CORS_MAX_AGE", 0, 0, max_max_age);
  if (!age) return pass(age);
  out.max_age = static_cast<std::uint32_t>(*age);
  return {};
}

Result<void> read_credentials(const codec::StringMap& values, CorsRules& out) {
  const auto flag = flag_value(values, "CORS_CREDENTIALS", false);
  if (!flag) return pass(flag);
  out.credentials = *flag;
  return check_credentials(out);
}

}  // namespace

Result<void> read_route(const codec::StringMap& values, Options& out) {
  for (const auto& read : {read_hosts(values, out.hosts), read_prefix(values, out.path_prefix)}) {
    if (!read) return read;
  }
  // Link that names neither has its address for itself, as with the first-party provider.
  out.shared = !out.hosts.empty() || !text_value(values, "PATH_PREFIX").empty();
  const auto strip = flag_value(values, "STRIP_PREFIX", false);
  if (!strip) return pass(strip);
  out.strip_prefix = *strip;
  if (!out.strip_prefix || !text_value(values, "PATH_PREFIX").empty()) return {};
  return fail(ErrorCode::invalid_argument, "link value STRIP_PREFIX is true without PATH_PREFIX",
              "say with PATH_PREFIX what to strip");
}

Result<void> read_cors(const codec::StringMap& values, std::optional<CorsRules>& out) {
  if (text_value(values, "CORS_ORIGINS").empty()) return check_needs_origins(values);
  CorsRules rules;
  const auto reads = {read_origins(values, rules),
                      read_tokens(values, "CORS_METHODS", rules.methods, rules.any_method),
                      read_tokens(values, "CORS_HEADERS", rules.headers, rules.any_header),
                      read_max_age(values, rules), read_credentials(values, rules)};
  for (const auto& read : reads) {
    if (!read) return read;
  }
  out = std::move(rules);
  return {};
}

}  // namespace trellis::providers::httpserver
