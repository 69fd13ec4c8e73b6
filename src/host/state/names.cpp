#include "host/state/names.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/hash.hpp"
#include "base/limits.hpp"
#include "base/text.hpp"
#include "host/call/entities.hpp"
#include "identity/keys.hpp"

namespace trellis::host {
namespace {

// Key of the first-party extras, to which users' links point (host.md 8.5).
constexpr std::string_view extras_key = "VDHPKGFKDI34Y4RN4PWWZHRYZ6373HYRSNNEM4UTDLLOGO5B37TSVREP";

// Names become tokens of subjects: a wildcard or a blank would change whom a message reaches
// (lattice.md 1.2).
bool usable_name(std::string_view name) {
  const auto bad = [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte <= 0x20 || byte >= 0x7f || c == '*' || c == '>';
  };
  return !name.empty() && name.size() <= limits::name_bytes &&
         std::none_of(name.begin(), name.end(), bad);
}

Result<void> require_key(std::string_view text, identity::KeyType type, std::string_view what) {
  const auto key = identity::PublicKey::parse(text);
  if (!key) {
    return fail(
        ErrorCode::invalid_argument,
        fmt::format("link: {} '{}' is not a public key: {}", what, text, key.error().message),
        "`trellis claims inspect` shows an actor's key");
  }
  if (key->type() != type) {
    return fail(ErrorCode::invalid_argument,
                fmt::format("link: {} '{}' is a key of another type", what, text),
                fmt::format("a key that begins with {} is needed", identity::letter(type)));
  }
  return {};
}

Result<void> require_name(std::string_view name, std::string_view what) {
  if (usable_name(name)) return {};
  return fail(
      ErrorCode::invalid_argument, fmt::format("link: {} '{}' cannot be used", what, name),
      fmt::format("1 to {} visible ASCII characters without '*' and '>'", limits::name_bytes));
}

}  // namespace

ActorIdentity to_identity(const identity::ActorClaims& claims) {
  ActorIdentity identity;
  identity.key = claims.sub;
  identity.issuer = claims.iss;
  // Defaults of claims that lack a field are those of first-party hosts (host.md 8.4).
  identity.name = claims.name.value_or("Anonymous");
  identity.revision = claims.rev.value_or(0);
  identity.version = claims.ver.value_or("");
  identity.call_alias = claims.call_alias.value_or("");
  identity.tags = claims.tags.value_or(std::vector<std::string>{});
  identity.capabilities = claims.caps;
  identity.expires = claims.exp;
  identity.not_before = claims.nbf;
  return identity;
}

Result<void> validate_link(const Link& link) {
  if (auto ok = require_key(link.actor, identity::KeyType::module, "actor"); !ok) return ok;
  if (auto ok = require_key(link.provider_id, identity::KeyType::service, "provider"); !ok)
    return ok;
  if (auto ok = require_name(link.contract_id, "contract"); !ok) return ok;
  if (auto ok = require_name(link.link_name, "link name"); !ok) return ok;
  if (link.values.size() > limits::link_values) {
    return fail(ErrorCode::limit, fmt::format("link: {} values, at most {} are allowed",
                                              link.values.size(), limits::link_values));
  }
  for (const auto& [key, value] : link.values) {
    // Values travel in messages, and are kept by each host of the lattice.
    if (key.empty() || key.size() > limits::name_bytes || value.size() > limits::link_value_bytes ||
        !is_utf8(key) || !is_utf8(value)) {
      return fail(ErrorCode::invalid_argument,
                  fmt::format("link: the value '{}' is too long, or not UTF-8",
                              replace_bad_utf8(key.substr(0, limits::name_bytes))),
                  fmt::format("keys up to {} bytes, values up to {}", limits::name_bytes,
                              limits::link_value_bytes));
    }
  }
  return {};
}

Result<std::string> normal_link_name(std::string_view name) {
  // Blank counts as absent (host.md 8.1).
  if (trim(name).empty()) return std::string(default_link_name);
  if (!usable_name(name)) {
    return fail(
        ErrorCode::invalid_argument, fmt::format("link name '{}' cannot be used", name),
        fmt::format("1 to {} visible ASCII characters without '*' and '>'", limits::name_bytes));
  }
  return std::string(name);
}

// Such claims decide little, but they are kept and shown, so they must make sense.
Result<void> plausible_claims(const identity::ActorClaims& claims) {
  const auto subject = identity::PublicKey::parse(claims.sub);
  if (!subject || subject->type() != identity::KeyType::module) {
    return fail(ErrorCode::malformed, "claims whose subject is no actor's key");
  }
  const auto issuer = identity::PublicKey::parse(claims.iss);
  if (!issuer || issuer->type() != identity::KeyType::account) {
    return fail(ErrorCode::malformed, "claims whose issuer is no account's key");
  }
  // Size is bounded by that of the largest token: more could not have been signed.
  if (identity::footprint(claims) > limits::token_chars) {
    return fail(ErrorCode::limit, fmt::format("claims that are longer than {} bytes, which no "
                                              "signed token could be",
                                              limits::token_chars));
  }
  return {};
}

bool usable_alias(std::string_view alias) {
  return !alias.empty() && alias.size() <= limits::name_bytes &&
         alias.size() != identity::public_key_chars && alias.find(':') == std::string_view::npos &&
         is_utf8(alias) && std::none_of(alias.begin(), alias.end(), [](char c) {
           return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
         });
}

std::string unsigned_provider_key(const provider::Description& description) {
  // Vendor counts, too: another's provider for the contract has a key of its own.
  if (description.contract_id == "wasmcloud:extras" && description.vendor == "wasmcloud") {
    return std::string(extras_key);
  }
  // Seed is made of public words, so that everybody can derive it: the key names the provider and
  // proves nothing, and nothing is ever believed for being signed with it.
  const auto text = fmt::format("trellis unsigned provider\n{}\n{}\n{}", description.contract_id,
                                description.vendor, description.name);
  return identity::KeyPair::from_raw_seed(identity::KeyType::service, sha256(as_bytes(text)))
      .public_key()
      .text();
}

}  // namespace trellis::host
