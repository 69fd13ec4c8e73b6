// Keys of identity.md 1.5, for tests.
#pragma once

#include "identity/keys.hpp"

namespace trellis::identity::test {

inline constexpr const char* account_seed =
    "SAAAAAICAMCAKBQHBAEQUCYMBUHA6EARCIJRIFIWC4MBSGQ3DQOR4HYMHI";  // K1
inline constexpr const char* account_key =
    "AAB2CB576PHBBPQ5ODORRZ2LYCMWPZGWGCN2KDK7DXOIMZASKUY3QPZV";
inline constexpr const char* module_key =
    "MAU2ZOXBIG6MV4FSFYNJJU2NBPDTMHSSNUF74EWIS6KLZEZCSZW5PMMJ";  // K2
inline constexpr const char* service_key =
    "VASUHOJP6EEVKEKHNLOIG2O3NXOJGNTFUEMXRXNBIBHOCBTMVFKZ3YXJ";  // K3
inline constexpr const char* server_seed =
    "SNAGAYLCMNSGKZTHNBUWU23MNVXG64DROJZXI5LWO54HS6T3PR6X473DCU";  // KN
inline constexpr const char* operator_seed =
    "SOAKBINCUOSKLJVHVCU2VK5MVWXK7MFRWKZ3JNNWW64LTOV3XS635PYBKA";  // KO

inline KeyPair pair_of(const char* seed) {
  return std::move(KeyPair::from_seed(seed).value());
}

}  // namespace trellis::identity::test
