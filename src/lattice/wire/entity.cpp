#include "lattice/wire/entity.hpp"

#include <algorithm>

namespace trellis::lattice {
namespace {

constexpr std::string_view scheme = "wasmbus://";

/// Blanks and letters as tokens have them, whatever the locale is. Names outside ASCII are refused
/// before they get here.
char in_url(char c) {
  if (c == ' ') return '_';
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace

// URL of lattice.md 3.1. It is part of what is hashed and signed, so each byte counts.
std::string Entity::url() const {
  std::string url(scheme);
  const auto* provider = capability();
  if (provider == nullptr) return url += key();
  url.reserve(scheme.size() + provider->contract_id.size() + provider->link_name.size() +
              provider->id.size() + 2);
  for (const char c : provider->contract_id) url += c == ':' ? '/' : in_url(c);
  url += '/';
  for (const char c : provider->link_name) url += in_url(c);
  url += '/';
  return url += provider->id;
}

}  // namespace trellis::lattice
