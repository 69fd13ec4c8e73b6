// trellis claims inspect (cli.md 3.1).
#include <filesystem>

#include "base/call_limits.hpp"
#include "base/files.hpp"
#include "base/text.hpp"
#include "cli/claims_common.hpp"
#include "cli/table.hpp"
#include "identity/hash.hpp"
#include "identity/module_token.hpp"
#include "identity/validation.hpp"

namespace trellis::cli {
namespace {

using identity::ActorClaims;
using identity::Validation;
using nlohmann::json;

struct InspectOptions {
  std::string module;
  bool jwt_only = false;
  std::string digest;
  // The rest concerns registries.
  bool allow_latest = false;
  bool insecure = false;
  std::string user;
  std::string password;
};

/// What a key describes; only the kinds the first-party tool has a word for.
std::string kind_of(const std::string& key) {
  switch (key.empty() ? '\0' : key[0]) {
    case 'A': return "Account";
    case 'M': return "Module";
    case 'O': return "Operator";
    case 'N': return "Server";
    case 'U': return "User";
    default: return "<Unknown>";
  }
}

std::vector<std::string> friendly_names(const ActorClaims& claims) {
  std::vector<std::string> names;
  for (const auto& id : claims.caps.value_or(std::vector<std::string>{})) {
    names.push_back(friendly_name(id));
  }
  return names;
}

std::string tags_text(const ActorClaims& claims) {
  if (!claims.tags || claims.tags->empty()) return "None";
  return join(*claims.tags, ",");
}

std::string validity_text(const Validation& v) {
  if (!v.signature_valid) return "no: the signature is not the issuer's";
  if (v.expired) return "no: expired";
  return v.cannot_use_yet ? "no: not usable yet" : "yes";
}

std::string token_text(const ActorClaims& c, const Validation& v) {
  Table table;
  table.heading(display_name(c) + " - " + kind_of(c.sub));
  table.row(kind_of(c.iss), c.iss);
  table.row(kind_of(c.sub), c.sub);
  table.row("Expires", v.expires_human);
  table.row("Can Be Used", v.not_before_human);
  table.row("Valid", validity_text(v));
  table.row("Version", c.ver.value_or("None") + " (" + std::to_string(c.rev.value_or(0)) + ")");
  table.row("Call Alias", c.call_alias.value_or("(Not set)"));
  table.heading(c.prov ? "Capability Provider" : "Capabilities");
  for (auto& name : friendly_names(c)) table.line(std::move(name));
  table.heading("Tags");
  table.line(tags_text(c));
  return table.text();
}

json optional_time(const std::optional<std::uint64_t>& time) {
  return time ? json(*time) : json(nullptr);
}

json json_of(const ActorClaims& c, const Validation& v) {
  const auto none = std::vector<std::string>{};
  json out{
      {to_lower_ascii(kind_of(c.iss)), c.iss},
      {to_lower_ascii(kind_of(c.sub)), c.sub},
      {"call_alias", c.call_alias.value_or("(Not set)")},
      {"can_be_used", v.not_before_human},
      {"expires", v.expires_human},
      {"revision", c.rev.value_or(0)},
      {"version", c.ver.value_or("None")},
      {"tags", tags_text(c)},
      {"name", display_name(c)},
      {"capability_ids", c.caps.value_or(none)},
      {"tag_list", c.tags.value_or(none)},
      {"expires_at", optional_time(c.exp)},
      {"not_before", optional_time(c.nbf)},
      {"valid", v.usable()},
  };
  out[c.prov ? "capability_provider" : "capabilities"] = friendly_names(c);
  return out;
}

Result<std::string> read_module(const std::string& name) {
  std::error_code ignored;
  if (!std::filesystem::exists(name, ignored)) {
    return fail(ErrorCode::not_found,
                name + ": no such file, and modules in registries cannot be inspected yet",
                "give the path of a module (.wasm)");
  }
  return read_file(name, limits::module_bytes);
}

/// With or without "sha256:" in front, either letter case.
bool digest_matches(std::string_view wanted, std::string_view module) {
  constexpr std::string_view prefix = "sha256:";
  if (wanted.starts_with(prefix)) wanted.remove_prefix(prefix.size());
  return to_lower_ascii(wanted) == to_hex_lower(identity::sha256(as_bytes(module)));
}

Result<Answer> inspect(const Context& context, const InspectOptions& options,
                       const OutputOptions& output) {
  const auto module = read_module(options.module);
  if (!module) return std::unexpected(module.error());
  if (!options.digest.empty() && !digest_matches(options.digest, *module)) {
    return fail(ErrorCode::denied, "Image digest did not match provided digest, aborting");
  }
  const auto found = identity::extract_claims(as_bytes(*module));
  if (!found) return std::unexpected(found.error());
  if (!*found) {
    const auto text = "No capabilities discovered in : " + options.module;
    if (!output.strict) return Answer{text, {{"error", text}}};
    return fail(ErrorCode::not_found, text, "sign the module first: trellis claims sign");
  }
  const auto& [token, decoded] = **found;
  if (options.jwt_only) return Answer{token, {{"token", token}}};
  const auto validation = validate(decoded, context.clock.wall());
  return Answer{token_text(decoded.claims, validation), json_of(decoded.claims, validation)};
}

}  // namespace

void add_claims_inspect(Command& claims, Context& context) {
  auto& leaf = claims.add_subcommand("inspect", "Show the claims in a module");
  auto o = std::make_shared<InspectOptions>();
  leaf.add_option("module", o->module, "Path of a signed module")
      .required()
      .completes(ValueKind::file);
  leaf.add_flag("--jwt-only", o->jwt_only, "Print the token only");
  leaf.add_option("-d,--digest", o->digest, "SHA-256 that the module must have");
  leaf.add_flag("--allow-latest", o->allow_latest, "Permit the tag latest (registries only)");
  leaf.add_option("-u,--user", o->user, "Registry user [env WASH_REG_USER]");
  leaf.add_option("-p,--password", o->password, "Registry password [env WASH_REG_PASSWORD]");
  leaf.add_flag("--insecure", o->insecure, "Plain HTTP (registries only)");
  add_leaf(leaf, context,
           [o, &context](const OutputOptions& output) { return inspect(context, *o, output); });
}

}  // namespace trellis::cli
