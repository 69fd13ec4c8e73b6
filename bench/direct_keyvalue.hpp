// The floor of calls to a provider: its functions called directly.
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

#include "providers/builtin.hpp"
#include "trellis/bytes.hpp"
#include "trellis/provider.h"

namespace trellis::bench {

/// A key-value provider called through its table by the thinnest host there can be.
class DirectKeyValue {
 public:
  DirectKeyValue() : table_(*providers::find_builtin("builtin:keyvalue")) {
    host_.struct_size = sizeof host_;
    host_.abi_version = TRELLIS_PROVIDER_ABI;
    host_.complete = [](trellis_host_ctx* ctx, trellis_call, trellis_status,
                        const std::uint8_t* bytes, std::size_t size) {
      reinterpret_cast<DirectKeyValue*>(ctx)->answer_.assign(bytes, bytes + size);
    };
    host_.log = [](trellis_host_ctx*, trellis_log_level, trellis_view, trellis_view) {};
    host_.cancelled = [](trellis_host_ctx*, trellis_call) { return 0; };
    host_.now_ns = [](trellis_host_ctx*) {
      return std::int64_t{std::chrono::steady_clock::now().time_since_epoch().count()};
    };
    table_.create(&host_, reinterpret_cast<trellis_host_ctx*>(this), &instance_);
  }
  ~DirectKeyValue() {
    table_.stop(instance_, 0);
    table_.destroy(instance_);
  }
  DirectKeyValue(const DirectKeyValue&) = delete;
  DirectKeyValue& operator=(const DirectKeyValue&) = delete;

  Bytes call(std::string_view origin, std::string_view operation, ByteView payload) {
    const auto view = [](ByteView bytes) { return trellis_view{bytes.data(), bytes.size()}; };
    trellis_call_info info{};
    info.struct_size = sizeof info;
    info.origin = view(as_bytes(origin));
    info.operation = view(as_bytes(operation));
    info.payload = view(payload);
    info.deadline_ns =
        (std::chrono::steady_clock::now() + std::chrono::seconds(10)).time_since_epoch().count();
    answer_.clear();
    table_.handle_call(instance_, 1, &info);
    return answer_;
  }

 private:
  const trellis_provider_table& table_;
  trellis_host_v1 host_{};
  void* instance_ = nullptr;
  Bytes answer_;
};

}  // namespace trellis::bench
