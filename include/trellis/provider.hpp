// Capability providers in C++ (C++17 or newer): typed covers over the provider ABI, header-only.
//
//   #include <trellis/provider.hpp>
//   struct Link { std::string greeting; };
//   class Greeter : public trellis::provider::Provider<Link> {
//    public:
//     static constexpr trellis::provider::Description description = {
//         "example:greeting", "Greeter", "me", "1.0.0"};
//     using Provider::Provider;
//     Result<std::shared_ptr<Link>> bind(...) override { ... }
//     Result<Bytes> handle(Link& link, const Call& call) override { ... }
//   };
//   TRELLIS_PROVIDER(Greeter)
//
// The cover keeps one link for each actor, answers BindActor, RemoveActor and HealthRequest as the
// contract asks (contracts.md 2.3, 2.4 and 3.11), refuses calls of actors that are not linked,
// catches every exception, and ends each call exactly once. Messages are those of the actor SDK:
// trellis/guest/message.hpp (encode, decode, field) and the contracts beside it.
//
// What it does not cover (asynchronous completion, asynchronous dispatch, threads of the host) is
// reached through Host::api(); include/trellis/provider.h says how it all works.
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "trellis/guest/health.hpp"
#include "trellis/guest/message.hpp"
#include "trellis/provider.h"

namespace trellis::provider {

using guest::Bytes;
using guest::Error;
using guest::Result;
using guest::StringMap;

/// The configuration of a link as the host sends it (contracts.md 2.4).
struct Configuration {
  std::string module;  ///< public key of the actor
  StringMap values;    ///< of the link, and hidden ones beginning with `__wasmcloud_`

  static constexpr auto fields() {
    return std::make_tuple(guest::field("module", &Configuration::module),
                           guest::field("values", &Configuration::values));
  }
};

/// What a provider says of itself; texts with static lifetime. `flags`: TRELLIS_PROVIDER_ of
/// provider.h. TRELLIS_PROVIDER_REBINDS is always set: `bind` gets the previous link.
/// `local_values`: link values that name files, addresses and the like of the machine, which hosts
/// take from their own user (trellis_local_value):
///     static constexpr trellis_local_value local[] = {{"ROOT", TRELLIS_LOCAL_FILE}};
///     static constexpr Description description = {..., 0, local, std::size(local)};
struct Description {
  const char* contract_id;
  const char* name;
  const char* vendor;
  const char* version;
  std::int32_t revision = 0;
  std::uint32_t flags = 0;
  const trellis_local_value* local_values = nullptr;
  std::size_t local_value_count = 0;
};

/// A call of an actor. The views are valid until `handle` returns.
struct Call {
  trellis_call id;             ///< for Host::dispatch and Host::cancelled
  std::string_view actor;      ///< public key
  std::string_view operation;  ///< "Get"
  std::string_view payload;    ///< MessagePack, for guest::decode
  std::int64_t deadline_ns;    ///< CLOCK_MONOTONIC; after it nobody waits
};

/// The host of one provider instance. A value; any thread, from the constructor of the provider
/// until `stop` has returned.
class Host {
 public:
  Host(const trellis_host_v1* api, trellis_host_ctx* context) : api_(api), context_(context) {}

  /// Writes a line to the host's log.
  void log(trellis_log_level level, std::string_view text) const {
    api_->log(context_, level, view({}), view(text));
  }
  /// Whether nobody waits for the call any more.
  bool cancelled(trellis_call call) const { return api_->cancelled(context_, call) != 0; }
  /// Now, on the clock of the deadlines.
  std::int64_t now_ns() const { return api_->now_ns(context_); }

  /// Calls a linked actor and waits. `parent`: the call on whose behalf this happens, or
  /// TRELLIS_NO_CALL. `timeout_ns` 0: the host's default. The error is the actor's or the host's.
  Result<Bytes> dispatch(trellis_call parent, std::string_view actor, std::string_view operation,
                         std::string_view payload, std::int64_t timeout_ns = 0) const {
    trellis_buffer out{};
    const auto status = api_->dispatch(context_, parent, view(actor), view(operation),
                                       view(payload), timeout_ns, &out);
    Bytes bytes(reinterpret_cast<const char*>(out.data), out.size);
    api_->free_buffer(context_, &out);
    if (status == TRELLIS_OK) return bytes;
    return Error{std::move(bytes)};
  }

