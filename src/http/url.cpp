#include "http/url.hpp"

#include <curl/curl.h>
#include <idn2.h>

#include <algorithm>
#include <memory>

#include "base/call_limits.hpp"
#include "base/text.hpp"

namespace trellis::http {
namespace {

constexpr std::size_t max_url_bytes = 16 * limits::kib;

using Handle = std::unique_ptr<CURLU, decltype(&curl_url_cleanup)>;

/// Part of an address as text; empty where it has none.
std::string part_of(const Handle& url, CURLUPart part, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url.get(), part, &text, flags) != CURLUE_OK) return {};
  std::string out(text);
  curl_free(text);
  return out;
}

// Blanks, line ends and NUL are in no address; in the text of a request they would begin something
// else.
bool fits(std::string_view text) {
  if (text.empty() || text.size() > max_url_bytes) return false;
  return text.find_first_of(std::string_view(" \t\r\n\0", 5)) == std::string_view::npos;
}

/// Text for messages: what logs in and the query, which may carry secrets, are left out.
std::string without_secrets(std::string_view text) {
  const auto bare = text.substr(0, text.find('?'));
  const auto at = bare.rfind('@');
  const auto scheme = bare.find("://");
  const auto begin = scheme == std::string_view::npos ? 0 : scheme + 3;
  std::string shown;
  if (at == std::string_view::npos || at < begin) {
    append_printable(shown, excerpt(bare, 200));
    return shown;
  }
  append_printable(shown, excerpt(bare.substr(0, begin), 200));
  append_printable(shown, excerpt(bare.substr(at + 1), 200));
  return shown;
}

std::unexpected<Error> malformed(std::string_view text, const UrlReading& reading) {
  const auto shown = without_secrets(text);
  return fail(ErrorCode::malformed, "'" + shown + "' is not an http or https address",
              std::string(reading.remedy));
}

/// End of the host's name, in an absolute address or one that begins with "//"; 0 in others.
std::size_t end_of_host(std::string_view text) {
  const auto colon = text.find(':');
  const auto slashes = text.find("//");
  const bool has_scheme = colon != std::string_view::npos && slashes == colon + 1;
  if (!has_scheme && slashes != 0) return 0;
  return std::min(text.find_first_of("/?#", slashes + 2), text.size());
}

/// Appends a character of path or query as a browser would send it.
void append_encoded(std::string& out, char c) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  constexpr std::string_view unsafe = " \"<>`{}|^";
  const auto byte = static_cast<unsigned char>(c);
  if (byte < 0x80 && !unsafe.contains(c)) {
    out += c;
    return;
  }
  out += '%';
  out += digits[byte >> 4];
  out += digits[byte & 15];
}

/// The name of the host in its form for the wire (IDNA 2008), whatever the process's locale is; as
/// it is where it cannot be one.
std::string with_ascii_host(std::string text) {
  if (std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; })) {
    return text;
  }
  const auto slashes = text.find("//");
  const auto at = text.rfind('@');
  const auto begin = at == std::string::npos ? slashes + 2 : at + 1;
  const auto end = std::min(text.find(':', begin), text.size());
  char* ascii = nullptr;
  const int done = idn2_to_ascii_8z(text.substr(begin, end - begin).c_str(), &ascii,
                                    IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
  const std::unique_ptr<char, decltype(&idn2_free)> name(ascii, &idn2_free);
  if (done != IDN2_OK) return text;
  return text.replace(begin, end - begin, name.get());
}

/// Reading of a browser, of an address that was typed or that a server wrote.
std::string as_browsers_read(std::string_view text) {
  const auto is_blank = [](char c) { return static_cast<unsigned char>(c) <= ' '; };
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  std::string plain;
  // Tabs and line ends vanish, and a backslash before the query is a slash, as browsers have it.
  for (const char c : text) {
    if (c == '\t' || c == '\r' || c == '\n') continue;
    plain += c == '\\' && !plain.contains('?') && !plain.contains('#') ? '/' : c;
  }
  const auto host_end = end_of_host(plain);
  auto out = with_ascii_host(plain.substr(0, host_end));
  for (const char c : std::string_view(plain).substr(host_end)) append_encoded(out, c);
  return out;
}

