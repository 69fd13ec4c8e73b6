// Key texts from outside: what decodes must encode to the same text.
#include "expect.hpp"
#include "identity/keys.hpp"

using trellis::ByteView;
using namespace trellis::identity;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = trellis::as_text(ByteView(data, size));
  if (const auto key = PublicKey::parse(text)) {
    expect(key->text() == text);
    static_cast<void>(key->verify(ByteView(data, size), ByteView(data, size)));
  }
  if (const auto pair = KeyPair::from_seed(text)) {
    expect(pair->seed_text() == text);
    expect(PublicKey::parse(pair->public_key().text()) == pair->public_key());
  }
  return 0;
}
