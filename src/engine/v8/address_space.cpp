#include "engine/v8/address_space.hpp"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>

#include "base/call_limits.hpp"

namespace trellis::engine {
namespace {

rlim_t current_limit() noexcept {
  rlimit limit{};
  return getrlimit(RLIMIT_AS, &limit) == 0 ? limit.rlim_cur : RLIM_INFINITY;
}

/// Address space in use; 0 when the system does not tell.
std::uint64_t used_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::uint64_t pages = 0;
  statm >> pages;
  return statm ? pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)) : 0;
}

}  // namespace

bool address_space_is_limited() noexcept {
  return current_limit() != RLIM_INFINITY;
}

Result<void> check_address_space(std::uint64_t needed) {
  const std::uint64_t limit = current_limit();
  if (limit == RLIM_INFINITY) return {};
  const std::uint64_t used = used_bytes();
  if (used <= limit && needed <= limit - used) return {};
  return fail(ErrorCode::unavailable,
              fmt::format("no address space for another guest: it takes {} MiB, {} of {} MiB are "
                          "in use",
                          needed / limits::mib, used / limits::mib, limit / limits::mib),
              "raise the limit (ulimit -v unlimited), or run without the trap handler");
}

}  // namespace trellis::engine
