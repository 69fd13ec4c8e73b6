#include "package/oci_manifest.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "base/call_limits.hpp"
#include "base/platform.hpp"
#include "base/text.hpp"
#include "json/json_string.hpp"
#include "json/json_value.hpp"
#include "package/reference.hpp"

namespace trellis::package {
namespace {

using Kind = JsonValue::Kind;

constexpr std::string_view docker_manifest_type =
    "application/vnd.docker.distribution.manifest.v2+json";
constexpr std::string_view docker_list_type =
    "application/vnd.docker.distribution.manifest.list.v2+json";
constexpr std::string_view oci_index_type = "application/vnd.oci.image.index.v1+json";
constexpr std::string_view actor_layer_type = "application/vnd.module.wasm.content.layer.v1+wasm";
constexpr std::string_view provider_layer_type =
    "application/vnd.wasmcloud.provider.archive.layer.v1+par";
/// Layers that are the module or the archive itself.
constexpr std::array content_layer_types = {
    actor_layer_type, std::string_view("application/wasm"),
    std::string_view("application/vnd.wasm.content.layer.v1+wasm"), provider_layer_type};
/// Layers of files. First-party tools take the first of them for the content itself.
constexpr std::array<std::string_view, 4> file_layer_types = {
    "application/vnd.oci.image.layer.v1.tar", "application/vnd.oci.image.layer.v1.tar+gzip",
    "application/vnd.docker.image.rootfs.diff.tar",
    "application/vnd.docker.image.rootfs.diff.tar.gzip"};

template <std::size_t Count>
bool is_one_of(const std::array<std::string_view, Count>& list, std::string_view text) {
  return std::ranges::find(list, text) != list.end();
}

constexpr auto wrong_artifact =
    "check the reference; actors and providers are pushed with `trellis reg push`";

std::unexpected<Error> malformed(const std::string& why) {
  return fail(ErrorCode::malformed, "malformed manifest: " + why, wrong_artifact);
}
std::unexpected<Error> unsupported(const std::string& why) {
  return fail(ErrorCode::unsupported, why, wrong_artifact);
}

/// Text from the registry, for a message.
std::string shown_text(std::string_view text, std::size_t most = 100) {
  std::string out;
  append_printable(out, excerpt(text, most));
  return out;
}

/// A member; null counts as absent, two of one name as malformed.
Result<const JsonValue*> member(const JsonValue& object, std::string_view name) {
  if (object.count(name) > 1) return malformed(fmt::format("member {} appears twice", name));
  const auto* found = object.find(name);
  return found != nullptr && found->is(Kind::null) ? nullptr : found;
}

Result<std::string> string_member(const JsonValue& object, std::string_view name) {
  const auto value = member(object, name);
  if (!value) return pass(value);
  if (*value == nullptr) return std::string();
  if (!(*value)->is(Kind::string)) return malformed(fmt::format("{} is no string", name));
  return (*value)->text;
}

/// Whether it is a manifest of an image, in a form that is known (identity.md 6.4).
Result<void> check_type(const JsonValue& manifest) {
  const auto version = member(manifest, "schemaVersion");
  if (!version) return pass(version);
  if (*version == nullptr || (*version)->as_u64() != 2) {
    return unsupported("unsupported schema version: " +
                       (*version == nullptr ? "none" : shown_text((*version)->text)));
  }
  const auto type = string_member(manifest, "mediaType");
  if (!type) return pass(type);
  const auto list = member(manifest, "manifests");
  if (!list) return pass(list);
  if (*list != nullptr) return unsupported("the reference names an index of several images");
  if (type->empty() || *type == oci_manifest_type || *type == docker_manifest_type) return {};
  return unsupported(fmt::format("unsupported manifest type: {} (taken are {} and {})",
                                 shown_text(*type), oci_manifest_type, docker_manifest_type));
}

/// Layer of a manifest: type, digest and size, each of which must be there.
Result<BlobDescriptor> read_layer(const JsonValue& layer) {
  if (!layer.is(Kind::object)) return malformed("a layer is no object");
  auto type = string_member(layer, "mediaType");
  if (!type) return pass(type);
  if (!is_accepted_layer_type(*type)) {
    return unsupported(
        fmt::format("incompatible layer media type: {} (taken are {}; and, with one "
                    "module in them, {})",
                    shown_text(*type), fmt::join(content_layer_types, ", "),
                    fmt::join(file_layer_types, ", ")));
  }
  const auto text = string_member(layer, "digest");
  if (!text) return pass(text);
  auto digest = parse_digest(*text);
  if (!digest) return malformed("layer: " + shown_text(digest.error().message, 200));
  const auto size = member(layer, "size");
  if (!size) return pass(size);
  const auto bytes = *size == nullptr ? std::nullopt : (*size)->as_u64();
  if (!bytes) return malformed("a layer has no size");
  return BlobDescriptor{std::move(*type), std::move(*digest), *bytes};
}

/// "os/architecture" of an entry of an index; empty for none.
std::string platform_of(const JsonValue& entry) {
  const auto* platform = entry.find("platform");
  if (platform == nullptr || !platform->is(Kind::object)) return {};
  const auto os = string_member(*platform, "os").value_or("");
  const auto architecture = string_member(*platform, "architecture").value_or("");
  return os.empty() && architecture.empty() ? std::string() : os + '/' + architecture;
}

/// Whether an entry is about another image: builders add such to say how they made it.
bool is_attestation(const JsonValue& entry) {
  const auto* annotations = entry.find("annotations");
  return annotations != nullptr && annotations->find("vnd.docker.reference.type") != nullptr;
}

/// How well an entry fits; smaller is better.
int rank_of(const std::string& platform, std::string_view machine) {
  if (platform.ends_with("/wasm") || platform.ends_with("/wasm32")) return 0;
  if (platform.empty() || platform == "unknown/unknown") return 1;
  return platform == machine ? 2 : 3;
}

/// Entry of an index that fits best; of those that fit alike the first.
Result<std::optional<ContentDigest>> best_of(const std::vector<JsonValue>& entries,
                                             std::string_view machine) {
  const JsonValue* best = nullptr;
  int rank = 4;
  std::size_t others = 0;
  std::string platforms;
  for (const auto& entry : entries) {
    if (!entry.is(Kind::object)) return malformed("an entry of the index is no object");
    if (is_attestation(entry)) continue;
    const auto platform = platform_of(entry);
    const int its = rank_of(platform, machine);
    if (its == 3) ++others;
    if (its < rank) {
      best = &entry;
      rank = its;
    }
    platforms += (platforms.empty() ? "" : ", ") + (platform.empty() ? "any" : platform);
  }
  if (best == nullptr || (rank == 3 && others > 1)) {
    return unsupported(
        fmt::format("the reference names an index of several images, and none is for WebAssembly "
                    "or {} (there {} {})",
                    machine, platforms.empty() ? "is" : "are",
                    platforms.empty() ? std::string("none") : shown_text(platforms, 200)));
  }
  const auto text = string_member(*best, "digest");
  if (!text) return pass(text);
  auto digest = parse_digest(*text);
  if (!digest) return malformed("index: " + shown_text(digest.error().message, 200));
  return std::move(*digest);
}

/// What a header may carry as a bearer token (RFC 6750, 2.1), loosely.
bool is_token(std::string_view text) {
  constexpr std::size_t most = 64 * limits::kib;
  return !text.empty() && text.size() <= most &&
         std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7f'; });
}

/// Descriptor with the nulls of the first-party pusher (identity.md 6.3).
std::string descriptor_json(const BlobDescriptor& blob, const std::string& annotations) {
  std::string type;
  append_json_string(type, blob.media_type);
  return fmt::format(R"({{"mediaType":{},"digest":"{}","size":{},"urls":null,"annotations":{}}})",
                     type, blob.digest.text(), blob.size, annotations);
}

}  // namespace

std::string_view to_string(ArtifactKind kind) noexcept {
  return kind == ArtifactKind::actor ? "actor" : "provider";
}

std::string_view layer_media_type(ArtifactKind kind) noexcept {
  return kind == ArtifactKind::actor ? actor_layer_type : provider_layer_type;
}

std::string_view config_media_type(ArtifactKind kind) noexcept {
  return kind == ArtifactKind::actor ? "application/vnd.wasmcloud.actor.archive.config"
                                     : "application/vnd.wasmcloud.provider.archive.config";
}

bool is_accepted_layer_type(std::string_view media_type) noexcept {
  return is_one_of(content_layer_types, media_type) || is_file_layer_type(media_type);
}

bool is_file_layer_type(std::string_view media_type) noexcept {
  return is_one_of(file_layer_types, media_type);
}

std::string this_platform() {
  // Indexes have the names that Go uses.
  const std::string_view name = architecture == "x86_64"    ? "amd64"
                                : architecture == "aarch64" ? "arm64"
                                                            : architecture;
  return fmt::format("{}/{}", operating_system, name);
}

Result<std::optional<ContentDigest>> choose_image(std::string_view json, std::string_view machine) {
  const auto index = parse_strict_json(json);
  if (!index || !index->is(Kind::object)) return std::nullopt;  // read_manifest() says what it is
  const auto type = string_member(*index, "mediaType");
  if (!type) return pass(type);
  const auto list = member(*index, "manifests");
  if (!list) return pass(list);
  // List alone is enough, because the media type may be missing.
  const bool is_index = *list != nullptr || *type == oci_index_type || *type == docker_list_type;
  if (!is_index) return std::nullopt;
  if (*list == nullptr || !(*list)->is(Kind::array)) return malformed("an index without a list");
  return best_of((*list)->items, machine);
}

Result<BlobDescriptor> read_manifest(std::string_view json) {
  const auto manifest = parse_strict_json(json);
  if (!manifest) return malformed(manifest.error().message);
  if (!manifest->is(Kind::object)) return malformed("it is no object");
  if (auto good = check_type(*manifest); !good) return pass(good);
  const auto layers = member(*manifest, "layers");
  if (!layers) return pass(layers);
  if (*layers == nullptr || !(*layers)->is(Kind::array) || (*layers)->items.empty()) {
    return unsupported("no layers to pull");
  }
  if ((*layers)->items.size() > 1) {
    return unsupported(fmt::format("the image has {} layers; actors and providers have one",
                                   (*layers)->items.size()));
  }
  return read_layer((*layers)->items.front());
}

std::string write_manifest(const BlobDescriptor& config, const BlobDescriptor& layer) {
  // Members, order and nulls are those of the first-party pusher: the digest is over these bytes.
  const auto title =
      fmt::format(R"({{"org.opencontainers.image.title":"{}"}})", layer.digest.text());
  return fmt::format(
      R"({{"schemaVersion":2,"mediaType":null,"config":{},"layers":[{}],"annotations":null}})",
      descriptor_json(config, "null"), descriptor_json(layer, title));
}

Result<std::vector<std::string>> read_tags(std::string_view json) {
  const auto wrong_list = [](const std::string& why) {
    return fail(ErrorCode::malformed, "malformed list of tags: " + why,
                "check that this is the address of a registry");
  };
  const auto answer = parse_strict_json(json);
  if (!answer) return wrong_list(answer.error().message);
  const auto* list = answer->find("tags");
  if (list == nullptr) return wrong_list("there is none");
  std::vector<std::string> tags;
  if (list->is(Kind::null)) return tags;  // of a repository that has none
  if (!list->is(Kind::array)) return wrong_list("it is no list");
  for (const auto& tag : list->items) {
    if (!tag.is(Kind::string) || !is_tag_name(tag.text)) {
      return wrong_list(fmt::format("'{}' is no tag", shown_text(tag.text)));
    }
    tags.push_back(tag.text);
  }
  return tags;
}

Result<std::string> read_token(std::string_view json) {
  const auto answer = parse_strict_json(json);
  if (answer && answer->is(Kind::object)) {
    // Servers differ in the member's name, and some have both.
    for (const std::string_view name : {"token", "access_token"}) {
      const auto* value = answer->find(name);
      if (value != nullptr && value->is(Kind::string) && is_token(value->text)) return value->text;
    }
  }
  return fail(ErrorCode::malformed, "the registry's token server gave an answer without a token",
              "check the registry's address, and its server's log");
}

std::string read_registry_error(std::string_view json) {
  const auto answer = parse_strict_json(json);
  if (!answer || !answer->is(Kind::object)) return {};
  const auto* errors = answer->find("errors");
  if (errors == nullptr || errors->items.empty()) return {};
  const auto& first = errors->items.front();
  std::string out;
  for (const std::string_view name : {"code", "message"}) {
    const auto* part = first.find(name);
    if (part != nullptr && part->is(Kind::string) && !part->text.empty()) {
      out += ": " + shown_text(part->text, 200);
    }
  }
  return out;
}

}  // namespace trellis::package
