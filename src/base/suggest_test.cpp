#include "base/suggest.hpp"

#include <gtest/gtest.h>

#include <array>

namespace trellis {
namespace {

constexpr std::array<std::string_view, 5> keys{"actor", "contract_id", "provider_id", "link_name",
                                               "values"};

TEST(Suggest, FindsWhatWasMeant) {
  EXPECT_EQ(nearest("value", keys), "values");
  EXPECT_EQ(nearest("Values", keys), "values");
  EXPECT_EQ(nearest("vlaues", keys), "values");
  EXPECT_EQ(nearest("contract", keys), "contract_id");
  EXPECT_EQ(nearest("provider", keys), "provider_id");
  EXPECT_EQ(nearest("name", keys), "link_name");
  EXPECT_EQ(nearest("linkname", keys), "link_name");
}

TEST(Suggest, IsSilentRatherThanWrong) {
  EXPECT_EQ(nearest("", keys), std::nullopt);
  EXPECT_EQ(nearest("annotations", keys), std::nullopt);
  EXPECT_EQ(nearest("id", keys), std::nullopt);
  EXPECT_EQ(nearest(std::string(100000, 'a'), keys), std::nullopt);
  EXPECT_EQ(nearest("x", std::array<std::string_view, 1>{"y"}), std::nullopt);
}

}  // namespace
}  // namespace trellis
