#include "apply/export.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <tuple>

#include "base/ascii.hpp"
#include "base/redactor.hpp"
#include "json/json.hpp"

namespace trellis::apply {
namespace {

/// Scalar: plain where YAML takes it as it is, else in double quotes. A dollar is escaped: the text
/// must not be taken for a variable when it is read again. Sources and names come from guests and
/// other hosts, so that plain is what is known to be harmless, not what YAML would allow.
std::string scalar(std::string_view text) {
  constexpr std::string_view words[] = {"null", "Null", "NULL", "true", "false"};
  const auto plain = [](char c) {
    return is_letter_or_digit(c) || c == '_' || c == '/' || c == '.' || c == '-' || c == ':';
  };
  const bool starts_plain = !text.empty() && (is_letter_or_digit(text.front()) ||
                                              text.front() == '/' || text.front() == '_');
  if (starts_plain && !text.ends_with(':') && std::ranges::all_of(text, plain) &&
      std::ranges::find(words, text) == std::end(words)) {
    return std::string(text);
  }
  // JSON strings are YAML strings, but for the characters below. Bad UTF-8 is replaced, or the file
  // could not be read at all.
  auto quoted = nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  std::string out;
  for (const char c : quoted) {
    if (c == '$') {
      out += "\\x24";
    } else if (c == 0x7f) {
      out += "\\x7f";
    } else {
      out += c;
    }
  }
  return out;
}

/// Name for the variable of a value: KEYVALUE_URL.
std::string variable_name(const Link& link, const std::string& key) {
  auto name = fmt::format("{}_{}", link.contract_id.substr(link.contract_id.find(':') + 1), key);
  for (char& c : name) {
    c = is_letter_or_digit(c) ? to_upper(c) : '_';
  }
  return name;
}

class Exporter {
 public:
  Exporter(const Inventory& inventory, const std::vector<LinkInfo>& links,
           const ExportOptions& options)
      : inventory_(inventory), links_(links), options_(options) {}

  Exported run() {
    labels();
    actors();
    providers();
    links();
    return std::move(out_);
  }

 private:
  void line(const std::string& text) { out_.text += text + "\n"; }

  void head(std::string_view name) {
    // Heads are written with their first item: an empty part would read as a null.
    if (heads_.insert(name).second) line(fmt::format("{}:", name));
  }

  void labels() {
    for (const auto& [name, value] : inventory_.labels) {
      // Labels of the host itself, which each host sets anew.
      if (name.starts_with("hostcore.")) continue;
      head("labels");
      line(fmt::format("  {}: {}", scalar(name), scalar(value)));
    }
  }

  void actors() {
    for (const auto& one : inventory_.actors) {
      const auto& identity = one.identity;
      if (one.source.empty()) {
        out_.left_out.push_back(fmt::format("actor {} ({}): no file or image is known it came from",
                                            identity.name, identity.key));
        continue;
      }
      head("actors");
      line(fmt::format("  - ref: {}  # {}, revision {}", scalar(one.source), comment(identity.name),
                       identity.revision));
      actor_options(one.options);
    }
  }

  /// Comment of a free text, such as a name in claims: no line ends, or it would add lines to the
  /// manifest; no dollar, for variables are replaced in comments too.
  static std::string comment(std::string text) {
    std::ranges::replace_if(
        text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f || c == '$'; },
        '?');
    return text;
  }

  void actor_options(const ActorOptions& options) {
    std::string instances;
    if (options.min_instances) instances += fmt::format("min: {}", *options.min_instances);
    if (options.max_instances) {
      instances += fmt::format("{}max: {}", instances.empty() ? "" : ", ", *options.max_instances);
    }
    if (!instances.empty()) line(fmt::format("    instances: {{{}}}", instances));
    std::string limits;
    if (options.limits.memory_mb) limits += fmt::format("memory_mb: {}", *options.limits.memory_mb);
    if (options.limits.call_timeout) {
      limits += fmt::format("{}call_timeout_ms: {}", limits.empty() ? "" : ", ",
                            options.limits.call_timeout->count());
    }
    if (!limits.empty()) line(fmt::format("    limits: {{{}}}", limits));
  }

