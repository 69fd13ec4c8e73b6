#include "apply/resolve.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstddef>
#include <map>
#include <optional>
#include <utility>

#include "apply/at_once.hpp"
#include "apply/builtins.hpp"
#include "apply/find_in.hpp"
#include "apply/references.hpp"
#include "base/suggest.hpp"
#include "base/text.hpp"
#include "identity/keys.hpp"

namespace trellis::apply {
namespace {

constexpr std::string_view builtin_prefix = "builtin:";

// Check of a whole key, its checksum included: a file could be called like most of one.
bool is_key(const std::string& text, identity::KeyType type) {
  const auto key = identity::PublicKey::parse(text);
  return key && key->type() == type;
}

ProviderMode mode_of(const manifest::Capability& wish) {
  return provider_mode_of(wish.mode).value_or(ProviderMode::automatic);
}

class Resolver {
 public:
  Resolver(const Target& target, const manifest::Manifest& manifest, const ResolveOptions& options)
      : target_(target), manifest_(manifest), options_(options), references_(options.folders) {
    // Without an inventory everything is looked at anew, which is slower and not wrong.
    if (auto inventory = target.inventory()) inventory_ = std::move(*inventory);
  }

  Resolved run() {
    out_.desired.file = manifest_.file;
    out_.desired.labels = {manifest_.labels.begin(), manifest_.labels.end()};
    look_at_actors();
    for (std::size_t i = 0; i < manifest_.actors.size(); ++i) actor(manifest_.actors[i], looks_[i]);
    for (const auto& one : manifest_.capabilities) capability(one);
    for (const auto& one : manifest_.links) link(one);
    return std::move(out_);
  }

 private:
  [[nodiscard]] std::string where(const manifest::Position& at) const {
    if (at.line == 0) return manifest_.file;
    return fmt::format("{}:{}:{}", manifest_.file, at.line, at.column);
  }

  void problem(ItemKind kind, const Named& named, const Error& error) {
    ItemReport item{.kind = kind, .what = named.what, .where = named.where};
    item.problem = error.message.empty() ? "failed" : error.message;
    item.remedy = error.remedy;
    out_.problems.push_back(std::move(item));
  }

  /// Look at one actor: what a manifest asks for, as far as it is known without the others.
  struct Look {
    WantedActor wanted;
    Result<void> seen;
  };

  /// All actors are read and verified first, several at one time.
  void look_at_actors() {
    // Reading and verifying is most of the time of a start; the rest, which compares items, runs on
    // one thread afterwards.
    looks_.resize(manifest_.actors.size());
    for_each_at_once(looks_.size(), target_.starts_at_once(),
                     [&](std::size_t i) { looks_[i] = look_at(manifest_.actors[i]); });
  }

  [[nodiscard]] Look look_at(const manifest::Actor& wish) const {
    Look look;
    look.wanted.what = wish.ref;
    look.wanted.where = where(wish.at);
    look.wanted.options = options_of(wish);
    look.wanted.source = wish.ref;
    const auto source = references_.actor(wish.ref);
    if (source) look.wanted.source = *source;
    look.seen = source ? look_at(look.wanted) : Result<void>(std::unexpected(source.error()));
    return look;
  }

  void actor(const manifest::Actor& wish, Look& look) {
    auto& [wanted, seen] = look;
    // Failed ones are remembered by source: links that need them are skipped instead of reported as
    // problems of their own.
    sources_[wish.ref] = wanted.source;
    if (seen) seen = unlike_others(wanted);
    if (!seen) {
      failed_.push_back(sources_[wish.ref]);
      return problem(ItemKind::actor, wanted, seen.error());
    }
    out_.desired.actors.push_back(std::move(wanted));
  }

