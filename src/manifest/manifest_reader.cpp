#include "manifest/manifest_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <tuple>

#include "base/limits.hpp"
#include "base/text.hpp"
#include "manifest/item_reader.hpp"

namespace trellis::manifest {
namespace {

/// Fills a Manifest from a tree, part by part.
class Reader {
 public:
  Reader(const ParseOptions& options, Format format, const Places& places)
      : context_(options, format, places, manifest_.warnings) {
    manifest_.file = options.file;
  }

  // Order of parts as they are applied (host.md 11.2). The first error ends the reading: later ones
  // would often only follow from it.
  Result<Manifest> read(const Node& root) {
    if (root.kind == Node::Kind::null) return std::move(manifest_);
    if (auto done = context_.expect(root, Node::Kind::map, ""); !done) return pass(done);
    if (auto done = context_.known_parts(root, {"labels", "actors", "capabilities", "links"});
        !done) {
      return pass(done);
    }
    if (auto done = labels(root); !done) return pass(done);
    if (auto done = each(root, "actors", limits::actors, &Reader::actor); !done) return pass(done);
    if (auto done = each(root, "capabilities", limits::actors, &Reader::capability); !done) {
      return pass(done);
    }
    if (auto done = each(root, "links", limits::links, &Reader::link); !done) return pass(done);
    return std::move(manifest_);
  }

 private:
  using ReadItem = Result<void> (Reader::*)(const Node&, const std::string& path);

  Result<void> each(const Node& root, std::string_view part, std::size_t most, ReadItem read_item) {
    const auto* list = present(root, part);
    if (list == nullptr) return {};
    if (auto ok = context_.expect(*list, Node::Kind::list, part); !ok) return ok;
    // Bound before the items are read: the host refuses so many anyway, but only after starting the
    // first ones.
    if (list->items.size() > most) {
      return context_.refuse(list->at, part, fmt::format("more than {} items", most),
                             "split the manifest", ErrorCode::limit);
    }
    for (std::size_t i = 0; i < list->items.size(); ++i) {
      auto ok = (this->*read_item)(list->items[i], fmt::format("{}[{}]", part, i));
      if (!ok) return ok;
    }
    return {};
  }

  /// Names and texts of a map such as `labels` or `values`.
  Result<std::vector<std::pair<std::string, std::string>>> texts(const Node& map,
                                                                 const std::string& here) {
    std::vector<std::pair<std::string, std::string>> out;
    if (auto ok = context_.expect(map, Node::Kind::map, here); !ok) return pass(ok);
    if (map.items.size() > limits::link_values) {
      return context_.refuse(map.at, here, fmt::format("more than {} entries", limits::link_values),
                             "use fewer entries", ErrorCode::limit);
    }
    for (const auto& item : map.items) {
      // Keys are checked like texts: a control character in one would reach logs and providers.
      auto key = context_.text(key_of(item), here, TextRule::key);
      if (!key) return pass(key);
      auto value = context_.text(item, join_path(here, *key), TextRule::value);
      if (!value) return pass(value);
      out.emplace_back(std::move(*key), std::move(*value));
    }
    return out;
  }

  static Node key_of(const Node& item) {
    Node key;
    key.kind = Node::Kind::string;
    key.at = item.key_at;
    key.text = item.key;
    return key;
  }

  Result<void> labels(const Node& root) {
    const auto* map = present(root, "labels");
    if (map == nullptr) return {};
    auto found = texts(*map, "labels");
    if (!found) return pass(found);
    manifest_.labels = std::move(*found);
    return {};
  }

  Result<void> actor(const Node& node, const std::string& path) {
    Actor out;
    out.at = context_.place_of(node.at);
    // Plain text is the first-party form, a map is ours (host.md 11).
    auto ref = node.kind == Node::Kind::map
                   ? context_.required_text(node, path, "ref", TextRule::reference)
                   : context_.text(node, path, TextRule::reference);
    if (!ref) return pass(ref);
    out.ref = std::move(*ref);
    if (node.kind == Node::Kind::map) {
      if (auto ok = actor_options(node, path, out); !ok) return ok;
    }
    // Twice the same actor is legal for first-party hosts, which log an error at the start.
    if (!refs_.insert(out.ref).second) {
      auto ok = context_.warn(node.at, path, fmt::format("'{}' is listed twice", out.ref),
                              "remove one of the two entries");
      if (!ok) return ok;
    }
    auto name = out.ref;
    manifest_.actors.push_back(std::move(out));
    const auto* links = node.kind == Node::Kind::map ? present(node, "links") : nullptr;
    return links == nullptr ? Result<void>{}
                            : own_links(*links, join_path(path, "links"), name, node);
  }

