#include "cli/contracts.hpp"

#include <fmt/format.h>

#include <array>
#include <set>

#include "base/suggest.hpp"
#include "cli/printable.hpp"
#include "providers/builtin.hpp"
#include "trellis/provider.h"

namespace trellis::cli {
namespace {

constexpr std::string_view first_party = "wasmcloud:";

std::string_view contract_of(const BuiltinProvider& builtin) {
  return builtin.table->contract_id;
}

/// Contracts that first-party or our own providers serve.
std::set<std::string, std::less<>> known_contracts() {
  std::set<std::string, std::less<>> all{"wasmcloud:graphdb"};
  for (const auto& builtin : providers::builtins()) all.emplace(contract_of(builtin));
  return all;
}

std::string_view without_space(std::string_view contract) {
  return contract.substr(contract.find(':') + 1);
}

/// Known contract that was probably meant.
std::optional<std::string> nearest_contract(std::string_view contract) {
  const auto known = known_contracts();
  std::vector<std::string_view> names;
  for (const auto& one : known) names.push_back(without_space(one));
  const auto name = nearest(without_space(contract), names);
  if (!name) return std::nullopt;
  return std::string(first_party) + *name;
}

/// Slip of the namespace: another spelling of "wasmcloud", or what it was called before.
bool is_slip_of_namespace(std::string_view contract) {
  constexpr std::array<std::string_view, 2> spaces{"wasmcloud", "wascc"};
  return nearest(contract.substr(0, contract.find(':')), spaces).has_value();
}

}  // namespace

std::optional<std::string> odd_contract(std::string_view contract) {
  if (known_contracts().contains(contract)) return std::nullopt;
  const auto meant = nearest_contract(contract);
  // Contracts of a user's own are never odd, unless they look like a slip of a known one.
  const bool own = !contract.starts_with(first_party);
  if (own && (!meant || !is_slip_of_namespace(contract))) return std::nullopt;
  auto text = fmt::format("no provider is known for the contract {}", printable(contract));
  if (meant) return text + fmt::format("; did you mean {}?", *meant);
  return text + "; contracts of your own have a namespace of their own: example:" +
         printable(contract.substr(first_party.size()));
}

Option& add_contract(Command& leaf, std::string& into) {
  return leaf
      .add_option(
          "contract", [&into](const std::string& text) { into = manifest::full_contract(text); },
          "Contract id: wasmcloud:keyvalue, or keyvalue for short")
      .required();
}

void warn_of_odd_contracts(const Context& context, const std::vector<std::string>& contracts) {
  for (const auto& contract : contracts) {
    if (const auto odd = odd_contract(contract)) say(context, Label::warning, *odd);
  }
}

}  // namespace trellis::cli
