// trellis claims token actor|operator|account|provider (cli.md 3.3).
#include <algorithm>

#include "cli/actor_options.hpp"
#include "cli/contracts.hpp"

namespace trellis::cli {
namespace {

using identity::KeyType;

Result<Answer> answer_with(Result<std::string> token) {
  if (!token) return pass(token);
  return Answer{*token, {{"token", *token}}};
}

/// Options of the three kinds that describe no actor.
struct TokenOptions {
  std::string name;
  std::string issuer;
  std::string subject;
  std::vector<std::string> additional_keys;
  std::string capability;
  std::string vendor;
  std::optional<std::int32_t> revision;
  std::optional<std::string> version;
  DateOptions dates;
  KeyOptions keys;
};

// Key of one side of the token; one that is missing is generated under the token's name (cli.md
// 2.1).
Result<identity::KeyPair> key_for(Context& context, const TokenOptions& o, KeyType type,
                                  bool issuer) {
  return find_key(context, o.keys,
                  {type, issuer ? "issuer" : "subject", issuer ? o.issuer : o.subject,
                   issuer ? issuer_variable : subject_variable, o.name, stem_of(o.name)});
}

/// Keys that may sign beside the issuer; each must be one of that type.
Result<void> check_additional(const std::vector<std::string>& keys, KeyType type) {
  for (const auto& text : keys) {
    // Checked here, since a token with a wrong one would be refused only when it is used.
    const auto key = identity::PublicKey::parse(text);
    if (key && key->type() == type) continue;
    return fail(
        ErrorCode::invalid_argument,
        "--additional-key " + text + " is not a public key of type " + std::string(to_string(type)),
        std::string("give a public key that begins with ") + letter(type));
  }
  return {};
}

/// Fills what accounts and operators share, and signs.
template <class Claims>
Result<Answer> sign_signers(const Context& context, const TokenOptions& o, KeyType additional,
                            const identity::KeyPair& issuer, const identity::PublicKey& subject) {
  if (auto keys = check_additional(o.additional_keys, additional); !keys) return pass(keys);
  Claims claims;
  if (auto filled = fill_envelope(claims, context, subject.text(), o.dates); !filled) {
    return pass(filled);
  }
  claims.name = o.name;
  claims.valid_signers = o.additional_keys;
  return answer_with(sign_claims(std::move(claims), issuer));
}

Result<Answer> actor_token(Context& context, const ActorOptions& o) {
  auto subject = subject_request(o);
  subject.old_stem = stem_of(o.name);
  auto actor = prepare_actor(context, o, subject, CapabilityOrder::token);
  if (!actor) return pass(actor);
  return answer_with(sign_claims(std::move(actor->claims), actor->issuer));
}

Result<Answer> operator_token(Context& context, const TokenOptions& o) {
  const auto issuer = key_for(context, o, KeyType::operator_, true);
  if (!issuer) return pass(issuer);
  // Operators are their own subject: nobody is above them.
  return sign_signers<identity::OperatorClaims>(context, o, KeyType::operator_, *issuer,
                                                issuer->public_key());
}

Result<Answer> account_token(Context& context, const TokenOptions& o) {
  // Issuer first: keys that are missing are generated in this order.
  const auto issuer = key_for(context, o, KeyType::operator_, true);
  if (!issuer) return pass(issuer);
  const auto subject = key_for(context, o, KeyType::account, false);
  if (!subject) return pass(subject);
  return sign_signers<identity::AccountClaims>(context, o, KeyType::account, *issuer,
                                               subject->public_key());
}

Result<Answer> provider_token(Context& context, const TokenOptions& o) {
  const auto issuer = key_for(context, o, KeyType::account, true);
  if (!issuer) return pass(issuer);
  const auto subject = key_for(context, o, KeyType::service, false);
  if (!subject) return pass(subject);
  identity::ProviderClaims claims;
  auto filled = fill_envelope(claims, context, subject->public_key().text(), o.dates);
  if (!filled) return pass(filled);
  claims.name = o.name;
  claims.capid = manifest::full_contract(o.capability);
  warn_of_odd_contracts(context, {claims.capid});
  claims.vendor = o.vendor;
  claims.rev = o.revision;
  claims.ver = o.version;
  return answer_with(sign_claims(std::move(claims), *issuer));
}

void add_common(Command& leaf, TokenOptions& o, const std::string& issuer_kind) {
  leaf.add_option("-n,--name", o.name, "Name that the token carries").required();
  leaf.add_option("-i,--issuer", o.issuer,
                  issuer_kind + " seed, or a file with it [env WASH_ISSUER_KEY]");
  add_date_options(leaf, o.dates);
  add_key_options(leaf, o.keys);
  add_key_name_options(leaf, o.keys);
}

void add_subject(Command& leaf, TokenOptions& o, const std::string& kind) {
  leaf.add_option("-s,--subject", o.subject,
                  kind + " seed, or a file with it [env WASH_SUBJECT_KEY]");
}

void add_additional(Command& leaf, TokenOptions& o) {
  leaf.add_option("-a,--additional-key", o.additional_keys,
                  "Public key that may sign too; repeatable")
      .one_each();
}

void add_actor(Command& token, Context& context) {
  auto& leaf = token.add_subcommand("actor", "Token of an actor, without a module");
  auto options = std::make_shared<ActorOptions>();
  add_actor_options(leaf, *options);
  add_leaf(leaf, context, [options, &context](auto&) { return actor_token(context, *options); });
}

void add_operator(Command& token, Context& context) {
  auto& leaf = token.add_subcommand("operator", "Token of an operator, signed by itself");
  auto options = std::make_shared<TokenOptions>();
  add_common(leaf, *options, "Operator");
  add_additional(leaf, *options);
  add_leaf(leaf, context, [options, &context](auto&) { return operator_token(context, *options); });
}

void add_account(Command& token, Context& context) {
  auto& leaf = token.add_subcommand("account", "Token of an account, signed by an operator");
  auto options = std::make_shared<TokenOptions>();
  add_common(leaf, *options, "Operator");
  add_subject(leaf, *options, "Account");
  add_additional(leaf, *options);
  add_leaf(leaf, context, [options, &context](auto&) { return account_token(context, *options); });
}

void add_provider(Command& token, Context& context) {
  auto& leaf = token.add_subcommand("provider", "Token of a capability provider");
  auto options = std::make_shared<TokenOptions>();
  add_common(leaf, *options, "Account");
  add_subject(leaf, *options, "Service");
  leaf.add_option("-c,--capid", options->capability, "Contract it provides").required();
  leaf.add_option("-v,--vendor", options->vendor, "Vendor").required();
  leaf.add_option("-r,--revision", options->revision, "Revision, a whole number");
  leaf.add_option("-e,--version", options->version, "Version for people");
  add_leaf(leaf, context, [options, &context](auto&) { return provider_token(context, *options); });
}

}  // namespace

void add_claims_token(Command& claims, Context& context) {
  auto& token = claims.add_subcommand("token", "Make a token and print it");
  token.require_subcommand();
  add_actor(token, context);
  add_operator(token, context);
  add_account(token, context);
  add_provider(token, context);
}

}  // namespace trellis::cli