  Result<void> look_at(WantedActor& wanted) const {
    const bool file = wanted.source.starts_with('/');
    const auto* running =
        find_in(inventory_.actors, [&](const auto& one) { return one.source == wanted.source; });
    // Images that run are not fetched again (resolve.hpp); files are read, for they change under
    // one name.
    if (!file && running != nullptr) {
      wanted.key = running->identity.key;
      wanted.identity = running->identity;
      return {};
    }
    auto seen = target_.inspect_actor(wanted.source);
    if (!seen) return pass(seen);
    wanted.key = seen->identity.key;
    wanted.identity = std::move(seen->identity);
    wanted.hash = std::move(seen->hash);
    return {};
  }

  /// Check against the others: two modules of one key cannot both run.
  [[nodiscard]] Result<void> unlike_others(const WantedActor& wanted) const {
    const auto* other =
        find_in(out_.desired.actors, [&](const auto& one) { return one.key == wanted.key; });
    if (other == nullptr) return {};
    if (other->hash == wanted.hash && other->identity == wanted.identity) return {};
    return fail(ErrorCode::already_exists,
                fmt::format("has the key {} of {} ({}), and is another module", wanted.key,
                            other->what, other->where),
                "list one of the two, or sign one with a key of its own");
  }

  void capability(const manifest::Capability& wish) {
    WantedProvider wanted;
    wanted.what = wish.image_ref;
    wanted.where = where(wish.at);
    wanted.link_name = wish.link_name;
    wanted.mode = mode_of(wish);
    const auto source = references_.provider(wish.image_ref);
    if (source) wanted.source = *source;
    const auto shown = source ? *source : wish.image_ref;
    auto seen = source ? look_at(wanted) : Result<void>(std::unexpected(source.error()));
    if (!seen) {
      failed_.push_back(shown);
      return problem(ItemKind::provider, wanted, seen.error());
    }
    out_.desired.providers.push_back(std::move(wanted));
  }

  Result<void> look_at(WantedProvider& wanted) {
    if (wanted.source.starts_with(builtin_prefix)) {
      if (auto known = known_builtin(wanted.source); !known) return known;
      // First starts do not open libraries twice: start_provider() does it anyway, and says what is
      // wrong.
    } else if (!options_.inspect_providers) {
      return {};
    }
    const auto* running = find_in(inventory_.providers, [&](const auto& one) {
      return one.source == wanted.source && one.link_name == wanted.link_name &&
             one.mode == wanted.mode;
    });
    if (running != nullptr) {
      wanted.key = running->key;
      return {};
    }
    // Built-in ones are looked at in this process whatever their mode: nothing is loaded for it.
    const bool builtin = wanted.source.starts_with(builtin_prefix);
    const auto seen =
        target_.inspect_provider(wanted.source, builtin ? ProviderMode::in_process : wanted.mode);
    if (!seen) return pass(seen);
    wanted.key = seen->key;
    contracts_[wanted.source] = seen->contract_id;
    return {};
  }

  [[nodiscard]] Result<void> known_builtin(const std::string& name) const {
    const auto names = builtin_names(target_.builtins());
    if (std::ranges::find(names, name) != names.end()) return {};
    const auto meant = nearest(name, names);
    return fail(ErrorCode::not_found,
                fmt::format("expected a built-in provider, found '{}'{}", excerpt(name),
                            meant ? fmt::format("; did you mean {}?", *meant) : std::string()),
                fmt::format("there are {}", fmt::join(names, ", ")));
  }

  static std::string title(const manifest::Link& link) {
    return fmt::format("{} -> {} ({})", link.actor,
                       link.provider_id.empty() ? "its provider" : link.provider_id,
                       link.contract_id);
  }

  void link(const manifest::Link& wish) {
    WantedLink wanted;
    wanted.what = title(wish);
    wanted.where = where(wish.at);
    auto actor = actor_of(wish);
    if (!actor) return unresolved(wanted, wish.actor_at, actor.error());
    auto provider = provider_of(wish, wanted);
    if (!provider) return unresolved(wanted, wish.provider_at, provider.error());
    auto contract = wish.contract_id.empty() ? served_by(*provider, wish) : wish.contract_id;
    wanted.link = {std::move(*actor), std::move(contract), wish.link_name, std::move(*provider),
                   wish.values};
    out_.desired.links.push_back(std::move(wanted));
  }