  /// `links:` below an actor: contracts with their values, or a list of contracts and of maps.
  Result<void> own_links(const Node& node, const std::string& path, const std::string& actor,
                         const Node& owner) {
    if (node.kind != Node::Kind::map && node.kind != Node::Kind::list) {
      return context_.refuse(
          node.at, path, "expected contracts with their values, or a list of links",
          "write `links: {keyvalue: {}, httpserver: {BIND: \"127.0.0.1:8080\"}}`");
    }
    if (node.items.size() > limits::links) {
      return context_.refuse(node.at, path, fmt::format("more than {} items", limits::links),
                             "split the manifest", ErrorCode::limit);
    }
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      const auto& item = node.items[i];
      Link link;
      link.actor = actor;
      link.actor_at = context_.place_of(owner.at);
      const bool named = node.kind == Node::Kind::map;
      auto here = named ? join_path(path, std::string_view(item.key).substr(0, limits::name_bytes))
                        : fmt::format("{}[{}]", path, i);
      auto ok = named ? named_link(item, here, link) : listed_link(item, here, link);
      if (!ok) return ok;
      // Short names only here: `links` of the manifest itself are the first-party form, whose
      // contracts are written in full.
      link.contract_id = full_contract(link.contract_id);
      if (ok = add_link(std::move(link), item.at, here); !ok) return ok;
    }
    return {};
  }

  /// `httpserver: {BIND: …}`
  Result<void> named_link(const Node& item, const std::string& path, Link& out) {
    out.at = out.provider_at = context_.place_of(item.key_at);
    auto contract = context_.text(key_of(item), path, TextRule::name);
    if (!contract) return pass(contract);
    out.contract_id = std::move(*contract);
    return item.kind == Node::Kind::null ? Result<void>{} : link_values(item, path, out);
  }

  /// `keyvalue`, or `{contract: keyvalue, provider: …, link_name: …, values: {…}}`
  Result<void> listed_link(const Node& item, const std::string& path, Link& out) {
    out.at = out.provider_at = context_.place_of(item.at);
    if (item.kind != Node::Kind::map) {
      auto contract = context_.text(item, path, TextRule::name);
      if (!contract) return pass(contract);
      out.contract_id = std::move(*contract);
      return {};
    }
    if (auto ok = context_.known_keys(item, path, {"contract", "provider", "link_name", "values"});
        !ok) {
      return ok;
    }
    auto contract = context_.required_text(item, path, "contract", TextRule::name);
    if (!contract) return pass(contract);
    out.contract_id = std::move(*contract);
    if (const auto* node = present(item, "provider")) {
      auto provider = context_.text(*node, join_path(path, "provider"), TextRule::reference);
      if (!provider) return pass(provider);
      out.provider_id = std::move(*provider);
      out.provider_at = context_.place_of(node->at);
    }
    return link_rest(item, path, out);
  }

  /// Link name and values.
  Result<void> link_rest(const Node& node, const std::string& path, Link& out) {
    auto link_name = context_.link_name(node, path);
    if (!link_name) return pass(link_name);
    out.link_name = std::move(*link_name);
    const auto* values = present(node, "values");
    return values == nullptr ? Result<void>{}
                             : link_values(*values, join_path(path, "values"), out);
  }

  Result<void> link_values(const Node& map, const std::string& path, Link& out) {
    auto values = texts(map, path);
    if (!values) return pass(values);
    // Keys cannot be twice: the tree refuses them.
    for (auto& [key, value] : *values) out.values.insert_or_assign(key, std::move(value));
    return {};
  }

  Result<void> actor_options(const Node& map, const std::string& path, Actor& out) {
    if (auto ok = context_.known_keys(map, path, {"ref", "instances", "limits", "links"}); !ok)
      return ok;
    if (const auto* node = present(map, "instances")) {
      auto instances = read_instances(*node, join_path(path, "instances"));
      if (!instances) return pass(instances);
      out.instances = *instances;
    }
    const auto* node = present(map, "limits");
    return node == nullptr ? Result<void>{} : actor_limits(*node, join_path(path, "limits"), out);
  }

  Result<Instances> read_instances(const Node& node, const std::string& path) {
    Instances out;
    // One instance and no second call meanwhile (host.md 6.6, D4).
    if (node.kind == Node::Kind::string && node.text == "serial") {
      out.serial = true;
      return out;
    }
    if (node.kind != Node::Kind::map) {
      return context_.refuse(node.at, path, "expected `serial` or a map with `min` and `max`",
                             "write `instances: serial` or `instances: {min: 1, max: 8}`");
    }
    constexpr auto most = static_cast<std::uint32_t>(limits::instances);
    auto min = context_.optional_number(node, path, "min", 0, most);
    if (!min) return pass(min);
    auto max = context_.optional_number(node, path, "max", 1, most);
    if (!max) return pass(max);
    // Unknown keys come after the known ones here: a wrong number says more than a wrong name.
    if (auto ok = context_.known_keys(node, path, {"min", "max"}); !ok) return pass(ok);
    if (*min && *max && **min > **max) {
      return context_.refuse(node.at, path,
                             fmt::format("expected min up to max, found {} and {}", **min, **max),
                             "swap the two numbers");
    }
    out.min = *min;
    out.max = *max;
    return out;
  }

