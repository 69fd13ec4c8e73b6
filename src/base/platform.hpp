// Platform that this program was compiled for, in the words of first-party hosts (identity.md 4.1).
#pragma once

#include <string_view>

namespace trellis {

#if defined(__x86_64__)
inline constexpr std::string_view architecture = "x86_64";
#elif defined(__aarch64__)
inline constexpr std::string_view architecture = "aarch64";
#elif defined(__i386__)
inline constexpr std::string_view architecture = "x86";
#elif defined(__arm__)
inline constexpr std::string_view architecture = "arm";
#elif defined(__riscv) && __riscv_xlen == 64
inline constexpr std::string_view architecture = "riscv64";
#elif defined(__powerpc64__)
inline constexpr std::string_view architecture = "powerpc64";
#elif defined(__s390x__)
inline constexpr std::string_view architecture = "s390x";
#else
#error "name this architecture as first-party hosts do (identity.md 4.1)"
#endif

inline constexpr std::string_view operating_system = "linux";

}  // namespace trellis