  /// Link that cannot be resolved. One that only fails because another item did is no problem of
  /// its own: it is skipped, and the cause is told once.
  void unresolved(WantedLink& wanted, const manifest::Position& at, const Error& error) {
    if (error.code == ErrorCode::unavailable) {
      ItemReport item{.kind = ItemKind::link, .what = wanted.what, .where = wanted.where};
      item.deed = Deed::skipped;
      item.reason = error.message;
      out_.skipped.push_back(std::move(item));
      return;
    }
    // Place of the field that is wrong, not of the link.
    if (at.line > 0) wanted.where = where(at);
    problem(ItemKind::link, wanted, error);
  }

  [[nodiscard]] bool has_failed(const std::string& source) const {
    return std::ranges::find(failed_, source) != failed_.end();
  }

  static std::unexpected<Error> needs(const std::string& what) {
    return fail(ErrorCode::unavailable, fmt::format("needs {}, which has a problem", what));
  }

  [[nodiscard]] Result<std::string> actor_of(const manifest::Link& wish) const {
    const auto& wanted = wish.actor;
    // Keys are taken as they are, also of actors elsewhere in the lattice, started later, or never.
    if (is_key(wanted, identity::KeyType::module)) return wanted;
    const auto found = references_.actor(wanted);
    const auto source = found ? *found : wanted;
    const auto* actor =
        find_in(out_.desired.actors, [&](const auto& one) { return one.source == source; });
    if (actor != nullptr) return actor->key;
    if (has_failed(source)) return needs(wanted);
    std::vector<std::string_view> names;
    for (const auto& one : manifest_.actors) names.push_back(one.ref);
    const auto meant = nearest(wanted, names);
    return fail(ErrorCode::not_found,
                fmt::format("actor: expected one that is listed under `actors:`, or a key (M…), "
                            "found '{}'{}",
                            excerpt(wanted, 200),
                            meant ? fmt::format("; did you mean {}?", *meant) : std::string()),
                found ? "list it under `actors:` as well"
                      : "name a file or image that is listed under `actors:`, or a key");
  }

  Result<std::string> provider_of(const manifest::Link& wish, WantedLink& link) {
    const auto& wanted = wish.provider_id;
    if (wanted.empty()) return implied_provider(wish, link);
    if (is_key(wanted, identity::KeyType::service)) return wanted;
    const auto found = references_.provider(wanted);
    const auto source = found ? *found : wanted;
    const auto* provider =
        find_in(out_.desired.providers, [&](const auto& one) { return one.source == source; });
    if (provider != nullptr) return provider->key.empty() ? source : provider->key;
    if (has_failed(source)) return needs(wanted);
    // Built-in providers need not be listed: they may be started by command, later or before.
    const auto builtin = known_builtin(source);
    if (builtin) {
      const auto seen = target_.inspect_provider(source, ProviderMode::in_process);
      return seen ? seen->key : source;
    }
    const auto remedy =
        source.starts_with(builtin_prefix) ? builtin.error().remedy
        : found                            ? std::string("list it under `capabilities:` as well")
                : std::string("name a reference that is listed under `capabilities:`, or a key");
    auto names = builtin_names(target_.builtins());
    for (const auto& one : manifest_.capabilities) names.push_back(one.image_ref);
    const auto meant = nearest(wanted, names);
    return fail(
        ErrorCode::not_found,
        fmt::format("provider: expected one that is listed under `capabilities:`, a built-in "
                    "one (builtin:…) or a key (V…), found '{}'{}",
                    excerpt(wanted, 200),
                    meant ? fmt::format("; did you mean {}?", *meant) : std::string()),
        remedy);
  }

