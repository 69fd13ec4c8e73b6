#include "client/names.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <set>

#include "base/text.hpp"

namespace trellis::client {
namespace {

constexpr std::size_t shortest_beginning = 3;  // a letter for the type and two that differ
constexpr std::size_t shown_of_key = 8;
constexpr std::string_view first_party = "wasmcloud:";
constexpr std::string_view builtin = "builtin:";
/// Candidates that an error lists.
constexpr std::size_t max_listed = 12;

bool begins(std::string_view key, std::string_view wanted) {
  return wanted.size() >= shortest_beginning && key.starts_with(wanted);
}

bool same_word(std::string_view a, std::string_view b) {
  return !a.empty() && to_lower_ascii(a) == to_lower_ascii(b);
}

/// Description that tells one from the others.
std::string described(const Named& one) {
  std::vector<std::string> parts;
  if (!one.source.empty()) parts.push_back(one.source);
  if (!one.contract_id.empty() && one.source != one.contract_id) parts.push_back(one.contract_id);
  if (!one.link_name.empty() && one.link_name != "default") {
    parts.push_back("link name " + one.link_name);
  }
  if (!one.host_id.empty()) parts.push_back("on " + std::string(short_key(one.host_id)));
  const auto more = join(parts, ", ");
  return fmt::format("{} {}{}", short_key(one.key), one.name,
                     more.empty() ? "" : " (" + more + ")");
}

template <class Each>
std::string listed(const std::vector<const Each*>& some, std::string (*describe)(const Each&)) {
  std::string text;
  for (std::size_t i = 0; i < some.size() && i < max_listed; ++i) {
    text += (text.empty() ? "" : "; ") + describe(*some[i]);
  }
  if (some.size() > max_listed) text += fmt::format("; and {} more", some.size() - max_listed);
  return text;
}

/// One for each key and link name: what runs on several hosts is meant on all of them.
std::vector<const Named*> once_each(const std::vector<const Named*>& some) {
  std::set<std::pair<std::string_view, std::string_view>> seen;
  std::vector<const Named*> all;
  for (const auto* one : some) {
    if (seen.emplace(one->key, one->link_name).second) all.push_back(one);
  }
  return all;
}

using Rule = std::function<bool(const Named&)>;

/// Rules from exact to loose; the first that anything fits decides, so that a whole name is never
/// hidden by beginnings of others.
std::vector<Rule> rules_for(std::string_view wanted) {
  return {
      [=](const Named& one) { return one.key == wanted; },
      [=](const Named& one) { return one.alias == wanted; },
      [=](const Named& one) { return one.name == wanted; },
      [=](const Named& one) { return one.source == wanted; },
      [=](const Named& one) { return same_word(one.name, wanted); },
      [=](const Named& one) { return short_source(one.source) == wanted; },
      [=](const Named& one) {
        return one.source.starts_with(builtin) && one.source.substr(builtin.size()) == wanted;
      },
      [=](const Named& one) { return one.contract_id == wanted; },
      [=](const Named& one) {
        return one.contract_id.starts_with(first_party) &&
               one.contract_id.substr(first_party.size()) == wanted;
      },
      [=](const Named& one) { return begins(one.key, wanted); },
  };
}

std::string described_host(const NamedHost& host) {
  std::string labels;
  for (const auto& [name, value] : host.labels) {
    // Labels of architecture and system are mostly the same everywhere.
    if (name.starts_with("hostcore.") && name != host_name_label) continue;
    labels += (labels.empty() ? "" : ", ") + name + "=" + value;
  }
  return fmt::format("{}{}", short_key(host.id), labels.empty() ? "" : " (" + labels + ")");
}

}  // namespace

Result<const Named*> resolve(std::span<const Named> all, std::string_view what,
                             std::string_view wanted, std::string_view where) {
  std::vector<const Named*> everything;
  for (const auto& one : all) everything.push_back(&one);
  if (!wanted.empty()) {
    for (const auto& rule : rules_for(wanted)) {
      std::vector<const Named*> fitting;
      std::ranges::copy_if(everything, std::back_inserter(fitting),
                           [&](const Named* one) { return rule(*one); });
      // Several at one rule are never guessed between, not even by a later rule.
      const auto found = once_each(fitting);
      if (found.size() == 1) return found.front();
      if (found.size() > 1) {
        return fail(ErrorCode::invalid_argument,
                    fmt::format("'{}' fits {} {}s {}", excerpt(wanted), found.size(), what, where),
                    "give the key, or its beginning: " + listed(found, described));
      }
    }
  }
  const auto runs = once_each(everything);
  return fail(ErrorCode::not_found, fmt::format("no {} '{}' runs {}", what, excerpt(wanted), where),
              runs.empty() ? fmt::format("no {} runs there", what)
                           : "there are: " + listed(runs, described));
}

Result<const NamedHost*> resolve_host(std::span<const NamedHost> all, std::string_view wanted) {
  const auto has_label = [](const NamedHost& host, std::string_view name, std::string_view value) {
    return std::ranges::any_of(host.labels, [&](const auto& label) {
      return label.first == name && label.second == value;
    });
  };
  const auto equals = wanted.find('=');
  const std::vector<std::function<bool(const NamedHost&)>> rules{
      [&](const NamedHost& host) { return host.id == wanted; },
      [&](const NamedHost& host) { return has_label(host, host_name_label, wanted); },
      [&](const NamedHost& host) {
        return equals != std::string_view::npos &&
               has_label(host, wanted.substr(0, equals), wanted.substr(equals + 1));
      },
      [&](const NamedHost& host) { return begins(host.id, wanted); },
  };
  std::vector<const NamedHost*> everything;
  for (const auto& host : all) everything.push_back(&host);
  for (const auto& rule : rules) {
    std::vector<const NamedHost*> found;
    std::ranges::copy_if(everything, std::back_inserter(found),
                         [&](const NamedHost* host) { return rule(*host); });
    if (found.size() == 1) return found.front();
    if (found.size() > 1) {
      return fail(ErrorCode::invalid_argument,
                  fmt::format("'{}' fits {} hosts", excerpt(wanted), found.size()),
                  "give the id, or its beginning: " + listed(found, described_host));
    }
  }
  return fail(ErrorCode::not_found,
              fmt::format("no host '{}' is among the {} that answer", excerpt(wanted), all.size()),
              everything.empty()
                  ? "is the namespace right? `trellis get hosts --lattice` lists hosts"
                  : "there are: " + listed(everything, described_host));
}

std::string short_source(std::string_view source) {
  if (source.empty() || source.starts_with(builtin)) return {};
  source.remove_prefix(source.rfind('/') == std::string_view::npos ? 0 : source.rfind('/') + 1);
  // Images have a tag behind a colon, files an ending.
  const bool is_file = source.contains('.') && !source.contains(':');
  source = source.substr(0, source.find_first_of(":@"));
  if (is_file) source = source.substr(0, source.find('.'));
  return std::string(source);
}

std::string_view short_key(std::string_view key) {
  return key.substr(0, shown_of_key);
}

}  // namespace trellis::client
