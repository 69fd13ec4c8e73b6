#include "providers/keyvalue/space.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/call_limits.hpp"
#include "base/text.hpp"
#include "codec/messages/keyvalue.hpp"

namespace trellis::providers::keyvalue {

namespace {

using namespace codec::keyvalue;  // the messages; this file is about nothing else

/// An answer without error, or the error of what should have made it.
template <class T, class Wrap>
[[nodiscard]] Result<Bytes> answer(Result<T> result, Wrap wrap) {
  if (!result) return pass(result);
  return codec::encode(wrap(std::move(*result)));
}

// Counts of the contract are i32. No list in memory comes near, and Redis refuses in to_count().
constexpr auto count_of = [](auto count) { return static_cast<std::int32_t>(count); };
constexpr auto as_members = [](std::vector<std::string> values) {
  return SetQueryResponse{std::move(values)};
};

// Del and Clear are one operation to Redis (contracts.md 3.3), and both answer the key.
[[nodiscard]] Result<Bytes> removed(Result<void> result, const std::string& key) {
  if (!result) return pass(result);
  return codec::encode(DelResponse{key});
}

// One overload for each operation.

[[nodiscard]] Result<Bytes> run(Space& space, const GetArgs& args) {
  return answer(space.get(args.key), [](std::optional<std::string> value) {
    const bool exists = value.has_value();
    return GetResponse{std::move(value).value_or(""), exists};
  });
}

[[nodiscard]] Result<Bytes> run(Space& space, const AddArgs& args) {
  return answer(space.add(args.key, args.value),
                [](std::int32_t value) { return AddResponse{value}; });
}

[[nodiscard]] Result<Bytes> run(Space& space, const SetArgs& args) {
  auto done = space.set(args.key, args.value, args.expires);
  if (!done) return pass(done);
  return codec::encode(SetResponse{args.value});
}

[[nodiscard]] Result<Bytes> run(Space& space, const DelArgs& args) {
  return removed(space.remove(args.key), args.key);
}

[[nodiscard]] Result<Bytes> run(Space& space, const ClearArgs& args) {
  return removed(space.remove(args.key), args.key);
}

[[nodiscard]] Result<Bytes> run(Space& space, const RangeArgs& args) {
  return answer(space.range(args.key, args.start, args.stop), [](std::vector<std::string> values) {
    return ListRangeResponse{std::move(values)};
  });
}

[[nodiscard]] Result<Bytes> run(Space& space, const PushArgs& args) {
  return answer(space.push(args.key, args.value),
                [](std::size_t length) { return ListResponse{count_of(length)}; });
}

[[nodiscard]] Result<Bytes> run(Space& space, const ListItemDeleteArgs& args) {
  return answer(space.remove_item(args.key, args.value),
                [](std::size_t removed) { return ListResponse{count_of(removed)}; });
}

[[nodiscard]] Result<Bytes> run(Space& space, const SetAddArgs& args) {
  return answer(space.set_add(args.key, args.value),
                [](bool added) { return SetOperationResponse{count_of(added)}; });
}

[[nodiscard]] Result<Bytes> run(Space& space, const SetRemoveArgs& args) {
  return answer(space.set_remove(args.key, args.value),
                [](bool removed) { return SetOperationResponse{count_of(removed)}; });
}

[[nodiscard]] Result<Bytes> run(Space& space, const SetUnionArgs& args) {
  return answer(space.set_union(args.keys), as_members);
}

[[nodiscard]] Result<Bytes> run(Space& space, const SetIntersectionArgs& args) {
  return answer(space.set_intersection(args.keys), as_members);
}

[[nodiscard]] Result<Bytes> run(Space& space, const SetQueryArgs& args) {
  return answer(space.members(args.key), as_members);
}

// KeyExists answers a GetResponse without the value, as the contract has it.
[[nodiscard]] Result<Bytes> run(Space& space, const KeyExistsArgs& args) {
  return answer(space.exists(args.key), [](bool exists) { return GetResponse{"", exists}; });
}

template <class Args>
[[nodiscard]] Result<Bytes> decode_and_run(Space& space, ByteView payload) {
  auto args = codec::decode<Args>(payload);
  if (!args) return pass(args);
  return run(space, *args);
}

struct Operation {
  std::string_view name;
  Result<Bytes> (*run)(Space&, ByteView);
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

}  // namespace

Result<Bytes> run(Space& space, std::string_view operation, ByteView payload) {
  const auto found = std::ranges::find(operations, operation, &Operation::name);
  if (found == operations.end()) {
    return fail(ErrorCode::unsupported, "bad dispatch", "wasmcloud:keyvalue has no such operation");
  }
  auto bytes = found->run(space, payload);
  // Size is looked at last, on what is really sent: Space bounds its answers by an estimate.
  if (bytes && bytes->size() > limits::payload_bytes) return answer_too_large();
  return bytes;
}

std::unexpected<Error> wrong_type(std::string_view key, std::string_view held,
                                  std::string_view needed) {
  return fail(ErrorCode::invalid_argument,
              fmt::format("key '{}' holds {}, not {}", excerpt(key), held, needed),
              "use another key, or delete this one first");
}

Result<void> check_sizes(std::string_view key, std::string_view value, std::uint64_t most) {
  const std::size_t larger = std::max(key.size(), value.size());
  if (larger <= most) return {};
  return fail(ErrorCode::limit, fmt::format("a key or value of {} bytes exceeds {}", larger, most),
              "store less under one key, or raise MAX_VALUE_BYTES of the link");
}

std::unexpected<Error> exceeds_32_bits(std::string_view old, std::int32_t value,
                                       std::string_view key) {
  return fail(ErrorCode::invalid_argument,
              fmt::format("{} plus {} of key '{}' exceeds 32 bits", old, value, excerpt(key)),
              "the contract's counters are 32 bits; use more keys");
}

std::unexpected<Error> answer_too_large() {
  return fail(ErrorCode::limit, fmt::format("the answer exceeds {} bytes", limits::payload_bytes),
              "ask for a part, or keep less under one key");
}

}  // namespace trellis::providers::keyvalue
