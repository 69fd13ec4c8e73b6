#include "providers/httpserver/request_head.hpp"

#include <algorithm>

#include "base/ascii.hpp"
#include "base/text.hpp"

namespace trellis::providers::httpserver {
namespace {

/// Target in ASCII: the message to the actor must be UTF-8, and bytes beyond are what clients
/// should have encoded.
void append_encoded(std::string_view target, std::string& out) {
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

}  // namespace

std::optional<Target> split_target(std::string_view target, std::string_view method) {
  Target parts{{}, target, {}};
  auto& path = parts.path;
  if (path.contains('#')) return std::nullopt;  // fragments stay with the client
  if (!path.starts_with('/')) {
    // Forms of RFC 9112 3.2: a path, an absolute URI, or `*` for OPTIONS.
    if (path == "*") return method == "OPTIONS" ? std::optional(parts) : std::nullopt;
    const auto scheme = path.find("://");
    const auto name = to_lower_ascii(path.substr(0, std::min<std::size_t>(scheme, 5)));
    if (scheme == std::string_view::npos || (name != "http" && name != "https")) {
      return std::nullopt;
    }
    path.remove_prefix(scheme + 3);
    const auto end = std::min(path.find_first_of("/?"), path.size());
    parts.authority = path.substr(0, end);
    parts.authority.remove_prefix(parts.authority.find('@') + 1);  // npos + 1 is 0
    path.remove_prefix(end);
  }
  const auto question = path.find('?');
  if (question != std::string_view::npos) {
    parts.query = path.substr(question + 1);
    path = path.substr(0, question);
  }
  if (path.empty()) path = "/";
  return parts;
}

void RequestHead::clear() {
  method_.clear();
  target_text_.clear();
  target_ = {};
  text_.clear();
  headers_.clear();
  names_ = 0;
  framing_ = {};
  version_ = 0;
}

bool RequestHead::set_request_line(std::string_view method, std::string_view target, int version) {
  version_ = version;
  method_ = method;
  append_encoded(target, target_text_);
  const auto parts = split_target(target_text_, method_);
  target_ = parts.value_or(Target{});
  return parts.has_value();
}

void RequestHead::add(std::string_view name, std::string_view value) {
  Header header;
  header.name_at = text_.size();
  header.name_size = name.size();
  text_ += name;
  for (auto at = header.name_at; at < text_.size(); ++at) text_[at] = to_lower(text_[at]);
  header.value_at = text_.size();
  if (is_ascii(value)) {
    text_ += value;
  } else {
    text_ += replace_bad_utf8(value);  // a str of MessagePack is UTF-8
  }
  header.value_size = text_.size() - header.value_at;
  headers_.push_back(header);
}

void RequestHead::finish(const Framing& framing) {
  framing_ = framing;
  names_ = headers_.size();
  // Pairs are compared, which is cheap enough: the parser bounds how many headers there are.
  for (std::size_t i = 1; i < headers_.size(); ++i) {
    for (std::size_t j = 0; j < i && !headers_[i].merged; ++j) {
      if (headers_[j].merged || name_of(headers_[i]) != name_of(headers_[j])) continue;
      headers_[j].repeated = headers_[i].merged = true;
      --names_;
    }
  }
}

std::string_view RequestHead::name_of(const Header& header) const noexcept {
  return std::string_view(text_).substr(header.name_at, header.name_size);
}

std::string_view RequestHead::value_of(const Header& header) const noexcept {
  return std::string_view(text_).substr(header.value_at, header.value_size);
}

/// Values of a repeated name, joined by a comma (RFC 9110 5.3); cookies are the exception (RFC 9113
/// 8.2.3). First-party providers keep the last one only.
std::string RequestHead::joined(std::size_t first) const {
  const auto name = name_of(headers_[first]);
  std::string all(value_of(headers_[first]));
  for (std::size_t i = first + 1; headers_[first].repeated && i < headers_.size(); ++i) {
    if (!headers_[i].merged || name_of(headers_[i]) != name) continue;
    all += name == "cookie" ? "; " : ", ";
    all += value_of(headers_[i]);
  }
  return all;
}

std::optional<std::string> RequestHead::find(std::string_view name) const {
  for (std::size_t i = 0; i < headers_.size(); ++i) {
    if (!headers_[i].merged && name_of(headers_[i]) == name) return joined(i);
  }
  return std::nullopt;
}

}  // namespace trellis::providers::httpserver
