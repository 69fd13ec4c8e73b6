// Which addresses actors may reach through the HTTP client.
//
// An actor chooses the URL, and names can stand for any address: without rules an actor could reach
// what listens on the machine's loopback or the metadata service of a cloud. Rules are applied to
// the address a connection is about to be made to, after the name was looked up and for each
// redirect anew.
#pragma once

#include <sys/socket.h>

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>

#include "codec/fields.hpp"
#include "trellis/result.hpp"

namespace trellis::providers::httpclient {

/// Link values, both optional: lists of networks ("10.0.0.0/8", "fd00::/8", one address) and names
/// of groups, separated by commas:
///   ALLOW  what may be reached although DENY has it
///   DENY   what may not (default "loopback, link-local, private, metadata, multicast,
///   unspecified");
///          "any" leaves only what ALLOW has
/// Groups: any, loopback, link-local, private, metadata (where clouds tell machines their
/// credentials), multicast, unspecified (where the machine itself answers, and reserved ones). IPv4
/// addresses inside IPv6 ones (mapped, 6to4, NAT64) are judged as what they stand for. Immutable;
/// any thread.
class AddressRules {
 public:
  [[nodiscard]] static Result<AddressRules> read(const codec::StringMap& values);

  /// For a socket address; anything but IPv4 and IPv6 is refused.
  [[nodiscard]] bool allows(const sockaddr& address) const;
  /// For a host as in a URL: names pass, addresses are judged. For requests that a proxy makes.
  [[nodiscard]] bool allows_host(std::string_view host) const;

  friend bool operator==(const AddressRules&, const AddressRules&) = default;

 private:
  using Address4 = boost::asio::ip::address_v4;
  using Address6 = boost::asio::ip::address_v6;
  using Networks =
      std::vector<std::variant<boost::asio::ip::network_v4, boost::asio::ip::network_v6>>;

  [[nodiscard]] static Result<Networks> read_list(std::string_view key, std::string_view list);
  [[nodiscard]] static bool has(const Networks& networks, const Address4& address);
  [[nodiscard]] static bool has(const Networks& networks, const Address6& address);
  template <class Address>
  [[nodiscard]] bool judge(const Address& address) const;
  [[nodiscard]] bool allows(const Address6& address) const;

  Networks allowed_;
  Networks denied_;
};

}  // namespace trellis::providers::httpclient
