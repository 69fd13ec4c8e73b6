#include "providers/httpclient/address_rules.hpp"

#include <gtest/gtest.h>

namespace trellis::providers::httpclient {
namespace {

bool allows(const codec::StringMap& values, std::string_view host) {
  const auto rules = AddressRules::read(values);
  EXPECT_TRUE(rules);
  return rules && rules->allows_host(host);
}

TEST(AddressRules, WithoutValuesTheMachineItselfIsDenied) {
  for (const auto denied :
       {"127.0.0.1", "127.255.0.3", "169.254.169.254", "0.0.0.0", "224.0.0.1", "255.255.255.255",
        "::1", "[::1]", "::", "fe80::1", "ff02::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1",
        "2002:7f00:1::",
        // Networks of one's own, and where clouds tell credentials.
        "10.1.2.3", "172.16.0.1", "192.168.1.1", "100.64.0.1", "198.18.0.1", "fd00::1", "fec0::1",
        "100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254", "240.0.0.1",
        "64:ff9b::a9fe:a9fe", "::ffff:10.0.0.1"}) {
    EXPECT_FALSE(allows({}, denied)) << denied;
  }
  for (const auto allowed : {"192.0.2.1", "2001:db8::1", "172.32.0.1", "example.com",
                             "::ffff:192.0.2.1", "126.255.255.255", "128.0.0.0"}) {
    EXPECT_TRUE(allows({}, allowed)) << allowed;
  }
}

TEST(AddressRules, ListsSayOtherwise) {
  EXPECT_TRUE(allows({{"ALLOW", "loopback"}}, "127.0.0.1"));
  EXPECT_FALSE(allows({{"ALLOW", "loopback"}}, "169.254.1.1"));
  EXPECT_TRUE(allows({{"ALLOW", " 127.0.0.1 , ::1"}}, "::1"));
  EXPECT_FALSE(allows({{"ALLOW", "127.0.0.1"}}, "127.0.0.2"));
  EXPECT_TRUE(allows({{"DENY", "private"}}, "127.0.0.1")) << "DENY replaces the default";
  EXPECT_FALSE(allows({{"DENY", "private"}}, "172.31.255.255"));
  EXPECT_TRUE(allows({{"DENY", "private"}}, "172.32.0.0"));
  EXPECT_FALSE(allows({{"DENY", "any"}, {"ALLOW", "198.51.100.0/24"}}, "192.0.2.1"));
  EXPECT_TRUE(allows({{"DENY", "any"}, {"ALLOW", "198.51.100.0/24"}}, "198.51.100.77"));
  EXPECT_FALSE(allows({{"DENY", "2001:db8:8000::/33"}}, "2001:db8:ffff::1"));
  EXPECT_TRUE(allows({{"DENY", "2001:db8:8000::/33"}}, "2001:db8:7fff::1"));
}

}  // namespace
}  // namespace trellis::providers::httpclient