std::string plain_text(std::string_view text, const UrlReading& reading) {
  const bool read_on = reading.as_browsers && text.size() <= max_url_bytes;
  return read_on ? as_browsers_read(text) : std::string(text);
}

std::string decoded(const std::string& text) {
  return percent_decoded(text).value_or(text);
}

/// Takes the login out of the address.
std::optional<UserAndPassword> take_login(const Handle& url) {
  const auto user = part_of(url, CURLUPART_USER);
  const auto password = part_of(url, CURLUPART_PASSWORD);
  curl_url_set(url.get(), CURLUPART_USER, nullptr, 0);
  curl_url_set(url.get(), CURLUPART_PASSWORD, nullptr, 0);
  if (user.empty() && password.empty()) return std::nullopt;
  return UserAndPassword{decoded(user), decoded(password)};
}

/// Address that libcurl has understood, as this program needs it.
Result<Url> read(const Handle& url, std::string_view shown, const UrlReading& reading) {
  const auto scheme = part_of(url, CURLUPART_SCHEME);
  if (scheme != "http" && scheme != "https") return malformed(shown, reading);
  // Login is taken out before the text is made, which goes to logs and messages.
  auto login = take_login(url);
  if (login && !reading.as_browsers) {
    return fail(ErrorCode::unsupported, "an address contains a user name",
                std::string(reading.remedy));
  }
  curl_url_set(url.get(), CURLUPART_FRAGMENT, nullptr, 0);
  Url out{part_of(url, CURLUPART_URL), scheme == "https",
          to_lower_ascii(part_of(url, CURLUPART_HOST)),
          part_of(url, CURLUPART_PORT, CURLU_DEFAULT_PORT), std::move(login)};
  if (out.text.empty() || out.host.empty()) return malformed(shown, reading);
  return out;
}

/// Sets a part on top of what the handle has.
bool set(const Handle& url, CURLUPart part, std::string_view text, unsigned flags) {
  return curl_url_set(url.get(), part, std::string(text).c_str(), flags) == CURLUE_OK;
}

}  // namespace

bool Url::same_origin(const Url& other) const noexcept {
  return encrypted == other.encrypted && host == other.host && port == other.port;
}

std::string Url::origin() const {
  return (encrypted ? "https://" : "http://") + host + ':' + port;
}

Result<Url> parse_url(std::string_view text, const UrlReading& reading) {
  const Handle url(curl_url(), &curl_url_cleanup);
  const auto plain = plain_text(text, reading);
  if (!fits(plain) || !set(url, CURLUPART_URL, plain, 0)) return malformed(text, reading);
  return read(url, text, reading);
}

Result<Url> resolve_url(const Url& base, std::string_view location, const UrlReading& reading) {
  const Handle url(curl_url(), &curl_url_cleanup);
  const auto plain = plain_text(location, reading);
  if (!fits(plain) || !set(url, CURLUPART_URL, base.text, 0) ||
      !set(url, CURLUPART_URL, plain, 0)) {
    return malformed(location, reading);
  }
  return read(url, location, reading);
}

Result<std::string> proxy_url(std::string_view text) {
  const auto url = parse_url(text, {"write it as http://host:port", true});
  if (!url) return pass(url);
  return url->login ? std::string(trim(text)) : url->text;
}

Result<std::string> percent_encoded(std::string_view text) {
  if (text.empty()) return std::string();  // libcurl would take 0 for "until the null byte"
  const std::unique_ptr<char, decltype(&curl_free)> encoded(
      text.size() > max_url_bytes
          ? nullptr
          : curl_easy_escape(nullptr, text.data(), static_cast<int>(text.size())),
      &curl_free);
  if (encoded) return std::string(encoded.get());
  return fail(ErrorCode::limit, "a part of an address is too long");
}

Result<Url> with_query(const Url& base, std::string_view name, std::string_view value) {
  const auto encoded = percent_encoded(value);
  if (!encoded) return malformed(base.text, {});
  // Not by curl_url_set, which would write %3a where everybody else writes %3A.
  Url next = base;
  next.text += base.text.contains('?') ? '&' : '?';
  next.text += name;
  next.text += '=';
  next.text += *encoded;
  if (!fits(next.text)) return malformed(base.text, {});
  return next;
}

}  // namespace trellis::http
