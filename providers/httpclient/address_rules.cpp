#include "providers/httpclient/address_rules.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <span>

#include "base/text.hpp"
#include "providers/common/link_values.hpp"

namespace trellis::providers::httpclient {

namespace {

namespace ip = boost::asio::ip;
using boost::system::error_code;

struct Group {
  std::string_view name;
  std::string_view networks;
};

// Networks of RFC 6890 and its successors.
constexpr std::array groups = {
    Group{"any", "0.0.0.0/0,::/0"},
    Group{"loopback", "127.0.0.0/8,::1/128"},
    Group{"link-local", "169.254.0.0/16,fe80::/10"},
    Group{"private",
          "10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,100.64.0.0/10,192.0.0.0/24,198.18.0.0/15,"
          "fc00::/7,fec0::/10"},
    // Addresses where clouds tell a machine its credentials; most lie in the groups above as well.
    // They are a group so that `private` can be allowed without them.
    Group{"metadata",
          "169.254.169.254,169.254.170.2,169.254.170.23,168.63.129.16,100.100.100.200,"
          "192.0.0.192,fd00:ec2::254,fd00:ec2::23,fd20:ce::254"},
    Group{"multicast", "224.0.0.0/4,ff00::/8"},
    Group{"unspecified", "0.0.0.0/8,240.0.0.0/4,::/128"},
};
constexpr std::string_view default_denied =
    "loopback,link-local,private,metadata,multicast,unspecified";

/// IPv4 address that an IPv6 one leads to, if it is of that kind: mapped, NAT64 (64:ff9b::/96) or
/// 6to4 (2002::/16). Else each would be a way around the rules for IPv4.
[[nodiscard]] std::optional<ip::address_v4> inner(const ip::address_v6& address) {
  const auto bytes = address.to_bytes();
  const auto at = [&](std::size_t i) {
    return ip::address_v4({bytes[i], bytes[i + 1], bytes[i + 2], bytes[i + 3]});
  };
  constexpr std::array<std::uint8_t, 12> nat64 = {0, 0x64, 0xff, 0x9b};
  if (address.is_v4_mapped()) return at(12);
  if (std::equal(nat64.begin(), nat64.end(), bytes.begin())) return at(12);
  if (bytes[0] == 0x20 && bytes[1] == 0x02) return at(2);
  return std::nullopt;
}

[[nodiscard]] std::unexpected<Error> bad_network(std::string_view key, std::string_view text) {
  return fail(ErrorCode::invalid_argument,
              fmt::format("link value {} has \"{}\", which is neither a network nor a group", key,
                          excerpt(text)),
              "write networks as 10.0.0.0/8, groups as loopback, link-local, private, metadata, "
              "multicast, unspecified, any");
}

}  // namespace

Result<AddressRules::Networks> AddressRules::read_list(std::string_view key,
                                                       std::string_view list) {
  Networks networks;
  for (const auto item : split(list, ',')) {
    const auto text = trim(item);
    if (text.empty()) continue;
    const auto* group = std::ranges::find(groups, text, &Group::name);
    if (group != groups.end()) {
      auto members = read_list(key, group->networks);
      if (!members) return members;
      networks.insert(networks.end(), members->begin(), members->end());
      continue;
    }
    const bool is_v6 = text.contains(':');
    std::string network(text);
    // One address is a network of one.
    if (!network.contains('/')) network += is_v6 ? "/128" : "/32";
    error_code error;
    if (is_v6) {
      networks.emplace_back(ip::make_network_v6(network, error));
    } else {
      networks.emplace_back(ip::make_network_v4(network, error));
    }
    // Refused as a whole: a rule that is dropped would leave open what it was to close.
    if (error) return bad_network(key, text);
  }
  return networks;
}

Result<AddressRules> AddressRules::read(const codec::StringMap& values) {
  AddressRules rules;
  auto allowed = read_list("ALLOW", text_value(values, "ALLOW"));
  if (!allowed) return pass(allowed);
  auto denied = read_list("DENY", text_value(values, "DENY", default_denied));
  if (!denied) return pass(denied);
  rules.allowed_ = std::move(*allowed);
  rules.denied_ = std::move(*denied);
  return rules;
}

bool AddressRules::has(const Networks& networks, const Address4& address) {
  return std::ranges::any_of(networks, [&](const auto& each) {
    const auto* network = std::get_if<ip::network_v4>(&each);
    if (network == nullptr) return false;
    // Base is masked as well: "10.1.2.3/8" is taken for 10.0.0.0/8.
    const auto mask = network->netmask().to_uint();
    return (address.to_uint() & mask) == (network->address().to_uint() & mask);
  });
}

bool AddressRules::has(const Networks& networks, const Address6& address) {
  const auto bytes = address.to_bytes();
  return std::ranges::any_of(networks, [&](const auto& each) {
    const auto* network = std::get_if<ip::network_v6>(&each);
    if (network == nullptr) return false;
    const auto base = network->address().to_bytes();
    // Bytes first, then the bits of the one in which the prefix ends.
    const std::size_t whole = network->prefix_length() / 8;
    if (!std::equal(base.begin(), base.begin() + static_cast<std::ptrdiff_t>(whole),
                    bytes.begin())) {
      return false;
    }
    const unsigned rest = network->prefix_length() % 8U;
    if (rest == 0) return true;
    const unsigned mask = 0xffU << (8 - rest);
    return (base.at(whole) & mask) == (bytes.at(whole) & mask);
  });
}

template <class Address>
bool AddressRules::judge(const Address& address) const {
  // ALLOW wins over DENY: it makes exceptions from the groups.
  return has(allowed_, address) || !has(denied_, address);
}

bool AddressRules::allows(const Address6& address) const {
  const auto v4 = inner(address);
  // Mapped addresses are IPv4 to the system. The other kinds pass a router, so that both addresses
  // must be allowed.
  if (address.is_v4_mapped()) return judge(*v4);
  return judge(address) && (!v4 || judge(*v4));
}

bool AddressRules::allows(const sockaddr& address) const {
  if (address.sa_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, static_cast<const void*>(&address), sizeof v4);
    return judge(Address4(ntohl(v4.sin_addr.s_addr)));
  }
  // Sockets of other kinds (files) are no way out to the network.
  if (address.sa_family != AF_INET6) return false;
  sockaddr_in6 v6{};
  // Copied: the memory is libcurl's, and need not be aligned for this type.
  std::memcpy(&v6, static_cast<const void*>(&address), sizeof v6);
  Address6::bytes_type bytes;
  std::ranges::copy(std::span(v6.sin6_addr.s6_addr), bytes.begin());
  return allows(Address6(bytes));
}

bool AddressRules::allows_host(std::string_view host) const {
  if (host.starts_with('[') && host.ends_with(']')) {
    host.remove_prefix(1);
    host.remove_suffix(1);
  }
  error_code error;
  const auto address = ip::make_address(host, error);
  // Names pass here: whoever looks them up judges the address they stand for.
  if (error) return true;
  return address.is_v4() ? judge(address.to_v4()) : allows(address.to_v6());
}

}  // namespace trellis::providers::httpclient
