// Capability providers in C++ (C++17 or newer): typed covers over the provider ABI, header-only.
// Built-in providers and those of others are written with it.
//
//   #include <trellis/provider.hpp>
//   struct Link { std::string greeting; };
//   class Greeter : public trellis::sdk::Provider<Link> {
//    public:
//     static constexpr Description description = {"example:greeting", "Greeter", "me", "1.0.0"};
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
//   provider/adapter.hpp     Provider, Call, Description, Health: what you write
//   provider/host.hpp        Host: log, dispatch, memory, time
//   provider/thread.hpp      HostThread: threads on which actors run without a hand-over
//   provider/cpp17.hpp       Result, Error and Bytes of C++17
//   provider/cpp23.hpp       the same classes over the types of the host's own API, in
//                            trellis::sdk23; there where the compiler has std::expected
//   provider/link_table.hpp  LinkTable, what the adapter keeps
//
// What it does not cover (ending a call after `handle` has returned) is reached through
// Host::api(); include/trellis/provider.h says how it all works.
#pragma once

#include "trellis/guest/health.hpp"
#include "trellis/guest/message.hpp"
#include "trellis/provider.h"
#include "trellis/provider/adapter.hpp"
#include "trellis/provider/cpp17.hpp"
#include "trellis/provider/host.hpp"
#include "trellis/provider/link_table.hpp"
#include "trellis/provider/thread.hpp"

#if __has_include(<version>)
#include <version>
#endif
#if defined(__cpp_lib_expected) && defined(__cpp_lib_span)
#include "trellis/provider/cpp23.hpp"
#endif

/// Makes the class the provider of this library.
#define TRELLIS_PROVIDER(Class)                                                   \
  extern "C" __attribute__((visibility("default"))) const trellis_provider_table* \
  trellis_provider_v1(void);                                                      \
  extern "C" const trellis_provider_table* trellis_provider_v1(void) {            \
    return ::trellis::sdk::provider_table<Class>();                               \
  }
