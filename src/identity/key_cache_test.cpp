#include "identity/key_cache.hpp"

#include <gtest/gtest.h>

#include "base/random.hpp"

namespace trellis::identity {
namespace {

TEST(KeyCache, GivesWhatParsingGives) {
  SystemRandom random;
  KeyCache cache(2);
  for (int i = 0; i < 5; ++i) {
    const auto key = KeyPair::generate(KeyType::server, random).public_key();
    for (int again = 0; again < 2; ++again) EXPECT_EQ(*cache.parse(key.text()), key);
    auto wrong = key.text();
    wrong[20] = wrong[20] == 'A' ? 'B' : 'A';
    for (int again = 0; again < 2; ++again) {
      EXPECT_EQ(cache.parse(wrong).error(), PublicKey::parse(wrong).error());
    }
  }
}

}  // namespace
}  // namespace trellis::identity
