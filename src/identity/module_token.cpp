#include "identity/module_token.hpp"

#include "base/call_limits.hpp"
#include "base/hash.hpp"
#include "wasm/canonical.hpp"

namespace trellis::identity {
namespace {

/// The module with `section` replaced by one that holds `token`; appended when there is none.
Bytes with_token(ByteView module, const std::optional<wasm::Section>& section,
                 std::string_view token) {
  Bytes content;
  wasm::append_u32(content, static_cast<std::uint32_t>(token_section.size()));
  content.insert(content.end(), token_section.begin(), token_section.end());
  content.insert(content.end(), token.begin(), token.end());

  // Token takes the place of the one before it, so that signing again moves nothing
  // (identity.md 3.1).
  const auto begin = section ? section->begin : module.size();
  const auto end = section ? section->end : module.size();
  Bytes out(module.begin(), module.begin() + static_cast<std::ptrdiff_t>(begin));
  out.push_back(0);
  wasm::append_u32(out, static_cast<std::uint32_t>(content.size()));
  out.insert(out.end(), content.begin(), content.end());
  out.insert(out.end(), module.begin() + static_cast<std::ptrdiff_t>(end), module.end());
  return out;
}

}  // namespace

Result<TokenSections> find_token_sections(ByteView module) {
  auto sections = wasm::Sections::open(module);
  if (!sections) return pass(sections);
  TokenSections found;
  while (true) {
    auto section = sections->next();
    if (!section) return pass(section);
    if (!*section) return found;
    if ((*section)->id != 0 || (*section)->name != token_section) continue;
    if (found.count++ == 0) found.first = **section;
  }
}

std::string module_hash(ByteView module, const std::optional<wasm::Section>& removed) {
  if (!removed) return sha256_upper_hex(module);
  return sha256_upper_hex({module.first(removed->begin), module.subspan(removed->end)});
}

Result<std::optional<EmbeddedToken>> extract_claims(ByteView module) {
  auto sections = find_token_sections(module);
  if (!sections) return pass(sections);
  if (sections->count == 0) return std::nullopt;
  // Several tokens are refused: tools do not agree on which one is believed and which are hashed
  // (D7).
  if (sections->count > 1) {
    return fail(ErrorCode::malformed,
                "Unable to extract embedded token from WebAssembly module: it has " +
                    std::to_string(sections->count) + " jwt sections",
                "take the unsigned module and sign it once");
  }
  const auto& section = *sections->first;
  const auto token = as_text(module.subspan(section.content, section.end - section.content));
  auto decoded = decode_actor(token);
  if (!decoded) return pass(decoded);
  // Compared as text: digits in lower case do not match (identity.md 3.2).
  if (module_hash(module, section) != decoded->claims.hash) {
    return fail(ErrorCode::denied, "Invalid module hash",
                "the module was changed after it was signed: sign it again");
  }
  return EmbeddedToken{std::string(token), std::move(*decoded)};
}

Result<SignedModule> sign_module(ByteView module, ActorClaims claims, const KeyPair& issuer) {
  auto canonical = wasm::canonical_module(module);
  if (!canonical) return pass(canonical);
  // Sections are looked for in the canonical form, where they lie elsewhere.
  auto sections = find_token_sections(*canonical);
  if (!sections) return pass(sections);
  claims.hash = module_hash(*canonical, sections->first);
  auto hash = claims.hash;
  auto token = sign_claims(std::move(claims), issuer);
  if (!token) return pass(token);
  auto bytes = with_token(*canonical, sections->first, *token);
  if (bytes.size() > limits::module_bytes) {
    return fail(
        ErrorCode::limit,
        "the signed module would be larger than " + std::to_string(limits::module_bytes) + " bytes",
        "strip debug sections from the module");
  }
  return SignedModule{std::move(bytes), std::move(*token), std::move(hash)};
}

}  // namespace trellis::identity
