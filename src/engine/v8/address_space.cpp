#include "engine/v8/address_space.hpp"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>

#include "base/call_limits.hpp"
#include "engine/guest_space.hpp"

namespace trellis::engine {
namespace {

/// Limit of the process now; none where the system does not tell.
rlim_t limit_of(__rlimit_resource resource) noexcept {
  rlimit limit{};
  return getrlimit(resource, &limit) == 0 ? limit.rlim_cur : RLIM_INFINITY;
}

struct InUse {
  std::uint64_t reserved = 0;
  std::uint64_t filled = 0;
};

/// Address space and memory in use; zeros when the system does not tell.
InUse in_use() {
  std::ifstream statm("/proc/self/statm");
  std::uint64_t size = 0;
  std::uint64_t skipped = 0;
  std::uint64_t data = 0;
  // Fields of statm: size, resident, shared, text, library, data; all in pages.
  statm >> size >> skipped >> skipped >> skipped >> skipped >> data;
  if (!statm) return {};
  const auto page = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  return {size * page, data * page};
}

/// Whether what is needed fits below a limit, beside what is in use.
Result<void> check(rlim_t limit, std::uint64_t used, std::uint64_t needed, std::string_view what,
                   std::string_view name, std::string_view remedy) {
  if (limit == RLIM_INFINITY || (used <= limit && needed <= limit - used)) return {};
  return fail(ErrorCode::unavailable,
              fmt::format("no {} for {}: it takes {} MiB, {} of {} MiB are in use", name, what,
                          needed / limits::mib, used / limits::mib, limit / limits::mib),
              std::string(remedy));
}

}  // namespace

Result<AddressSpace> AddressSpace::take(std::string_view what, const Needs& needs) {
  const std::uint64_t reserved = needs.whole + needs.pieces;
  const rlim_t space = limit_of(RLIMIT_AS);
  const rlim_t data = limit_of(RLIMIT_DATA);
  // Without limits there is nothing to look at, and no start has to wait for another.
  if (!narrow_addresses && space == RLIM_INFINITY && data == RLIM_INFINITY) return AddressSpace({});
  static std::mutex one_at_a_time;  // of the process, like the limits it guards
  std::unique_lock lock(one_at_a_time);
  if (narrow_addresses && !can_reserve(needs.whole, needs.pieces + host_reserve)) {
    return fail(
        ErrorCode::unavailable,
        fmt::format("no address space for {}: it takes {} MiB, and a process of 32 bits has "
                    "little left",
                    what, reserved / limits::mib),
        "fewer instances, or actors with less memory; a 64-bit system has room for more");
  }
  // Figures are read under the lock, or two starts would count on the same room.
  const InUse now = in_use();
  if (auto room = check(space, now.reserved, reserved, what, "address space",
                        "raise the limit (ulimit -v unlimited), or run without the trap handler");
      !room) {
    return pass(room);
  }
  if (auto room = check(data, now.filled, needs.filled, what, "memory",
                        "raise the limit (ulimit -d unlimited)");
      !room) {
    return pass(room);
  }
  return AddressSpace(std::move(lock));
}

}  // namespace trellis::engine
