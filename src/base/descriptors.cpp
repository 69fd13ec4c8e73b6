#include "base/descriptors.hpp"

#include <sys/eventfd.h>
#include <sys/resource.h>

#include <algorithm>

#include "base/descriptor.hpp"
#include "base/limits.hpp"

namespace trellis {

DescriptorLimits raise_descriptor_limit() noexcept {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return {};
  const std::uint64_t before = limit.rlim_cur;
  rlimit wanted = limit;
  // Limit is never lowered: what an administrator has allowed stays.
  wanted.rlim_cur = std::max<rlim_t>(before, std::min<rlim_t>(limit.rlim_max, limits::descriptors));
  if (wanted.rlim_cur == before || ::setrlimit(RLIMIT_NOFILE, &wanted) != 0)
    return {before, before};
  return {before, wanted.rlim_cur};
}

bool is_reserved_descriptor(int descriptor) noexcept {
  rlimit limit{};
  if (descriptor < 0 || ::getrlimit(RLIMIT_NOFILE, &limit) != 0) return false;
  const std::uint64_t most = limit.rlim_cur;
  const std::uint64_t reserve =
      std::min<std::uint64_t>(limits::descriptor_reserve, most / limits::descriptor_reserve_share);
  return static_cast<std::uint64_t>(descriptor) >= most - reserve;
}

bool is_short_of_descriptors() noexcept {
  // Next descriptor is tried out: its number says how many are in use.
  const Descriptor next(::eventfd(0, EFD_CLOEXEC));
  return !next || is_reserved_descriptor(next.get());
}

}  // namespace trellis
