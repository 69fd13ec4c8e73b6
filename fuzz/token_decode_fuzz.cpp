// Token texts from outside, and claims texts that would be inside of a token: what decodes must
// come back unchanged from our writer.
#include "expect.hpp"
#include "identity/claims.hpp"
#include "identity/token.hpp"
#include "identity/validation.hpp"
#include "json/json_value.hpp"

using trellis::ByteView;
using namespace trellis::identity;

namespace {

const KeyPair& issuer() {
  static const auto pair = KeyPair::from_raw_seed(KeyType::account, {1});
  return pair;
}

template <class Claims>
void check(std::string_view token,
           trellis::Result<DecodedToken<Claims>> (*decode)(std::string_view)) {
  const auto decoded = decode(token);
  if (!decoded) return;
  static_cast<void>(validate(*decoded, trellis::WallTime(std::chrono::seconds(1'700'000'000))));
  const auto again = decode(make_token(to_json(decoded->claims), issuer()));
  if (!again) return;  // too long now: every " of the original was an escape of one character
  expect(again->claims == decoded->claims);
}

void check_all(std::string_view token) {
  check(token, decode_actor);
  check(token, decode_provider);
  check(token, decode_account);
  check(token, decode_operator);
  check(token, decode_invocation);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = trellis::as_text(ByteView(data, size));
  check_all(text);
  if (trellis::parse_strict_json(text)) check_all(make_token(text, issuer()));
  return 0;
}
