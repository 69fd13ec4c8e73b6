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
#include "providers/telnet/telnet.hpp"

namespace trellis::providers {

std::span<const Builtin> builtins() noexcept {
  static const std::array all = {
      Builtin{"builtin:blobstore-fs", blobstore_fs::table(), {}},
      Builtin{"builtin:blobstore-s3", blobstore_s3::table(), {}},
      Builtin{"builtin:eventstreams-redis", eventstreams_redis::table(), {}},
      Builtin{"builtin:extras", extras::table(), extras::fixed_key, true},
      Builtin{"builtin:httpclient", httpclient::table(), {}},
      Builtin{"builtin:httpserver", httpserver::table(), {}},
      Builtin{"builtin:keyvalue", keyvalue::table(), {}, true},
      Builtin{"builtin:keyvalue-file", keyvalue_file::table(), {}},
      Builtin{"builtin:keyvalue-redis", keyvalue_redis::table(), {}},
      Builtin{"builtin:logging", logging::table(), {}, true},
      Builtin{"builtin:messaging-nats", messaging_nats::table(), {}},
      Builtin{"builtin:telnet", telnet::table(), {}},
  };
  return all;
}

const Builtin* builtin_of(std::string_view name) noexcept {
  for (const Builtin& builtin : builtins()) {
    if (builtin.name == name) return &builtin;
  }
  return nullptr;
}

const trellis_provider_table* find_builtin(std::string_view name) noexcept {
  const auto* builtin = builtin_of(name);
  return builtin == nullptr ? nullptr : builtin->table;
}

}  // namespace trellis::providers
