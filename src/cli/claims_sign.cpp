// trellis claims sign (cli.md 3.2).
#include <fmt/format.h>

#include <filesystem>
#include <ostream>

#include "base/call_limits.hpp"
#include "base/file_output.hpp"
#include "base/files.hpp"
#include "base/text.hpp"
#include "cli/actor_options.hpp"
#include "cli/printable.hpp"
#include "identity/admission.hpp"
#include "identity/module_token.hpp"

namespace trellis::cli {
namespace {

namespace fs = std::filesystem;

struct SignOptions {
  std::string source;
  std::string destination;
  ActorOptions actor;
};

fs::path destination_of(const SignOptions& options, const std::string& stem) {
  if (!options.destination.empty()) return options.destination;
  return fs::path(options.source).replace_filename(stem + "_s.wasm");
}

/// Check that hosts accept what was made; two `jwt` sections in the source, for example, make a
/// module that first-party software loads and ours does not (D7).
Result<void> check_signed(const identity::SignedModule& made) {
  const auto found = identity::extract_claims(made.bytes);
  if (!found) {
    return fail(found.error().code,
                "hosts would refuse the signed module: " + found.error().message,
                found.error().remedy);
  }
  if (*found && (*found)->decoded.signature_valid()) return {};
  return fail(ErrorCode::internal, "the signed module does not verify", "please report this");
}

/// Claims of the destination until now; nothing when it is no signed module. A key goes with a
/// name, and signing over another actor's file is most often a slip.
std::optional<SignedBefore> signed_before(const fs::path& destination) {
  const auto module = read_file(destination, limits::module_bytes);
  if (!module) return std::nullopt;
  const auto found = identity::extract_claims(as_bytes(*module));
  if (!found || !*found) return std::nullopt;
  const auto& claims = (*found)->decoded.claims;
  return SignedBefore{claims.sub, display_name(claims)};
}

/// Warning of a new identity: another key is another actor, and links, aliases and what it stored
/// are the old one's.
void tell_of_new_identity(Context& context, const fs::path& destination, const SignedBefore& before,
                          const std::string& name, const std::string& key) {
  if (before.key == key) return;
  say(context, Label::warning,
      fmt::format("{} was {} ({}) and is {} ({}) now, another actor to every host; to keep the old "
                  "key, name its file with --subject",
                  destination.string(), before.name, before.key, name, key));
}

Result<identity::SignedModule> sign_bytes(ByteView module, ActorToSign actor) {
  auto made = identity::sign_module(module, std::move(actor.claims), actor.issuer);
  if (!made) return made;
  if (auto good = check_signed(*made); !good) return pass(good);
  return made;
}

Result<Answer> sign(Context& context, const SignOptions& options) {
  const auto module = read_file(options.source, limits::module_bytes);
  if (!module) return pass(module);
  const auto destination = destination_of(options, stem_of(options.source));
  auto subject = subject_request(options.actor);
  // Key files of earlier versions are named after the source; they are still found.
  subject.old_stem = stem_of(options.source);
  subject.before = signed_before(destination);
  auto actor = prepare_actor(context, options.actor, subject, CapabilityOrder::sign);
  if (!actor) return pass(actor);
  const auto caps = *actor->claims.caps;
  const auto key = actor->claims.sub;
  const auto made = sign_bytes(as_bytes(*module), std::move(*actor));
  if (!made) return pass(made);
  if (auto written = write_file(destination, made->bytes); !written) return pass(written);
  // Keys that were named are meant; only one that was found by name may surprise.
  if (subject.before && is_stored_key(context, subject)) {
    tell_of_new_identity(context, destination, *subject.before, options.actor.name, key);
  }
  return Answer{
      "Successfully signed " + destination.string() + " with capabilities: " + join(caps, ","),
      {{"result", "success"}, {"destination", destination.string()}, {"capabilities", caps}}};
}

}  // namespace

void add_claims_sign(Command& claims, Context& context) {
  auto& leaf = claims.add_subcommand("sign", "Sign a WebAssembly module");
  auto options = std::make_shared<SignOptions>();
  leaf.add_option("source", options->source, "The module to sign (.wasm)")
      .required()
      .completes(ValueKind::file);
  leaf.add_option("-d,--destination", options->destination,
                  "Where the signed module goes (else NAME_s.wasm beside the source)")
      .completes(ValueKind::file);
  add_actor_options(leaf, options->actor);
  add_action_leaf(
      leaf, context, [options, &context](auto&) { return sign(context, *options); }, "destination");
}

}  // namespace trellis::cli
