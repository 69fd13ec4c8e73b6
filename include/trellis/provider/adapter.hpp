// A C++ class as a provider table (provider.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "trellis/guest/health.hpp"
#include "trellis/guest/message.hpp"
#include "trellis/provider/host.hpp"
#include "trellis/provider/link_table.hpp"

namespace trellis::sdk {

/// What a provider says of itself: texts and tables with static lifetime.
///
///     static constexpr trellis_local_value local[] = {{"ROOT", TRELLIS_LOCAL_FILE}};
///     static constexpr Description description = {"example:files", "Files", "me", "1.0.0", 1,
///                                                 TRELLIS_PROVIDER_CONCURRENT, local};
struct Description {
  const char* contract_id;  ///< "example:greeting"
  const char* name;
  const char* vendor;
  const char* version;
  std::int32_t revision = 0;
  /// TRELLIS_PROVIDER_ of provider.h. TRELLIS_PROVIDER_REBINDS is always set: `bind` is told the
  /// previous link.
  std::uint32_t flags = 0;
  /// Link values that name files, addresses and the like of the machine, which hosts take from
  /// their own user (trellis_local_value).
  const trellis_local_value* local_values = nullptr;
  std::size_t local_value_count = 0;

  constexpr Description(const char* contract, const char* called, const char* from,
                        const char* numbered, std::int32_t revised = 0, std::uint32_t how = 0)
      : contract_id(contract),
        name(called),
        vendor(from),
        version(numbered),
        revision(revised),
        flags(how) {}
  /// `local`: an array, a std::array or the like, with static lifetime.
  template <class Values>
  constexpr Description(const char* contract, const char* called, const char* from,
                        const char* numbered, std::int32_t revised, std::uint32_t how,
                        const Values& local)
      : Description(contract, called, from, numbered, revised, how) {
    local_values = std::data(local);
    local_value_count = std::size(local);
  }
};

/// What a provider says when it is asked how it is.
struct Health {
  bool healthy = true;
  std::string message;
};

/// A call of an actor. The views are valid until `handle` returns.
template <class Types>
struct BasicCall {
  trellis_call id = TRELLIS_NO_CALL;  ///< for Host::dispatch and Host::cancelled
  std::string_view actor;             ///< public key
  std::string_view operation;         ///< "Get"
  typename Types::View payload;       ///< MessagePack
  SteadyTime deadline;                ///< after it nobody waits
  std::uint32_t chain_depth = 0;      ///< entities on the call's chain before this provider
};
using Call = BasicCall<Cpp17>;

/// Base of a provider class, which has a `static constexpr Description description` and a
/// constructor from Host (`using Provider::Provider`). `LinkType` is what you keep for one actor.
///
/// Threads: one call at a time, unless the description has TRELLIS_PROVIDER_CONCURRENT. With it
/// `handle` runs on several threads; `bind` and `unbind` never run beside each other, but may run
/// beside `handle`. What any of them throws becomes an error.
template <class LinkType, class TypeSet = Cpp17>
class Provider {
 public:
  using Types = TypeSet;
  using Link = LinkType;
  // So that classes derived from it need no more names.
  using Bytes = typename Types::Bytes;
  using Call = BasicCall<Types>;
  using Description = sdk::Description;
  using Error = typename Types::Error;
  using Health = sdk::Health;
  using Host = BasicHost<Types>;
  using StringMap = sdk::StringMap;
  using View = typename Types::View;
  template <class T = void>
  using Result = typename Types::template Result<T>;

  explicit Provider(Host host) noexcept : host_(host) {}
  virtual ~Provider() = default;
  Provider(const Provider&) = delete;
  Provider& operator=(const Provider&) = delete;

  /// Makes the link of `actor`, or what replaces `previous` when that is not null (which stays in
  /// force when this fails). `values` are those of the link, and hidden ones that begin with `__`.
  /// Not called when they are the same as before. An error makes the host try again later and show
  /// the link as failed, with the text.
  [[nodiscard]] virtual Result<std::shared_ptr<Link>> bind(
      std::string_view actor, const StringMap& values, const std::shared_ptr<Link>& previous) = 0;
  /// The link is gone; calls that began before may still hold it.
  virtual void unbind([[maybe_unused]] std::string_view actor, [[maybe_unused]] Link& link) {}
  /// One operation of a linked actor: its answer, or an error whose text the actor sees.
  [[nodiscard]] virtual Result<Bytes> handle(Link& link, const Call& call) = 0;
  /// Asked every 30 seconds; must answer within 200 ms.
  [[nodiscard]] virtual Health health() { return {}; }
  /// Ends all threads and waits before `deadline`.
  virtual void stop([[maybe_unused]] SteadyTime deadline) {}

  [[nodiscard]] const Host& host() const noexcept { return host_; }

 private:
  Host host_;
};

namespace detail {

/// Payload of BindActor and RemoveActor (contracts.md 2.4).
struct Configuration {
  std::string module;       // public key of the actor
  guest::StringMap values;  // of the link; empty for RemoveActor

