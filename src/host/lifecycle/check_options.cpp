#include "host/lifecycle/check_options.hpp"

#include <fmt/format.h>

#include <array>

#include "base/text.hpp"
#include "host/state/builtins.hpp"
#include "host/state/link_rules.hpp"
#include "identity/keys.hpp"

namespace trellis::host {
namespace {

/// Times, sizes and counts: with none of it nothing would work, and a time below zero is over.
Result<void> check_amounts(const HostOptions& options) {
  struct Amount {
    const char* name;
    bool sensible;
  };
  const auto& process = options.provider_process;
  using std::chrono::milliseconds;
  const std::array amounts{
      Amount{"call_timeout", options.call_timeout > milliseconds::zero()},
      Amount{"health_interval", options.health_interval > milliseconds::zero()},
      Amount{"health_timeout", options.health_timeout > milliseconds::zero()},
      Amount{"stop_timeout", options.stop_timeout > milliseconds::zero()},
      Amount{"max_instances", options.max_instances != std::size_t{0}},
      Amount{"pool_waiters", options.pool_waiters > 0},
      Amount{"memory_mb", options.memory_mb > 0},
      Amount{"payload_bytes", options.payload_bytes > 0},
      Amount{"worker_threads", options.worker_threads > 0},
      Amount{"memory_budget_bytes", options.memory_budget_bytes != std::size_t{0}},
      Amount{"provider_process.memory_mb", process.memory_mb > 0},
      Amount{"provider_process.open_files", process.open_files != std::size_t{0}},
      Amount{"provider_process.hang_timeout", process.hang_timeout > milliseconds::zero()},
      Amount{"registry.cache_bytes", options.registry.cache_bytes > 0},
      Amount{"registry.timeout", options.registry.timeout > milliseconds::zero()}};
  for (const auto& amount : amounts) {
    if (amount.sensible) continue;
    return fail(ErrorCode::invalid_argument,
                fmt::format("HostOptions::{} is not more than 0", amount.name),
                "give a larger one, or leave the default");
  }
  return {};
}

/// An issuer that is no account would never match, and nothing could be started.
Result<void> check_issuers(const std::vector<std::string>& issuers) {
  for (const auto& text : issuers) {
    const auto key = identity::PublicKey::parse(text);
    if (key && key->type() == identity::KeyType::account) continue;
    return fail(ErrorCode::invalid_argument,
                fmt::format("allowed issuer '{}' is no account's public key", excerpt(text)),
                "give the 56 characters that begin with A: `trellis claims inspect` shows them");
  }
  return {};
}

}  // namespace

Result<void> check_options(const HostOptions& options) {
  if (auto amounts = check_amounts(options); !amounts) return amounts;
  if (auto issuers = check_issuers(options.allowed_issuers); !issuers) return issuers;
  if (auto builtins = check_builtins(options.builtins); !builtins) return builtins;
  if (auto rules = LinkRules::make(options.lattice); !rules) return pass(rules);
  return {};
}

}  // namespace trellis::host
