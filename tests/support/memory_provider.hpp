// A provider for tests of the host: remembers what it was told and answers as the test wants.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "codec/message.hpp"
#include "codec/messages/core.hpp"
#include "trellis/bytes.hpp"
#include "trellis/provider.h"

namespace trellis::test {

/// What all instances of the test provider have been asked, and how they answer. One per test
/// program run at a time: tests of this kind reset it first.
struct ProviderBook {
  std::mutex mutex;
  std::vector<std::string> log;      // "BindActor M… PORT=1", "Get", …
  std::atomic<int> refuse_binds{0};  // that many BindActor calls are refused
  std::atomic<int> slow_ms{0};       // each call takes so long
  std::atomic<bool> bound{false};    // a BindActor has succeeded
  std::atomic<int> early{0};         // Gets that came before that

  void reset() {
    const std::scoped_lock lock(mutex);
    log.clear();
    refuse_binds = 0;
    slow_ms = 0;
    bound = false;
    early = 0;
  }
  std::vector<std::string> entries(std::string_view prefix) {
    const std::scoped_lock lock(mutex);
    std::vector<std::string> found;
    std::copy_if(log.begin(), log.end(), std::back_inserter(found),
                 [&](const auto& line) { return line.starts_with(prefix); });
    return found;
  }
};

inline ProviderBook& book() {
  static ProviderBook the_book;
  return the_book;
}

namespace detail {

inline std::string text(trellis_view view) {
  return std::string(reinterpret_cast<const char*>(view.data), view.size);
}

struct Instance {
  const trellis_host_v1* host;
  trellis_host_ctx* ctx;
};

inline trellis_status create(const trellis_host_v1* host, trellis_host_ctx* ctx, void** instance) {
  *instance = new Instance{host, ctx};
  return TRELLIS_OK;
}

inline void complete(void* instance, trellis_call call, trellis_status status, ByteView bytes) {
  const auto& self = *static_cast<Instance*>(instance);
  self.host->complete(self.ctx, call, status, bytes.data(), bytes.size());
}

inline void handle(void* instance, trellis_call call, const trellis_call_info* info) {
  const auto operation = text(info->operation);
  const ByteView payload(info->payload.data, info->payload.size);
  auto line = operation;
  if (operation == "BindActor" || operation == "RemoveActor") {
    const auto config = codec::decode<codec::core::CapabilityConfiguration>(payload);
    line += " " + (config ? config->module : std::string("?"));
    for (const auto& [key, value] : config->values) {
      if (!key.starts_with("__")) line += " " + key + "=" + value;
    }
  }
  {
    const std::scoped_lock lock(book().mutex);
    book().log.push_back(line);
  }
  if (operation == "Get" && !book().bound) ++book().early;
  if (const int ms = book().slow_ms; ms > 0) {
    std::this_thread::sleep_for(std::chrono::milliseconds(ms));
  }
  if (operation == "BindActor" && book().refuse_binds.fetch_sub(1) > 0) {
    return complete(instance, call, TRELLIS_ERROR, as_bytes("port taken"));
  }
  if (operation == "BindActor") book().bound = true;
  if (operation == "HealthRequest") {
    return complete(instance, call, TRELLIS_OK,
                    codec::encode(codec::core::HealthResponse{true, "fine"}));
  }
  if (operation == "Boom") return complete(instance, call, TRELLIS_ERROR, as_bytes("boom"));
  if (operation == "CallBack") {  // the payload names an actor; its Echo answer comes back
    trellis_buffer out{};
    const trellis_view echo{as_bytes("Echo").data(), 4};
    const auto& self = *static_cast<Instance*>(instance);
    const auto status = self.host->dispatch(self.ctx, call, info->payload, echo, echo, 0, &out);
    complete(instance, call, status == TRELLIS_OK ? TRELLIS_OK : TRELLIS_ERROR,
             ByteView(out.data, out.size));
    self.host->free_buffer(self.ctx, &out);
    return;
  }
  complete(instance, call, TRELLIS_OK, payload);
}

inline void stop(void*, std::int64_t) {}
inline void destroy(void* instance) {
  delete static_cast<Instance*>(instance);
}

}  // namespace detail

/// Serves `wasmcloud:keyvalue`; every operation but a few answers its own payload.
inline const trellis_provider_table& memory_provider() {
  static constexpr std::array local = {trellis_local_value{"ROOT", TRELLIS_LOCAL_FILE},
                                       trellis_local_value{"BIND", TRELLIS_LOCAL_LISTEN},
                                       trellis_local_value{"LISTEN_PORT", TRELLIS_LOCAL_PORT},
                                       trellis_local_value{"PROXY", TRELLIS_LOCAL_ONLY}};
  static const trellis_provider_table table{sizeof(trellis_provider_table),
                                            TRELLIS_PROVIDER_ABI,
                                            TRELLIS_PROVIDER_CONCURRENT,
                                            "wasmcloud:keyvalue",
                                            "Test Provider",
                                            "tests",
                                            "1.0",
                                            3,
                                            detail::create,
                                            detail::handle,
                                            detail::stop,
                                            detail::destroy,
                                            local.data(),
                                            local.size()};
  return table;
}

}  // namespace trellis::test
