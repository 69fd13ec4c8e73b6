// Space of wasmcloud:keyvalue, between messages and a store: all that implementations of the
// contract do in the same way (contracts.md 3.3).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "trellis/bytes.hpp"
#include "trellis/result.hpp"

namespace trellis::providers::keyvalue {

/// A key space as one call of an actor sees it: the fourteen operations with the semantics of
/// Redis. Made for a call, used by its thread.
///
/// Errors: invalid_argument with the text of wrong_type when a key holds another type; limit when a
/// bound would be exceeded. Nothing is changed then.
class Space {
 public:
  virtual ~Space() = default;

  /// Nothing when the key does not exist; an integer as its decimal text.
  [[nodiscard]] virtual Result<std::optional<std::string>> get(const std::string& key) = 0;
  [[nodiscard]] virtual Result<bool> exists(const std::string& key) = 0;
  /// Replaces whatever the key holds, its expiry included. `expires` in seconds; not positive means
  /// never.
  [[nodiscard]] virtual Result<void> set(const std::string& key, const std::string& value,
                                         std::int32_t expires) = 0;
  /// The new value; a missing key counts as 0, and its expiry stays.
  [[nodiscard]] virtual Result<std::int32_t> add(const std::string& key, std::int32_t value) = 0;
  [[nodiscard]] virtual Result<void> remove(const std::string& key) = 0;

  /// Puts the value at the front; the new length.
  [[nodiscard]] virtual Result<std::size_t> push(const std::string& key,
                                                 const std::string& value) = 0;
  /// Both ends inclusive; negative positions count from the end.
  [[nodiscard]] virtual Result<std::vector<std::string>> range(const std::string& key,
                                                               std::int32_t start,
                                                               std::int32_t stop) = 0;
  /// Removes all equal elements; how many.
  [[nodiscard]] virtual Result<std::size_t> remove_item(const std::string& key,
                                                        const std::string& value) = 0;

  /// Whether the member was not there before; was there.
  [[nodiscard]] virtual Result<bool> set_add(const std::string& key, const std::string& value) = 0;
  [[nodiscard]] virtual Result<bool> set_remove(const std::string& key,
                                                const std::string& value) = 0;
  /// Missing keys are empty sets; no keys have nothing in common.
  [[nodiscard]] virtual Result<std::vector<std::string>> set_union(
      const std::vector<std::string>& keys) = 0;
  [[nodiscard]] virtual Result<std::vector<std::string>> set_intersection(
      const std::vector<std::string>& keys) = 0;
  [[nodiscard]] virtual Result<std::vector<std::string>> members(const std::string& key) = 0;
};

/// Decodes the arguments of `operation`, runs it and encodes the answer. Errors: those of Space;
/// malformed; unsupported (`bad dispatch`); limit when the answer fits no message.
[[nodiscard]] Result<Bytes> run(Space& space, std::string_view operation, ByteView payload);

/// `key 'k' holds a list, not a set`
[[nodiscard]] std::unexpected<Error> wrong_type(std::string_view key, std::string_view held,
                                                std::string_view needed);
/// Refuses a key or value beyond the bytes that the link allows.
[[nodiscard]] Result<void> check_sizes(std::string_view key, std::string_view value,
                                       std::uint64_t most);
/// For Add: the contract's counters are 32 bits.
[[nodiscard]] std::unexpected<Error> exceeds_32_bits(std::string_view old, std::int32_t value,
                                                     std::string_view key);
/// Refusal of an answer that fits no message.
[[nodiscard]] std::unexpected<Error> answer_too_large();

}  // namespace trellis::providers::keyvalue
