#include "cli/link_words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <string>
#include <vector>

#include "base/text.hpp"

namespace trellis::cli {
namespace {

bool begins_with_key(std::string_view text) {
  const auto equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0) return false;
  return std::ranges::all_of(text.substr(0, equals), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '.' || c == '-';
  });
}

std::vector<std::string> parts_of(std::string_view text) {
  std::vector<std::string> parts;
  for (const auto part : split(text, ',')) {
    if (parts.size() < 2 || begins_with_key(part)) {
      parts.emplace_back(part);
    } else {
      parts.back() += ',';
      parts.back() += part;
    }
  }
  return parts;
}

std::unexpected<Error> bad_link(std::string_view text, std::string_view expected) {
  return fail(ErrorCode::invalid_argument,
              fmt::format("--link '{}': expected {}", excerpt(text, 200), expected),
              "write CONTRACT[,KEY=VALUE...]: --link httpserver,BIND=127.0.0.1:8080");
}

}  // namespace

Result<manifest::Link> parse_link(std::string_view text) {
  const auto parts = parts_of(text);
  const auto& contract = parts.front();
  const bool named = !contract.empty() && contract.find_first_of(" *>=") == std::string::npos;
  if (!named) return bad_link(text, "the name of a contract first");
  manifest::Link link;
  link.contract_id = manifest::full_contract(contract);
  for (std::size_t i = 1; i < parts.size(); ++i) {
    if (!begins_with_key(parts[i])) return bad_link(text, "KEY=VALUE after each comma");
    const auto equals = parts[i].find('=');
    const auto key = parts[i].substr(0, equals);
    auto value = parts[i].substr(equals + 1);
    if (key == "provider") {
      link.provider_id = std::move(value);
    } else if (key == "link_name") {
      link.link_name = std::move(value);
    } else {
      link.values.insert_or_assign(key, std::move(value));
    }
  }
  return link;
}

}  // namespace trellis::cli
