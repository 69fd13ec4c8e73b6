#include "bench/report.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <thread>

#include "bench/machine_use.hpp"
#include "json/json.hpp"

namespace trellis::bench {
namespace {

std::string cpu_model() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const auto colon = line.find(':');
    if (line.starts_with("model name") && colon != std::string::npos) return line.substr(colon + 2);
  }
  return "unknown";
}

std::string verdict(const Figure& figure) {
  if (!figure.reached) return "";
  return *figure.reached ? "reached" : "MISSED";
}

}  // namespace

std::string Report::as_text() const {
  auto text = fmt::format("{:<46} {:>12} {:<6} {:>12} {:>7}  {}\n", "what", "value", "unit",
                          "floor", "ratio", "target");
  for (const auto& figure : figures_) {
    text += fmt::format("{:<46} {:>12.1f} {:<6} {:>12} {:>7}  {} {}\n", figure.name, figure.value,
                        figure.unit, figure.floor ? fmt::format("{:.1f}", *figure.floor) : "",
                        figure.ratio ? fmt::format("{:.2f}", *figure.ratio) : "", figure.target,
                        verdict(figure));
  }
  for (const auto& what : left_out_) text += "NOT MEASURED: " + what + '\n';
  if (others_) {
    text += fmt::format("others used {:.0f} % of the machine's time meanwhile{}\n", *others_ * 100,
                        *others_ > MachineUse::too_much
                            ? ": TOO MUCH TO JUDGE, measure again when it is quiet"
                            : "");
  }
  return text;
}

std::string Report::as_json() const {
  nlohmann::json results = nlohmann::json::array();
  for (const auto& figure : figures_) {
    nlohmann::json one = {{"name", figure.name}, {"value", figure.value}, {"unit", figure.unit}};
    one["floor"] = figure.floor ? nlohmann::json(*figure.floor) : nlohmann::json();
    one["ratio"] = figure.ratio ? nlohmann::json(*figure.ratio) : nlohmann::json();
    one["target"] = figure.target.empty() ? nlohmann::json() : nlohmann::json(figure.target);
    one["reached"] = figure.reached ? nlohmann::json(*figure.reached) : nlohmann::json();
    results.push_back(std::move(one));
  }
  double load[3] = {};
  ::getloadavg(load, 3);
  const auto now = std::chrono::duration_cast<std::chrono::seconds>(
                       std::chrono::system_clock::now().time_since_epoch())
                       .count();
  return nlohmann::json{{"cpu", cpu_model()},
                        {"cores", std::thread::hardware_concurrency()},
                        {"load", {load[0], load[1], load[2]}},
                        {"time", now},
                        {"others", others_ ? nlohmann::json(*others_) : nlohmann::json()},
                        {"too_noisy", others_ && *others_ > MachineUse::too_much},
                        {"results", std::move(results)},
                        {"left_out", left_out_}}
      .dump(2);
}

Result<void> Report::write_json(const std::string& path) const {
  std::error_code ignored;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), ignored);
  std::ofstream file(path);
  file << as_json() << '\n';
  file.close();
  if (!file) {
    return fail(ErrorCode::unavailable, "cannot write " + path, "choose another file with --out");
  }
  return {};
}

}  // namespace trellis::bench
