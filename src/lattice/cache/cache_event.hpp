// Messages between caches: changes and replays (lattice.md 8.5 and 8.6).
#pragma once

#include <cstdint>
#include <string>
#include <tuple>
#include <variant>

#include "codec/message.hpp"

namespace trellis::lattice {

/// Index on the wire of each kind of change.
enum class CacheChange : std::size_t {
  atomic_add,
  key_delete,
  scalar_set,
  list_clear,
  list_push,
  list_remove_item,
  set_add,
  set_remove_item
};

/// One change. A value.
struct CacheEvent {
  using Pair = std::tuple<std::string, std::string>;  // key, value
  std::variant<std::tuple<std::string, std::int32_t>, std::string, Pair, std::string, Pair, Pair,
               Pair, Pair>
      value;

  [[nodiscard]] CacheChange change() const noexcept {
    return static_cast<CacheChange>(value.index());
  }
  [[nodiscard]] const std::string& key() const noexcept;
  /// The second half of those that have one, else "".
  [[nodiscard]] const std::string& item() const noexcept;
  /// Estimate of the memory it takes.
  [[nodiscard]] std::size_t bytes() const noexcept { return 96 + key().size() + item().size(); }

  [[nodiscard]] static CacheEvent add(std::string key, std::int32_t by);
  [[nodiscard]] static CacheEvent remove(std::string key);
  [[nodiscard]] static CacheEvent set(std::string key, std::string value);
  [[nodiscard]] static CacheEvent push(std::string key, std::string value);
  [[nodiscard]] static CacheEvent list_remove(std::string key, std::string value);
  [[nodiscard]] static CacheEvent set_add(std::string key, std::string value);
  [[nodiscard]] static CacheEvent set_remove(std::string key, std::string value);

  static constexpr auto describe_variants() {
    return codec::EnumDescription<8>{"CacheEvent",
                                     {"AtomicAdd", "KeyDelete", "ScalarSet", "ListClear",
                                      "ListPush", "ListRemoveItem", "SetAdd", "SetRemoveItem"}};
  }
  friend bool operator==(const CacheEvent&, const CacheEvent&) = default;
};

/// A change with the cache it began at; receivers drop their own.
struct CacheEventMessage {
  std::string origin_id;
  CacheEvent event;

  static constexpr auto describe() {
    return codec::describe_struct("CacheEventWrapper",
                                  codec::field("origin_id", &CacheEventMessage::origin_id),
                                  codec::field("event", &CacheEventMessage::event));
  }
};

struct ReplayRequest {
  std::uint64_t hwm = 0;  ///< how many changes the asking cache has applied

  static constexpr auto describe() {
    return codec::describe_struct("ReplayRequest", codec::field("hwm", &ReplayRequest::hwm));
  }
};

struct ReplayAck {
  std::uint64_t events_to_expect = 0;

  static constexpr auto describe() {
    return codec::describe_struct("ReplayRequestAck",
                                  codec::field("events_to_expect", &ReplayAck::events_to_expect));
  }
};

}  // namespace trellis::lattice
