// The table of built-in providers, the one place that names them all. The list is written out
// instead of filled by registration: no order of static constructors, and the linker cannot drop
// one.
#include "providers/builtin.hpp"

#include <array>

#include "providers/blobstore_fs/blobstore_fs.hpp"
#include "providers/blobstore_s3/blobstore_s3.hpp"
#include "providers/eventstreams_redis/eventstreams_redis.hpp"
#include "providers/extras/extras.hpp"
#include "providers/httpclient/httpclient.hpp"
#include "providers/httpserver/httpserver.hpp"
#include "providers/keyvalue/keyvalue.hpp"
#include "providers/keyvalue_file/keyvalue_file.hpp"
#include "providers/keyvalue_redis/keyvalue_redis.hpp"
#include "providers/logging/logging.hpp"
#include "providers/messaging_nats/messaging_nats.hpp"
#include "providers/redis/cache_store.hpp"
#include "providers/telnet/telnet.hpp"
#include "trellis/builtins.hpp"

namespace trellis::providers {

std::span<const BuiltinProvider> builtins() {
  // Order is by name, as inventories show them. The third member is `confined`: these may be
  // started by a command of the lattice.
  static const std::array all = {
      BuiltinProvider{"builtin:blobstore-fs", blobstore_fs::table()},
      BuiltinProvider{"builtin:blobstore-s3", blobstore_s3::table()},
      BuiltinProvider{"builtin:eventstreams-redis", eventstreams_redis::table()},
      BuiltinProvider{"builtin:extras", extras::table(), true},
      BuiltinProvider{"builtin:httpclient", httpclient::table()},
      BuiltinProvider{"builtin:httpserver", httpserver::table()},
      BuiltinProvider{"builtin:keyvalue", keyvalue::table(), true},
      BuiltinProvider{"builtin:keyvalue-file", keyvalue_file::table()},
      BuiltinProvider{"builtin:keyvalue-redis", keyvalue_redis::table()},
      BuiltinProvider{"builtin:logging", logging::table(), true},
      BuiltinProvider{"builtin:messaging-nats", messaging_nats::table()},
      BuiltinProvider{"builtin:telnet", telnet::table()},
  };
  return all;
}

const BuiltinProvider* builtin_of(std::string_view name) {
  for (const BuiltinProvider& builtin : builtins()) {
    if (builtin.name == name) return &builtin;
  }
  return nullptr;
}

const trellis_provider_table* find_builtin(std::string_view name) {
  const auto* builtin = builtin_of(name);
  return builtin == nullptr ? nullptr : builtin->table;
}

}  // namespace trellis::providers

namespace trellis {

std::vector<BuiltinProvider> builtin_providers() {
  const auto all = providers::builtins();
  return {all.begin(), all.end()};
}

Result<std::unique_ptr<CacheStore>> open_redis_cache(const RedisCacheOptions& options) {
  return providers::redis::make_cache_store(options);
}

}  // namespace trellis
