#include "http/url.hpp"

#include <curl/curl.h>

#include <memory>

#include "base/call_limits.hpp"
#include "base/text.hpp"

namespace trellis::http {
namespace {

constexpr std::size_t most_url_bytes = 16 * limits::kib;

using Handle = std::unique_ptr<CURLU, decltype(&curl_url_cleanup)>;

std::string part_of(const Handle& url, CURLUPart part, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url.get(), part, &text, flags) != CURLUE_OK) return {};
  std::string out(text);
  curl_free(text);
  return out;
}

bool fits(std::string_view text) {
  if (text.empty() || text.size() > most_url_bytes) return false;
  return text.find_first_of(std::string_view(" \t\r\n\0", 5)) == std::string_view::npos;
}

std::unexpected<Error> malformed(std::string_view text) {
  std::string shown;
  append_printable(shown, excerpt(text.substr(0, text.find('?')), 200));
  return fail(ErrorCode::malformed, "'" + shown + "' is not an http or https address",
              "check the registry, which named it");
}

Result<Url> read(const Handle& url, std::string_view shown) {
  const auto scheme = part_of(url, CURLUPART_SCHEME);
  if (scheme != "http" && scheme != "https") return malformed(shown);
  if (!part_of(url, CURLUPART_USER).empty() || !part_of(url, CURLUPART_PASSWORD).empty()) {
    return fail(ErrorCode::unsupported, "an address of the registry contains a user name",
                "check the registry, which named it");
  }
  curl_url_set(url.get(), CURLUPART_FRAGMENT, nullptr, 0);
  Url out{part_of(url, CURLUPART_URL), scheme == "https",
          to_lower_ascii(part_of(url, CURLUPART_HOST)),
          part_of(url, CURLUPART_PORT, CURLU_DEFAULT_PORT)};
  if (out.text.empty() || out.host.empty()) return malformed(shown);
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

Result<Url> parse_url(std::string_view text) {
  const Handle url(curl_url(), &curl_url_cleanup);
  if (!fits(text) || !set(url, CURLUPART_URL, text, 0)) return malformed(text);
  return read(url, text);
}

Result<Url> resolve_url(const Url& base, std::string_view location) {
  const Handle url(curl_url(), &curl_url_cleanup);
  if (!fits(location) || !set(url, CURLUPART_URL, base.text, 0) ||
      !set(url, CURLUPART_URL, location, 0)) {
    return malformed(location);
  }
  return read(url, location);
}

Result<Url> with_query(const Url& base, std::string_view name, std::string_view value) {
  const std::unique_ptr<char, decltype(&curl_free)> encoded(
      curl_easy_escape(nullptr, value.data(), static_cast<int>(value.size())), &curl_free);
  if (!encoded) return malformed(base.text);
  // Not by curl_url_set, which would write %3a where everybody else writes %3A.
  Url next = base;
  next.text += base.text.contains('?') ? '&' : '?';
  next.text += name;
  next.text += '=';
  next.text += encoded.get();
  if (!fits(next.text)) return malformed(base.text);
  return next;
}

}  // namespace trellis::http
