// Figures in the text format of Prometheus 0.0.4. Names and labels are read by dashboards of users:
// new ones may be added, old ones stay.
#include "admin/http/metrics.hpp"

#include <fmt/format.h>

#include <functional>
#include <optional>
#include <string_view>
#include <vector>

namespace trellis::admin {
namespace {

/// Value of a label: names of actors are anybody's text, and backslashes, quotes and line ends are
/// written with a backslash.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\' || c == '"') out += '\\';
    out += c == '\n' ? "\\n" : std::string(1, c);
  }
  return out;
}

void begin(std::string& out, std::string_view name, std::string_view type, std::string_view help) {
  fmt::format_to(std::back_inserter(out), "# HELP {0} {2}\n# TYPE {0} {1}\n", name, type, help);
}

/// Figure of each entity; nothing where `value` has none.
template <class Entity>
struct Figure {
  std::string_view name;
  std::string_view type;
  std::string_view help;
  std::function<std::optional<double>(const Entity&)> value;
};

// Figures first, then entities: the format wants all values of one name together.
template <class Entity, class Labels>
void write(std::string& out, const std::vector<Entity>& entities,
           const std::vector<Figure<Entity>>& figures, Labels labels) {
  for (const auto& figure : figures) {
    begin(out, figure.name, figure.type, figure.help);
    for (const auto& entity : entities) {
      if (const auto value = figure.value(entity)) {
        fmt::format_to(std::back_inserter(out), "{}{{{}}} {}\n", figure.name, labels(entity),
                       *value);
      }
    }
  }
}

/// Health as a number. Unknown health has none: 0 would raise an alarm before anything was asked.
std::optional<double> number_of(const Health& health) {
  if (health.state == HealthState::unknown) return std::nullopt;
  return health.state == HealthState::healthy ? 1 : 0;
}

void write_actors(std::string& out, const std::vector<ActorInfo>& actors) {
  const auto figure = [](std::string_view name, std::string_view type, std::string_view help,
                         auto member) {
    return Figure<ActorInfo>{name, type, help, [member](const ActorInfo& actor) {
                               return static_cast<double>(actor.*member);
                             }};
  };
  write<ActorInfo>(
      out, actors,
      {figure("trellis_actor_calls_total", "counter", "Calls to the actor.", &ActorInfo::calls),
       figure("trellis_actor_errors_total", "counter", "Of those: answered with an error.",
              &ActorInfo::errors),
       figure("trellis_actor_replaced_total", "counter",
              "Instances dropped after a trap, a kill or a limit.", &ActorInfo::replaced),
       figure("trellis_actor_instances", "gauge", "Instances alive.", &ActorInfo::instances),
       figure("trellis_actor_busy", "gauge", "Instances executing.", &ActorInfo::busy),
       {"trellis_actor_healthy", "gauge", "Answer to the last health request.",
        [](const ActorInfo& actor) { return number_of(actor.health); }}},
      [](const ActorInfo& actor) {
        return fmt::format("actor=\"{}\",name=\"{}\"", actor.identity.key,
                           escaped(actor.identity.name));
      });
}

void write_providers(std::string& out, const std::vector<ProviderInfo>& providers) {
  const auto figure = [](std::string_view name, std::string_view help, auto member) {
    return Figure<ProviderInfo>{name, "counter", help, [member](const ProviderInfo& provider) {
                                  return static_cast<double>(provider.*member);
                                }};
  };
  write<ProviderInfo>(
      out, providers,
      {figure("trellis_provider_calls_total", "Calls to the provider.", &ProviderInfo::calls),
       figure("trellis_provider_errors_total", "Of those: answered with an error.",
              &ProviderInfo::errors),
       figure("trellis_provider_timeouts_total", "Of those: not answered in time.",
              &ProviderInfo::timeouts),
       figure("trellis_provider_restarts_total", "Starts of its process after the first.",
              &ProviderInfo::restarts),
       {"trellis_provider_healthy", "gauge", "Answer to the last health request.",
        [](const ProviderInfo& provider) { return number_of(provider.health); }}},
      [](const ProviderInfo& provider) {
        return fmt::format("provider=\"{}\",contract=\"{}\",link_name=\"{}\",name=\"{}\"",
                           provider.key, escaped(provider.contract_id), escaped(provider.link_name),
                           escaped(provider.name));
      });
}

void write_one(std::string& out, std::string_view name, std::string_view type,
               std::string_view help, double value) {
  begin(out, name, type, help);
  fmt::format_to(std::back_inserter(out), "{} {}\n", name, value);
}

void write_lattice(std::string& out, const LatticeInfo& lattice) {
  const auto count = [&](std::string_view name, std::string_view help, std::uint64_t value) {
    write_one(out, name, "counter", help, static_cast<double>(value));
  };
  count("trellis_lattice_calls_out_total", "Calls to other hosts.", lattice.calls_out);
  count("trellis_lattice_calls_lost_total", "Of those: no answer in time, or nobody to ask.",
        lattice.calls_lost);
  count("trellis_lattice_calls_in_total", "Calls from other hosts.", lattice.calls_in);
  count("trellis_lattice_calls_refused_total", "Of those: malformed, forged or not for us.",
        lattice.calls_refused);
  count("trellis_lattice_calls_busy_total", "Of those: too many waited for their actor already.",
        lattice.calls_busy);
  count("trellis_lattice_calls_expired_total", "Of those: their callers gave up before their turn.",
        lattice.calls_expired);
  write_one(out, "trellis_lattice_cache_entries", "gauge", "Entries of the lattice cache.",
            static_cast<double>(lattice.cache_entries));
}

void write_memory(std::string& out, const MemoryInfo& memory) {
  write_one(out, "trellis_memory_budget_bytes", "gauge",
            "What the host may keep in memory for others.", static_cast<double>(memory.budget));
  const auto labels = [](const MemoryInfo::Kind& kind) {
    return fmt::format("kind=\"{}\"", kind.name);
  };
  write<MemoryInfo::Kind>(
      out, memory.kinds,
      {{"trellis_memory_held_bytes", "gauge", "What it keeps now.",
        [](const auto& kind) { return static_cast<double>(kind.bytes); }},
       {"trellis_memory_refused_total", "counter", "How often there was no room.",
        [](const auto& kind) { return static_cast<double>(kind.refused); }}},
      labels);
}

}  // namespace

std::string metrics_text(const Inventory& inventory) {
  std::string out;
  write_one(out, "trellis_uptime_seconds", "gauge", "Since the start of the host.",
            static_cast<double>(inventory.uptime.count()));
  write_actors(out, inventory.actors);
  write_providers(out, inventory.providers);
  write_lattice(out, inventory.lattice);
  write_memory(out, inventory.memory);
  return out;
}

}  // namespace trellis::admin
