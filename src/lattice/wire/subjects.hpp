// Every subject of the RPC and control planes (lattice.md 1.2 to 1.5).
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lattice/wire/entity.hpp"
#include "trellis/result.hpp"

namespace trellis::lattice {

/// Made once per host or client from a namespace; immutable once made, any thread.
class Subjects {
 public:
  /// Refuses a namespace that cannot be one token of a subject (1.2).
  [[nodiscard]] static Result<Subjects> make(std::string_view ns);

  [[nodiscard]] const std::string& ns() const noexcept { return ns_; }

  // The RPC plane. The subject of an entity is its queue group too.
  [[nodiscard]] std::string entity(const Entity& entity) const;
  [[nodiscard]] std::string links() const { return rpc_ + "links"; }
  [[nodiscard]] std::string removed_links() const { return rpc_ + "remlinks"; }
  [[nodiscard]] std::string claims() const { return rpc_ + "claims"; }

  // The control plane.
  [[nodiscard]] std::string hosts() const { return control_ + "get.hosts"; }
  [[nodiscard]] std::string inventory(std::string_view host) const;
  [[nodiscard]] std::string link_query() const { return control_ + "get.links"; }
  [[nodiscard]] std::string claims_query() const { return control_ + "get.claims"; }
  [[nodiscard]] std::string actor_auction() const { return control_ + "auction.actor"; }
  [[nodiscard]] std::string provider_auction() const { return control_ + "auction.provider"; }
  /// `verb`: la, sa, lp, sp or upd.
  [[nodiscard]] std::string command(std::string_view host, std::string_view verb) const;
  [[nodiscard]] std::string events() const { return control_ + "events"; }

  // Our own, where no first-party software listens or speaks.
  [[nodiscard]] std::string outcomes() const { return own_ + "outcomes"; }
  [[nodiscard]] std::string own_link_query() const { return own_ + "get.links"; }
  /// `verb`: scale or stop.
  [[nodiscard]] std::string own_command(std::string_view host, std::string_view verb) const;

  /// Makes a configured subject (of the cache) one of the protocol too. Before others see the
  /// object.
  void reserve(std::string subject) { reserved_.push_back(std::move(subject)); }
  /// Whether an answer may go to `reply`: not to the protocol's subjects, nor to reserved ones and
  /// what is below them.
  [[nodiscard]] bool may_answer(std::string_view reply) const noexcept;

 private:
  explicit Subjects(std::string_view ns);

  std::string ns_;
  std::string rpc_;  // with the final full stop, like the others
  std::string control_;
  std::string own_;
  std::vector<std::string> reserved_;
};

/// Whether a subject is `root` itself or below it.
[[nodiscard]] bool is_within(std::string_view subject, std::string_view root) noexcept;

/// Whether a subject belongs to the protocol (lattice.md 1.2 to 1.5 and 8.1, and our own): what is
/// published there may be an order. An answer must never go there, whatever its question asked for.
[[nodiscard]] bool is_protocol_subject(std::string_view subject) noexcept;

/// Whether something published at `root` or below it can match `pattern`, a subject that may have
/// the wildcards `*` and `>`.
[[nodiscard]] bool reaches(std::string_view pattern, std::string_view root) noexcept;

/// Whether a pattern reaches subjects that only the lattice itself may publish to or listen on: the
/// protocol's, those by which a server is commanded (JetStream can be told to publish anywhere),
/// and `reserved` ones. By wildcard also inboxes, where answers to others are.
[[nodiscard]] bool reaches_protocol(std::string_view pattern,
                                    std::span<const std::string> reserved) noexcept;

/// Whether a link name can stand in a subject: visible ASCII without wildcards; full stops may be
/// inside, but not make an empty token.
[[nodiscard]] bool usable_in_subject(std::string_view name) noexcept;

}  // namespace trellis::lattice
