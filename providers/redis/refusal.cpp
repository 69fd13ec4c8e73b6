#include "providers/redis/refusal.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "providers/redis/values.hpp"

namespace trellis::providers::redis {

// Refusal by the first word, which Redis keeps stable as an error code; the text behind it differs
// between versions.
Refusal refusal_of(const Reply& reply) noexcept {
  if (reply.kind != Reply::Kind::error) return Refusal::none;
  constexpr std::array<std::pair<std::string_view, Refusal>, 12> known = {
      {{"READONLY", Refusal::replica},
       {"LOADING", Refusal::not_ready},
       {"MASTERDOWN", Refusal::not_ready},
       {"CLUSTERDOWN", Refusal::not_ready},
       {"TRYAGAIN", Refusal::not_ready},
       {"BUSY", Refusal::not_ready},
       {"NOAUTH", Refusal::login},
       {"WRONGPASS", Refusal::login},
       {"MOVED", Refusal::elsewhere},
       {"ASK", Refusal::elsewhere},
       {"CROSSSLOT", Refusal::elsewhere},
       {"NOPERM", Refusal::forbidden}}};
  const auto word = std::string_view(reply.text).substr(0, reply.text.find(' '));
  const auto found = std::ranges::find(known, word, [](const auto& each) { return each.first; });
  return found == known.end() ? Refusal::none : found->second;
}

bool retires_connection(Refusal refusal) noexcept {
  // Cluster and rights are left out: another connection to the same address would be told the same.
  return refusal == Refusal::replica || refusal == Refusal::not_ready || refusal == Refusal::login;
}

std::unexpected<Error> refused(Refusal refusal, const Reply& reply) {
  // Text stays the server's; only code and remedy are ours, so that a search for the message finds
  // the server's documentation.
  auto error = server_error(reply.text).error();
  switch (refusal) {
    case Refusal::none: break;
    case Refusal::replica:
      error.code = ErrorCode::unavailable;
      error.remedy =
          "the server is a replica: let URL name the master, or an address that leads "
          "to it";
      break;
    case Refusal::not_ready:
      error.code = ErrorCode::unavailable;
      error.remedy = "the server is not ready yet: try again";
      break;
    case Refusal::login:
      error.code = ErrorCode::denied;
      error.remedy = "check user and password in URL";
      break;
    case Refusal::elsewhere:
      error.code = ErrorCode::unsupported;
      error.remedy =
          "the server is a node of a cluster, which links cannot follow: let URL name a "
          "server that has all keys, or a proxy of the cluster";
      break;
    case Refusal::forbidden:
      error.code = ErrorCode::denied;
      error.remedy = "permit the user of URL this command (ACL SETUSER), see docs/providers.md";
      break;
  }
  return std::unexpected(std::move(error));
}

}  // namespace trellis::providers::redis
