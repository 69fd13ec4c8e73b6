// Token text to claims: every rule of identity.md 2.4.
#include <set>
#include <type_traits>

#include "identity/claims.hpp"
#include "identity/token.hpp"
#include "json/json_value.hpp"

namespace trellis::identity {
namespace {

using Kind = JsonValue::Kind;

/// Reads the members of one object by name. The first problem is kept and later reads do nothing,
/// so that callers list members without a check after each.
class MemberReader {
 public:
  MemberReader(const JsonValue& object, std::string_view where) : object_(object), where_(where) {
    if (!object.is(Kind::object)) complain("is not a JSON object");
  }

  [[nodiscard]] const std::string& problem() const noexcept { return problem_; }
  void complain(std::string_view why) {
    if (problem_.empty()) problem_ = std::string(where_) + " " + std::string(why);
  }

  void required(std::string_view name, std::string& out) { read(name, true, out); }
  void required(std::string_view name, std::uint64_t& out) { read(name, true, out); }
  template <class T>
  void optional(std::string_view name, std::optional<T>& out) {
    if (T value{}; read(name, false, value)) out = std::move(value);
  }

  /// The member, or null when it is missing; complains about a missing required one and a repeat.
  const JsonValue* member(std::string_view name, bool required) {
    const auto times = object_.count(name);
    // Repeats are refused, because two readers may see two different tokens.
    if (times > 1) complain_about(name, "appears twice");
    if (times == 0 && required) complain_about(name, "is missing");
    return problem_.empty() ? object_.find(name) : nullptr;
  }

  void complain_about(std::string_view name, std::string_view why) {
    complain("member " + std::string(name) + " " + std::string(why));
  }

  /// A boolean that may be missing but not null (2.4, last rule of `prov`).
  void boolean(std::string_view name, bool& out) {
    const auto* value = member(name, false);
    if (value == nullptr) return;
    if (!value->is(Kind::boolean)) return complain_about(name, "is not true or false");
    out = value->boolean;
  }

  /// An object whose values are strings.
  void string_map(std::string_view name, std::vector<std::pair<std::string, std::string>>& out) {
    const auto* value = member(name, true);
    if (value == nullptr) return;
    if (!value->is(Kind::object)) return complain_about(name, "is not an object");
    std::set<std::string_view> seen;
    for (const auto& [key, item] : value->members) {
      if (!item.is(Kind::string)) return complain_about(name, "has a value that is not a string");
      if (!seen.insert(key).second) return complain_about(name, "names a target twice");
      out.emplace_back(key, item.text);
    }
  }

 private:
  template <class T>
  bool read(std::string_view name, bool required, T& out) {
    const auto* value = member(name, required);
    // Null counts as missing where the member may be missing.
    if (value == nullptr || (!required && value->is(Kind::null))) return false;
    if (convert(*value, out)) return true;
    complain_about(name, "has the wrong type");
    return false;
  }

  static bool convert(const JsonValue& value, std::string& out) {
    out = value.text;
    return value.is(Kind::string);
  }
  static bool convert(const JsonValue& value, std::uint64_t& out) {
    const auto number = value.as_u64();
    out = number.value_or(0);
    return number.has_value();
  }
  static bool convert(const JsonValue& value, std::int32_t& out) {
    const auto number = value.as_i32();
    out = number.value_or(0);
    return number.has_value();
  }
  static bool convert(const JsonValue& value, std::vector<std::string>& out) {
    for (const auto& item : value.items) {
      if (!item.is(Kind::string)) return false;
      out.push_back(item.text);
    }
    return value.is(Kind::array);
  }

