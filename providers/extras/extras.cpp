#include "providers/extras/extras.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "base/random.hpp"
#include "codec/messages/extras.hpp"
#include "codec/msgpack_reader.hpp"
#include "trellis/provider.hpp"

namespace trellis::providers::extras {

namespace {

namespace messages = codec::extras;
using messages::GeneratorRequest;
using messages::GeneratorResult;

struct Link {
  std::atomic<std::uint64_t> next_in_sequence{0};
};

/// Whether the request is of shape B (contracts.md 3.10): no bytes, or a map that has no `random`.
/// Undecodable ones are A, whose decoder has the error.
[[nodiscard]] bool is_bare(ByteView payload) {
  if (payload.empty()) return true;
  codec::MsgpackReader reader(payload);
  codec::Token head;
  if (!reader.next(head) || head.kind != codec::Token::Kind::map) return false;
  for (std::uint32_t i = 0; i < head.count; ++i) {
    codec::Token key;
    if (!reader.next(key)) return false;
    const bool named =
        key.kind == codec::Token::Kind::string || key.kind == codec::Token::Kind::binary;
    if (!named || as_text(key.data) == "random") return false;
    if (!reader.skip()) return false;
  }
  return true;
}

class ExtrasProvider final : public sdk23::Provider<Link> {
 public:
  static constexpr Description description = {
      messages::contract_id.data(),
      // Name and vendor of the provider that first-party hosts have built in: inventories
      // of both look the same.
      "wasmcloud Extras", "wasmcloud", "0.1.0", 0,
      TRELLIS_PROVIDER_CONCURRENT | TRELLIS_PROVIDER_NONBLOCKING | TRELLIS_PROVIDER_REBINDS};
  using Provider::Provider;

  Result<std::shared_ptr<Link>> bind(std::string_view, const codec::StringMap&,
                                     const std::shared_ptr<Link>& previous) override {
    // A bind that repeats must not begin the sequence anew.
    return previous ? previous : std::make_shared<Link>();
  }

  Result<Bytes> handle(Link& link, const Call& call) override {
    namespace operation = messages::operation;
    if (call.operation == operation::guid) return guid(call.payload);
    if (call.operation == operation::random) return random(call.payload);
    if (call.operation == operation::sequence) return sequence(link, call.payload);
    return fail(ErrorCode::unsupported, "bad dispatch",
                "extras has RequestGuid, RequestRandom and RequestSequence");
  }

 private:
  /// The operation, not the flags, selects the function; only `random` can switch one off.
  [[nodiscard]] Result<Bytes> guid(ByteView payload) {
    if (is_bare(payload)) return codec::encode(make_uuid(random_));
    const auto request = codec::decode<GeneratorRequest>(payload);
    if (!request) return pass(request);
    return codec::encode(GeneratorResult{make_uuid(random_), 0, 0});
  }

  [[nodiscard]] Result<Bytes> sequence(Link& link, ByteView payload) {
    const bool bare = is_bare(payload);
    if (!bare) {
      const auto request = codec::decode<GeneratorRequest>(payload);
      if (!request) return pass(request);
    }
    // Counted after decoding: a request that is refused uses up no number.
    const std::uint64_t number = link.next_in_sequence.fetch_add(1, std::memory_order_relaxed);
    return bare ? codec::encode(number) : codec::encode(GeneratorResult{{}, number, 0});
  }

  [[nodiscard]] Result<Bytes> random(ByteView payload) {
    if (is_bare(payload)) {
      const auto range = codec::decode<messages::RandomArgs>(payload);
      if (!range) return pass(range);
      auto number = draw(range->min, range->max);
      if (!number) return pass(number);
      return codec::encode(*number);
    }
    const auto request = codec::decode<GeneratorRequest>(payload);
    if (!request) return pass(request);
    if (!request->random) return codec::encode(GeneratorResult{});
    auto number = draw(request->min, request->max);
    if (!number) return pass(number);
    return codec::encode(GeneratorResult{{}, 0, *number});
  }

  /// Uniform in [min, max).
  [[nodiscard]] Result<std::uint32_t> draw(std::uint32_t min, std::uint32_t max) {
    if (min >= max) {
      return fail(ErrorCode::invalid_argument, "invalid range", "min must be less than max");
    }
    const std::uint64_t span = std::uint64_t{max} - min;
    // 64 random bits over a span of at most 32: the bias is below 2^-32.
    std::uint64_t bits = 0;
    random_.fill({reinterpret_cast<std::uint8_t*>(&bits), sizeof bits});
    return min + static_cast<std::uint32_t>(bits % span);
  }

  SystemRandom random_;
};

}  // namespace

const trellis_provider_table* table() noexcept {
  return sdk23::provider_table<ExtrasProvider>();
}

}  // namespace trellis::providers::extras
