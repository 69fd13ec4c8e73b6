#include "nats/server_info.hpp"

#include "base/limits.hpp"
#include "json/json.hpp"

namespace trellis::nats {
namespace {

using nlohmann::json;

/// Bound on nesting: a deep text would use up the stack.
constexpr int max_levels = 8;

const json* member(const json& object, const char* name) {
  const auto found = object.find(name);
  return found == object.end() ? nullptr : &*found;
}

bool flag(const json& object, const char* name) {
  const auto* value = member(object, name);
  return value != nullptr && value->is_boolean() && value->get<bool>();
}

/// Numbers beyond the type are cut, as a very large payload limit is still one.
std::int64_t number(const json& object, const char* name) {
  const auto* value = member(object, name);
  if (value == nullptr || !value->is_number_integer()) return 0;
  const bool beyond = value->is_number_unsigned() && value->get<std::uint64_t>() > INT64_MAX;
  return beyond ? INT64_MAX : value->get<std::int64_t>();
}

std::vector<ServerUrl> cluster_in(const json& object) {
  std::vector<ServerUrl> found;
  const auto* urls = member(object, "connect_urls");
  if (urls == nullptr || !urls->is_array()) return found;
  for (const auto& each : *urls) {
    if (!each.is_string() || found.size() == limits::nats_learned_servers) continue;
    // URL with a login is passed over: the login would not be ours, and ours must not go to where
    // it leads.
    auto url = parse_server_url(each.get_ref<const std::string&>());
    if (url && !url->login) found.push_back(std::move(*url));
  }
  return found;
}

}  // namespace

Result<ServerInfo> parse_server_info(std::string_view text) {
  bool deep = false;
  const auto object = json::parse(
      text,
      [&](int depth, json::parse_event_t, json&) {
        if (depth > max_levels) deep = true;
        return !deep;
      },
      false);
  if (deep || !object.is_object()) {
    return fail(ErrorCode::malformed, "what the server says of itself is no JSON object");
  }
  ServerInfo info;
  info.protocol = number(object, "proto");
  info.max_payload = number(object, "max_payload");
  info.headers = flag(object, "headers");
  info.tls_required = flag(object, "tls_required");
  info.tls_available = flag(object, "tls_available");
  info.lame_duck = flag(object, "ldm");
  const auto* nonce = member(object, "nonce");
  if (nonce != nullptr && nonce->is_string()) info.nonce = nonce->get<std::string>();
  info.cluster = cluster_in(object);
  return info;
}

}  // namespace trellis::nats
