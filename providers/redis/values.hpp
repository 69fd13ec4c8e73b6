// Answers of Redis as the values that contracts have. Any thread; all functions are pure.
//
// Errors: provider_failed with the server's own text when it answered an error; malformed when the
// answer is of another kind than the command has, or holds bytes that are not UTF-8 where a
// contract has text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "providers/redis/reply.hpp"
#include "trellis/result.hpp"

namespace trellis::providers::redis {

/// The error the server answered with, in one printable line.
[[nodiscard]] std::unexpected<Error> server_error(std::string_view text);
/// For an answer that the command cannot have.
[[nodiscard]] std::unexpected<Error> unexpected_answer(const Reply& reply);

/// Any answer but an error, for commands of which nothing else is wanted.
[[nodiscard]] Result<void> done(const Reply& reply);
[[nodiscard]] Result<std::int64_t> to_integer(const Reply& reply);
/// A number of elements: what does not fit 32 bits is an error of code limit.
[[nodiscard]] Result<std::size_t> to_count(const Reply& reply);
/// A number that may only be 0 or 1.
[[nodiscard]] Result<bool> to_flag(const Reply& reply);
/// One text; nothing when there is none.
[[nodiscard]] Result<std::optional<std::string>> to_text(Reply&& reply);
/// A list of texts.
[[nodiscard]] Result<std::vector<std::string>> to_texts(Reply&& reply);

}  // namespace trellis::providers::redis
