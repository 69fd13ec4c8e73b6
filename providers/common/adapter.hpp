// Turns a C++ class into a provider table (include/trellis/provider.h).
//
// The class derives from Provider<Link>, has a constructor from Host and a constant
// `static constexpr Description description`; `provider_table<Class>()` is then the table.
// The adapter decodes the messages of the host, keeps the links, checks origins, catches every
// exception and ends each call exactly once. Rules of contracts.md 3.11:
//   - bind again with the same values: success, nothing happens; with others: the link is replaced;
//   - a bind or removal that does not come from the host is refused (`bad dispatch`);
//   - a call of an actor that is not linked is an error; health is always answered.
#pragma once

#include <exception>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "codec/messages/core.hpp"
#include "providers/common/host.hpp"
#include "providers/common/link_table.hpp"

namespace trellis::providers {

/// Zero-terminated texts with static lifetime, and TRELLIS_PROVIDER_ flags.
struct Description {
  const char* contract_id;
  const char* name;
  const char* vendor;
  const char* version;
  std::int32_t revision = 0;
  std::uint32_t flags = 0;
  std::span<const trellis_local_value> local_values = {};  ///< with static lifetime
};

/// A call of an actor. The views are valid until handle returns.
struct Call {
  trellis_call id = TRELLIS_NO_CALL;  ///< for Host::dispatch and Host::cancelled
  std::string_view actor;
  std::string_view operation;
  ByteView payload;
  SteadyTime deadline;
  std::uint32_t chain_depth = 0;
};

/// `Link` is what the provider keeps for one actor. The flags of the description say on how many
/// threads handle runs; bind and unbind never run at the same time as each other, but may run
/// beside handle. Exceptions become error answers.
template <class LinkType>
class Provider {
 public:
  using Link = LinkType;

  explicit Provider(Host host) noexcept : host_(host) {}
  virtual ~Provider() = default;
  Provider(const Provider&) = delete;
  Provider& operator=(const Provider&) = delete;

  /// Makes the link of `actor`, or its replacement when `previous` is not null. `values` include
  /// the hidden ones (codec/messages/core.hpp). On failure the previous link stays in force.
  [[nodiscard]] virtual Result<std::shared_ptr<Link>> bind(
      std::string_view actor, const codec::StringMap& values,
      const std::shared_ptr<Link>& previous) = 0;
  /// The link was removed. Calls that began before may still hold it.
  virtual void unbind([[maybe_unused]] std::string_view actor, [[maybe_unused]] Link& link) {}
  /// One operation of a linked actor: the response or an error, whose message the actor sees.
  [[nodiscard]] virtual Result<Bytes> handle(Link& link, const Call& call) = 0;
  [[nodiscard]] virtual codec::core::HealthResponse health() { return {true, ""}; }
  /// Ends all threads and releases resources before `deadline`.
  virtual void stop([[maybe_unused]] SteadyTime deadline) {}

  [[nodiscard]] const Host& host() const noexcept { return host_; }

 private:
  Host host_;
};

namespace detail {

/// The actor named by a BindActor or RemoveActor, with its values. Refuses other origins.
[[nodiscard]] Result<codec::core::CapabilityConfiguration> read_configuration(
    const trellis_call_info& info);
[[nodiscard]] std::unexpected<Error> not_linked(std::string_view actor);
/// For provider functions that may throw: the exception as an error, also when memory is out.
[[nodiscard]] Error current_exception_error() noexcept;

}  // namespace detail

/// The functions behind a table. `P` derives from Provider.
template <class P>
class Adapter {
 public:
  static trellis_status create(const trellis_host_v1* api, trellis_host_ctx* context,
                               void** instance) noexcept {
    if (!Host::usable(api)) return TRELLIS_ERROR;
    const Host host(api, context);
    try {
      *instance = new Adapter(host);
      return TRELLIS_OK;
    } catch (...) {
      host.log(LogLevel::error, P::description.name, detail::current_exception_error().message);
      return TRELLIS_ERROR;
    }
  }

  static void handle_call(void* instance, trellis_call call,
                          const trellis_call_info* info) noexcept {
    Adapter& self = *static_cast<Adapter*>(instance);
    self.host_.complete(call, guarded([&] { return self.answer(call, *info); }));
  }

  static void stop(void* instance, std::int64_t deadline_ns) noexcept {
    Adapter& self = *static_cast<Adapter*>(instance);
    try {
      self.provider_.stop(to_time(deadline_ns));
    } catch (...) {
      self.host_.log(LogLevel::error, P::description.name,
                     detail::current_exception_error().message);
    }
  }

  static void destroy(void* instance) noexcept { delete static_cast<Adapter*>(instance); }

 private:
  using Link = typename P::Link;

  explicit Adapter(Host host) : host_(host), provider_(host) {}

  template <class Function>
  [[nodiscard]] static Result<Bytes> guarded(Function function) noexcept {
    try {
      return function();
    } catch (...) {
      return std::unexpected<Error>(detail::current_exception_error());
    }
  }

  [[nodiscard]] Result<Bytes> answer(trellis_call id, const trellis_call_info& info) {
    namespace operation = codec::core::operation;
    const std::string_view name = as_text(from_view(info.operation));
    if (name == operation::bind_actor) return bind(info);
    if (name == operation::remove_actor) return remove(info);
    if (name == operation::health_request) return codec::encode(provider_.health());
    const std::string_view actor = as_text(from_view(info.origin));
    const auto link = links_.find(actor);
    if (!link) return detail::not_linked(actor);
    return provider_.handle(*link, {id, actor, name, from_view(info.payload),
                                    to_time(info.deadline_ns), info.chain_depth});
  }

  [[nodiscard]] Result<Bytes> bind(const trellis_call_info& info) {
    auto configuration = detail::read_configuration(info);
    if (!configuration) return pass(configuration);
    auto& [actor, values] = *configuration;
    const std::lock_guard lock(binding_);
    if (links_.has(actor, values)) return Bytes{};
    auto link = provider_.bind(actor, values, links_.find(actor));
    if (!link) return pass(link);
    links_.put(actor, {std::move(values), std::move(*link)});
    return Bytes{};
  }

  [[nodiscard]] Result<Bytes> remove(const trellis_call_info& info) {
    const auto configuration = detail::read_configuration(info);
    if (!configuration) return std::unexpected<Error>(configuration.error());
    const std::lock_guard lock(binding_);
    if (const auto link = links_.remove(configuration->module)) {
      provider_.unbind(configuration->module, *link);
    }
    return Bytes{};
  }

  Host host_;
  P provider_;
  std::mutex
      binding_;  // held while a link is made, replaced or removed; taken before that of links_
  LinkTable<Link> links_;
};

/// The table of provider class `P`, constant and with static lifetime.
template <class P>
[[nodiscard]] const trellis_provider_table* provider_table() noexcept {
  static constexpr Description of = P::description;
  static constexpr trellis_provider_table table = {sizeof(trellis_provider_table),
                                                   TRELLIS_PROVIDER_ABI,
                                                   of.flags,
                                                   of.contract_id,
                                                   of.name,
                                                   of.vendor,
                                                   of.version,
                                                   of.revision,
                                                   &Adapter<P>::create,
                                                   &Adapter<P>::handle_call,
                                                   &Adapter<P>::stop,
                                                   &Adapter<P>::destroy,
                                                   of.local_values.data(),
                                                   of.local_values.size()};
  return &table;
}

}  // namespace trellis::providers
