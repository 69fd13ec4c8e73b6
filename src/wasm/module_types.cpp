#include "wasm/module_types.hpp"

#include <algorithm>

namespace trellis::wasm {
namespace {

std::string_view type_name(char letter) noexcept {
  switch (letter) {
    case 'i': return "i32";
    case 'I': return "i64";
    case 'f': return "f32";
    case 'F': return "f64";
    case 'v': return "v128";
    default: return "ref";
  }
}

void append_types(std::string& out, std::string_view letters) {
  for (std::size_t i = 0; i < letters.size(); ++i) {
    if (i != 0) out += ", ";
    out += type_name(letters[i]);
  }
}

}  // namespace

std::string describe_signature(std::string_view signature) {
  constexpr std::size_t shown = 32;  // a hostile type may have a thousand parameters
  const auto colon = std::min(signature.find(':'), signature.size());
  const auto params = signature.substr(0, colon);
  const auto results = colon < signature.size() ? signature.substr(colon + 1) : std::string_view{};
  std::string out = "(";
  append_types(out, params.substr(0, shown));
  out += params.size() > shown ? ", ...) -> (" : ") -> (";
  append_types(out, results.substr(0, shown));
  out += results.size() > shown ? ", ...)" : ")";
  return out;
}

}  // namespace trellis::wasm
