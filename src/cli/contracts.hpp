// Contract ids as users write them, and a word about those that nobody is known to serve.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/command.hpp"
#include "cli/options.hpp"
#include "manifest/manifest.hpp"

namespace trellis::cli {

/// Oddity of a contract: one of the namespace `wasmcloud` that no provider is known for, or a known
/// one's name under a misspelt namespace. With a suggestion where one is near. Nothing for
/// contracts of people's own.
[[nodiscard]] std::optional<std::string> odd_contract(std::string_view contract);

/// The positional argument of commands about links: "keyvalue" or "wasmcloud:keyvalue".
Option& add_contract(Command& leaf, std::string& into);

/// Writes a warning for each odd one.
void warn_of_odd_contracts(const Context& context, const std::vector<std::string>& contracts);

}  // namespace trellis::cli
