// Answers every HTTP request with a JSON description of it; the operation Echo gives its payload
// back untouched.
#include <trellis/actor.hpp>

using namespace trellis::guest;

// JSON by hand: a library would be most of the module. Bytes above 127 pass as they are, UTF-8 in,
// UTF-8 out.
static std::string quoted(std::string_view text) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += "\\u00";
      out += digits[static_cast<unsigned char>(c) >> 4];
      out += digits[c & 0xf];
    } else {
      out += c;
    }
  }
  return out + '"';
}

// Numbers of one byte, without the library's formatting.
static void append_number(std::string& out, unsigned value) {
  if (value >= 100) out += static_cast<char>('0' + value / 100);
  if (value >= 10) out += static_cast<char>('0' + value / 10 % 10);
  out += static_cast<char>('0' + value % 10);
}

static Result<http::Response> describe(const http::Request& request) {
  std::string body = "{\"method\":" + quoted(request.method) + ",\"path\":" + quoted(request.path) +
                     ",\"query_string\":" + quoted(request.query_string) + ",\"headers\":{";
  bool first = true;
  for (const auto& [name, value] : request.header) {
    if (!first) body += ',';
    first = false;
    body += quoted(name) + ':' + quoted(value);
  }
  body += "},\"body\":[";
  body.reserve(body.size() + request.body.data.size() * 4 + 2);
  first = true;
  for (const char byte : request.body.data) {
    if (!first) body += ',';
    first = false;
    append_number(body, static_cast<unsigned char>(byte));
  }
  body += "]}";
  http::Response response;
  response.body = Blob(std::move(body));
  return response;
}

static Result<Bytes> echo(std::string_view payload) {
  return Bytes(payload);
}

TRELLIS_ACTOR(on<http::HandleRequest, describe>(), on_raw<echo>("Echo"));
