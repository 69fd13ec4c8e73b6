#include "cli/contracts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <set>
#include <utility>

#include "base/text.hpp"
#include "cli/printable.hpp"
#include "providers/builtin.hpp"
#include "trellis/provider.h"

namespace trellis::cli {
namespace {

constexpr std::string_view first_party = "wasmcloud:";
/// More changed letters than that is another word.
constexpr std::size_t most_slips = 2;
constexpr std::size_t longest_space = 32;

std::string_view contract_of(const providers::Builtin& builtin) {
  return builtin.table->contract_id;
}

/// All that first-party or our own providers serve.
std::set<std::string, std::less<>> known_contracts() {
  std::set<std::string, std::less<>> all{"wasmcloud:graphdb"};
  for (const auto& builtin : providers::builtins()) all.emplace(contract_of(builtin));
  return all;
}

/// How many letters must be put in, taken out or changed.
std::size_t slips_between(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    auto diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < b.size(); ++j) {
      const auto changed = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({changed, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

/// Without namespace, punctuation and case, as slips of memory have it: "key-value", "http_server".
std::string letters_of(std::string_view contract) {
  std::string letters;
  for (const char c : to_lower_ascii(contract.substr(contract.find(':') + 1))) {
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) letters += c;
  }
  return letters;
}

/// The known contract that was probably meant.
std::optional<std::string> nearest(std::string_view contract) {
  const auto letters = letters_of(contract.substr(0, 64));
  std::optional<std::string> best;
  auto fewest = std::min(most_slips, letters.size() / 3) + 1;
  for (const auto& known : known_contracts()) {
    const auto slips = slips_between(letters, letters_of(known));
    if (slips >= fewest) continue;
    fewest = slips;
    best = known;
  }
  return best;
}

/// Another spelling of "wasmcloud", or what it was called before.
bool is_slip_of_namespace(std::string_view contract) {
  const auto space =
      to_lower_ascii(contract.substr(0, std::min<std::size_t>(contract.find(':'), longest_space)));
  return space == "wascc" ||
         slips_between(space, first_party.substr(0, first_party.size() - 1)) <= most_slips;
}

}  // namespace

std::string whole_contract(const std::string& name) {
  return name.find(':') == std::string::npos ? std::string(first_party) + name : name;
}

std::optional<std::string> builtin_for(std::string_view contract) {
  const providers::Builtin* found = nullptr;
  for (const auto& builtin : providers::builtins()) {
    if (contract_of(builtin) != contract) continue;
    if (found == nullptr || (builtin.confined && !found->confined)) found = &builtin;
  }
  if (found == nullptr) return std::nullopt;
  return std::string(found->name);
}

std::optional<std::string> odd_contract(std::string_view contract) {
  if (known_contracts().contains(contract)) return std::nullopt;
  const auto meant = nearest(contract);
  const bool own = !contract.starts_with(first_party);
  if (own && (!meant || !is_slip_of_namespace(contract))) return std::nullopt;
  auto text = fmt::format("no provider is known for the contract {}", printable(contract));
  if (meant) return text + fmt::format("; did you mean {}?", *meant);
  return text + "; contracts of your own have a namespace of their own: example:" +
         printable(contract.substr(first_party.size()));
}

void warn_of_odd_contracts(std::ostream& err, const std::vector<std::string>& contracts) {
  for (const auto& contract : contracts) {
    if (const auto odd = odd_contract(contract)) err << "Warning: " << *odd << '\n';
  }
}

}  // namespace trellis::cli
