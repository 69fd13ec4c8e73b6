#include "control/resolve.hpp"

#include <fmt/format.h>

#include <functional>
#include <vector>

namespace trellis::control {
namespace {

constexpr std::size_t shortest_prefix = 3;  // a letter for the type and two that differ

bool is_prefix(std::string_view key, std::string_view wanted) {
  return wanted.size() >= shortest_prefix && key.starts_with(wanted);
}

template <class Info>
std::string list_of(const std::vector<Info>& all, std::string (*describe)(const Info&)) {
  std::string text;
  for (const auto& one : all) text += (text.empty() ? "running: " : ", ") + describe(one);
  return text.empty() ? "none is running" : text;
}

/// The only one the first fitting rule finds.
template <class Info>
Result<const Info*> pick(const std::vector<Info>& all, std::string_view what,
                         std::string_view wanted,
                         const std::vector<std::function<bool(const Info&)>>& rules,
                         std::string (*describe)(const Info&)) {
  for (const auto& rule : rules) {
    std::vector<const Info*> found;
    for (const auto& one : all) {
      if (rule(one)) found.push_back(&one);
    }
    if (found.size() == 1) return found.front();
    if (found.size() > 1) {
      return fail(ErrorCode::invalid_argument,
                  fmt::format("'{}' fits {} {}s", wanted, found.size(), what),
                  "give the key; " + list_of(all, describe));
    }
  }
  return fail(ErrorCode::not_found, fmt::format("no {} '{}' runs on this host", what, wanted),
              list_of(all, describe));
}

std::string describe_actor(const ActorInfo& actor) {
  return fmt::format("{} ({})", actor.identity.name, actor.identity.key);
}
std::string describe_provider(const ProviderInfo& provider) {
  return fmt::format("{} ({}, link name {})", provider.source, provider.key, provider.link_name);
}

}  // namespace

Result<std::string> resolve_actor(const Inventory& inventory, std::string_view wanted) {
  const std::vector<std::function<bool(const ActorInfo&)>> rules{
      [&](const ActorInfo& actor) { return actor.identity.key == wanted; },
      [&](const ActorInfo& actor) {
        return !wanted.empty() && actor.identity.call_alias == wanted;
      },
      [&](const ActorInfo& actor) { return actor.identity.name == wanted; },
      [&](const ActorInfo& actor) { return !wanted.empty() && actor.source == wanted; },
      [&](const ActorInfo& actor) { return is_prefix(actor.identity.key, wanted); },
  };
  const auto found = pick(inventory.actors, "actor", wanted, rules, describe_actor);
  if (!found) return std::unexpected(found.error());
  return (*found)->identity.key;
}

Result<const ProviderInfo*> resolve_provider(const Inventory& inventory, std::string_view wanted,
                                             std::string_view link_name) {
  const auto rule = [&](auto&& fits) -> std::function<bool(const ProviderInfo&)> {
    return [fits, link_name](const ProviderInfo& provider) {
      return provider.link_name == link_name && fits(provider);
    };
  };
  const std::vector<std::function<bool(const ProviderInfo&)>> rules{
      rule([wanted](const ProviderInfo& provider) { return provider.key == wanted; }),
      rule([wanted](const ProviderInfo& provider) { return provider.source == wanted; }),
      rule([wanted](const ProviderInfo& provider) { return provider.name == wanted; }),
      rule([wanted](const ProviderInfo& provider) { return provider.contract_id == wanted; }),
      rule([wanted](const ProviderInfo& provider) { return is_prefix(provider.key, wanted); }),
  };
  return pick(inventory.providers, "provider", wanted, rules, describe_provider);
}

}  // namespace trellis::control
