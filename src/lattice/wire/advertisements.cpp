#include "lattice/wire/advertisements.hpp"

namespace trellis::lattice {

ClaimsAdvertisement to_advertisement(const identity::ActorClaims& claims) {
  ClaimsAdvertisement made;
  made.exp = claims.exp;
  made.jti = claims.jti;
  made.iat = claims.iat;
  made.iss = claims.iss;
  made.sub = claims.sub;
  made.nbf = claims.nbf;
  made.wascap = ActorMetadata{claims.name, claims.hash, claims.tags,       claims.caps,
                              claims.rev,  claims.ver,  claims.call_alias, claims.prov};
  return made;
}

// Metadata may be missing: such claims end first-party hosts (lattice.md 6.5), here they list no
// capability.
identity::ActorClaims to_claims(const ClaimsAdvertisement& advertisement) {
  identity::ActorClaims claims;
  claims.exp = advertisement.exp;
  claims.jti = advertisement.jti;
  claims.iat = advertisement.iat;
  claims.iss = advertisement.iss;
  claims.sub = advertisement.sub;
  claims.nbf = advertisement.nbf;
  if (!advertisement.wascap) return claims;
  const auto& about = *advertisement.wascap;
  claims.name = about.name;
  claims.hash = about.hash;
  claims.tags = about.tags;
  claims.caps = about.caps;
  claims.rev = about.rev;
  claims.ver = about.ver;
  claims.call_alias = about.call_alias;
  claims.prov = about.prov;
  return claims;
}

}  // namespace trellis::lattice
