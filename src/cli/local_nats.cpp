#include "cli/local_nats.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <chrono>
#include <filesystem>
#include <ostream>
#include <thread>
#include <vector>

#include "base/descriptor.hpp"
#include "nats/server_url.hpp"

namespace trellis::cli {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr auto start_time = seconds(10);
constexpr auto stop_time = seconds(5);

/// Whether a server at this port of this machine greets as NATS servers do. Another program there
/// is not taken for one.
bool answers(std::uint16_t port) {
  const Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return false;
  }
  pollfd readable{socket.get(), POLLIN, 0};
  std::array<char, 5> greeting{};
  return ::poll(&readable, 1, 2000) == 1 &&
         ::recv(socket.get(), greeting.data(), greeting.size(), MSG_WAITALL) == 5 &&
         std::string_view(greeting.data(), 5) == "INFO ";
}

/// Port of a server on this machine; nothing for any other.
std::optional<std::uint16_t> local_port(std::string_view shown) {
  const auto colon = shown.rfind(':');
  const auto host = shown.substr(0, colon);
  std::uint16_t port = 0;
  const auto* end = shown.data() + shown.size();
  const auto [at, problem] = std::from_chars(shown.data() + colon + 1, end, port);
  if (problem != std::errc() || at != end) return std::nullopt;
  if (host != "127.0.0.1" && host != "localhost" && host != "0.0.0.0") return std::nullopt;
  return port;
}

/// Program of the server. Debian puts it where only root looks.
std::string find_program(const Context& context) {
  namespace fs = std::filesystem;
  std::string folders = context.env("PATH").value_or("") + ":/usr/sbin:/usr/local/sbin";
  for (std::size_t begin = 0; begin <= folders.size();) {
    const auto end = std::min(folders.find(':', begin), folders.size());
    const auto file = fs::path(folders.substr(begin, end - begin)) / "nats-server";
    // Relative folders of PATH are passed over: what lies in the working folder may be anybody's.
    if (file.is_absolute() && ::access(file.c_str(), X_OK) == 0) return file;
    begin = end + 1;
  }
  return {};
}

/// Child, between fork and exec: only what is safe there.
[[noreturn]] void become(char* const* words, pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (::getppid() != parent) ::_exit(1);  // it died before that
  ::setpgid(0, 0);  // Ctrl-C is for the host, which ends the server after itself
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  const int null = ::open("/dev/null", O_RDWR);
  for (int i = 0; i < 3 && null >= 0; ++i) ::dup2(null, i);
  ::execv(words[0], words);
  ::_exit(127);
}

/// Free port; 0 when there is none. Another process may take it before the server does; the start
/// fails then.
std::uint16_t free_port() {
  const Descriptor probe(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  const bool bound = probe &&
                     ::bind(probe.get(), reinterpret_cast<const sockaddr*>(&address), size) == 0 &&
                     ::getsockname(probe.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0;
  return bound ? ntohs(address.sin_port) : 0;
}

bool ended(pid_t child, seconds patience) {
  const auto end = std::chrono::steady_clock::now() + patience;
  while (::waitpid(child, nullptr, WNOHANG) == 0) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(milliseconds(10));
  }
  return true;
}

}  // namespace

Result<std::unique_ptr<LocalNats>> LocalNats::find_or_start(const Context& context,
                                                            const std::string& url) {
  auto address = nats::parse_server_url(url);
  if (!address) return pass(address);
  const auto port = local_port(address->shown);
  if (!port || answers(*port)) return nullptr;  // elsewhere is not for us to start
  auto made = start(context, *port);
  if (!made) return made;
  note(context, fmt::format("Started a NATS server at {} (process {}); it ends with this host.",
                            address->shown, (*made)->pid()));
  return made;
}

Result<std::unique_ptr<LocalNats>> LocalNats::start_anywhere(const Context& context) {
  const auto port = free_port();
  if (port == 0) return fail(ErrorCode::unavailable, "no free port can be had");
  return start(context, port);
}

Result<std::unique_ptr<LocalNats>> LocalNats::start(const Context& context, std::uint16_t port) {
  const auto program = find_program(context);
  if (program.empty()) {
    return fail(
        ErrorCode::unavailable,
        fmt::format("no NATS server answers at port {}, and nats-server is not installed", port),
        "sudo apt-get install nats-server, or name a server: --lattice nats://HOST:4222");
  }
  // Loopback only: the server has no login.
  std::vector<std::string> words = {program, "-a", "127.0.0.1", "-p", std::to_string(port)};
  std::vector<char*> arguments;
  arguments.reserve(words.size() + 1);
  for (auto& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const auto parent = ::getpid();
  const auto child = ::fork();
  if (child == 0) become(arguments.data(), parent);
  if (child < 0) return fail(ErrorCode::unavailable, "no process for nats-server can be had");
  std::unique_ptr<LocalNats> made(new LocalNats(child, port));
  const auto end = std::chrono::steady_clock::now() + start_time;
  while (!answers(port)) {
    // Its end is noticed at once: another server on the port would else be waited for in vain.
    const bool gone = ended(child, seconds(0));
    if (gone) made->child_ = 0;  // the number may be another's soon
    if (gone || std::chrono::steady_clock::now() > end) {
      return fail(ErrorCode::unavailable,
                  fmt::format("{} does not start on port {}", program, port),
                  fmt::format("see what `{} -a 127.0.0.1 -p {}` says", program, port));
    }
    std::this_thread::sleep_for(milliseconds(20));
  }
  return made;
}

LocalNats::~LocalNats() {
  if (child_ > 0 && ::kill(child_, SIGTERM) == 0 && !ended(child_, stop_time)) {
    ::kill(child_, SIGKILL);
    // Waited for after the kill too, or it would stay a zombie until this process ends.
    ended(child_, stop_time);
  }
}

}  // namespace trellis::cli