  const trellis_host_v1& api() const { return *api_; }
  trellis_host_ctx* context() const { return context_; }

  static trellis_view view(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
  }
  static std::string_view text(trellis_view view) {
    return {reinterpret_cast<const char*>(view.data), view.size};
  }

 private:
  const trellis_host_v1* api_;
  trellis_host_ctx* context_;
};

/// Derive from it, with a `static constexpr Description description` and a constructor from Host
/// (`using Provider::Provider`). `LinkType` is what you keep for one actor.
///
/// Threads: one call at a time unless the description has TRELLIS_PROVIDER_CONCURRENT. With it
/// `handle` runs on several threads; `bind` and `unbind` never run beside each other, but may run
/// beside `handle`.
template <class LinkType>
class Provider {
 public:
  using Link = LinkType;
  // So that classes derived from it need no more names.
  using Bytes = provider::Bytes;
  using Call = provider::Call;
  using Error = provider::Error;
  using Health = guest::health::Response;
  using Host = provider::Host;
  using StringMap = provider::StringMap;
  template <class T>
  using Result = provider::Result<T>;

  explicit Provider(Host host) : host_(host) {}
  virtual ~Provider() = default;
  Provider(const Provider&) = delete;
  Provider& operator=(const Provider&) = delete;

  /// Makes the link of `actor`, or what replaces `previous` when that is not null (which stays in
  /// force when this fails). Not called when the values are the same as before. An error makes the
  /// host try again later and show the link as failed, with the text.
  virtual Result<std::shared_ptr<Link>> bind(std::string_view actor, const StringMap& values,
                                             const std::shared_ptr<Link>& previous) = 0;
  /// The link is gone; calls that began before may still hold it.
  virtual void unbind(std::string_view, Link&) {}
  /// One operation of a linked actor: its answer, or an error whose text the actor sees.
  virtual Result<Bytes> handle(Link& link, const Call& call) = 0;
  /// Asked every 30 seconds; must answer within 200 ms.
  virtual Health health() { return {}; }
  /// Ends all threads and waits before `deadline_ns` (CLOCK_MONOTONIC).
  virtual void stop(std::int64_t) {}

 protected:
  const Host& host() const { return host_; }

 private:
  Host host_;
};

/// The functions behind the table of provider class `P`. Used by TRELLIS_PROVIDER.
template <class P>
class Adapter {
 public:
  static const trellis_provider_table* table() {
    static constexpr Description of = P::description;
    static constexpr trellis_provider_table made = {sizeof(trellis_provider_table),
                                                    TRELLIS_PROVIDER_ABI,
                                                    of.flags | TRELLIS_PROVIDER_REBINDS,
                                                    of.contract_id,
                                                    of.name,
                                                    of.vendor,
                                                    of.version,
                                                    of.revision,
                                                    &create,
                                                    &handle_call,
                                                    &stop,
                                                    &destroy,
                                                    of.local_values,
                                                    of.local_value_count};
    return &made;
  }

 private:
  using Link = typename P::Link;
  struct Bound {
    StringMap values;
    std::shared_ptr<Link> link;
  };

  explicit Adapter(Host host) : host_(host), provider_(host) {}

  static trellis_status create(const trellis_host_v1* api, trellis_host_ctx* context,
                               void** instance) {
    if (api->abi_version != TRELLIS_PROVIDER_ABI || !TRELLIS_HAS(api, now_ns)) return TRELLIS_ERROR;
    const Host host(api, context);
    try {
      *instance = new Adapter(host);
      return TRELLIS_OK;
    } catch (...) {
      host.log(TRELLIS_LOG_ERROR, exception_text());
      return TRELLIS_ERROR;
    }
  }

