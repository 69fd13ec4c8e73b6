// What the registry says about links to whoever tells providers of them, which is the binder
// (host/lifecycle/binder.hpp): a change of the state and word of it have one order.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "codec/fields.hpp"
#include "host/call/bind_latch.hpp"
#include "host/call/entities.hpp"
#include "trellis/host_types.hpp"

namespace trellis::host {

/// Configuration that a provider is told for one actor: the link's values with the five hidden
/// entries.
using BindConfig = codec::StringMap;

struct BindingView {
  LinkState state = LinkState::binding;
  std::string problem;
  std::uint32_t attempts = 0;
  WallTime since;
};

/// Outcome of a link: made, ended, or not made.
struct LinkOutcome {
  Link link;  ///< without values
  bool bound = false;
  std::optional<std::string> failure;  ///< of BindActor or RemoveActor, or why neither was sent
};

/// Any thread, under the registry's lock: none of it waits, or calls the registry back.
class Bindings {
 public:
  virtual ~Bindings() = default;

  /// States what `provider` shall know about `actor`; nothing = unbound. Returns at once. Nothing
  /// happens when that is what it was told last.
  virtual void want(const std::shared_ptr<const ProviderEntry>& provider, const std::string& actor,
                    std::optional<BindConfig> config) = 0;
  /// Forgets a provider that stops; nothing is sent any more, waits on its gates end.
  virtual void forget(const ProviderEntry& provider) = 0;
  /// Closed until the provider knows the actor.
  [[nodiscard]] virtual std::shared_ptr<const BindLatch> gate(const ProviderEntry& provider,
                                                              const std::string& actor) const = 0;
  /// Nothing when the provider was never told about the actor.
  [[nodiscard]] virtual std::optional<BindingView> view(const ProviderEntry& provider,
                                                        const std::string& actor) const = 0;
  /// An outcome that needs no call to the provider.
  virtual void report(LinkOutcome outcome) = 0;

 protected:
  Bindings() = default;
  Bindings(const Bindings&) = default;
  Bindings& operator=(const Bindings&) = default;
};

}  // namespace trellis::host
