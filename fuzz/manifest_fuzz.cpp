// Manifests of both formats, with and without substitution. The first byte chooses.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "manifest/manifest.hpp"
#include "trellis/bytes.hpp"

namespace {

std::optional<std::string> lookup(std::string_view name) {
  if (name.size() > 3) return std::nullopt;
  return std::string(name.size(), '$') + "{x}: [&a]\n";
}

/// What every outcome must hold, whatever was read.
void check(const trellis::Result<trellis::manifest::Manifest>& result) {
  if (!result) {
    if (result.error().message.rfind("f:", 0) != 0 || result.error().remedy.empty()) std::abort();
    return;
  }
  for (const auto& actor : result->actors) {
    if (actor.ref.empty() || actor.at.line < 1 || actor.at.column < 1) std::abort();
  }
  for (const auto& link : result->links) {
    if (link.actor.empty() || link.contract_id.empty() || link.link_name.empty()) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace trellis::manifest;
  if (size == 0) return 0;
  auto text = trellis::as_text({data + 1, size - 1});
  const auto format = (data[0] & 1U) != 0 ? Format::json : Format::yaml;
  const ParseOptions options{"f", (data[0] & 4U) != 0, (data[0] & 8U) != 0};
  check((data[0] & 2U) != 0 ? read(text, format, lookup, options) : parse(text, format, options));
  return 0;
}
