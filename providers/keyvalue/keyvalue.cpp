#include "providers/keyvalue/keyvalue.hpp"

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/limits.hpp"
#include "codec/messages/keyvalue.hpp"
#include "providers/common/key_space.hpp"
#include "providers/common/link_values.hpp"
#include "providers/keyvalue/memory_space.hpp"
#include "providers/keyvalue/store.hpp"
#include "trellis/provider.hpp"

namespace trellis::providers::keyvalue {

namespace {

/// Link of one actor: where its operations go.
struct Link {
  std::shared_ptr<Store> store;
  Limits bounds;
};

class KeyValueProvider final : public sdk23::Provider<Link> {
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
    // Bounds are read before a space is made: a refused link leaves nothing behind.
    auto store = space(key_space->id());
    if (!store) return pass(store);
    return std::make_shared<Link>(std::move(*store), *bounds);
  }

  Result<Bytes> handle(Link& link, const Call& call) override {
    // Time is taken once for the call: a key does not expire between two looks of one operation.
    MemorySpace space(*link.store, link.bounds, host().now(), call.deadline);
    return run(space, call.operation, call.payload);
  }

 private:
  [[nodiscard]] Result<std::shared_ptr<Store>> space(const std::string& name) {
    if (const auto found = spaces_.find(name); found != spaces_.end()) return found->second;
    // Bound, because spaces are kept as long as the provider, and a link may name a new one each
    // time it is put.
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
  return sdk23::provider_table<KeyValueProvider>();
}

}  // namespace trellis::providers::keyvalue
