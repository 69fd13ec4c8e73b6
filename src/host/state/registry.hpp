// The truth about what runs and how it is linked. Every change updates the tables the call path
// reads and tells the binder what each provider shall know.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "base/log.hpp"
#include "base/memory_budget.hpp"
#include "base/mutex.hpp"
#include "base/rate_limited_log.hpp"
#include "host/call/authorization.hpp"
#include "host/call/tables.hpp"
#include "host/state/bindings.hpp"
#include "host/state/link_rules.hpp"
#include "identity/claims.hpp"
#include "trellis/host_types.hpp"

namespace trellis::host {

/// Any thread. One lock for all changes; readers of the tables never take it. The lock of
/// `bindings` is taken inside it, never the other way round.
class Registry {
 public:
  struct Options {
    CallPolicy policy;
    bool in_lattice = false;  ///< a provider that does not run here may run on another host
    /// Counts what is learned from elsewhere; null: nobody does.
    std::shared_ptr<MemoryBudget> memory;
    /// Asked before an actor is bound; null = yes (host.md 6.4).
    std::function<bool(const ActorIdentity&, const ProviderEntry&)> may_bind;
    LinkRules rules;  ///< for links from the lattice
    /// Subjects of the cache, where they are not the usual ones; providers are told (hidden
    /// values).
    std::string reserved_subjects;
    std::shared_ptr<const Clock> clock;
  };

  Registry(Options options, Bindings& bindings, Log log);

  [[nodiscard]] const TablesSnapshot& tables() const noexcept { return tables_; }

  /// Holds the place of an actor or provider that is being started, so that of two concurrent
  /// starts one fails at once. False when it runs or is being started.
  [[nodiscard]] bool reserve(const std::string& slot);
  void release(const std::string& slot);

  void add_actor(std::shared_ptr<actor::Actor> actor);
  /// The actor that was replaced; null when none ran.
  std::shared_ptr<actor::Actor> replace_actor(std::shared_ptr<actor::Actor> actor);
  /// Null when it does not run. Links, claims and alias stay (host.md 7.3).
  std::shared_ptr<actor::Actor> remove_actor(std::string_view key);

  void add_provider(std::shared_ptr<const ProviderEntry> provider);
  std::shared_ptr<const ProviderEntry> remove_provider(std::string_view key,
                                                       std::string_view link_name);

  /// Takes claims that somebody else states. They decide what providers here are told about the
  /// actor and never replace what a module of this host proved. False when nothing changed, or when
  /// too many actors are known.
  bool learn_claims(const identity::ActorClaims& claims);
  /// An alias of an actor elsewhere. Refused (false): names that could be taken for a contract or a
  /// key (D9), and those of an actor that runs here.
  bool learn_alias(const std::string& alias, const std::string& actor);
  void forget_alias(const std::string& alias);

  /// Defines or replaces a link. The caller has validated it. False when it was there already,
  /// exactly so, and when what the lattice wants is refused while a link of the host's own user is
  /// in force. What the user said keeps its origin when the lattice repeats it.
  /// A link of the lattice that the memory budget has no room for is left out, too.
  bool put_link(Link link, LinkOrigin origin);
  /// Takes note that the host's own user once set this link, without setting it.
  void vouch_for(const Link& link);
  /// False when there is none.
  [[nodiscard]] bool remove_link(std::string_view actor, std::string_view contract,
                                 std::string_view link_name, LinkOrigin origin);
  [[nodiscard]] std::size_t link_count() const;
  /// Links from the lattice that were refused for what they name of this machine.
  [[nodiscard]] std::uint64_t refused_links() const noexcept { return refused_links_.load(); }
  /// Links of one actor, or all.
  [[nodiscard]] std::vector<LinkInfo> links(std::string_view actor = {}) const;
  [[nodiscard]] std::optional<LinkInfo> link_info(std::string_view actor, std::string_view contract,
                                                  std::string_view link_name) const;
  [[nodiscard]] std::optional<Link> link(std::string_view actor, std::string_view contract,
                                         std::string_view link_name) const;
  /// Claims of every actor known since the start, those verified here first (grow-only).
  [[nodiscard]] std::vector<std::shared_ptr<const KnownClaims>> known_claims() const;

