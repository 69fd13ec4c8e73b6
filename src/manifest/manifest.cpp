#include "manifest/manifest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <tuple>

#include "base/limits.hpp"
#include "base/text.hpp"
#include "manifest/item_reader.hpp"
#include "manifest/readers.hpp"

namespace trellis::manifest {
namespace {

/// Fills a Manifest from a tree, part by part.
class Reader {
 public:
  Reader(const ParseOptions& options, Format format)
      : context_(options, format, manifest_.warnings) {
    manifest_.file = options.file;
  }

  Result<Manifest> read(const Node& root) {
    if (root.kind == Node::Kind::null) return std::move(manifest_);
    if (auto done = context_.expect(root, Node::Kind::map, ""); !done) return pass(done);
    if (auto done = context_.known_keys(root, "", {"labels", "actors", "capabilities", "links"});
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
  using ReadItem = Result<> (Reader::*)(const Node&, const std::string& path);

  Result<> each(const Node& root, std::string_view part, std::size_t most, ReadItem read_item) {
    const auto* list = present(root, part);
    if (list == nullptr) return {};
    if (auto ok = context_.expect(*list, Node::Kind::list, part); !ok) return ok;
    if (list->items.size() > most) {
      return context_.refuse(list->line, part, fmt::format("more than {} items", most),
                             "split the manifest", ErrorCode::limit);
    }
    for (std::size_t i = 0; i < list->items.size(); ++i) {
      auto ok = (this->*read_item)(list->items[i], fmt::format("{}[{}]", part, i));
      if (!ok) return ok;
    }
    return {};
  }

  /// Names and texts of a map such as `labels` or `values`.
  Result<std::vector<std::pair<std::string, std::string>>> texts(const Node& parent,
                                                                 std::string_view path,
                                                                 std::string_view name) {
    std::vector<std::pair<std::string, std::string>> out;
    const auto* map = present(parent, name);
    if (map == nullptr) return out;
    const auto here = join_path(path, name);
    if (auto ok = context_.expect(*map, Node::Kind::map, here); !ok) return pass(ok);
    if (map->items.size() > limits::link_values) {
      return context_.refuse(map->line, here,
                             fmt::format("more than {} entries", limits::link_values),
                             "use fewer entries", ErrorCode::limit);
    }
    for (const auto& item : map->items) {
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
    key.line = item.key_line;
    key.text = item.key;
    return key;
  }

  Result<> labels(const Node& root) {
    auto found = texts(root, "", "labels");
    if (!found) return pass(found);
    manifest_.labels = std::move(*found);
    return {};
  }

  Result<> actor(const Node& node, const std::string& path) {
    Actor out;
    out.line = node.line;
    auto ref = node.kind == Node::Kind::map
                   ? context_.required_text(node, path, "ref", TextRule::reference)
                   : context_.text(node, path, TextRule::reference);
    if (!ref) return pass(ref);
    out.ref = std::move(*ref);
    if (node.kind == Node::Kind::map) {
      if (auto ok = actor_options(node, path, out); !ok) return ok;
    }
    if (!refs_.insert(out.ref).second) {
      auto ok = context_.warn(node.line, path, fmt::format("'{}' is listed twice", out.ref),
                              "remove one of the two entries");
      if (!ok) return ok;
    }
    manifest_.actors.push_back(std::move(out));
    return {};
  }

  Result<> actor_options(const Node& map, const std::string& path, Actor& out) {
    if (auto ok = context_.known_keys(map, path, {"ref", "instances", "limits"}); !ok) return ok;
    if (const auto* node = present(map, "instances")) {
      auto instances = read_instances(*node, join_path(path, "instances"));
      if (!instances) return pass(instances);
      out.instances = *instances;
    }
    const auto* node = present(map, "limits");
    return node == nullptr ? Result<>{} : actor_limits(*node, join_path(path, "limits"), out);
  }

  Result<Instances> read_instances(const Node& node, const std::string& path) {
    Instances out;
    if (node.kind == Node::Kind::string && node.text == "serial") {
      out.serial = true;
      return out;
    }
    if (node.kind != Node::Kind::map) {
      return context_.refuse(node.line, path, "expected `serial` or a map with `min` and `max`",
                             "write `instances: serial` or `instances: {min: 1, max: 8}`");
    }
    constexpr auto most = static_cast<std::uint32_t>(limits::instances);
    auto min = context_.optional_number(node, path, "min", 0, most);
    if (!min) return pass(min);
    auto max = context_.optional_number(node, path, "max", 1, most);
    if (!max) return pass(max);
    if (auto ok = context_.known_keys(node, path, {"min", "max"}); !ok) return pass(ok);
    if (*min && *max && **min > **max) {
      return context_.refuse(node.line, path, "min is above max", "swap the two numbers");
    }
    out.min = *min;
    out.max = *max;
    return out;
  }

  Result<> actor_limits(const Node& node, const std::string& path, Actor& out) {
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
    return context_.refuse(mode->line, at, "neither in-process nor process",
                           "write `mode: process` or `mode: in-process`");
  }

  Result<> capability(const Node& node, const std::string& path) {
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
        {std::move(*ref), std::move(*link_name), std::move(*mode), node.line});
    return {};
  }

  Result<> link(const Node& node, const std::string& path) {
    if (auto ok = context_.expect(node, Node::Kind::map, path); !ok) return ok;
    if (auto ok = context_.known_keys(
            node, path, {"actor", "contract_id", "provider_id", "link_name", "values"});
        !ok) {
      return ok;
    }
    Link out;
    out.line = node.line;
    const std::tuple<std::string_view, TextRule, std::string*> fields[] = {
        {"actor", TextRule::reference, &out.actor},
        {"contract_id", TextRule::name, &out.contract_id},
        {"provider_id", TextRule::reference, &out.provider_id}};
    for (const auto& [key, rule, into] : fields) {
      auto text = context_.required_text(node, path, key, rule);
      if (!text) return pass(text);
      *into = std::move(*text);
    }
    auto link_name = context_.link_name(node, path);
    if (!link_name) return pass(link_name);
    out.link_name = std::move(*link_name);
    auto values = texts(node, path, "values");
    if (!values) return pass(values);
    for (auto& [key, value] : *values) out.values.insert_or_assign(key, std::move(value));
    return add_link(std::move(out), path);
  }

  Result<> add_link(Link link, const std::string& path) {
    if (!links_.emplace(link.actor, link.contract_id, link.link_name).second) {
      auto ok = context_.warn(link.line, path, "actor, contract and link name are linked already",
                              "remove one of the two links, or give it another link_name");
      if (!ok) return ok;
    }
    manifest_.links.push_back(std::move(link));
    return {};
  }

  Manifest manifest_;
  Context context_;
  std::set<std::string> refs_;
  std::set<std::tuple<std::string, std::string, std::string>> links_;
};

/// Line of the first character no text format allows raw; yaml-cpp would take some as an end mark.
std::optional<int> line_of_control_character(std::string_view text) {
  int line = 1;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n') ++line;
    if ((byte < 0x20 && c != '\n' && c != '\r' && c != '\t') || byte == 0x7f) return line;
  }
  return std::nullopt;
}

Result<> check_text(std::string_view text, const ParseOptions& options) {
  if (text.size() > limits::manifest_bytes) {
    return fail(ErrorCode::limit,
                fmt::format("{}: larger than {} bytes", options.file, limits::manifest_bytes),
                "split the manifest");
  }
  if (!is_utf8(text)) {
    return fail(ErrorCode::malformed, fmt::format("{}: not valid UTF-8", options.file),
                "save the file as UTF-8");
  }
  if (const auto line = line_of_control_character(text)) {
    return fail(ErrorCode::malformed,
                fmt::format("{}:{}: holds a control character", options.file, *line),
                "remove it, or write it as an escape in double quotes");
  }
  return {};
}

std::string syntax_remedy(Format format) {
  return format == Format::yaml ? "check indentation, quotes and brackets near that line"
                                : "write JSON, or name the file .yaml when it holds YAML";
}

}  // namespace

Result<Manifest> parse(std::string_view text, Format format, const ParseOptions& options) {
  constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
  if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
  if (auto ok = check_text(text, options); !ok) return pass(ok);
  const auto root = format == Format::yaml ? read_yaml(text) : read_json(text);
  if (!root) {
    const auto& problem = root.error();
    return fail(problem.code, fmt::format("{}:{}: {}", options.file, problem.line, problem.text),
                syntax_remedy(format));
  }
  return Reader(options, format).read(*root);
}

}  // namespace trellis::manifest