  Result<void> actor_limits(const Node& node, const std::string& path, Actor& out) {
    if (auto ok = context_.expect(node, Node::Kind::map, path); !ok) return ok;
    if (auto ok = context_.known_keys(node, path, {"memory_mb", "call_timeout_ms"}); !ok) return ok;
    auto memory = context_.optional_number(node, path, "memory_mb", 1, limits::actor_memory_mb);
    if (!memory) return pass(memory);
    out.memory_mb = *memory;
    constexpr auto longest = static_cast<std::uint32_t>(limits::longest_call_timeout.count());
    auto timeout = context_.optional_number(node, path, "call_timeout_ms", 1, longest);
    if (!timeout) return pass(timeout);
    if (*timeout) out.call_timeout = std::chrono::milliseconds(**timeout);
    return {};
  }

  Result<std::string> provider_mode(const Node& node, const std::string& path) {
    const auto* mode = present(node, "mode");
    if (mode == nullptr) return std::string();
    const auto at = join_path(path, "mode");
    if (auto ok = context_.expect(*mode, Node::Kind::string, at); !ok) return pass(ok);
    if (mode->text == "in-process" || mode->text == "process") return mode->text;
    return context_.refuse(
        mode->at, at,
        fmt::format("expected in-process or process, found '{}'", excerpt(mode->text)),
        "write `mode: process` or `mode: in-process`");
  }

  Result<void> capability(const Node& node, const std::string& path) {
    if (node.kind == Node::Kind::string) return short_capability(node, path);
    if (auto ok = context_.expect(node, Node::Kind::map, path); !ok) return ok;
    if (auto ok = context_.known_keys(node, path, {"image_ref", "link_name", "mode"}); !ok)
      return ok;
    auto ref = context_.required_text(node, path, "image_ref", TextRule::reference);
    if (!ref) return pass(ref);
    auto link_name = context_.link_name(node, path);
    if (!link_name) return pass(link_name);
    auto mode = provider_mode(node, path);
    if (!mode) return pass(mode);
    manifest_.capabilities.push_back(
        {std::move(*ref), std::move(*link_name), std::move(*mode), context_.place_of(node.at)});
    return {};
  }

  Result<void> short_capability(const Node& node, const std::string& path) {
    auto ref = context_.text(node, path, TextRule::reference);
    if (!ref) return pass(ref);
    Capability out;
    out.image_ref = std::move(*ref);
    out.at = context_.place_of(node.at);
    manifest_.capabilities.push_back(std::move(out));
    return {};
  }

  Result<void> link(const Node& node, const std::string& path) {
    if (auto ok = context_.expect(node, Node::Kind::map, path); !ok) return ok;
    if (auto ok = context_.known_keys(
            node, path, {"actor", "contract_id", "provider_id", "link_name", "values"});
        !ok) {
      return ok;
    }
    Link out;
    out.at = context_.place_of(node.at);
    const std::tuple<std::string_view, TextRule, std::string*> fields[] = {
        {"actor", TextRule::reference, &out.actor},
        {"contract_id", TextRule::name, &out.contract_id},
        {"provider_id", TextRule::reference, &out.provider_id}};
    // The three that are required (host.md 11); none has a default that could be right.
    for (const auto& [key, rule, into] : fields) {
      auto text = context_.required_text(node, path, key, rule);
      if (!text) return pass(text);
      *into = std::move(*text);
    }
    out.actor_at = context_.place_of(node.find("actor")->at);
    out.provider_at = context_.place_of(node.find("provider_id")->at);
    if (auto ok = link_rest(node, path, out); !ok) return ok;
    return add_link(std::move(out), node.at, path);
  }

  Result<void> add_link(Link link, const Position& at, const std::string& path) {
    // Key of a link is actor, contract and link name; the later one replaces the earlier in the
    // host, so that one of the two does nothing. Two names of one actor are told apart only by the
    // host.
    if (!links_.emplace(link.actor, link.contract_id, link.link_name).second) {
      auto ok = context_.warn(at, path, "actor, contract and link name are linked already",
                              "remove one of the two links, or give it another link_name");
      if (!ok) return ok;
    }
    if (manifest_.links.size() >= limits::links) {
      return context_.refuse(at, path, fmt::format("more than {} links", limits::links),
                             "split the manifest", ErrorCode::limit);
    }
    manifest_.links.push_back(std::move(link));
    return {};
  }

  Manifest manifest_;
  Context context_;
  // Names seen so far, to find those that are there twice.
  std::set<std::string> refs_;
  std::set<std::tuple<std::string, std::string, std::string>> links_;
};

}  // namespace

void append(Manifest& manifest, const Manifest& other) {
  const auto add = [](auto& to, const auto& from) {
    to.insert(to.end(), from.begin(), from.end());
  };
  if (manifest.file.empty()) manifest.file = other.file;
  add(manifest.labels, other.labels);
  add(manifest.actors, other.actors);
  add(manifest.capabilities, other.capabilities);
  add(manifest.links, other.links);
  add(manifest.warnings, other.warnings);
}

std::string full_contract(std::string_view name) {
  return name.contains(':') ? std::string(name) : fmt::format("wasmcloud:{}", name);
}

Result<Manifest> read_manifest(const Node& root, Format format, const ParseOptions& options,
                               const Places& places) {
  return Reader(options, format, places).read(root);
}

}  // namespace trellis::manifest
