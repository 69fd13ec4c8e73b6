// The options that say what an actor is, shared by `claims sign` and `claims token actor`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/claims_common.hpp"
#include "cli/key_store.hpp"
#include "identity/claims.hpp"

namespace trellis::cli {

struct ActorOptions {
  std::string name;
  bool keyvalue = false;
  bool messaging = false;
  bool http_server = false;
  bool http_client = false;
  bool blob_store = false;
  bool extras = false;
  bool logging = false;
  bool events = false;
  std::vector<std::string> custom;
  std::vector<std::string> tags;
  bool provider = false;
  std::optional<std::int32_t> revision;
  std::optional<std::string> version;
  std::optional<std::string> call_alias;
  std::string issuer;
  std::string subject;
  DateOptions dates;
  KeyOptions keys;
};

void add_actor_options(Command& leaf, ActorOptions& options);

/// Which of the two commands asks: they write the standard capabilities in different orders.
enum class CapabilityOrder { sign, token };
[[nodiscard]] std::vector<std::string> capabilities_of(const ActorOptions& options,
                                                       CapabilityOrder order);

/// The rules of cli.md 3.2: not empty, no public key, only a-z 0-9 _ and /.
[[nodiscard]] Result<void> check_call_alias(const std::string& alias);

/// Claims and the key that signs them.
struct ActorToSign {
  identity::ActorClaims claims;
  identity::KeyPair issuer;
};

/// The key of the module: of the options, or else of the file named after the actor.
[[nodiscard]] KeyRequest subject_request(const ActorOptions& options);

/// Checks the options, finds both keys and fills everything but the hash. Warns of contracts that
/// nobody is known to serve.
[[nodiscard]] Result<ActorToSign> prepare_actor(Context& context, const ActorOptions& options,
                                                const KeyRequest& subject, CapabilityOrder order);

}  // namespace trellis::cli
