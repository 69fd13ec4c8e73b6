#include "host/state/builtins.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "host/state/names.hpp"
#include "provider/provider.hpp"

namespace trellis::host {
namespace {

std::unexpected<Error> bad_builtin(std::string_view name, std::string_view why) {
  return fail(ErrorCode::invalid_argument,
              fmt::format("the built-in provider '{}' {}", excerpt(name), why),
              "correct HostOptions::builtins");
}

}  // namespace

Result<void> check_builtins(std::span<const BuiltinProvider> builtins) {
  for (const auto& one : builtins) {
    if (!one.name.starts_with(builtin_prefix) || one.name.size() == builtin_prefix.size()) {
      return bad_builtin(one.name, "has a name that does not begin with builtin:");
    }
    if (one.table == nullptr) return bad_builtin(one.name, "has no table");
    if (find_builtin(builtins, one.name) != &one) return bad_builtin(one.name, "is there twice");
  }
  return {};
}

const BuiltinProvider* find_builtin(std::span<const BuiltinProvider> builtins,
                                    std::string_view name) noexcept {
  const auto found = std::ranges::find(builtins, name, &BuiltinProvider::name);
  return found == builtins.end() ? nullptr : &*found;
}

std::optional<std::string> builtin_provider_key(std::span<const BuiltinProvider> builtins,
                                                std::string_view name) {
  const auto* builtin = find_builtin(builtins, name);
  if (builtin == nullptr) return std::nullopt;
  const auto plugin = provider::wrap_table(*builtin->table);
  if (!plugin) return std::nullopt;
  return unsigned_provider_key((*plugin)->description());
}

std::string names_of(std::span<const BuiltinProvider> builtins) {
  std::string names;
  for (const auto& one : builtins) names.append(names.empty() ? "" : ", ").append(one.name);
  return names;
}

}  // namespace trellis::host
