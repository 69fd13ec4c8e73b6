// trellis doctor: whether this machine can run a host well, and what to change if not.
#include <fmt/format.h>

#include <algorithm>

#include "cli/command.hpp"
#include "cli/doctor_checks.hpp"
#include "cli/table.hpp"

namespace trellis::cli {
namespace {

std::string summary(const std::vector<Check>& checks) {
  const auto count = [&](Health health) {
    return std::ranges::count(checks, health, &Check::health);
  };
  if (count(Health::ok) == std::ssize(checks)) return "Everything is in order.";
  return fmt::format("{} problems, {} warnings", count(Health::problem), count(Health::warning));
}

Answer report(const std::vector<Check>& checks) {
  Table table;
  auto list = nlohmann::json::array();
  for (const auto& check : checks) {
    table.row(fmt::format("{:<9}{}", to_string(check.health), check.name), check.finding);
    if (!check.remedy.empty()) table.row("", "-> " + check.remedy);
    list.push_back({{"name", check.name},
                    {"status", to_string(check.health)},
                    {"finding", check.finding},
                    {"remedy", check.remedy}});
  }
  table.line("");
  table.line(summary(checks));
  const bool ok = std::ranges::count(checks, Health::problem, &Check::health) == 0;
  return {table.text(), {{"ok", ok}, {"checks", std::move(list)}}};
}

}  // namespace

void add_doctor(Command& app, Context& context) {
  auto& leaf = app.add_subcommand(
      "doctor", "Check whether this machine can run a host, and say what to change");
  auto port = std::make_shared<std::uint16_t>(std::uint16_t{8080});
  leaf.add_option("--port", *port, "Port of the HTTP server to look at").show_default();
  add_leaf(leaf, context, [port, &context](auto&) -> Result<Answer> {
    const auto system = make_system(context.clock, context.env);
    auto answer = report(run_checks(*system, *port));
    // Status of 1 with an answer on standard output: the report is a result, also for scripts.
    if (!answer.json["ok"].get<bool>()) context.exit_code = 1;
    return answer;
  });
}

}  // namespace trellis::cli