  const JsonValue& object_;
  std::string_view where_;
  std::string problem_;
};

/// Metadata of each kind: what must be there, and what may be missing (identity.md 2.3, 2.4).
void read_metadata(MemberReader& r, ActorClaims& c) {
  r.optional("name", c.name);
  r.required("hash", c.hash);
  r.optional("tags", c.tags);
  r.optional("caps", c.caps);
  r.optional("rev", c.rev);
  r.optional("ver", c.ver);
  r.optional("call_alias", c.call_alias);
  r.boolean("prov", c.prov);
}

void read_metadata(MemberReader& r, ProviderClaims& c) {
  r.optional("name", c.name);
  r.required("capid", c.capid);
  r.required("vendor", c.vendor);
  r.optional("rev", c.rev);
  r.optional("ver", c.ver);
  r.string_map("target_hashes", c.target_hashes);
}

void read_metadata(MemberReader& r, SignerClaims& c) {
  r.optional("name", c.name);
  r.optional("valid_signers", c.valid_signers);
}

void read_metadata(MemberReader& r, InvocationClaims& c) {
  r.required("target_url", c.target_url);
  r.required("origin_url", c.origin_url);
  r.required("hash", c.hash);
}

/// Members of every token (identity.md 2.2).
void read_envelope(MemberReader& r, Envelope& e) {
  r.optional("exp", e.exp);
  r.required("jti", e.jti);
  r.required("iat", e.iat);
  r.required("iss", e.iss);
  r.required("sub", e.sub);
  r.optional("nbf", e.nbf);
  if (e.iss.empty()) r.complain_about("iss", "is empty");
  if (e.sub.empty()) r.complain_about("sub", "is empty");
}

/// Accounts and operators may come without metadata: nothing in theirs is required (2.4).
template <class Claims>
constexpr bool needs_metadata = !std::is_base_of_v<SignerClaims, Claims>;

std::unexpected<Error> bad_claims(const std::string& why) {
  return fail(ErrorCode::malformed, "malformed token: " + why,
              "make the token again with `trellis claims` or another signer of this generation");
}

template <class Claims>
Result<Claims> read_claims(std::string_view json) {
  const auto tree = parse_strict_json(json);
  if (!tree) return bad_claims("its claims are " + tree.error().message);
  Claims claims;
  MemberReader envelope(*tree, "its claims:");
  read_envelope(envelope, claims);
  const auto* metadata = envelope.member("wascap", needs_metadata<Claims>);
  if (!envelope.problem().empty()) return bad_claims(envelope.problem());
  // Metadata may be null only where none is needed (identity.md 2.4).
  if (metadata == nullptr || (metadata->is(Kind::null) && !needs_metadata<Claims>)) return claims;
  MemberReader reader(*metadata, "its metadata:");
  read_metadata(reader, claims);
  if (!reader.problem().empty()) return bad_claims(reader.problem());
  return claims;
}

template <class Claims, class ParseKey>
Result<DecodedToken<Claims>> decode(std::string_view token, const ParseKey& parse_key) {
  auto parts = split_token(token);
  if (!parts) return pass(parts);
  auto claims = read_claims<Claims>(parts->claims_json);
  if (!claims) return pass(claims);
  const auto issuer = parse_key(claims->iss);
  if (!issuer) return bad_claims("its issuer is " + issuer.error().message);
  // Signed text is kept as it was received, because verification never writes JSON anew
  // (identity.md 2.1).
  return DecodedToken<Claims>{std::move(*claims), *issuer, std::string(parts->signed_text),
                              parts->signature};
}

template <class Claims>
Result<DecodedToken<Claims>> decode(std::string_view token) {
  return decode<Claims>(token, PublicKey::parse);
}

}  // namespace

Result<DecodedToken<ActorClaims>> decode_actor(std::string_view token) {
  return decode<ActorClaims>(token);
}
Result<ActorClaims> actor_claims_from_json(std::string_view json) {
  return read_claims<ActorClaims>(json);
}
Result<DecodedToken<ProviderClaims>> decode_provider(std::string_view token) {
  return decode<ProviderClaims>(token);
}
Result<DecodedToken<AccountClaims>> decode_account(std::string_view token) {
  return decode<AccountClaims>(token);
}
Result<DecodedToken<OperatorClaims>> decode_operator(std::string_view token) {
  return decode<OperatorClaims>(token);
}
Result<DecodedToken<InvocationClaims>> decode_invocation(std::string_view token) {
  return decode<InvocationClaims>(token);
}
Result<DecodedToken<InvocationClaims>> decode_cached_invocation(std::string_view token,
                                                                KeyCache& issuers) {
  return decode<InvocationClaims>(token,
                                  [&](std::string_view text) { return issuers.parse(text); });
}

}  // namespace trellis::identity
