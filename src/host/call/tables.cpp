#include "host/call/tables.hpp"

namespace trellis::host {

std::string name_in(const Tables& tables, std::string_view key) {
  if (const auto* known = tables.claims.find(key)) return (*known)->identity.name;
  // Usual link name first: most providers run once, and walking over all of them is for the others.
  const auto* usual = tables.providers.find(provider_slot(key, default_link_name));
  if (usual != nullptr) return std::string(people_name(**usual));
  std::string name;
  tables.providers.for_each([&](std::string_view, const auto& provider) {
    if (provider->key == key) name = people_name(*provider);
  });
  return name;
}

}  // namespace trellis::host
