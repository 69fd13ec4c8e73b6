#include "providers/httpclient/exchange.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/beast/http/status.hpp>
#include <cstring>

#include "base/binary_text.hpp"
#include "base/call_limits.hpp"
#include "base/text.hpp"
#include "http/tokens.hpp"
#include "package/gzip.hpp"

namespace trellis::providers::httpclient {

namespace {

namespace messages = codec::httpclient;

constexpr std::array<std::string_view, 9> methods = {
    "GET", "POST", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "CONNECT", "TRACE"};
/// Headers of the connection, not of the request: the client writes those it needs. From an actor
/// they could smuggle a second request past a proxy.
constexpr std::array<std::string_view, 10> left_out = {
    "connection", "content-length", "expect",  "keep-alive",        "proxy-authorization",
    "te",         "trailer",        "upgrade", "transfer-encoding", "proxy-connection"};
/// Headers meant for one origin only (Fetch 4.4 and libcurl agree).
constexpr std::array<std::string_view, 3> credentials = {"authorization", "cookie", "host"};
constexpr http::UrlReading of_actor{"check the URL of the request", true};
constexpr http::UrlReading of_server{"check the server: it redirects there", true};
constexpr std::size_t max_headers = 128;
constexpr std::size_t max_header_bytes = 64 * limits::kib;

template <std::size_t count>
[[nodiscard]] bool is_one_of(std::string_view name,
                             const std::array<std::string_view, count>& names) {
  return std::ranges::any_of(names, [&](auto each) { return http::same_name(name, each); });
}

// Line ends would begin a header, or a request, of the actor's own making.
[[nodiscard]] bool is_value(std::string_view value) {
  return std::ranges::none_of(value, [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
}

[[nodiscard]] Result<std::vector<std::string>> make_headers(const codec::StringMap& headers) {
  std::vector<std::string> lines;
  std::size_t bytes = 0;
  for (const auto& [name, value] : headers) {
    if (!http::is_token(name) || !is_value(value)) {
      return fail(ErrorCode::invalid_argument,
                  fmt::format("header \"{}\" is not allowed in HTTP", excerpt(name)),
                  "names are letters, digits and !#$%&'*+-.^_`|~; values have no line ends");
    }
    // Left out instead of refused: actors pass on the headers of requests they got.
    if (is_one_of(name, left_out)) continue;
    bytes += name.size() + value.size();
    // To libcurl "Name:" means to leave one of its own out; ';' sends an empty value.
    const auto text = trim(value);
    lines.push_back(text.empty() ? name + ';' : fmt::format("{}: {}", name, text));
  }
  // Bound after the loop: the message that brought them is bounded already.
  if (lines.size() > max_headers || bytes > max_header_bytes) {
    return fail(ErrorCode::limit,
                fmt::format("{} headers of {} bytes are too many", lines.size(), bytes));
  }
  return lines;
}

// Name in a line of make_headers, which ends with ':' or, for an empty value, ';'.
[[nodiscard]] std::string_view name_of(std::string_view line) {
  return line.substr(0, line.find_first_of(":;"));
}

[[nodiscard]] bool has_header(const std::vector<std::string>& lines, std::string_view name) {
  return std::ranges::any_of(
      lines, [&](const std::string& line) { return http::same_name(name_of(line), name); });
}

/// A body that is sent from the start each time it is asked for.
[[nodiscard]] http::Upload upload_of(ByteView body) {
  return {body.size(), [body](std::span<char> into) mutable -> Result<std::size_t> {
            const auto size = std::min(into.size(), body.size());
            std::memcpy(into.data(), body.data(), size);
            body = body.subspan(size);
            return size;
          }};
}

// Address in the URL itself, where a proxy connects: our own check sees only the proxy's address.
// Names are left to the proxy, which alone looks them up.
[[nodiscard]] Result<void> check_address(const http::Url& url, const Options& options) {
  if (options.proxy.empty() || options.addresses.allows_host(url.host)) return {};
  return fail(ErrorCode::denied, url.origin() + ": connections to its address are not allowed",
              "if they should be, allow the network (ALLOW of the link)");
}

/// Next request after a redirect, made of `request`.
[[nodiscard]] Result<void> follow(http::Request& request, int status, const std::string& location,
                                  const messages::RequestArgs& args) {
  auto next = http::resolve_url(request.url, location, of_server);
  if (!next) return pass(next);
  const bool becomes_get =
      // 301 and 302 become GET for POST only: that is what browsers do, against the letter of the
      // old RFC (Fetch 4.4).
      status == 303 || (status != 307 && status != 308 && request.method == "POST");
  if (becomes_get && request.method != "HEAD") {
    request.method = "GET";
    request.upload.reset();
    std::erase_if(request.headers, [](const std::string& line) {
      return http::same_name(name_of(line), "content-type");
    });
  }
  // From the start: the first server may have read some of it.
  if (request.upload) request.upload = upload_of(args.body);
  // Another origin gets nothing that was meant for the first one. It stays so on the way back: what
  // is erased here is not put again.
  if (!next->same_origin(request.url)) {
    request.basic.reset();
    std::erase_if(request.headers,
                  [](const std::string& line) { return is_one_of(name_of(line), credentials); });
  }
  // User and password in the Location itself are the server's choice, and for that origin.
  if (next->login) request.basic = next->login;
  request.url = std::move(*next);
  return {};
}

[[nodiscard]] bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

[[nodiscard]] std::string header_text(std::string value) {
  const bool printable =
      std::ranges::all_of(value, [](char c) { return (c >= ' ' && c <= '~') || c == '\t'; });
  return printable ? std::move(value) : base64_encode(as_bytes(value));
}

}  // namespace

Result<http::Request> make_request(const messages::RequestArgs& args, const Options& options) {
  if (std::ranges::find(methods, args.method) == methods.end()) {
    return fail(ErrorCode::invalid_argument, "unknown method:  " + excerpt(args.method),
                "methods are upper case");
  }
  // CONNECT is known to the contract and refused with a reason of its own.
  if (args.method == "CONNECT") {
    return fail(ErrorCode::unsupported, "CONNECT asks for a tunnel, which no message can be",
                "use another method");
  }
  auto url = http::parse_url(args.url, of_actor);
  if (!url) return pass(url);
  auto headers = make_headers(args.headers);
  if (!headers) return pass(headers);
  http::Request request;
  request.method = args.method;
  request.basic = std::move(url->login);
  request.url = std::move(*url);
  request.headers = std::move(*headers);
  // Header of the actor's own wins over user and password in its URL.
  if (has_header(request.headers, "authorization")) request.basic.reset();
  // Encoding that the actor asks for by itself it decodes by itself.
  if (!has_header(request.headers, "accept-encoding")) {
    request.headers.emplace_back("Accept-Encoding: gzip");
  }
  request.most_body_bytes = options.max_response_bytes;
  if (!args.body.empty() && args.method != "HEAD") request.upload = upload_of(args.body);
  return request;
}

Result<http::Response> exchange(http::Client& client, http::Request request,
                                const messages::RequestArgs& args, const Options& options,
                                const http::Control& control) {
  for (std::size_t followed = 0;; ++followed) {
    // For each redirect anew: a server elsewhere must not lead the way to the machine's own
    // services.
    if (auto allowed = check_address(request.url, options); !allowed) return pass(allowed);
    auto response = client.send(request, control);
    if (!response || !is_redirect(response->status)) return response;
    const auto location = response->header("location");
    // Without a place to go the answer itself is all there is.
    if (location.empty() || options.max_redirects == 0) return response;
    if (followed == options.max_redirects) {
      return fail(ErrorCode::limit,
                  fmt::format("{}: more than {} redirects", request.url.origin(), followed),
                  "raise max_redirects of the link, or check the server");
    }
    if (auto next = follow(request, response->status, location, args); !next) return pass(next);
  }
}

Result<messages::Response> to_message(http::Response&& response, const messages::RequestArgs& args,
                                      const Options& options) {
  messages::Response message;
  const auto status = static_cast<unsigned>(response.status);
  const auto known = boost::beast::http::int_to_status(status);
  message.status_code = status;
  if (known != boost::beast::http::status::unknown) {
    message.status = std::string(boost::beast::http::obsolete_reason(known));
  }
  // Decoded only if it was us who asked for it: an actor that accepts encodings gets the bytes as
  // they are.
  const bool asked = std::ranges::none_of(args.headers, [](const auto& header) {
    return http::same_name(header.first, "accept-encoding");
  });
  if (asked && package::is_gzip(response.header("content-encoding"))) {
    // Bound on the decoded size: a kilobyte can stand for a gigabyte.
    auto plain = package::gunzip(response.body, options.max_response_bytes);
    if (!plain) return pass(plain);
    // Bodies that cannot be decoded are handed on as they came, and say so themselves.
    if (*plain) {
      response.body = std::move(**plain);
      response.headers.erase("content-encoding");
      response.headers.erase("content-length");
    }
  }
  for (auto& [name, value] : response.headers) {
    message.header.emplace(name, header_text(std::move(value)));
  }
  message.body = to_bytes(response.body);
  return message;
}

}  // namespace trellis::providers::httpclient
