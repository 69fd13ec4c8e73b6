// Claims to text: exact member order and escapes of identity.md 2.2 and 2.3, and signing.
#include "base/limits.hpp"
#include "base/text.hpp"
#include "identity/claims.hpp"
#include "identity/token.hpp"
#include "json/json_string.hpp"

namespace trellis::identity {
namespace {

/// Writes one JSON object member by member. What to do with unset values is said at each call:
/// `optional` leaves them out, `nullable` writes null.
class ObjectWriter {
 public:
  explicit ObjectWriter(std::string& out) : out_(out) { out_ += '{'; }
  void close() { out_ += '}'; }

  /// Begins a member whose value the caller appends.
  std::string& member(std::string_view name) {
    if (!first_) out_ += ',';
    first_ = false;
    append_json_string(out_, name);
    out_ += ':';
    return out_;
  }

  void put(std::string_view name, std::string_view value) {
    append_json_string(member(name), value);
  }
  void put(std::string_view name, bool value) { member(name) += value ? "true" : "false"; }
  void put(std::string_view name, std::uint64_t value) { member(name) += std::to_string(value); }
  void put(std::string_view name, std::int32_t value) { member(name) += std::to_string(value); }
  void put(std::string_view name, const std::vector<std::string>& list) {
    member(name) += '[';
    for (std::size_t i = 0; i < list.size(); ++i) {
      if (i != 0) out_ += ',';
      append_json_string(out_, list[i]);
    }
    out_ += ']';
  }

  template <class T>
  void optional(std::string_view name, const std::optional<T>& value) {
    if (value) put(name, *value);
  }
  template <class T>
  void nullable(std::string_view name, const std::optional<T>& value) {
    if (value) {
      put(name, *value);
    } else {
      member(name) += "null";
    }
  }

 private:
  std::string& out_;
  bool first_ = true;
};

// Metadata in the order of identity.md 2.3, and unset members left out or null as it has them: the
// bytes are signed, and compared with those of first-party tools.
void put_metadata(ObjectWriter& w, const ActorClaims& c) {
  w.optional("name", c.name);
  w.put("hash", std::string_view(c.hash));
  w.optional("tags", c.tags);
  w.optional("caps", c.caps);
  w.optional("rev", c.rev);
  w.optional("ver", c.ver);
  w.optional("call_alias", c.call_alias);
  w.put("prov", c.prov);
}

void put_metadata(ObjectWriter& w, const ProviderClaims& c) {
  w.nullable("name", c.name);
  w.put("capid", std::string_view(c.capid));
  w.put("vendor", std::string_view(c.vendor));
  w.optional("rev", c.rev);
  w.optional("ver", c.ver);
  ObjectWriter hashes(w.member("target_hashes"));
  for (const auto& [target, hash] : c.target_hashes) hashes.put(target, std::string_view(hash));
  hashes.close();
}

void put_metadata(ObjectWriter& w, const SignerClaims& c) {
  w.nullable("name", c.name);
  w.nullable("valid_signers", c.valid_signers);
}

void put_metadata(ObjectWriter& w, const InvocationClaims& c) {
  w.put("target_url", std::string_view(c.target_url));
  w.put("origin_url", std::string_view(c.origin_url));
  w.put("hash", std::string_view(c.hash));
}

template <class Claims>
std::string claims_text(const Claims& c) {
  // Members in the order of identity.md 2.2.
  std::string out;
  ObjectWriter envelope(out);
  envelope.optional("exp", c.exp);
  envelope.put("jti", std::string_view(c.jti));
  envelope.put("iat", c.iat);
  envelope.put("iss", std::string_view(c.iss));
  envelope.put("sub", std::string_view(c.sub));
  envelope.optional("nbf", c.nbf);
  ObjectWriter metadata(envelope.member("wascap"));
  put_metadata(metadata, c);
  metadata.close();
  envelope.close();
  return out;
}

template <class Claims>
Result<std::string> sign(Claims& claims, const KeyPair& issuer) {
  claims.iss = issuer.public_key().text();
  if (claims.sub.empty()) {
    return fail(ErrorCode::invalid_argument, "claims have no subject", "name the subject's key");
  }
  const auto json = to_json(claims);
  // Texts are written as they are, so that bad ones show in the result.
  if (!is_utf8(json)) {
    return fail(ErrorCode::invalid_argument, "claims contain text that is not UTF-8",
                "write names, tags and versions in UTF-8");
  }
  auto token = make_token(json, issuer);
  // Longer tokens are refused when they are read: better by the signer, at once.
  if (token.size() > limits::token_chars) {
    return fail(
        ErrorCode::invalid_argument,
        "the token would be longer than " + std::to_string(limits::token_chars) + " characters",
        "use fewer or shorter capabilities and tags");
  }
  return token;
}

}  // namespace

std::string to_json(const ActorClaims& claims) {
  return claims_text(claims);
}
std::string to_json(const ProviderClaims& claims) {
  return claims_text(claims);
}
std::string to_json(const AccountClaims& claims) {
  return claims_text(claims);
}
std::string to_json(const OperatorClaims& claims) {
  return claims_text(claims);
}
std::string to_json(const InvocationClaims& claims) {
  return claims_text(claims);
}

Result<std::string> sign_claims(ActorClaims claims, const KeyPair& issuer) {
  // Aliases are normalised when a token is made, and never when one is read (identity.md 2.3).
  if (claims.call_alias) claims.call_alias = normalise_call_alias(*claims.call_alias);
  return sign(claims, issuer);
}
Result<std::string> sign_claims(ProviderClaims claims, const KeyPair& issuer) {
  return sign(claims, issuer);
}
Result<std::string> sign_claims(AccountClaims claims, const KeyPair& issuer) {
  return sign(claims, issuer);
}
Result<std::string> sign_claims(OperatorClaims claims, const KeyPair& issuer) {
  return sign(claims, issuer);
}
Result<std::string> sign_claims(InvocationClaims claims, const KeyPair& issuer) {
  return sign(claims, issuer);
}

std::string display_name(const ActorClaims& claims) {
  return claims.name.value_or("Anonymous");
}
std::string display_name(const ProviderClaims& claims) {
  return claims.name.value_or("Unnamed Provider");
}
std::string display_name(const SignerClaims& claims) {
  return claims.name.value_or("Anonymous");
}
std::string display_name(const InvocationClaims& claims) {
  return claims.target_url;
}

std::string normalise_call_alias(std::string_view alias) {
  std::string out;
  for (const char c : to_lower_ascii(trim(alias))) {
    if (static_cast<unsigned char>(c) >= 0x80) continue;
    out += c == ' ' || c == '-' || c == '.' ? '_' : c;
  }
  return out;
}

std::size_t footprint(const ActorClaims& claims) noexcept {
  const auto text = [](const std::optional<std::string>& value) {
    return value ? value->size() : 0;
  };
  std::size_t all = sizeof claims + claims.jti.size() + claims.iss.size() + claims.sub.size() +
                    claims.hash.size() + text(claims.name) + text(claims.ver) +
                    text(claims.call_alias);
  for (const auto* list : {&claims.tags, &claims.caps}) {
    if (!*list) continue;
    for (const auto& item : **list) all += sizeof(std::string) + item.size();
  }
  return all;
}

}  // namespace trellis::identity
