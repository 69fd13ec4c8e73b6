#include "lattice/wire/control_messages.hpp"

#include "base/text.hpp"

namespace trellis::lattice {

// Texts and their defaults are those of lattice.md 5.5.
ClaimsValues claims_values(const ClaimsAdvertisement& claims) {
  ClaimsValues made{{{"iss", claims.iss}, {"sub", claims.sub}}};
  if (!claims.wascap) return made;
  const auto& about = *claims.wascap;
  made.values["caps"] = about.caps ? join(*about.caps, ",") : "";
  made.values["rev"] = std::to_string(about.rev.value_or(0));
  made.values["version"] = about.ver.value_or("");
  return made;
}

}  // namespace trellis::lattice
