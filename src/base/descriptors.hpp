// The process's open files, of which clients must not take the last.
#pragma once

#include <cstdint>

namespace trellis {

/// Soft limits of open files (RLIMIT_NOFILE).
struct DescriptorLimits {
  std::uint64_t before = 0;
  std::uint64_t now = 0;
};

/// Raises the soft limit to the hard one, or to limits::descriptors where that is less. For the
/// start of a program; programs it runs should get `before` back, for some of them use select().
DescriptorLimits raise_descriptor_limit() noexcept;

/// Who wants a descriptor: a link, which leaves the reserve alone, or the host itself.
enum class DescriptorUse : std::uint8_t { link, host };

/// Whether a descriptor just got lies in the reserve that connections of links leave to the control
/// socket, the lattice, processes and files. The kernel hands out the lowest free number, so a high
/// one says how many are in use: no count has to be shared between providers. Any thread.
[[nodiscard]] bool is_reserved_descriptor(int descriptor) noexcept;

/// Whether the next descriptor would lie there, or there is none. Any thread.
[[nodiscard]] bool is_short_of_descriptors() noexcept;

}  // namespace trellis
