#include "cli/event_line.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <utility>

#include "base/calendar.hpp"
#include "cli/printable.hpp"
#include "json/json.hpp"
#include "json/json_text.hpp"

namespace trellis::cli {
namespace {

using nlohmann::json;

/// Last second of the year 9999; the calendar knows no years for the largest numbers, which any
/// peer can send.
constexpr std::uint64_t last_second = 253'402'300'799;

std::string time_text(std::uint64_t seconds) {
  if (seconds > last_second) return fmt::format("@{}", seconds);
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}",
                     utc_parts(std::chrono::sys_seconds(std::chrono::seconds(seconds))));
}

}  // namespace

std::string event_line(const LatticeEventRecord& event, bool as_json) {
  if (as_json) {
    auto content = parse_json(event.content, "event");
    return dump_json({{"event", event.name},
                      {"host_id", event.host_id},
                      {"timestamp", event.timestamp},
                      // Content that is no JSON is left out rather than quoted: a program asked for
                      // JSON.
                      {"content", content ? std::move(*content) : json()}});
  }
  // Printable throughout: every field is a peer's word.
  auto line = fmt::format("{} {} {}", time_text(event.timestamp), printable(event.host_id),
                          printable(event.name));
  if (event.content != "null") line += " " + printable(event.content);
  return line;
}

std::string outcome_line(const OutcomeRecord& outcome, WallTime heard, bool as_json) {
  if (as_json) {
    json made{{"outcome", outcome.command},
              {"host_id", outcome.host_id},
              {"operation_id", outcome.operation_id},
              {"reference", outcome.reference},
              {"id", outcome.entity},
              {"failure", nullptr}};
    if (outcome.failure) made["failure"] = *outcome.failure;
    if (!outcome.contract_id.empty()) {
      made["contract_id"] = outcome.contract_id;
      made["link_name"] = outcome.link_name;
    }
    return dump_json(made);
  }
  const auto seconds = std::chrono::floor<std::chrono::seconds>(heard.time_since_epoch()).count();
  if (!outcome.contract_id.empty()) {
    return fmt::format(
        "{} {} {} {} to {} ({}, link name {}): {}", time_text(static_cast<std::uint64_t>(seconds)),
        printable(outcome.host_id), printable(outcome.command), printable(outcome.entity),
        printable(outcome.reference), printable(outcome.contract_id), printable(outcome.link_name),
        outcome.failure ? "failed: " + printable(*outcome.failure) : "done");
  }
  return fmt::format("{} {} {} {} {} (operation {})",
                     time_text(static_cast<std::uint64_t>(seconds)), printable(outcome.host_id),
                     printable(outcome.command), printable(outcome.reference),
                     outcome.failure ? "failed: " + printable(*outcome.failure) : "done",
                     printable(outcome.operation_id));
}

}  // namespace trellis::cli
