// A key-value provider over a server of its own, for the conformance tests.
#pragma once

#include "providers/keyvalue/keyvalue_fixture.hpp"
#include "support/redis_server.hpp"

namespace trellis::providers {

class RedisBackend final : public KeyValueBackend {
 public:
  explicit RedisBackend(bool library) : library_(library) {}

  [[nodiscard]] const trellis_provider_table& table() const override {
    return library_ ? test::open_module(TRELLIS_LIBRARIES "/trellis-keyvalue_redis.so")
                    : *find_builtin("builtin:keyvalue-redis");
  }
  [[nodiscard]] codec::StringMap link_values() const override { return {{"URL", server_.url()}}; }
  void advance(test::FakeHost&, std::chrono::seconds time) override { server_.advance(time); }

  [[nodiscard]] test::RedisServer& server() noexcept { return server_; }

 private:
  bool library_;
  test::RedisServer server_;
};

}  // namespace trellis::providers
