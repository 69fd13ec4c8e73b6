// The real machine behind the checks of `trellis doctor`. It looks and changes nothing, but for a
// probe file that is removed at once.
#include "cli/doctor_system.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <utility>

#include "admin/socket/socket_folder.hpp"
#include "base/call_limits.hpp"
#include "base/descriptor.hpp"
#include "base/files.hpp"
#include "base/text.hpp"
#include "cli/doctor_engine.hpp"
#include "engine/guest_space.hpp"

namespace trellis::cli {
namespace {

namespace fs = std::filesystem;

auto native(ResourceLimit kind) {
  switch (kind) {
    case ResourceLimit::address_space: return RLIMIT_AS;
    case ResourceLimit::open_files: return RLIMIT_NOFILE;
    case ResourceLimit::stack: return RLIMIT_STACK;
    case ResourceLimit::processes: return RLIMIT_NPROC;
  }
  return RLIMIT_NOFILE;
}

class Machine final : public System {
 public:
  Machine(const Clock& clock, const std::function<std::optional<std::string>(const char*)>& env)
      : clock_(clock), env_(env) {}

  std::uint64_t limit(ResourceLimit kind) const override {
    rlimit value{};
    const bool known = ::getrlimit(native(kind), &value) == 0;
    // Hard limit for files: a host raises the soft one itself.
    if (kind == ResourceLimit::open_files) value.rlim_cur = value.rlim_max;
    return known && value.rlim_cur != RLIM_INFINITY ? value.rlim_cur : unlimited;
  }

  std::optional<std::uint64_t> kernel_setting(const std::string& name) const override {
    const auto text = read_file("/proc/sys/" + name, 64);
    if (!text) return std::nullopt;
    const auto digits = trim(*text);
    std::uint64_t value = 0;
    const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (failed != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
    return value;
  }

  unsigned cpus() const override {
    cpu_set_t set;
    // CPUs that this process may use, which in a container are fewer than the machine has.
    if (::sched_getaffinity(0, sizeof set, &set) == 0)
      return static_cast<unsigned>(CPU_COUNT(&set));
    const auto online = ::sysconf(_SC_NPROCESSORS_ONLN);  // more than the set can hold
    return online > 0 ? static_cast<unsigned>(online) : 1;
  }

  std::uint64_t guest_reservation() const override { return engine::guest_reservation; }
  std::optional<std::uint64_t> guests_that_fit() const override {
    if (!engine::narrow_addresses) return std::nullopt;
    const auto pieces =
        engine::count_reservations(engine::guest_reservation, std::uint64_t{limits::instances} + 8);
    // Reserve that the host keeps for itself, in guests.
    constexpr auto kept =
        (engine::host_reserve + engine::guest_reservation - 1) / engine::guest_reservation;
    return pieces < kept ? 0 : pieces - kept;
  }
  bool can_reserve(std::uint64_t bytes) const override { return engine::can_reserve(bytes); }

  Result<std::string> try_engine() const override {
    return run_in_child(run_engine_once, std::chrono::seconds(20));
  }

  Result<void> try_listen(std::uint16_t port) const override {
    const Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const int on = 1;
    // As servers do, or connections of a host that just ended would make the port look taken.
    ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_ANY);
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): the interface of sockets
    const auto* generic = reinterpret_cast<const sockaddr*>(&address);
    if (socket && ::bind(socket.get(), generic, sizeof address) == 0 &&
        ::listen(socket.get(), 1) == 0) {
      return {};
    }
    return fail(ErrorCode::unavailable, fmt::format("port {}: {}", port, std::strerror(errno)));
  }

  Result<void> try_write(const fs::path& folder) const override {
    auto name = (folder / "trellis-doctor-XXXXXX").string();
    const Descriptor file(::mkostemp(name.data(), O_CLOEXEC));
    const bool written = file && ::write(file.get(), "x", 1) == 1;
    const int number = errno;
    // errno is kept across the removal: it is the writing that is told about.
    if (file) ::unlink(name.c_str());
    if (written) return {};
    return fail(
        ErrorCode::unavailable,
        fmt::format("cannot write to {}: {}", folder.string(), std::strerror(number)),
        fmt::format("free space on it, or: chmod 1777 {0}; mount {0} writable", folder.string()));
  }

  Result<std::string> state_folder() const override;
  WallTime now() const override { return clock_.wall(); }
  uid_t user() const override { return ::geteuid(); }

  std::vector<std::string> variables() const override {
    std::vector<std::string> names;
    for (char** at = environ; at != nullptr && *at != nullptr; ++at) {
      const std::string_view entry(*at);
      const auto equals = entry.find('=');
      // Empty variables count as unset, here as everywhere.
      if (equals == std::string_view::npos || equals + 1 == entry.size()) continue;
      names.emplace_back(entry.substr(0, equals));
    }
    return names;
  }

 private:
  const Clock& clock_;
  const std::function<std::optional<std::string>(const char*)>& env_;
};

Result<std::string> Machine::state_folder() const {
  const auto folder = admin::socket_folder(env_("XDG_RUNTIME_DIR"), user());
  const auto usable = admin::check_folder(folder, user());
  if (usable) return folder.string() + " is private to this user";
  // Missing is fine: the first host makes it.
  if (usable.error().code == ErrorCode::not_found) return folder.string() + " will be made";
  return pass(usable);
}

}  // namespace

std::unique_ptr<System> make_system(
    const Clock& clock, const std::function<std::optional<std::string>(const char*)>& env) {
  return std::make_unique<Machine>(clock, env);
}

}  // namespace trellis::cli
