#include "package/reference.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

#include "base/ascii.hpp"
#include "base/text.hpp"

namespace trellis::package {
namespace {

constexpr std::size_t max_repository_chars = 255;
constexpr std::size_t max_tag_chars = 128;
/// Registry (a DNS name), repository, tag, digest and what stands between them.
constexpr std::size_t max_reference_chars = 1024;

bool is_lower_or_digit(char c) {
  return is_lower(c) || is_digit(c);
}
bool is_word(char c) {
  return is_letter_or_digit(c) || c == '_';
}

/// `label` of the grammar, at the length of a DNS label.
bool is_label(std::string_view text) {
  if (text.empty() || text.size() > 63) return false;
  if (!is_letter_or_digit(text.front()) || !is_letter_or_digit(text.back())) return false;
  return std::ranges::all_of(text, [](char c) { return is_letter_or_digit(c) || c == '-'; });
}

/// `sep` of the grammar.
bool is_separator(std::string_view text) {
  if (text == "." || text == "_" || text == "__") return true;
  return !text.empty() && text.find_first_not_of('-') == std::string_view::npos;
}

/// `path` of the grammar: runs of lower-case letters and digits, separators between them.
bool is_path_component(std::string_view text) {
  if (text.empty() || !is_lower_or_digit(text.front()) || !is_lower_or_digit(text.back()))
    return false;
  while (true) {
    const auto run = std::ranges::find_if_not(text, is_lower_or_digit);
    text.remove_prefix(static_cast<std::size_t>(run - text.begin()));
    if (text.empty()) return true;
    const auto next = std::ranges::find_if(text, is_lower_or_digit);
    const auto length = static_cast<std::size_t>(next - text.begin());
    if (!is_separator(text.substr(0, length))) return false;
    text.remove_prefix(length);
  }
}

bool is_repository(std::string_view text) {
  return std::ranges::all_of(split(text, '/'), is_path_component);
}

bool is_tag(std::string_view text) {
  if (text.empty() || text.size() > max_tag_chars || !is_word(text.front())) return false;
  return std::ranges::all_of(text, [](char c) { return is_word(c) || c == '.' || c == '-'; });
}

/// 1 to 65535; others would make an unusable URL.
bool is_port(std::string_view text) {
  if (text.empty() || text.size() > 5 || !std::ranges::all_of(text, is_digit)) return false;
  const int number = std::stoi(std::string(text));
  return number > 0 && number <= 65535;
}

/// "[::1]", without a zone: another machine would not know what it means.
bool is_ipv6_literal(std::string_view text) {
  if (!text.starts_with('[') || !text.ends_with(']') || text.size() > INET6_ADDRSTRLEN) {
    return false;
  }
  in6_addr address{};
  const std::string inner(text.substr(1, text.size() - 2));
  return ::inet_pton(AF_INET6, inner.c_str(), &address) == 1;
}

/// Public registries that are called otherwise than they are reached.
struct KnownRegistry {
  std::string_view name;
  std::string_view server;
  std::string_view token_server;
};
/// Server of docker.io, which is not reached under its own name.
constexpr std::string_view hub = "registry-1.docker.io";
constexpr std::array known_registries = {
    KnownRegistry{"docker.io", hub, "auth.docker.io"},
    KnownRegistry{"index.docker.io", hub, "auth.docker.io"},
    KnownRegistry{hub, hub, "auth.docker.io"},
    KnownRegistry{"registry.gitlab.com", "registry.gitlab.com", "gitlab.com"}};

const KnownRegistry* known_registry(std::string_view name) noexcept {
  const auto* const found = std::ranges::find(known_registries, name, &KnownRegistry::name);
  return found == known_registries.end() ? nullptr : found;
}

std::unexpected<Error> malformed(std::string_view text, const std::string& why) {
  std::string shown;
  append_printable(shown, excerpt(text, 200));
  return fail(ErrorCode::malformed, "'" + shown + "' is not a reference: " + why,
              "write REGISTRY/NAME:TAG or REGISTRY/NAME@sha256:DIGEST, all but the registry and "
              "the tag in lower case");
}

/// Fills tag and digest, and leaves the name.
Result<std::string_view> take_suffixes(std::string_view text, Reference& into) {
  auto name = text;
  if (const auto at = text.find('@'); at != std::string_view::npos) {
    auto digest = parse_digest(text.substr(at + 1));
    if (!digest) return malformed(text, digest.error().message);
    into.digest = std::move(*digest);
    name = text.substr(0, at);
  }
  const auto slash = name.rfind('/');
  const auto colon = name.find(':', slash == std::string_view::npos ? 0 : slash);
  if (colon != std::string_view::npos) {
    const auto tag = name.substr(colon + 1);
    if (!is_tag(tag)) {
      return malformed(text, "its tag is not 1 to 128 letters, digits, '_', '.' and '-'");
    }
    into.tag = std::string(tag);
    name = name.substr(0, colon);
  }
  return name;
}

/// Fills registry and repository.
Result<void> take_name(std::string_view name, Reference& into) {
  const auto slash = name.find('/');
  if (slash == std::string_view::npos || !is_registry_name(name.substr(0, slash))) {
    if (!is_repository(name)) return malformed(into.text, "its name has a part that is none");
    return fail(ErrorCode::unsupported, into.text + ": names no registry, and there is no default",
                "put the registry in front: registry.example.com/" + into.text);
  }
  into.registry = std::string(name.substr(0, slash));
  into.repository = std::string(name.substr(slash + 1));
  // What has no owner there is everybody's.
  if (registry_server(into.registry) == hub && !into.repository.contains('/')) {
    into.repository.insert(0, "library/");
  }
  if (!is_repository(into.repository)) {
    return malformed(into.text,
                     "a part of its repository is not lower-case letters and digits "
                     "with single separators ('.', '_', '__', '-') between them");
  }
  if (into.repository.size() <= max_repository_chars) return {};
  return malformed(into.text, "its repository is longer than 255 characters");
}

}  // namespace

bool is_tag_name(std::string_view text) noexcept {
  return is_tag(text);
}

bool is_registry_name(std::string_view text) noexcept {
  const auto bracket = text.starts_with('[') ? text.find(']') : 0;
  if (bracket == std::string_view::npos) return false;
  const auto colon = text.find(':', bracket);
  if (colon != std::string_view::npos && !is_port(text.substr(colon + 1))) return false;
  const auto host = text.substr(0, colon);
  if (bracket > 0) return is_ipv6_literal(host);
  return host.size() <= 253 && std::ranges::all_of(split(host, '.'), is_label);
}

std::string registry_server(std::string_view registry) {
  const auto* const known = known_registry(registry);
  return std::string(known == nullptr ? registry : known->server);
}

bool is_same_registry(std::string_view one, std::string_view other) {
  return registry_server(one) == registry_server(other);
}

std::string_view known_token_server(std::string_view registry) noexcept {
  const auto* const known = known_registry(registry);
  return known == nullptr ? std::string_view() : known->token_server;
}

std::string Reference::target() const {
  if (digest) return digest->text();
  return tag.value_or("latest");
}

bool Reference::means_latest() const noexcept {
  // Digest names the content, whatever the tag beside it says.
  return !digest && (!tag || *tag == "latest");
}

Result<Reference> parse_reference(std::string_view text) {
  if (text.empty()) return malformed(text, "it is empty");
  if (text.size() > max_reference_chars) return malformed(text, "it is too long");
  Reference reference;
  reference.text = std::string(text);
  const auto name = take_suffixes(text, reference);
  if (!name) return pass(name);
  if (auto taken = take_name(*name, reference); !taken) return pass(taken);
  return reference;
}

Result<void> check_latest(const Reference& reference, bool allowed) {
  if (allowed || !reference.means_latest()) return {};
  const std::string why = reference.tag ? "" : " (a reference without a tag means latest)";
  return fail(ErrorCode::denied, reference.text + ": fetching `latest` is not allowed here" + why,
              "name a version or a digest, or allow it: --allow-latest for commands, "
              "--allow-oci-latest for hosts");
}

}  // namespace trellis::package
