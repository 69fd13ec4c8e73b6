#include "bench/machine_use.hpp"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <utility>

namespace trellis::bench {
namespace {

double ticks_per_second() {
  return static_cast<double>(::sysconf(_SC_CLK_TCK));
}

double used_by(int whom) {
  rusage used{};
  ::getrusage(whom, &used);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

}  // namespace

double processor_seconds(pid_t process) {
  std::ifstream stat(fmt::format("/proc/{}/stat", process));
  std::string line;
  if (process <= 0 || !std::getline(stat, line)) return 0;
  // Fields 14 and 15, counted from 1; the second is a name in brackets.
  std::istringstream rest(line.substr(line.rfind(')') + 2));
  std::string word;
  for (int field = 3; field < 14; ++field) rest >> word;
  double user = 0;
  double system = 0;
  rest >> user >> system;
  return (user + system) / ticks_per_second();
}

double own_processor_seconds() {
  return used_by(RUSAGE_SELF);
}
double resident_mb(pid_t process) {
  std::ifstream file(fmt::format("/proc/{}/statm", process));
  double total = 0;
  double resident = 0;
  file >> total >> resident;
  return resident * static_cast<double>(::sysconf(_SC_PAGESIZE)) / 1e6;
}
double resident_mb() {
  return resident_mb(::getpid());
}

MachineUse::MachineUse(std::vector<pid_t> servers)
    : servers_(std::move(servers)), begin_(sample()) {}

MachineUse::Sample MachineUse::sample() const {
  Sample made;
  std::ifstream stat("/proc/stat");
  std::string word;
  stat >> word;  // "cpu"
  // user nice system idle iowait irq softirq steal
  double ticks = 0;
  for (int field = 0; field < 8 && stat >> ticks; ++field) {
    made.all += ticks / ticks_per_second();
    if (field != 3 && field != 4) made.busy += ticks / ticks_per_second();
  }
  made.ours = used_by(RUSAGE_SELF) + used_by(RUSAGE_CHILDREN);
  for (const auto server : servers_) made.ours += processor_seconds(server);
  return made;
}

double MachineUse::others() const {
  const auto now = sample();
  const auto all = now.all - begin_.all;
  if (all <= 0) return 0;
  const auto foreign = (now.busy - begin_.busy) - (now.ours - begin_.ours);
  return std::clamp(foreign / all, 0.0, 1.0);
}

}  // namespace trellis::bench