  static void handle_call(void* instance, trellis_call call, const trellis_call_info* info) {
    auto& self = *static_cast<Adapter*>(instance);
    const auto answer = guarded([&] { return self.answer(call, *info); });
    const std::string& bytes = answer ? *answer : answer.error().text;
    self.host_.api().complete(self.host_.context(), call, answer ? TRELLIS_OK : TRELLIS_ERROR,
                              Host::view(bytes).data, bytes.size());
  }

  static void stop(void* instance, std::int64_t deadline_ns) {
    auto& self = *static_cast<Adapter*>(instance);
    const auto done = guarded([&]() -> Result<Bytes> {
      self.provider_.stop(deadline_ns);
      return Bytes();
    });
    if (!done) self.host_.log(TRELLIS_LOG_ERROR, done.error().text);
  }

  static void destroy(void* instance) { delete static_cast<Adapter*>(instance); }

  /// Of the exception that is being handled.
  static std::string exception_text() {
    try {
      throw;
    } catch (const std::exception& problem) {
      return std::string("internal error: ") + problem.what();
    } catch (...) {
      return "internal error";
    }
  }

  template <class Function>
  static Result<Bytes> guarded(Function function) {
    try {
      return function();
    } catch (...) {
      return Error{exception_text()};
    }
  }

  Result<Bytes> answer(trellis_call id, const trellis_call_info& info) {
    const auto operation = Host::text(info.operation);
    if (operation == "BindActor" || operation == "RemoveActor") return configure(info, operation);
    if (operation == "HealthRequest") return guest::encode(provider_.health());
    const auto actor = Host::text(info.origin);
    const auto link = find(actor);
    if (!link) return Error{"actor " + std::string(actor) + " is not linked to this provider"};
    return provider_.handle(*link,
                            {id, actor, operation, Host::text(info.payload), info.deadline_ns});
  }

  Result<Bytes> configure(const trellis_call_info& info, std::string_view operation) {
    if (Host::text(info.origin) != "system") return Error{"bad dispatch"};
    auto configuration = guest::decode<Configuration>(Host::text(info.payload));
    if (!configuration) return configuration.error();
    const std::lock_guard<std::mutex> lock(binding_);
    return operation == "BindActor" ? bind(*configuration) : remove(configuration->module);
  }

  Result<Bytes> bind(Configuration& wanted) {
    std::shared_ptr<Link> previous;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      const auto found = links_.find(wanted.module);
      if (found != links_.end() && found->second.values == wanted.values) return Bytes();
      if (found != links_.end()) previous = found->second.link;
    }
    auto link = provider_.bind(wanted.module, wanted.values, previous);
    if (!link) return link.error();
    const std::lock_guard<std::mutex> lock(mutex_);
    links_[wanted.module] = {std::move(wanted.values), std::move(*link)};
    return Bytes();
  }

  Result<Bytes> remove(const std::string& actor) {
    std::shared_ptr<Link> link;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      const auto found = links_.find(actor);
      if (found == links_.end()) return Bytes();
      link = std::move(found->second.link);
      links_.erase(found);
    }
    provider_.unbind(actor, *link);
    return Bytes();
  }

  std::shared_ptr<Link> find(std::string_view actor) {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto found = links_.find(actor);
    return found == links_.end() ? nullptr : found->second.link;
  }

  Host host_;
  P provider_;
  std::mutex binding_;  // one bind or unbind at a time; taken before mutex_
  std::mutex mutex_;
  std::map<std::string, Bound, std::less<>> links_;  // under mutex_
};

}  // namespace trellis::provider

/// Makes the class the provider of this library.
#define TRELLIS_PROVIDER(Class)                                                   \
  extern "C" __attribute__((visibility("default"))) const trellis_provider_table* \
  trellis_provider_v1(void);                                                      \
  extern "C" const trellis_provider_table* trellis_provider_v1(void) {            \
    return ::trellis::provider::Adapter<Class>::table();                          \
  }
