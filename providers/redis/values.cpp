#include "providers/redis/values.hpp"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "base/text.hpp"

namespace trellis::providers::redis {

namespace {

// Kinds in words, in the order of Reply::Kind.
[[nodiscard]] std::string_view name_of(Reply::Kind kind) noexcept {
  constexpr std::array<std::string_view, 6> names = {"nothing",  "a number", "a status",
                                                     "an error", "a text",   "a list"};
  return names.at(static_cast<std::size_t>(kind));
}

// Text as contracts have it. Other programs write to the same Redis, and bytes that are not UTF-8
// would break the decoder of the actor. The first-party provider answers "does not exist" here
// (contracts.md 3.3), which invites an actor to overwrite the value.
[[nodiscard]] Result<std::string> checked_text(std::string text) {
  if (is_utf8(text)) return text;
  return fail(ErrorCode::malformed, "what Redis holds there is not UTF-8 text",
              "values of this contract are text; other data needs another program");
}

}  // namespace

std::unexpected<Error> server_error(std::string_view text) {
  // Bound and printable form: the text is the server's, and scripts (EVAL) can put anything into
  // it.
  constexpr std::size_t most = 512;
  std::string shown;
  append_printable(shown, excerpt(text, most));
  return fail(ErrorCode::provider_failed, fmt::format("Redis: {}", shown));
}

std::unexpected<Error> unexpected_answer(const Reply& reply) {
  if (reply.kind == Reply::Kind::error) return server_error(reply.text);
  return fail(ErrorCode::malformed,
              fmt::format("Redis answers {}, which the command cannot have", name_of(reply.kind)),
              "check that URL names a Redis server");
}

Result<void> done(const Reply& reply) {
  if (reply.kind == Reply::Kind::error) return server_error(reply.text);
  return {};
}

Result<std::int64_t> to_integer(const Reply& reply) {
  if (reply.kind != Reply::Kind::integer) return unexpected_answer(reply);
  return reply.integer;
}

Result<std::size_t> to_count(const Reply& reply) {
  auto number = to_integer(reply);
  if (!number) return pass(number);
  if (*number >= 0 && std::in_range<std::int32_t>(*number)) {
    return static_cast<std::size_t>(*number);
  }
  return fail(ErrorCode::limit, fmt::format("{} is no count of 32 bits", *number),
              "keep less under one key");
}

Result<bool> to_flag(const Reply& reply) {
  auto number = to_integer(reply);
  if (!number) return pass(number);
  if (*number != 0 && *number != 1) return unexpected_answer(reply);
  return *number == 1;
}

Result<std::optional<std::string>> to_text(Reply&& reply) {
  if (reply.kind == Reply::Kind::nil) return std::nullopt;
  if (reply.kind != Reply::Kind::text) return unexpected_answer(reply);
  auto text = checked_text(std::move(reply.text));
  if (!text) return pass(text);
  return std::move(*text);
}

Result<std::vector<std::string>> to_texts(Reply&& reply) {
  if (reply.kind != Reply::Kind::list) return unexpected_answer(reply);
  std::vector<std::string> texts;
  texts.reserve(reply.elements.size());
  for (Reply& element : reply.elements) {
    if (element.kind != Reply::Kind::text) return unexpected_answer(element);
    auto text = checked_text(std::move(element.text));
    if (!text) return pass(text);
    texts.push_back(std::move(*text));
  }
  return texts;
}

}  // namespace trellis::providers::redis
