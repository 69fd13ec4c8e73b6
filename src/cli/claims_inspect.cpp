// trellis claims inspect (cli.md 3.1).
#include <filesystem>

#include "base/call_limits.hpp"
#include "base/files.hpp"
#include "base/text.hpp"
#include "cli/claims_common.hpp"
#include "cli/inspection.hpp"
#include "cli/table.hpp"
#include "identity/module_token.hpp"
#include "identity/validation.hpp"

namespace trellis::cli {

namespace fs = std::filesystem;

namespace {

using identity::ActorClaims;
using identity::Validation;
using nlohmann::json;

struct InspectOptions {
  ArtifactChoice module;
  bool jwt_only = false;
};

/// Kind of a key, in the words of the first-party tool, which has none for the others.
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

// "None" is the first-party word; programs have `tag_list`.
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

// Times for programs; the first-party members beside them are texts for people.
json optional_time(const std::optional<std::uint64_t>& time) {
  return time ? json(*time) : json(nullptr);
}

json json_of(const ActorClaims& c, const Validation& v) {
  const auto none = std::vector<std::string>{};
  // Keys of the first-party tool first (cli.md 3.1), one of them named after the kind of key; the
  // rest is ours.
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

}  // namespace

Result<Answer> inspect_module(const Context& context, const fs::path& file,
                              const std::string& shown, bool jwt_only,
                              const OutputOptions& output) {
  const auto module = read_file(file, limits::module_bytes);
  if (!module) return pass(module);
  const auto found = identity::extract_claims(as_bytes(*module));
  if (!found) return pass(found);
  if (!*found) {
    // First-party text, blank before the colon included; its tool calls that a success.
    const auto text = "No capabilities discovered in : " + shown;
    if (!output.strict) return Answer{text, {{"error", text}}};
    return fail(ErrorCode::not_found, text, "sign the module first: trellis claims sign");
  }
  const auto& [token, decoded] = **found;
  if (jwt_only) return Answer{token, {{"token", token}}};
  // Validity is shown and decides nothing: what is wrong with a token is what inspecting is for.
  const auto validation = validate(decoded, context.clock.wall());
  return Answer{token_text(decoded.claims, validation), json_of(decoded.claims, validation)};
}

void add_claims_inspect(Command& claims, Context& context) {
  auto& leaf = claims.add_subcommand("inspect", "Show the claims in a module");
  auto o = std::make_shared<InspectOptions>();
  add_artifact_options(leaf, o->module, "module", "Path of a signed module, or a reference");
  leaf.add_flag("--jwt-only", o->jwt_only, "Print the token only");
  add_leaf(leaf, context, [o, &context](const OutputOptions& output) -> Result<Answer> {
    const auto file = find_artifact(context, o->module, output);
    if (!file) return pass(file);
    return inspect_module(context, *file, o->module.name, o->jwt_only, output);
  });
}

}  // namespace trellis::cli
