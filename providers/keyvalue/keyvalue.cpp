#include "providers/keyvalue/keyvalue.hpp"

#include <fmt/format.h>

#include <array>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "codec/messages/keyvalue.hpp"
#include "providers/common/adapter.hpp"
#include "providers/common/link_values.hpp"
#include "providers/keyvalue/store.hpp"

namespace trellis::providers::keyvalue {

namespace {

using namespace codec::keyvalue;  // the messages; this file is about nothing else

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

/// The name of the link's key space: its kind in the first letter keeps names and keys apart.
[[nodiscard]] Result<std::string> space_name(std::string_view actor,
                                             const codec::StringMap& values) {
  const auto shared = flag_value(values, "SHARED", true);
  if (!shared) return std::unexpected<Error>(shared.error());
  const std::string_view name = text_value(values, "NAMESPACE");
  if (!*shared && !name.empty()) {
    return fail(ErrorCode::invalid_argument,
                "link values NAMESPACE and SHARED=false exclude each other",
                "remove one of the two");
  }
  if (!*shared) return "a" + std::string(actor);
  return "n" + std::string(name);
}

/// An answer without error, or the error of what should have made it.
template <class T, class Wrap>
[[nodiscard]] Result<Bytes> answer(Result<T> result, Wrap wrap) {
  if (!result) return pass(result);
  return codec::encode(wrap(std::move(*result)));
}

constexpr auto count_of = [](auto count) { return static_cast<std::int32_t>(count); };
constexpr auto as_members = [](std::vector<std::string> values) {
  return SetQueryResponse{std::move(values)};
};

// One overload for each operation: its arguments on a link, now.

[[nodiscard]] Result<Bytes> run(Link& link, const GetArgs& args, SteadyTime now) {
  return answer(link.store->get(args.key, now), [](std::optional<std::string> value) {
    const bool exists = value.has_value();
    return GetResponse{std::move(value).value_or(""), exists};
  });
}

[[nodiscard]] Result<Bytes> run(Link& link, const AddArgs& args, SteadyTime now) {
  return answer(link.store->add(args.key, args.value, link.bounds, now),
                [](std::int32_t value) { return AddResponse{value}; });
}

[[nodiscard]] Result<Bytes> run(Link& link, const SetArgs& args, SteadyTime now) {
  const auto expires = args.expires > 0 ? now + std::chrono::seconds(args.expires) : Store::never;
  auto done = link.store->set(args.key, args.value, expires, link.bounds, now);
  if (!done) return pass(done);
  return codec::encode(SetResponse{args.value});
}

[[nodiscard]] Result<Bytes> run(Link& link, const DelArgs& args, SteadyTime now) {
  link.store->remove(args.key, now);
  return codec::encode(DelResponse{args.key});
}

[[nodiscard]] Result<Bytes> run(Link& link, const ClearArgs& args, SteadyTime now) {
  link.store->remove(args.key, now);
  return codec::encode(DelResponse{args.key});
}

[[nodiscard]] Result<Bytes> run(Link& link, const RangeArgs& args, SteadyTime now) {
  return answer(
      link.store->range(args.key, args.start, args.stop, now),
      [](std::vector<std::string> values) { return ListRangeResponse{std::move(values)}; });
}

[[nodiscard]] Result<Bytes> run(Link& link, const PushArgs& args, SteadyTime now) {
  return answer(link.store->push(args.key, args.value, link.bounds, now),
                [](std::size_t length) { return ListResponse{count_of(length)}; });
}

[[nodiscard]] Result<Bytes> run(Link& link, const ListItemDeleteArgs& args, SteadyTime now) {
  return answer(link.store->remove_item(args.key, args.value, now),
                [](std::size_t removed) { return ListResponse{count_of(removed)}; });
}

[[nodiscard]] Result<Bytes> run(Link& link, const SetAddArgs& args, SteadyTime now) {
  return answer(link.store->set_add(args.key, args.value, link.bounds, now),
                [](bool added) { return SetOperationResponse{count_of(added)}; });
}

[[nodiscard]] Result<Bytes> run(Link& link, const SetRemoveArgs& args, SteadyTime now) {
  return answer(link.store->set_remove(args.key, args.value, now),
                [](bool removed) { return SetOperationResponse{count_of(removed)}; });
}

[[nodiscard]] Result<Bytes> run(Link& link, const SetUnionArgs& args, SteadyTime now) {
  return answer(link.store->set_union(args.keys, now), as_members);
}

[[nodiscard]] Result<Bytes> run(Link& link, const SetIntersectionArgs& args, SteadyTime now) {
  return answer(link.store->set_intersection(args.keys, now), as_members);
}

[[nodiscard]] Result<Bytes> run(Link& link, const SetQueryArgs& args, SteadyTime now) {
  return answer(link.store->members(args.key, now), as_members);
}

[[nodiscard]] Result<Bytes> run(Link& link, const KeyExistsArgs& args, SteadyTime now) {
  return codec::encode(GetResponse{"", link.store->exists(args.key, now)});
}

template <class Args>
[[nodiscard]] Result<Bytes> decode_and_run(Link& link, ByteView payload, SteadyTime now) {
  auto args = codec::decode<Args>(payload);
  if (!args) return pass(args);
  return run(link, *args, now);
}

struct Operation {
  std::string_view name;
  Result<Bytes> (*run)(Link&, ByteView, SteadyTime);
};

constexpr std::array operations = {
    Operation{operation::get, &decode_and_run<GetArgs>},
    Operation{operation::add, &decode_and_run<AddArgs>},
    Operation{operation::set, &decode_and_run<SetArgs>},
    Operation{operation::del, &decode_and_run<DelArgs>},
    Operation{operation::clear, &decode_and_run<ClearArgs>},
    Operation{operation::range, &decode_and_run<RangeArgs>},
    Operation{operation::push, &decode_and_run<PushArgs>},
    Operation{operation::list_item_delete, &decode_and_run<ListItemDeleteArgs>},
    Operation{operation::set_add, &decode_and_run<SetAddArgs>},
    Operation{operation::set_remove, &decode_and_run<SetRemoveArgs>},
    Operation{operation::set_union, &decode_and_run<SetUnionArgs>},
    Operation{operation::set_intersection, &decode_and_run<SetIntersectionArgs>},
    Operation{operation::set_query, &decode_and_run<SetQueryArgs>},
    Operation{operation::key_exists, &decode_and_run<KeyExistsArgs>},
};

class KeyValueProvider final : public Provider<Link> {
 public:
  static constexpr Description description = {
      contract_id.data(),
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
    auto name = space_name(actor, values);
    if (!name) return pass(name);
    auto store = space(*name);
    if (!store) return pass(store);
    return std::make_shared<Link>(std::move(*store), *bounds);
  }

  Result<Bytes> handle(Link& link, const Call& call) override {
    for (const Operation& each : operations) {
      if (each.name == call.operation) return each.run(link, call.payload, host().now());
    }
    return fail(ErrorCode::unsupported, "bad dispatch", "wasmcloud:keyvalue has no such operation");
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
