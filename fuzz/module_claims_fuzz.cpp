// Modules from outside: extraction must stay within the bytes, and the canonical form must be a
// fixed point that is no larger, keeps the claims findable and can be signed.
#include "expect.hpp"
#include "identity/admission.hpp"
#include "identity/module_token.hpp"
#include "wasm/canonical.hpp"

using trellis::ByteView;
using namespace trellis::identity;

namespace {

const trellis::WallTime now{std::chrono::seconds(1'700'000'000)};

void check_signing(ByteView module, std::size_t token_sections) {
  static const auto issuer = KeyPair::from_raw_seed(KeyType::account, {1});
  static const auto subject = KeyPair::from_raw_seed(KeyType::module, {2}).public_key().text();
  ActorClaims claims;
  claims.sub = subject;
  const auto made = sign_module(module, claims, issuer);
  expect(made.has_value());
  const auto actor = verify_actor_module(made->bytes, {}, now);
  expect(actor.has_value() == (token_sections <= 1));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView module(data, size);
  const auto sections = find_token_sections(module);
  static_cast<void>(verify_actor_module(module, {}, now));
  const auto canonical = trellis::wasm::canonical_module(module);
  if (!canonical) return 0;
  expect(sections.has_value());  // the canonical form needs at least a well-formed module
  expect(canonical->size() <= size);
  expect(trellis::wasm::canonical_module(*canonical) == *canonical);
  check_signing(module, sections->count);
  return 0;
}
