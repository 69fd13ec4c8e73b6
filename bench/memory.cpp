// What a host weighs as its user starts it: `trellis up` in a process of its own.
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <functional>
#include <optional>
#include <thread>

#include "base/spawn_setup.hpp"
#include "bench/bench.hpp"
#include "bench/fixture.hpp"
#include "bench/folder.hpp"
#include "bench/guests.hpp"
#include "bench/machine_use.hpp"
#include "bench/measure.hpp"
#include "bench/outside.hpp"

namespace trellis::bench {
namespace {

/// A host that is up; asked to end, and waited for, at the end. One thread.
class Up {
 public:
  /// With files of actors. Errors: unavailable.
  static Result<std::unique_ptr<Up>> start(const Folder& folder,
                                           const std::vector<std::string>& actors) {
    const auto ready = (folder.path() / "ready").string();
    std::vector<std::string> words{host_program().string(),
                                   "up",
                                   "--ready-file",
                                   ready,
                                   "--socket",
                                   (folder.path() / "socket").string(),
                                   "--log-level",
                                   "warn"};
    words.insert(words.end(), actors.begin(), actors.end());
    std::vector<char*> arguments;
    for (auto& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    SpawnSetup setup;
    setup.open_null(STDOUT_FILENO, O_WRONLY);
    pid_t process = 0;
    if (::posix_spawn(&process, words.front().c_str(), setup.files(), setup.attributes(),
                      arguments.data(), environ) != 0) {
      return fail(ErrorCode::unavailable, "trellis up does not start");
    }
    std::unique_ptr<Up> up(new Up(process));
    const auto begun = Clock::now();
    while (!std::filesystem::exists(ready)) {
      if (::waitpid(process, nullptr, WNOHANG) != 0 || seconds_since(begun) > 60) {
        return fail(ErrorCode::unavailable, "trellis up is not ready");
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return up;
  }
  ~Up() {
    ::kill(process_, SIGTERM);
    ::waitpid(process_, nullptr, 0);
  }
  Up(const Up&) = delete;
  Up& operator=(const Up&) = delete;

  [[nodiscard]] double resident_mb() const { return bench::resident_mb(process_); }

 private:
  explicit Up(pid_t process) : process_(process) {}

  const pid_t process_;
};

/// With so many actors, each with a key of its own; once it has settled, a second after it is
/// ready.
Result<double> memory_of(int actors, const std::function<Bytes()>& module) {
  const Folder folder;
  Signer signer;
  std::vector<std::string> files;
  for (int i = 0; i < actors; ++i) {
    const auto made = signer.sign(module());
    if (!made) return pass(made);
    files.push_back((folder.path() / fmt::format("{}.wasm", i)).string());
    std::ofstream(files.back(), std::ios::binary) << as_text(made->module);
  }
  const auto up = Up::start(folder, files);
  if (!up) return pass(up);
  std::this_thread::sleep_for(std::chrono::seconds(1));
  return (*up)->resident_mb();
}

}  // namespace

Result<void> measure_memory(const Options& options, Report& report) {
  Variants variants;
  const auto counter = [] { return to_bytes(as_text(kvcounter_guest())); };
  const auto large = [&] { return variants.next(); };
  const auto row = [&](const std::string& name, int actors, const std::function<Bytes()>& module,
                       std::optional<double> most) -> Result<void> {
    if (options.progress) options.progress("memory of trellis up, " + name);
    const auto found = memory_of(actors, module);
    if (!found) return pass(found);
    Figure figure{"(f) memory of trellis up, " + name, *found, "MB", {}, {}, "", {}};
    if (most) {
      figure.target = fmt::format("<= {} MB", *most);
      figure.reached = *found <= *most;
    }
    report.add(std::move(figure));
    return {};
  };
  if (auto done = row("idle", 0, {}, 34); !done) return done;
  if (auto done = row("50 real actors", 50, counter, 85); !done) return done;
  return row("50 different actors of 551 KB", 50, large, std::nullopt);
}

}  // namespace trellis::bench
