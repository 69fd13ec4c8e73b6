#include "package/oci_manifest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/call_limits.hpp"
#include "base/text.hpp"
#include "identity/json_string.hpp"
#include "identity/json_value.hpp"

namespace trellis::package {
namespace {

using identity::JsonValue;
using Kind = identity::JsonValue::Kind;

constexpr std::string_view docker_manifest_type =
    "application/vnd.docker.distribution.manifest.v2+json";
constexpr std::string_view actor_layer_type = "application/vnd.module.wasm.content.layer.v1+wasm";
constexpr std::string_view provider_layer_type =
    "application/vnd.wasmcloud.provider.archive.layer.v1+par";
constexpr std::string_view tar_layer_type = "application/vnd.oci.image.layer.v1.tar";

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
  if (!value) return std::unexpected(value.error());
  if (*value == nullptr) return std::string();
  if (!(*value)->is(Kind::string)) return malformed(fmt::format("{} is no string", name));
  return (*value)->text;
}

Result<> check_type(const JsonValue& manifest) {
  const auto version = member(manifest, "schemaVersion");
  if (!version) return std::unexpected(version.error());
  if (*version == nullptr || (*version)->as_u64() != 2) {
    return unsupported("unsupported schema version: " +
                       (*version == nullptr ? "none" : shown_text((*version)->text)));
  }
  const auto type = string_member(manifest, "mediaType");
  if (!type) return std::unexpected(type.error());
  const auto list = member(manifest, "manifests");
  if (!list) return std::unexpected(list.error());
  if (*list != nullptr) return unsupported("the reference names an index of several images");
  if (type->empty() || *type == oci_manifest_type || *type == docker_manifest_type) return {};
  return unsupported("unsupported manifest type: " + shown_text(*type));
}

Result<BlobDescriptor> read_layer(const JsonValue& layer) {
  if (!layer.is(Kind::object)) return malformed("a layer is no object");
  auto type = string_member(layer, "mediaType");
  if (!type) return pass(type);
  if (!is_accepted_layer_type(*type)) {
    return unsupported("incompatible layer media type: " + shown_text(*type));
  }
  const auto text = string_member(layer, "digest");
  if (!text) return std::unexpected(text.error());
  auto digest = parse_digest(*text);
  if (!digest) return malformed("layer: " + shown_text(digest.error().message, 200));
  const auto size = member(layer, "size");
  if (!size) return std::unexpected(size.error());
  const auto bytes = *size == nullptr ? std::nullopt : (*size)->as_u64();
  if (!bytes) return malformed("a layer has no size");
  return BlobDescriptor{std::move(*type), std::move(*digest), *bytes};
}

/// What a header may carry as a bearer token (RFC 6750, 2.1), loosely.
bool is_token(std::string_view text) {
  constexpr std::size_t most = 64 * limits::kib;
  return !text.empty() && text.size() <= most &&
         std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7f'; });
}

std::string descriptor_json(const BlobDescriptor& blob, const std::string& annotations) {
  std::string type;
  identity::append_json_string(type, blob.media_type);
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
  return media_type == actor_layer_type || media_type == provider_layer_type ||
         media_type == tar_layer_type;
}

Result<BlobDescriptor> read_manifest(std::string_view json) {
  const auto manifest = identity::parse_json(json);
  if (!manifest) return malformed(manifest.error().message);
  if (!manifest->is(Kind::object)) return malformed("it is no object");
  if (auto good = check_type(*manifest); !good) return pass(good);
  const auto layers = member(*manifest, "layers");
  if (!layers) return std::unexpected(layers.error());
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
  const auto title =
      fmt::format(R"({{"org.opencontainers.image.title":"{}"}})", layer.digest.text());
  return fmt::format(
      R"({{"schemaVersion":2,"mediaType":null,"config":{},"layers":[{}],"annotations":null}})",
      descriptor_json(config, "null"), descriptor_json(layer, title));
}

Result<std::string> read_token(std::string_view json) {
  const auto answer = identity::parse_json(json);
  if (answer && answer->is(Kind::object)) {
    for (const std::string_view name : {"token", "access_token"}) {
      const auto* value = answer->find(name);
      if (value != nullptr && value->is(Kind::string) && is_token(value->text)) return value->text;
    }
  }
  return fail(ErrorCode::malformed, "the registry's token server gave an answer without a token",
              "check the registry's address, and its server's log");
}

std::string read_registry_error(std::string_view json) {
  const auto answer = identity::parse_json(json);
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