  /// Provider for a link that names none: the listed one that serves the contract, else a built-in
  /// one, which is then listed as if the manifest had.
  Result<std::string> implied_provider(const manifest::Link& wish, WantedLink& link) {
    std::vector<const WantedProvider*> serving;
    for (const auto& one : out_.desired.providers) {
      const bool fits = one.link_name == wish.link_name && contract_of(one) == wish.contract_id;
      if (fits) serving.push_back(&one);
    }
    // No guess between two: a wrong one would get the link's values, secrets among them.
    if (serving.size() > 1) {
      return fail(
          ErrorCode::invalid_argument,
          fmt::format("expected one provider, found {} that serve {} under the link name {}",
                      serving.size(), wish.contract_id, wish.link_name),
          fmt::format("name one of them: `provider: {}`", serving.front()->what));
    }
    if (serving.size() == 1) {
      link.what = fmt::format("{} -> {} ({})", wish.actor, serving[0]->what, wish.contract_id);
      return serving[0]->key.empty() ? serving[0]->source : serving[0]->key;
    }
    auto builtin = builtin_for(target_.builtins(), wish.contract_id);
    if (!builtin) return builtin;
    if (has_failed(*builtin)) return needs(*builtin);
    link.what = fmt::format("{} -> {} ({})", wish.actor, *builtin, wish.contract_id);
    WantedProvider wanted;
    wanted.what = wanted.source = *builtin;
    wanted.where = link.where;
    wanted.link_name = wish.link_name;
    if (auto seen = look_at(wanted); !seen) return pass(seen);
    out_.desired.providers.push_back(wanted);
    return wanted.key;
  }

  /// The contract of a link that names its provider alone.
  std::string served_by(const std::string& provider, const manifest::Link& wish) {
    const auto* found = find_in(out_.desired.providers, [&](const auto& one) {
      return (one.key == provider || one.source == provider) && one.link_name == wish.link_name;
    });
    return found == nullptr ? std::string() : contract_of(*found);
  }

  std::string contract_of(const WantedProvider& provider) {
    if (provider.source.starts_with(builtin_prefix))
      return builtin_contract(target_.builtins(), provider.source);
    const auto* running = find_in(inventory_.providers, [&](const auto& one) {
      return one.source == provider.source && one.link_name == provider.link_name;
    });
    if (running != nullptr) return running->contract_id;
    const auto known = contracts_.find(provider.source);
    if (known != contracts_.end()) return known->second;
    // Archives say in their claims what they serve; a library has to be opened for it. The answer
    // is kept, failures as well.
    const auto seen = target_.inspect_provider(provider.source, provider.mode);
    return contracts_[provider.source] = seen ? seen->contract_id : std::string();
  }

  const Target& target_;
  const manifest::Manifest& manifest_;
  const ResolveOptions& options_;
  const References references_;
  Inventory inventory_;
  std::vector<Look> looks_;  ///< of the actors, in their order
  Resolved out_;
  std::map<std::string, std::string> sources_;    ///< by reference, as written
  std::map<std::string, std::string> contracts_;  ///< by source, of providers that were opened
  std::vector<std::string> failed_;               ///< sources
};

}  // namespace

ActorOptions options_of(const manifest::Actor& actor) {
  ActorOptions options;
  options.limits.memory_mb = actor.memory_mb;
  options.limits.call_timeout = actor.call_timeout;
  if (actor.instances) {
    const auto& instances = *actor.instances;
    if (instances.min) options.min_instances = *instances.min;
    if (instances.max) options.max_instances = *instances.max;
    if (instances.serial) options.max_instances = 1;
  }
  return options;
}

Resolved resolve(const Target& target, const manifest::Manifest& manifest,
                 const ResolveOptions& options) {
  return Resolver(target, manifest, options).run();
}

}  // namespace trellis::apply