  static constexpr auto fields() {
    return std::make_tuple(guest::field("module", &Configuration::module),
                           guest::field("values", &Configuration::values));
  }
};

/// Bound of names in the host, in bytes.
constexpr std::size_t max_name_bytes = 256;

inline std::string not_linked(std::string_view actor) {
  return "actor " + std::string(actor.substr(0, max_name_bytes)) +
         " is not linked to this provider";
}

/// The actor named by a BindActor or RemoveActor, with its values. Refuses other origins.
inline Result<Configuration> read_configuration(const trellis_call_info& info) {
  if (to_text(info.origin) != "system") return Error{"bad dispatch"};
  auto configuration = guest::decode<Configuration>(to_text(info.payload));
  if (!configuration) return configuration.error();
  const auto size = configuration->module.size();
  if (size == 0 || size > max_name_bytes) {
    return Error{"the actor key of a link has " + std::to_string(size) + " characters"};
  }
  return std::move(*configuration);
}

}  // namespace detail

/// The functions behind the table of provider class `P`. It decodes the messages of the host, keeps
/// the links, checks origins, catches every exception and ends each call exactly once. Rules of
/// contracts.md 3.11:
///   - bind again with the same values: success, nothing happens; with others: the link is
///   replaced;
///   - a bind or removal that does not come from the host is refused (`bad dispatch`);
///   - a call of an actor that is not linked is an error; health is always answered.
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
      log_exception(host);
      return TRELLIS_ERROR;
    }
  }

  static void handle_call(void* instance, trellis_call call,
                          const trellis_call_info* info) noexcept {
    Adapter& self = *static_cast<Adapter*>(instance);
    // Completing throws nothing and comes last, so that no call is ended twice.
    try {
      self.answer(call, *info);
    } catch (...) {
      detail::with_exception_text([&](std::string_view text) { self.host_.refuse(call, text); });
    }
  }

  static void stop(void* instance, std::int64_t deadline_ns) noexcept {
    Adapter& self = *static_cast<Adapter*>(instance);
    try {
      self.provider_.stop(to_time(deadline_ns));
    } catch (...) {
      log_exception(self.host_);
    }
  }

  static void destroy(void* instance) noexcept { delete static_cast<Adapter*>(instance); }

 private:
  using Types = typename P::Types;
  using Link = typename P::Link;
  using Host = BasicHost<Types>;

  explicit Adapter(Host host) : host_(host), provider_(host) {}

  static void log_exception(const Host& host) noexcept {
    detail::with_exception_text([&](std::string_view text) {
      host.api().log(host.context(), TRELLIS_LOG_ERROR, to_view(P::description.name),
                     to_view(text));
    });
  }

  void answer(trellis_call id, const trellis_call_info& info) {
    const std::string_view name = to_text(info.operation);
    if (name == "BindActor") return bind(id, info);
    if (name == "RemoveActor") return remove(id, info);
    if (name == "HealthRequest") return health(id);
    const std::string_view actor = to_text(info.origin);
    auto link = links_.find(actor);
    if (!link) return host_.refuse(id, detail::not_linked(actor));
    const auto answer =
        provider_.handle(*link, {id, actor, name, Types::view(info.payload.data, info.payload.size),
                                 to_time(info.deadline_ns), info.chain_depth});
    link.reset();
    host_.complete(id, answer);
  }

  void succeed(trellis_call id, std::string_view bytes = {}) const noexcept {
    const auto raw = to_view(bytes);
    host_.api().complete(host_.context(), id, TRELLIS_OK, raw.data, raw.size);
  }

  void bind(trellis_call id, const trellis_call_info& info) {
    auto configuration = detail::read_configuration(info);
    if (!configuration) return host_.refuse(id, configuration.error().text);
    const std::string& actor = configuration->module;
    StringMap values;
    values.merge(configuration->values);
    const std::lock_guard<std::mutex> lock(binding_);
    if (links_.has(actor, values)) return succeed(id);
    auto link = provider_.bind(actor, values, links_.find(actor));
    if (!link) return host_.refuse(id, Types::text(link.error()));
    links_.put(actor, {std::move(values), std::move(*link)});
    succeed(id);
  }

  void remove(trellis_call id, const trellis_call_info& info) {
    const auto configuration = detail::read_configuration(info);
    if (!configuration) return host_.refuse(id, configuration.error().text);
    const std::lock_guard<std::mutex> lock(binding_);
    if (const auto link = links_.remove(configuration->module)) {
      provider_.unbind(configuration->module, *link);
    }
    succeed(id);
  }

  void health(trellis_call id) {
    const Health state = provider_.health();
    succeed(id, guest::encode(guest::health::Response{state.healthy, state.message}));
  }

  Host host_;
  P provider_;
  std::mutex binding_;  // held while a link is made, replaced or removed; before that of links_
  LinkTable<Link> links_;
};

/// The table of provider class `P`, constant and with static lifetime: for HostOptions::builtins,
/// Host::start_provider, and the entry of a library (TRELLIS_PROVIDER). Any thread.
template <class P>
[[nodiscard]] const trellis_provider_table* provider_table() noexcept {
  static constexpr Description of = P::description;
  static constexpr trellis_provider_table table = {sizeof(trellis_provider_table),
                                                   TRELLIS_PROVIDER_ABI,
                                                   of.flags | TRELLIS_PROVIDER_REBINDS,
                                                   of.contract_id,
                                                   of.name,
                                                   of.vendor,
                                                   of.version,
                                                   of.revision,
                                                   &Adapter<P>::create,
                                                   &Adapter<P>::handle_call,
                                                   &Adapter<P>::stop,
                                                   &Adapter<P>::destroy,
                                                   of.local_values,
                                                   of.local_value_count};
  return &table;
}

}  // namespace trellis::sdk