 private:
  using LinkKey = std::tuple<std::string, std::string, std::string>;  // actor, contract, link name
  struct KnownLink {
    Link link;
    LinkOrigin origin = LinkOrigin::lattice;
    WallTime since;
    std::string told_refusal;  ///< the last one that was told; each is told once
  };
  enum class LogReason { refused_value, refused_actor, count };

  void refresh_actor(Tables& next, const std::string& actor) REQUIRES(mutex_);
  void refresh_link(const LinkKey& key) REQUIRES(mutex_);
  [[nodiscard]] std::shared_ptr<const Route> make_route(const Tables& next, const Link& link) const
      REQUIRES(mutex_);
  void vouch(const LinkKey& key, const Link& link) REQUIRES(mutex_);
  [[nodiscard]] bool is_vouched_for(const LinkKey& key, const Link& link) const REQUIRES(mutex_);
  [[nodiscard]] bool keeps_own_link(const KnownLink& own, const Link& wanted) REQUIRES(mutex_);
  void report(LogReason kind, LinkOrigin origin, const std::string& message);
  void refresh_provider_links(Tables& next, std::string_view key, std::string_view link_name)
      REQUIRES(mutex_);
  void want_binding(const Tables& next, KnownLink& known) REQUIRES(mutex_);
  void refuse(KnownLink& known, const std::shared_ptr<const ProviderEntry>& provider,
              LogReason kind, std::string why) REQUIRES(mutex_);
  void register_alias(Tables& next, const ActorIdentity& identity) REQUIRES(mutex_);
  void tell_of_shared_key(const identity::ActorClaims& here, const identity::ActorClaims& elsewhere)
      REQUIRES(mutex_);
  enum class Links { all, own };
  [[nodiscard]] bool is_contract(std::string_view name, Links of) const REQUIRES(mutex_);
  [[nodiscard]] std::shared_ptr<const ProviderEntry> provider_of(const Tables& tables,
                                                                 const Link& link) const;
  /// Why an actor may not be bound to a provider; nothing when it may.
  [[nodiscard]] std::optional<std::string> refusal(const ActorIdentity& actor,
                                                   const ProviderEntry& provider) const;
  [[nodiscard]] LinkInfo describe(const KnownLink& of) const REQUIRES(mutex_);
  void change(const std::function<void(Tables&)>& edit) REQUIRES(mutex_);

  const Options options_;
  Bindings& bindings_;
  const Log log_;

  mutable Mutex mutex_;
  MemoryCharge claims_charge_ GUARDED_BY(mutex_);  ///< for what the lattice
  MemoryCharge links_charge_;                      // told and is kept here
  MemoryCharge names_charge_;
  std::map<LinkKey, KnownLink> links_ GUARDED_BY(mutex_);
  std::map<LinkKey, Link> vouched_ GUARDED_BY(mutex_);  ///< what the host's own user set
  std::set<std::string> reserved_ GUARDED_BY(mutex_);
  std::set<std::string> shared_keys_ GUARDED_BY(mutex_);  ///< actors here of which that was told
  std::shared_ptr<const Tables> current_ GUARDED_BY(mutex_);  ///< what was published last
  TablesSnapshot tables_;
  std::atomic<std::uint64_t> refused_links_{0};
  RateLimitedLog<LogReason> limited_log_;
};

/// Configuration of a BindActor: `values` of the link and the five hidden ones over them
/// (host.md 8.4).
[[nodiscard]] BindConfig bind_config(BindConfig values, const ActorIdentity& actor);

}  // namespace trellis::host
