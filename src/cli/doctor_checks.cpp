#include "cli/doctor_checks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>

#include "base/call_limits.hpp"
#include "base/text.hpp"

namespace trellis::cli {
namespace {

constexpr std::uint64_t gib = 1024 * limits::mib;
/// Address space of binary, libraries and engine before the first guest.
constexpr std::uint64_t base_reservation = 2 * gib;
/// Memory maps of one guest: the default of 65530 ends near 4 600 of them.
constexpr std::uint64_t maps_per_guest = 14;

Check good(std::string name, std::string finding) {
  return {std::move(name), Health::ok, std::move(finding), {}};
}
Check warning(std::string name, std::string finding, std::string remedy) {
  return {std::move(name), Health::warning, std::move(finding), std::move(remedy)};
}
Check problem(std::string name, std::string finding, std::string remedy) {
  return {std::move(name), Health::problem, std::move(finding), std::move(remedy)};
}
Check problem(std::string name, const Error& error) {
  return problem(std::move(name), error.message,
                 error.remedy.empty() ? "report this as a defect of trellis" : error.remedy);
}

/// "10 GiB", "192 MiB".
std::string size_text(std::uint64_t bytes) {
  return bytes % gib == 0 ? fmt::format("{} GiB", bytes / gib)
                          : fmt::format("{} MiB", bytes / limits::mib);
}

/// Instances one actor gets by default (host.md 6.6, D4).
std::uint64_t default_instances(const System& system) {
  return 2 * std::uint64_t{system.cpus()};
}

/// Check of a process whose addresses have 32 bits: it always ends, and how soon is told.
Check check_narrow_addresses(const System& system, std::uint64_t guests) {
  auto finding = fmt::format("32 bits: room for {} guests of {} each", guests,
                             size_text(system.guest_reservation()));
  if (guests >= default_instances(system)) return good("address-space", std::move(finding));
  return problem(
      "address-space", std::move(finding),
      "ulimit -v unlimited; allow actors fewer instances and less memory (memory_mb), or "
      "use a 64-bit system");
}

bool is_of_our_family(std::string_view name) {
  constexpr auto families =
      std::to_array<std::string_view>({"WASH_", "WASMCLOUD_", "RPC_", "CONTROL_", "KVCACHE_"});
  return std::ranges::any_of(families,
                             [&](std::string_view family) { return name.starts_with(family); });
}

/// Whether a command or a host reads a variable (cli.md 11, host.md 12).
bool is_known(std::string_view name) {
  constexpr auto connections = std::to_array<std::string_view>(
      {"WASH_RPC_", "WASH_CTL_", "WASMCLOUD_RPC_", "WASMCLOUD_CTL_", "RPC_", "CONTROL_"});
  constexpr auto suffixes =
      std::to_array<std::string_view>({"HOST", "PORT", "JWT", "SEED", "CREDS", "USER", "PASSWORD",
                                       "TOKEN", "TLS_CA", "TLS_CERT", "TLS_KEY"});
  constexpr auto others = std::to_array<std::string_view>(
      {"WASH_KEYS", "WASH_ISSUER_KEY", "WASH_SUBJECT_KEY", "WASH_REG_USER", "WASH_REG_PASSWORD",
       "WASH_RPC_TIMEOUT", "WASH_RPC_NSPREFIX", "WASH_CTL_NSPREFIX", "WASMCLOUD_RPC_TIMEOUT_MS",
       "WASMCLOUD_CTL_TIMEOUT_MS", "WASMCLOUD_LATTICE_PREFIX", "RPC_TIMEOUT_MS", "KVCACHE_NATS_URL",
       "KVCACHE_CLIENT_JWT", "KVCACHE_CLIENT_SEED", "KVCACHE_STATE_REPL_SUBJECT",
       "KVCACHE_REPLAY_REQ_SUBJECT", "KVCACHE_URL", "KVCACHE_REPLAY_HEARTBEAT_SECS"});
  if (std::ranges::find(others, name) != others.end()) return true;
  return std::ranges::any_of(connections, [&](std::string_view connection) {
    return name.starts_with(connection) &&
           std::ranges::find(suffixes, name.substr(connection.size())) != suffixes.end();
  });
}

}  // namespace

std::string_view to_string(Health health) noexcept {
  switch (health) {
    case Health::ok: return "ok";
    case Health::warning: return "warning";
    case Health::problem: return "problem";
  }
  return "problem";
}

Check check_address_space(const System& system) {
  if (const auto guests = system.guests_that_fit()) return check_narrow_addresses(system, *guests);
  const auto limit = system.limit(ResourceLimit::address_space);
  if (limit == System::unlimited) return good("address-space", "unlimited");
  const auto each = system.guest_reservation();
  const auto guests = limit < base_reservation ? 0 : (limit - base_reservation) / each;
  auto finding = fmt::format("limited to {} MiB: room for {} guests of {} each",
                             limit / limits::mib, guests, size_text(each));
  if (guests >= limits::instances) return good("address-space", std::move(finding));
  // Warning where one actor fits as it is configured by default, problem where not even that.
  const auto enough = guests >= default_instances(system);
  return {"address-space", enough ? Health::warning : Health::problem, std::move(finding),
          "ulimit -v unlimited (systemd: LimitAS=infinity)"};
}

Check check_reservation(const System& system) {
  const auto size = size_text(system.guest_reservation());
  if (system.can_reserve(system.guest_reservation())) {
    return good("reservation", size + " for a guest can be reserved");
  }
  return problem("reservation",
                 fmt::format("the kernel refuses to reserve {} of address space for a guest", size),
                 "ulimit -v unlimited, or lift the memory limit of the container");
}

Check check_overcommit(const System& system) {
  const auto mode = system.kernel_setting("vm/overcommit_memory");
  if (!mode) return good("overcommit", "not told by this kernel");
  // Modes 0 and 1 charge memory when it is touched; guests reserve far more than they use.
  if (*mode != 2) return good("overcommit", fmt::format("mode {}", *mode));
  return warning("overcommit", "mode 2: all memory guests may use is charged at once",
                 "sysctl vm.overcommit_memory=0, or allow actors fewer instances and less memory");
}

Check check_map_count(const System& system) {
  const auto maps = system.kernel_setting("vm/max_map_count");
  if (!maps) return good("map-count", "not told by this kernel");
  const auto guests = *maps / maps_per_guest;
  auto finding = fmt::format("{} memory maps: room for about {} guests", *maps, guests);
  if (guests >= limits::instances) return good("map-count", std::move(finding));
  return problem("map-count", std::move(finding), "sysctl vm.max_map_count=65530");
}

Check check_open_files(const System& system) {
  constexpr std::uint64_t least = 1024;
  constexpr std::uint64_t comfortable = 4096;
  const auto files = system.limit(ResourceLimit::open_files);
  if (files == System::unlimited) return good("open-files", "unlimited");
  auto finding = fmt::format("{} (each HTTP connection takes one)", files);
  if (files >= comfortable) return good("open-files", std::move(finding));
  return {"open-files", files >= least ? Health::warning : Health::problem, std::move(finding),
          "ulimit -n 65536 (systemd: LimitNOFILE=65536)"};
}

Check check_stack(const System& system) {
  const auto bytes = system.limit(ResourceLimit::stack);
  // Threads that run guests have stacks of their own size; those of provider libraries do not.
  if (bytes == System::unlimited) return good("stack", "unlimited");
  auto finding = fmt::format("{} KiB", bytes / limits::kib);
  if (bytes >= limits::mib) return good("stack", std::move(finding));
  return problem("stack", std::move(finding) + ": too little for threads of providers",
                 "ulimit -s 8192 (systemd: LimitSTACK=8M)");
}

Check check_threads(const System& system) {
  constexpr std::uint64_t least = 256;
  const auto processes = system.limit(ResourceLimit::processes);
  if (processes == System::unlimited) return good("threads", "unlimited");
  auto finding = fmt::format("{} processes and threads for this user", processes);
  // The limit does not bind root.
  if (processes >= least || system.user() == 0) return good("threads", std::move(finding));
  return problem("threads", std::move(finding), "ulimit -u 4096 (systemd: TasksMax=4096)");
}

Check check_cpus(const System& system) {
  const auto cpus = system.cpus();
  if (cpus >= 2) return good("cpus", fmt::format("{} usable", cpus));
  return warning("cpus", "1 usable: guests and network share it",
                 "give the process a second CPU (taskset, cgroup, container settings)");
}

Check check_engine(const System& system) {
  const auto engine = system.try_engine();
  if (engine) return good("engine", *engine + " starts and runs a guest");
  return problem("engine", engine.error());
}

Check check_port(const System& system, std::uint16_t port) {
  const auto free = system.try_listen(port);
  if (free) return good("port", fmt::format("{} is free", port));
  // Warning only: a running host of ours is a good reason, and any other port will do.
  return warning("port", free.error().message,
                 fmt::format("stop what uses it (ss -ltnp 'sport = :{}'), or set another PORT in "
                             "the link of the HTTP server",
                             port));
}

Check check_clock(const System& system) {
  using std::chrono::year;
  // Clocks of small machines begin in 1970 until the network has told them, and every token is "not
  // yet usable" then.
  const auto day = std::chrono::floor<std::chrono::days>(system.now());
  const std::chrono::year_month_day date{day};
  auto finding =
      fmt::format("{:04}-{:02}-{:02} (UTC)", static_cast<int>(date.year()),
                  static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
  if (date.year() >= year(2024) && date.year() < year(2100)) {
    return good("clock", std::move(finding));
  }
  return problem("clock", std::move(finding) + ": tokens are judged by their dates",
                 "set the clock: timedatectl set-ntp true");
}

Check check_temporary_folder(const System& system) {
  const auto written = system.try_write("/tmp");
  if (written) return good("temporary-folder", "/tmp can be written");
  return problem("temporary-folder", written.error());
}

Check check_state_folder(const System& system) {
  const auto folder = system.state_folder();
  if (folder) return good("state-folder", *folder);
  return problem("state-folder", folder.error());
}

Check check_variables(const System& system) {
  std::string ignored;
  for (const auto& name : system.variables()) {
    if (!is_of_our_family(name) || is_known(name)) continue;
    ignored += (ignored.empty() ? "" : ", ") + excerpt(name);
  }
  if (ignored.empty()) return good("variables", "none is set that is not read");
  return {"variables", Health::warning, "set, but read by nothing here: " + ignored,
          "`trellis help connection` and docs/operations.md name those that are; unset the others"};
}

std::vector<Check> run_checks(const System& system, std::uint16_t port) {
  return {check_engine(system),       check_address_space(system), check_reservation(system),
          check_overcommit(system),   check_map_count(system),     check_open_files(system),
          check_stack(system),        check_threads(system),       check_cpus(system),
          check_clock(system),        check_port(system, port),    check_temporary_folder(system),
          check_state_folder(system), check_variables(system)};
}

}  // namespace trellis::cli
