// trellis par create|insert|inspect (cli.md 4).
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "cli/claims_common.hpp"
#include "cli/contracts.hpp"
#include "cli/inspection.hpp"
#include "cli/key_store.hpp"
#include "cli/table.hpp"
#include "identity/validation.hpp"
#include "package/archive_writer.hpp"
#include "package/library_target.hpp"
#include "package/provider_store.hpp"

namespace trellis::cli {
namespace {

namespace fs = std::filesystem;
using identity::KeyType;

struct ParOptions {
  std::string archive;
  std::string capability;
  std::string vendor;
  std::string name;
  std::string target;
  std::string binary;
  std::optional<std::int32_t> revision;
  std::optional<std::string> version;
  std::string destination;
  std::string issuer;
  std::string subject;
  bool compress = false;
  KeyOptions keys;
  ArtifactChoice inspected;
};

// Keys as for claims: the account signs, the service is the provider's identity (cli.md 4).
Result<identity::KeyPair> key_for(Context& context, const ParOptions& o, KeyType type) {
  const bool issuer = type == KeyType::account;
  return find_key(context, o.keys,
                  {type, issuer ? "issuer" : "subject", issuer ? o.issuer : o.subject,
                   issuer ? issuer_variable : subject_variable, o.name, stem_of(o.binary)});
}

/// Target of the library, as it says itself; it must be what --arch says, where that is given.
Result<std::string> target_of_binary(const ParOptions& o) {
  if (!o.target.empty()) {
    if (auto good = package::check_target(o.target); !good) return pass(good);
  }
  return package::library_target(o.binary, o.target);
}

Result<Answer> create(Context& context, const ParOptions& o) {
  // Library first: keys are not made for a file that no host could load.
  const auto target = target_of_binary(o);
  if (!target) return pass(target);
  const auto issuer = key_for(context, o, KeyType::account);
  if (!issuer) return pass(issuer);
  const auto subject = key_for(context, o, KeyType::service);
  if (!subject) return pass(subject);
  identity::ProviderClaims claims;
  if (auto filled = fill_envelope(claims, context, subject->public_key().text(), {}); !filled) {
    return pass(filled);
  }
  claims.name = o.name;
  claims.capid = manifest::full_contract(o.capability);
  warn_of_odd_contracts(context, {claims.capid});
  claims.vendor = o.vendor;
  claims.rev = o.revision;
  claims.ver = o.version;
  // Name of the first-party tool: of the library, in the working folder.
  auto file = o.destination.empty() ? fs::path(o.binary).stem().string() + ".par" : o.destination;
  if (o.compress && !file.ends_with(".gz")) file += ".gz";
  auto written = package::write_archive(file, std::move(claims), {{*target, o.binary, false}},
                                        *issuer, o.compress);
  if (!written) return pass(written);
  return Answer{"Successfully created archive " + file, {{"file", file}, {"result", "success"}}};
}

/// Subject of an archive that gets another library: it stays what it was unless another is given,
/// for another key would be another provider.
Result<std::string> subject_of(Context& context, const ParOptions& o,
                               const package::ProviderArchive& archive) {
  if (!option_or_env(context, o.subject, subject_variable)) return archive.claims.sub;
  const auto key = key_for(context, o, KeyType::service);
  if (!key) return pass(key);
  return key->public_key().text();
}

// Another library, and a signature anew: claims hold the hashes of all libraries (identity.md 4).
Result<Answer> insert(Context& context, const ParOptions& o) {
  const auto target = target_of_binary(o);
  if (!target) return pass(target);
  const auto archive = package::read_archive(o.archive);
  if (!archive) return pass(archive);
  const auto issuer = key_for(context, o, KeyType::account);
  if (!issuer) return pass(issuer);
  const auto subject = subject_of(context, o, *archive);
  if (!subject) return pass(subject);
  auto claims = archive->claims;
  if (auto filled = fill_envelope(claims, context, *subject, {}); !filled) return pass(filled);
  std::vector<package::LibrarySource> libraries;
  for (const auto& library : archive->libraries) {
    // Library of the same target is replaced; the others are read from the old archive while the
    // new one is written beside it.
    if (library.target != *target) libraries.push_back({library.target, o.archive, true});
  }
  libraries.push_back({*target, o.binary, false});
  auto written =
      package::write_archive(o.archive, std::move(claims), libraries, *issuer, archive->compressed);
  if (!written) return pass(written);
  return Answer{fmt::format("Successfully inserted {} into archive {}", o.binary, o.archive),
                {{"file", o.archive}, {"result", "success"}}};
}

// Validity is shown, not demanded: inspecting is how one finds out.
std::string validity(const identity::Validation& validation) {
  if (!validation.signature_valid) return "no: the signature is not the issuer's";
  if (validation.expired) return "no: expired";
  return validation.cannot_use_yet ? "no: not usable yet" : "yes";
}

std::string archive_text(const package::ProviderArchive& archive, const std::string& valid) {
  const auto& c = archive.claims;
  Table table;
  table.heading(display_name(c) + " - Provider Archive");
  table.row("Account", c.iss);
  table.row("Service", c.sub);
  table.row("Capability Contract ID", c.capid);
  table.row("Vendor", c.vendor);
  if (c.ver) table.row("Version", *c.ver);
  if (c.rev) table.row("Revision", std::to_string(*c.rev));
  table.row("Valid", valid);
  table.heading("Supported Architecture Targets");
  for (const auto& library : archive.libraries) table.line(library.target);
  return table.text();
}

Result<Answer> inspect(const Context& context, const ParOptions& o, const OutputOptions& output) {
  const auto file = find_artifact(context, o.inspected, output);
  if (!file) return pass(file);
  return inspect_archive(context, *file);
}

void add_library(Command& leaf, ParOptions& o) {
  leaf.add_option("-a,--arch", o.target,
                  "Platform of the library: <arch>-<os>, as in x86_64-linux (default: what the "
                  "library says; it must be the same)");
  leaf.add_option("-b,--binary", o.binary, "The library").required().existing_file();
  leaf.add_option("-i,--issuer", o.issuer, "Account seed, or a file with it [env WASH_ISSUER_KEY]");
  leaf.add_option("-s,--subject", o.subject,
                  "Service seed, or a file with it [env WASH_SUBJECT_KEY]");
  add_key_options(leaf, o.keys, "-d,--directory");
}

void add_create(Command& par, Context& context) {
  auto& leaf = par.add_subcommand("create", "Make an archive from a provider's library");
  auto o = std::make_shared<ParOptions>();
  leaf.add_option("-c,--capid", o->capability, "Contract it serves: wasmcloud:keyvalue").required();
  leaf.add_option("-v,--vendor", o->vendor, "Who made it").required();
  leaf.add_option("-n,--name", o->name, "Name of the provider").required();
  leaf.add_option("-r,--revision", o->revision, "Revision, a number");
  leaf.add_option("--version", o->version, "Version, a text");
  leaf.add_option("--destination", o->destination, "File to write (default: <library>.par)")
      .completes(ValueKind::file);
  leaf.add_flag("--compress", o->compress, "Compress it (.par.gz)");
  add_library(leaf, *o);
  add_key_name_options(leaf, o->keys);
  add_action_leaf(
      leaf, context, [o, &context](const OutputOptions&) { return create(context, *o); }, "file");
}

void add_insert(Command& par, Context& context) {
  auto& leaf = par.add_subcommand("insert", "Put a library for another platform into an archive");
  auto o = std::make_shared<ParOptions>();
  leaf.add_option("archive", o->archive, "Archive to change").required().existing_file();
  add_library(leaf, *o);
  add_action_leaf(leaf, context,
                  [o, &context](const OutputOptions&) { return insert(context, *o); });
}

void add_par_inspect(Command& par, Context& context) {
  auto& leaf = par.add_subcommand("inspect", "Show what an archive says of itself");
  auto o = std::make_shared<ParOptions>();
  add_artifact_options(leaf, o->inspected, "archive", "Path of an archive, or a reference");
  add_leaf(leaf, context,
           [o, &context](const OutputOptions& output) { return inspect(context, *o, output); });
}

}  // namespace

Result<Answer> inspect_archive(const Context& context, const fs::path& file) {
  const auto archive = package::read_archive(file);
  if (!archive) return pass(archive);
  const auto decoded = identity::decode_provider(archive->token);
  if (!decoded) return pass(decoded);
  const auto validation = identity::validate(*decoded, context.clock.wall());
  const auto& c = archive->claims;
  std::vector<std::string> targets;
  for (const auto& library : archive->libraries) targets.push_back(library.target);
  // Keys of the first-party tool, which says "None" for what is missing (cli.md 4).
  return Answer{archive_text(*archive, validity(validation)),
                {{"capability_contract_id", c.capid},
                 {"issuer", c.iss},
                 {"name", display_name(c)},
                 {"rev", c.rev ? std::to_string(*c.rev) : "None"},
                 {"service", c.sub},
                 {"targets", targets},
                 {"vendor", c.vendor},
                 {"ver", c.ver.value_or("None")},
                 {"valid", validation.usable()}}};
}

void add_par(Command& app, Context& context) {
  auto& par = app.add_subcommand("par", "Provider archives");
  par.require_subcommand();
  add_create(par, context);
  add_insert(par, context);
  add_par_inspect(par, context);
}

}  // namespace trellis::cli
