#include "identity/token.hpp"

#include <algorithm>

#include "base/binary_text.hpp"
#include "base/limits.hpp"
#include "base/text.hpp"
#include "json/json_value.hpp"

namespace trellis::identity {
namespace {

// Header of every first-party token, to the byte (identity.md 2.1).
constexpr std::string_view header_json = R"({"typ":"jwt","alg":"Ed25519"})";

std::unexpected<Error> bad_token(std::string why) {
  return fail(ErrorCode::malformed, "malformed token: " + std::move(why),
              "make the token again with `trellis claims` or another signer of this generation");
}

/// Whether a header has exactly one such member, with this text.
bool says(const JsonValue& header, std::string_view name, std::string_view value) {
  const auto* member = header.find(name);
  // Member that appears twice says nothing, because two readers may take either.
  return header.count(name) == 1 && member->is(JsonValue::Kind::string) && member->text == value;
}

Result<void> check_header(std::string_view segment) {
  // Canonical text only, or one token would have several.
  const auto bytes = base64url_decode(segment);
  if (!bytes) return bad_token("its header is not canonical base64url");
  const auto header = parse_strict_json(as_text(*bytes));
  if (!header) return bad_token("its header is " + header.error().message);
  if (!header->is(JsonValue::Kind::object)) return bad_token("its header is not a JSON object");
  if (!says(*header, "typ", "jwt")) return bad_token("its header does not say typ jwt");
  if (!says(*header, "alg", "Ed25519")) return bad_token("its header does not say alg Ed25519");
  return {};
}

}  // namespace

Result<TokenParts> split_token(std::string_view token) {
  if (token.size() > limits::token_chars) {
    return fail(ErrorCode::limit,
                "token is longer than " + std::to_string(limits::token_chars) + " characters");
  }
  const auto segments = split(token, '.');
  if (segments.size() != 3) {
    return bad_token("it has " + std::to_string(segments.size()) + " segments instead of three");
  }
  if (auto header = check_header(segments[0]); !header) return pass(header);
  const auto claims = base64url_decode(segments[1]);
  if (!claims) return bad_token("its claims are not canonical base64url");
  const auto signature = base64url_decode(segments[2]);
  if (!signature) return bad_token("its signature is not canonical base64url");
  TokenParts parts;
  if (signature->size() != parts.signature.size()) {
    return bad_token("its signature has " + std::to_string(signature->size()) +
                     " bytes instead of 64");
  }
  std::copy(signature->begin(), signature->end(), parts.signature.begin());
  // Signature is over the text as it was received.
  parts.signed_text = token.substr(0, segments[0].size() + 1 + segments[1].size());
  parts.claims_json = as_text(*claims);
  return parts;
}

std::string make_token(std::string_view claims_json, const KeyPair& issuer) {
  auto token =
      base64url_encode(as_bytes(header_json)) + '.' + base64url_encode(as_bytes(claims_json));
  const auto signature = issuer.sign(as_bytes(token));
  token += '.';
  token += base64url_encode(signature);
  return token;
}

}  // namespace trellis::identity
