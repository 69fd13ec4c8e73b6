// How the bytes an actor answered with are shown to a person.
#pragma once

#include "json/json.hpp"
#include "trellis/bytes.hpp"

namespace trellis::cli {

/// How bytes in an answer are shown. They come as MessagePack `bin` or, from most guests of this
/// generation, as lists of numbers from 0 to 255.
enum class BinaryForm {
  as_sent,  ///< `bin` as text where it is UTF-8, lists as lists
  bytes,    ///< --bin b: all as lists
  text,     ///< --bin s: all as text where it is readable
  both,     ///< --bin 2: {"bytes":[…],"text":"…"} where it is readable
};

/// MessagePack as JSON; what is no single MessagePack value as text, with replacement characters;
/// nothing at all as null.
[[nodiscard]] nlohmann::json show_payload(ByteView payload, BinaryForm form);

}  // namespace trellis::cli
