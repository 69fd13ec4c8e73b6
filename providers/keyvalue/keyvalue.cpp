#include "providers/keyvalue/keyvalue.hpp"

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "codec/messages/keyvalue.hpp"
#include "providers/common/adapter.hpp"
#include "providers/common/key_space.hpp"
#include "providers/common/link_values.hpp"
#include "providers/keyvalue/memory_space.hpp"
#include "providers/keyvalue/store.hpp"

namespace trellis::providers::keyvalue {

namespace {

/// Where one actor's operations go.
struct Link {
  std::shared_ptr<Store> store;
  Limits bounds;
};

[[nodiscard]] Result<Limits> read_limits(const codec::StringMap& values) {
  const Limits otherwise;
  constexpr std::uint64_t most = std::uint64_t{1} << 40;
  const auto keys = number_value(values, "MAX_KEYS", otherwise.keys, 1, most);
  if (!keys) return std::unexpected<Error>(keys.error());
  // Larger values could not be sent or answered anyway.
  const auto value =
      number_value(values, "MAX_VALUE_BYTES", otherwise.value_bytes, 1, limits::payload_bytes);
  if (!value) return std::unexpected<Error>(value.error());
  const auto total = number_value(values, "MAX_TOTAL_BYTES", otherwise.total_bytes, 1, most);
  if (!total) return std::unexpected<Error>(total.error());
  return Limits{*keys, *value, *total};
}

class KeyValueProvider final : public Provider<Link> {
 public:
  static constexpr Description description = {
      codec::keyvalue::contract_id.data(),
      "Trellis Key-Value (memory)",
      "Trellis",
      "0.1.0",
      1,
      TRELLIS_PROVIDER_CONCURRENT | TRELLIS_PROVIDER_NONBLOCKING | TRELLIS_PROVIDER_REBINDS};
  using Provider::Provider;

  Result<std::shared_ptr<Link>> bind(std::string_view actor, const codec::StringMap& values,
                                     const std::shared_ptr<Link>&) override {
    auto bounds = read_limits(values);
    if (!bounds) return pass(bounds);
    auto key_space = read_key_space(actor, values);
    if (!key_space) return pass(key_space);
    auto store = space(key_space->id());
    if (!store) return pass(store);
    return std::make_shared<Link>(std::move(*store), *bounds);
  }

  Result<Bytes> handle(Link& link, const Call& call) override {
    MemorySpace space(*link.store, link.bounds, host().now());
    return run(space, call.operation, call.payload);
  }

 private:
  [[nodiscard]] Result<std::shared_ptr<Store>> space(const std::string& name) {
    if (const auto found = spaces_.find(name); found != spaces_.end()) return found->second;
    if (spaces_.size() >= limits::actors) {
      return fail(ErrorCode::limit, "the key-value provider has too many key spaces",
                  "use fewer NAMESPACE values, or start the provider anew");
    }
    return spaces_.emplace(name, std::make_shared<Store>()).first->second;
  }

  std::map<std::string, std::shared_ptr<Store>> spaces_;  // touched by bind only: one at a time
};

}  // namespace

const trellis_provider_table* table() noexcept {
  return provider_table<KeyValueProvider>();
}

}  // namespace trellis::providers::keyvalue
