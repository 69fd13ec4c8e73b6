#include "cli/show_payload.hpp"

#include <algorithm>
#include <optional>
#include <string>

#include "base/text.hpp"
#include "codec/json_msgpack.hpp"
#include "codec/msgpack_reader.hpp"

namespace trellis::cli {
namespace {

using nlohmann::json;

/// Text that a list of bytes spells, when a person could read it. Some libraries write bytes as
/// lists of numbers (contracts.md 2.1).
std::optional<std::string> readable(const json& list) {
  if (!list.is_array() || list.empty()) return std::nullopt;
  std::string text;
  for (const auto& item : list) {
    if (!item.is_number_unsigned() || item > 255) return std::nullopt;
    text += static_cast<char>(item.get<unsigned>());
  }
  const auto foreign = [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\n' && c != '\r' && c != '\t') || byte == 0x7f;
  };
  if (!is_utf8(text) || std::any_of(text.begin(), text.end(), foreign)) return std::nullopt;
  return text;
}

/// Spells bytes out, all the way down; depth is bounded by the decoder.
void spell_out(json& value, BinaryForm form) {
  if (auto text = readable(value)) {
    value = form == BinaryForm::text ? json(std::move(*text))
                                     : json{{"bytes", std::move(value)}, {"text", *text}};
    return;
  }
  if (value.is_structured()) {
    for (auto& item : value) spell_out(item, form);
  }
}

bool is_one_value(ByteView payload) {
  codec::MsgpackReader reader(payload);
  return reader.skip() && reader.remaining() == 0;
}

}  // namespace

json show_payload(ByteView payload, BinaryForm form) {
  if (payload.empty()) return nullptr;
  const bool numbers = form == BinaryForm::bytes || form == BinaryForm::both;
  const auto binaries = numbers ? codec::Binaries::numbers : codec::Binaries::text_or_numbers;
  auto value = is_one_value(payload) ? codec::msgpack_to_json(payload, binaries)
                                     : Result<json>(fail(ErrorCode::malformed, {}));
  // Payloads are opaque (contracts.md 1.5): what is no single MessagePack value is shown as text.
  if (!value) return replace_bad_utf8(as_text(payload));
  if (form == BinaryForm::text || form == BinaryForm::both) spell_out(*value, form);
  return std::move(*value);
}

}  // namespace trellis::cli
