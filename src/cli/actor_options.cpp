#include "cli/actor_options.hpp"

#include <algorithm>

#include "base/ascii.hpp"
#include "cli/contracts.hpp"

namespace trellis::cli {
namespace {

// First-party rule: length and alphabet of a key, not its checksum. An alias that only looks like
// one would be called as one (contracts.md 1.5).
bool looks_like_a_key(const std::string& alias) {
  return alias.size() == identity::public_key_chars &&
         std::all_of(alias.begin(), alias.end(), [](char c) { return is_upper(c) || is_digit(c); });
}

bool allowed_in_alias(char c) {
  return is_lower(c) || is_digit(c) || c == '_' || c == '/';
}

void add_capability_options(Command& leaf, ActorOptions& o) {
  // Letters of the first-party tool, two of which take -h and -q from their usual meanings (cli.md
  // 3.2).
  leaf.add_flag("-k,--keyvalue", o.keyvalue, "May use the key-value store");
  leaf.add_flag("-g,--msg", o.messaging, "May use messaging");
  leaf.add_flag("-q,--http_server,--http-server", o.http_server, "May serve HTTP");
  leaf.add_flag("-h,--http_client,--http-client", o.http_client, "May make HTTP requests");
  leaf.add_flag("-f,--blob_store,--blob-store", o.blob_store, "May use the blob store");
  leaf.add_flag("-z,--extras", o.extras, "May use extras (random numbers, GUIDs, sequences)");
  leaf.add_flag("-l,--logging", o.logging, "May log");
  leaf.add_flag("-e,--events", o.events, "May use event streams");
  leaf.add_option("-c,--cap", o.custom,
                  "May use this contract too: example:dice; repeatable. keyvalue is "
                  "wasmcloud:keyvalue")
      .one_each()
      .value_name("CONTRACT");
}

}  // namespace

void add_actor_options(Command& leaf, ActorOptions& o) {
  leaf.no_short_help();  // -h is the HTTP client
  leaf.add_option("-n,--name", o.name, "Name of the actor").required();
  add_capability_options(leaf, o);
  leaf.add_option("-t,--tag", o.tags, "Free label; repeatable. `serial` asks for one instance")
      .one_each();
  leaf.add_flag("-p,--prov", o.provider, "Mark as a capability provider in WebAssembly");
  leaf.add_option("-r,--rev", o.revision, "Revision, a whole number that grows with updates");
  leaf.add_option("-v,--ver", o.version, "Version for people");
  leaf.add_option("-a,--call-alias", o.call_alias, "Name usable instead of the public key");
  leaf.add_option("-i,--issuer", o.issuer, "Account seed, or a file with it [env WASH_ISSUER_KEY]");
  leaf.add_option("-s,--subject", o.subject,
                  "Module seed, or a file with it [env WASH_SUBJECT_KEY]");
  add_date_options(leaf, o.dates);
  add_key_options(leaf, o.keys);
  add_key_name_options(leaf, o.keys);
}

std::vector<std::string> capabilities_of(const ActorOptions& o, CapabilityOrder order) {
  std::vector<std::string> caps;
  const auto add = [&](bool wanted, const char* contract) {
    if (wanted) caps.emplace_back(contract);
  };
  add(o.keyvalue, "wasmcloud:keyvalue");
  add(o.messaging, "wasmcloud:messaging");
  add(o.http_client, "wasmcloud:httpclient");
  add(o.http_server, "wasmcloud:httpserver");
  add(o.blob_store, "wasmcloud:blobstore");
  add(o.logging, "wasmcloud:logging");
  // Order of the first-party tool, which differs between `sign` and `token actor`: claims are
  // compared byte for byte with what it makes.
  if (order == CapabilityOrder::token) add(o.events, "wasmcloud:eventstreams");
  add(o.extras, "wasmcloud:extras");
  if (order == CapabilityOrder::sign) add(o.events, "wasmcloud:eventstreams");
  for (const auto& contract : o.custom) caps.push_back(manifest::full_contract(contract));
  return caps;
}

Result<void> check_call_alias(const std::string& alias) {
  if (alias.empty()) return fail(ErrorCode::invalid_argument, "Call alias cannot be empty");
  if (looks_like_a_key(alias)) {
    return fail(ErrorCode::invalid_argument, "Public key cannot be used as a call alias");
  }
  if (std::all_of(alias.begin(), alias.end(), allowed_in_alias)) return {};
  return fail(ErrorCode::invalid_argument,
              "Call alias contained invalid characters.\nValid aliases are lowercase alphanumeric "
              "and can contain underscores and slashes");
}

KeyRequest subject_request(const ActorOptions& options) {
  return {.type = identity::KeyType::module,
          .role = "subject",
          .option = options.subject,
          .variable = subject_variable,
          .name = options.name,
          .old_stem = {}};
}

Result<ActorToSign> prepare_actor(Context& context, const ActorOptions& options,
                                  const KeyRequest& subject_key, CapabilityOrder order) {
  if (options.call_alias) {
    if (auto alias = check_call_alias(*options.call_alias); !alias) return pass(alias);
  }
  auto caps = capabilities_of(options, order);
  warn_of_odd_contracts(context, caps);
  // Text and rule are first-party.
  if (options.provider && caps.size() > 1) {
    return fail(ErrorCode::invalid_argument,
                "Capability providers cannot provide multiple capabilities at once.");
  }
  // Issuer before subject: keys that are missing are generated in this order, and the notices come
  // in it.
  auto issuer =
      find_key(context, options.keys,
               {identity::KeyType::account, "issuer", options.issuer, issuer_variable, {}, {}});
  if (!issuer) return pass(issuer);
  const auto subject = find_key(context, options.keys, subject_key);
  if (!subject) return pass(subject);

  identity::ActorClaims claims;
  auto filled = fill_envelope(claims, context, subject->public_key().text(), options.dates);
  if (!filled) return pass(filled);
  claims.name = options.name;
  claims.tags = options.tags;
  claims.caps = std::move(caps);
  claims.rev = options.revision;
  claims.ver = options.version;
  claims.call_alias = options.call_alias;
  claims.prov = options.provider;
  return ActorToSign{std::move(claims), std::move(*issuer)};
}

}  // namespace trellis::cli
