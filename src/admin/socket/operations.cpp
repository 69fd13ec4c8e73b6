#include "admin/socket/operations.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <map>

#include "admin/socket/arguments.hpp"
#include "admin/socket/inventory_json.hpp"
#include "admin/socket/resolve.hpp"
#include "apply/export.hpp"
#include "base/binary_text.hpp"
#include "base/limits.hpp"
#include "codec/json_msgpack.hpp"
#include "package/reference.hpp"

namespace trellis::admin {
namespace {

using nlohmann::json;

/// Path of a file, which must be whole since hosts and commands have different working folders, or
/// the reference of an image.
Result<std::string> artifact_argument(const Arguments& arguments, const char* name) {
  auto text = arguments.text(name, limits::path_bytes);
  if (text && !text->starts_with('/') && !package::parse_reference(*text)) {
    return arguments.wrong(name, "an absolute path, or an image: HOST[:PORT]/PATH:TAG");
  }
  return text;
}

/// Payload of a call: JSON that is converted here, or bytes in base64.
Result<Bytes> payload_argument(const Arguments& arguments) {
  if (const auto* value = arguments.find("json"); value != nullptr) {
    return codec::json_to_msgpack(*value);
  }
  const auto* payload = arguments.find("payload");
  if (payload == nullptr) return Bytes{};
  auto bytes =
      payload->is_string() ? base64_decode(payload->get_ref<const std::string&>()) : std::nullopt;
  if (!bytes) return arguments.wrong("payload", "base64 with padding");
  return std::move(*bytes);
}

}  // namespace

Operations::Operation Operations::find(std::string_view name) {
  static const std::map<std::string_view, Operation> operations{
      {"ping", &Operations::ping},
      {"inventory", &Operations::inventory},
      {"links", &Operations::links},
      {"claims", &Operations::claims},
      {"call", &Operations::call},
      {"start_actor", &Operations::start_actor},
      {"stop_actor", &Operations::stop_actor},
      {"update_actor", &Operations::update_actor},
      {"scale_actor", &Operations::scale_actor},
      {"start_provider", &Operations::start_provider},
      {"stop_provider", &Operations::stop_provider},
      {"set_link", &Operations::set_link},
      {"remove_link", &Operations::remove_link},
      {"reload", &Operations::reload},
      {"apply", &Operations::reload},
      {"export", &Operations::export_state},
      {"stop", &Operations::stop},
  };
  const auto found = operations.find(name);
  return found == operations.end() ? nullptr : found->second;
}

Outcome Operations::handle(const Request& request) const {
  const auto operation = find(request.operation);
  if (operation != nullptr) return (this->*operation)(request);
  return fail(ErrorCode::unsupported, fmt::format("no operation '{}'", request.operation),
              "use the trellis command of the version the host runs");
}

Result<std::string> Operations::actor_key(std::string_view wanted) const {
  const auto inventory = host_.inventory();
  if (!inventory) return pass(inventory);
  return resolve_actor(*inventory, wanted);
}

/// Key of a provider that runs here, else the word itself: it may be a key, or a built-in name.
Result<std::string> Operations::provider_key(const std::string& wanted,
                                             std::string_view link_name) const {
  const auto inventory = host_.inventory();
  if (!inventory) return pass(inventory);
  const auto found = resolve_provider(*inventory, wanted, link_name);
  if (found) return (*found)->key;
  // Several that fit are an error; none is not, since a link may come before its provider.
  if (found.error().code == ErrorCode::not_found) return wanted;
  return pass(found);
}

Outcome Operations::ping(const Request&) const {
  return json{{"host_id", host_.id()},
              {"pid", ::getpid()},
              {"uptime", host_.uptime().count()},
              {"labels", host_.labels()}};
}

Outcome Operations::inventory(const Request&) const {
  const auto inventory = host_.inventory();
  if (!inventory) return pass(inventory);
  auto made = to_json(*inventory, clock_.wall());
  // One listing at a time: each may take as much memory as an answer can have.
  const MutexLock lock(listing_);
  list_links(made, host_.links(), clock_.wall());
  return made;
}

Outcome Operations::links(const Request& request) const {
  const auto show = Arguments(request).flag("show_secrets");
  if (!show) return pass(show);
  json made;
  const MutexLock lock(listing_);
  list_links(made, host_.links(), clock_.wall(), *show);
  return made;
}

Outcome Operations::claims(const Request&) const {
  json made;
  const MutexLock lock(listing_);
  list_claims(made, host_.claims());
  return made;
}

Outcome Operations::call(const Request& request) const {
  const Arguments arguments(request);
  const auto target = arguments.text("target", limits::path_bytes);
  if (!target) return pass(target);
  const auto operation = arguments.text("operation", limits::name_bytes);
  if (!operation) return pass(operation);
  const auto timeout = arguments.duration("timeout_ms");
  if (!timeout) return pass(timeout);
  const auto payload = payload_argument(arguments);
  if (!payload) return pass(payload);
  const auto key = actor_key(*target);
  if (!key) return pass(key);
  const auto given = timeout->count() > 0 ? std::optional(*timeout) : std::nullopt;
  const auto answer = host_.call_actor(*key, *operation, *payload, given);
  if (!answer) return pass(answer);
  return json{{"actor_id", *key}, {"payload", base64_encode(*answer)}};
}

Outcome Operations::start_actor(const Request& request) const {
  const Arguments arguments(request);
  const auto path = artifact_argument(arguments, "path");
  if (!path) return pass(path);
  const auto key = host_.start_actor_from(*path);
  if (!key) return pass(key);
  return json{{"actor_id", *key}, {"actor_ref", *path}, {"host_id", host_.id()}};
}

Outcome Operations::stop_actor(const Request& request) const {
  const auto wanted = Arguments(request).text("actor", limits::path_bytes);
  if (!wanted) return pass(wanted);
  const auto key = actor_key(*wanted);
  if (!key) return pass(key);
  if (auto stopped = host_.stop_actor(*key); !stopped) return pass(stopped);
  return json{{"actor_ref", *key}};
}

Outcome Operations::update_actor(const Request& request) const {
  const Arguments arguments(request);
  const auto wanted = arguments.text("actor", limits::path_bytes);
  if (!wanted) return pass(wanted);
  const auto path = artifact_argument(arguments, "path");
  if (!path) return pass(path);
  const auto key = actor_key(*wanted);
  if (!key) return pass(key);
  if (auto done = host_.update_actor_from(*key, *path); !done) return pass(done);
  return json{{"accepted", true}, {"actor_id", *key}, {"actor_ref", *path}};
}

Outcome Operations::scale_actor(const Request& request) const {
  const Arguments arguments(request);
  const auto wanted = arguments.text("actor", limits::path_bytes);
  if (!wanted) return pass(wanted);
  const auto minimum = arguments.count("min");
  if (!minimum) return pass(minimum);
  const auto maximum = arguments.count("max");
  if (!maximum) return pass(maximum);
  const auto key = actor_key(*wanted);
  if (!key) return pass(key);
  if (auto done = host_.scale_actor(*key, *minimum, *maximum); !done) return pass(done);
  return json{{"actor_id", *key}, {"actor_ref", *wanted}, {"host_id", host_.id()}};
}

Outcome Operations::start_provider(const Request& request) const {
  const Arguments arguments(request);
  const auto given = arguments.text("reference", limits::path_bytes);
  if (!given) return pass(given);
  const auto reference =
      given->starts_with("builtin:") ? given : artifact_argument(arguments, "reference");
  if (!reference) return pass(reference);
  const auto link_name = arguments.text_or("link_name", limits::name_bytes, "default");
  if (!link_name) return pass(link_name);
  const auto mode_text = arguments.text_or("mode", limits::name_bytes, "auto");
  if (!mode_text) return pass(mode_text);
  const auto mode = provider_mode_of(*mode_text);
  if (!mode) return arguments.wrong("mode", "auto, in-process or process");
  const auto key = host_.start_provider(*reference, {.link_name = *link_name, .mode = *mode});
  if (!key) return pass(key);
  return json{{"host_id", host_.id()},
              {"link_name", *link_name},
              {"provider_id", *key},
              {"provider_ref", *reference}};
}

Outcome Operations::stop_provider(const Request& request) const {
  const Arguments arguments(request);
  const auto wanted = arguments.text("provider", limits::path_bytes);
  if (!wanted) return pass(wanted);
  const auto link_name = arguments.text_or("link_name", limits::name_bytes, "default");
  if (!link_name) return pass(link_name);
  const auto contract = arguments.text_or("contract_id", limits::name_bytes, {});
  if (!contract) return pass(contract);
  const auto inventory = host_.inventory();
  if (!inventory) return pass(inventory);
  const auto provider = resolve_provider(*inventory, *wanted, *link_name);
  if (!provider) return pass(provider);
  const auto& key = (*provider)->key;
  if (auto done = host_.stop_provider(key, *contract, *link_name); !done) return pass(done);
  return json{{"provider_ref", key}};
}

Outcome Operations::set_link(const Request& request) const {
  const Arguments arguments(request);
  const auto actor = arguments.text("actor", limits::path_bytes);
  if (!actor) return pass(actor);
  const auto provider = arguments.text("provider", limits::path_bytes);
  if (!provider) return pass(provider);
  const auto contract = arguments.text("contract_id", limits::name_bytes);
  if (!contract) return pass(contract);
  const auto link_name = arguments.text_or("link_name", limits::name_bytes, "default");
  if (!link_name) return pass(link_name);
  auto values = arguments.texts("values");
  if (!values) return pass(values);
  const auto wait = arguments.duration("wait_ms");
  if (!wait) return pass(wait);
  // Link may come before its actor: a name that is not known stays as it is, and must be a key.
  const auto key = actor_key(*actor);
  if (!key && key.error().code == ErrorCode::invalid_argument) return pass(key);
  const auto provider_id = provider_key(*provider, *link_name);
  if (!provider_id) return pass(provider_id);
  const Link link{key.value_or(*actor), *contract, *link_name, *provider_id, std::move(*values)};
  if (auto set = host_.set_link(link); !set) return pass(set);
  return link_answer(link, *wait);
}

/// Answer with the link as it is once its provider was told, or after `wait`.
Outcome Operations::link_answer(const Link& link, std::chrono::milliseconds wait) const {
  json answer{{"actor_id", link.actor}, {"provider_id", link.provider_id}, {"result", "published"}};
  if (wait.count() == 0) return answer;
  const bool told = host_.settle_links(link.actor, wait);
  const auto info = host_.link(link.actor, link.contract_id, link.link_name);
  if (!info) return fail(ErrorCode::not_found, "the link was removed by somebody else meanwhile");
  answer["link"] = to_json(*info, clock_.wall());
  answer["told"] = told;
  return answer;
}

Outcome Operations::remove_link(const Request& request) const {
  const Arguments arguments(request);
  const auto actor = arguments.text("actor", limits::path_bytes);
  if (!actor) return pass(actor);
  const auto contract = arguments.text("contract_id", limits::name_bytes);
  if (!contract) return pass(contract);
  const auto link_name = arguments.text_or("link_name", limits::name_bytes, "default");
  if (!link_name) return pass(link_name);
  const auto wait = arguments.duration("wait_ms");
  if (!wait) return pass(wait);
  const auto key = actor_key(*actor).value_or(*actor);
  const bool there = host_.link(key, *contract, *link_name).has_value();
  // Removal is told even where there is no such link: other hosts of the lattice may have it.
  if (auto done = host_.remove_link(key, *contract, *link_name); !done) return pass(done);
  if (!there) {
    return fail(ErrorCode::not_found,
                fmt::format("there is no link of {} to {} ({})", *actor, *contract, *link_name),
                "`trellis get links` lists them");
  }
  const bool told = wait->count() == 0 || host_.settle_links(key, *wait);
  return json{{"actor_id", key}, {"contract_id", *contract}, {"result", "removed"}, {"told", told}};
}

Outcome Operations::export_state(const Request& request) const {
  const auto show = Arguments(request).flag("show_secrets");
  if (!show) return pass(show);
  const auto inventory = host_.inventory();
  if (!inventory) return pass(inventory);
  const auto exported = apply::export_manifest(*inventory, host_.links(), {.show_secrets = *show});
  return json{{"manifest", exported.text}, {"left_out", exported.left_out}};
}

Outcome Operations::reload(const Request& request) const {
  auto report = reload_(request);
  if (!report) return report;
  (*report)["host_id"] = host_.id();
  return report;
}

Outcome Operations::stop(const Request&) const {
  // Only begins the stop: the answer still goes out, see Server::close().
  stop_();
  return json{{"host_id", host_.id()}, {"pid", ::getpid()}};
}

}  // namespace trellis::admin