  void providers() {
    for (const auto& one : inventory_.providers) {
      // Providers of every host start by themselves.
      if (one.of_host) continue;
      // Sources without a slash are neither a path nor an image that could be found again.
      const bool known = one.source.starts_with("builtin:") || one.source.contains('/');
      if (!known) {
        out_.left_out.push_back(fmt::format(
            "provider {} ({}): no file or image is known it came from", one.name, one.key));
        continue;
      }
      head("capabilities");
      line(fmt::format("  - image_ref: {}", scalar(one.source)));
      if (one.link_name != "default") line("    link_name: " + scalar(one.link_name));
      if (one.mode != ProviderMode::automatic) {
        line(fmt::format("    mode: {}", to_string(one.mode)));
      }
    }
  }

  void links() {
    auto sorted = links_;
    // Order of its own: two exports of the same state are compared by people and version control.
    std::ranges::sort(sorted, [](const auto& one, const auto& two) {
      const auto order = [](const LinkInfo& info) {
        return std::tie(info.link.actor, info.link.contract_id, info.link.link_name);
      };
      return order(one) < order(two);
    });
    for (const auto& info : sorted) link(info);
  }

  void link(const LinkInfo& info) {
    const auto& link = info.link;
    head("links");
    if (info.origin == LinkOrigin::lattice) line("  # told by the lattice");
    line("  - actor: " + scalar(actor_name(link.actor)));
    line("    contract_id: " + scalar(link.contract_id));
    line("    provider_id: " + scalar(provider_name(link)));
    if (link.link_name != "default") line("    link_name: " + scalar(link.link_name));
    if (link.values.empty()) return;
    // Masking is the listings' own: what a list hides, a file does not show either.
    const auto shown = shown_values(link.values);
    line("    values:");
    for (const auto& [key, value] : link.values) {
      const bool masked = !options_.show_secrets && shown.at(key) != value;
      line(fmt::format("      {}: {}", scalar(key),
                       masked ? masked_value(link, key) : scalar(value)));
    }
  }

  std::string masked_value(const Link& link, const std::string& key) {
    auto name = variable_name(link, key);
    const auto number = ++variables_[name];
    // Numbers tell two links apart that would share a variable.
    if (number > 1) name += fmt::format("_{}", number);
    return fmt::format("\"${{{}:?a secret that the export left out}}\"", name);
  }

  [[nodiscard]] std::string actor_name(const std::string& key) const {
    const auto found = std::ranges::find_if(
        inventory_.actors, [&](const auto& one) { return one.identity.key == key; });
    return found == inventory_.actors.end() || found->source.empty() ? key : found->source;
  }

  /// Provider by its reference where that says it all: built-in ones have the same name on each
  /// host. Others by key, as one reference may run under several link names.
  [[nodiscard]] std::string provider_name(const Link& link) const {
    const auto found = std::ranges::find_if(inventory_.providers, [&](const auto& one) {
      return one.key == link.provider_id && one.link_name == link.link_name && !one.of_host;
    });
    if (found == inventory_.providers.end() || !found->source.starts_with("builtin:")) {
      return link.provider_id;
    }
    return found->source;
  }

  const Inventory& inventory_;
  const std::vector<LinkInfo>& links_;
  const ExportOptions options_;
  Exported out_;
  std::set<std::string_view> heads_;
  std::map<std::string, int> variables_;
};

}  // namespace

Exported export_manifest(const Inventory& inventory, const std::vector<LinkInfo>& links,
                         const ExportOptions& options) {
  return Exporter(inventory, links, options).run();
}

}  // namespace trellis::apply
