#include "apply/builtins.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/suggest.hpp"
#include "host/state/builtins.hpp"
#include "trellis/provider.h"

namespace trellis::apply {

std::vector<std::string_view> builtin_names(std::span<const BuiltinProvider> builtins) {
  std::vector<std::string_view> names;
  for (const auto& one : builtins) names.emplace_back(one.name);
  return names;
}

std::string builtin_contract(std::span<const BuiltinProvider> builtins, std::string_view name) {
  const auto* builtin = host::find_builtin(builtins, name);
  return builtin == nullptr ? std::string() : std::string(builtin->table->contract_id);
}

Result<std::string> builtin_for(std::span<const BuiltinProvider> builtins,
                                std::string_view contract) {
  std::vector<std::string> serving;
  std::vector<std::string> contracts;
  for (const auto name : builtin_names(builtins)) {
    auto served = builtin_contract(builtins, name);
    if (served == contract) serving.emplace_back(name);
    contracts.push_back(std::move(served));
  }
  // Own name first: several serve wasmcloud:keyvalue, and the one in memory is what a user without
  // a server means.
  const auto own_name = fmt::format("builtin:{}", contract.substr(contract.find(':') + 1));
  if (std::ranges::find(serving, own_name) != serving.end()) return own_name;
  if (serving.size() == 1) return serving.front();
  // Choice is left to the user where none is plain: each of them needs values (a folder, a server)
  // that the others do not know.
  if (!serving.empty()) {
    return fail(ErrorCode::not_found,
                fmt::format("expected a provider, found none: {} built-in ones serve {}",
                            serving.size(), contract),
                fmt::format("name one: {}", fmt::join(serving, ", ")));
  }
  const std::vector<std::string_view> views(contracts.begin(), contracts.end());
  const auto meant = nearest(contract, views);
  return fail(ErrorCode::not_found,
              fmt::format("expected a provider, found none: no built-in one serves {}{}", contract,
                          meant ? fmt::format("; did you mean {}?", *meant) : std::string()),
              "list the provider under `capabilities:`, and name it in the link: `provider: …`");
}

}  // namespace trellis::apply
