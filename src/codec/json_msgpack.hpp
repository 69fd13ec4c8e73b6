// JSON to MessagePack and back, for people who call actors from a shell (cli.md 7).
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "trellis/bytes.hpp"
#include "trellis/result.hpp"

namespace trellis::codec {

/// Object -> map with sorted keys, integer -> shortest form, fraction -> float64, null -> nil.
/// Errors: limit for what nests deeper than limits::msgpack_depth or gets longer than
/// limits::payload_bytes; invalid_argument for text that is not UTF-8. Any thread.
[[nodiscard]] Result<Bytes> json_to_msgpack(const nlohmann::json& value);

/// Form that `bin` takes: text where it is UTF-8, else an array of numbers; or always numbers.
enum class Binaries { text_or_numbers, numbers };

/// The first value in `input`. `bin` (see above) and bad strings become text where they are UTF-8,
/// else an array of numbers; keys that are integers become their decimal text; an extension becomes
/// {"extension":N,"data":…}. Errors: malformed, limit. Any thread.
[[nodiscard]] Result<nlohmann::json> msgpack_to_json(ByteView input,
                                                     Binaries binaries = Binaries::text_or_numbers);

}  // namespace trellis::codec
