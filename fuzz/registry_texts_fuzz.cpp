// What registries and users say: references, manifests, tokens, errors, challenges, addresses.
// The first byte chooses the reader.
#include "expect.hpp"
#include "http/url.hpp"
#include "package/oci_challenge.hpp"
#include "package/oci_manifest.hpp"
#include "package/reference.hpp"

using namespace trellis;

namespace {

void read_reference(std::string_view text) {
  const auto reference = package::parse_reference(text);
  if (!reference) return;
  expect(reference->text == text);
  expect(!reference->registry.empty() && !reference->repository.empty());
  expect(package::is_registry_name(reference->registry));
}

void read_manifest(std::string_view text) {
  const auto layer = package::read_manifest(text);
  if (!layer) return;
  expect(package::is_accepted_layer_type(layer->media_type));
  const auto again = package::read_manifest(package::write_manifest(*layer, *layer));
  expect(again && again->digest == layer->digest && again->size == layer->size);
}

void read_address(std::string_view text) {
  const auto base = http::parse_url("https://registry.example/v2/");
  for (const auto& url : {http::parse_url(text), http::resolve_url(*base, text)}) {
    if (!url) continue;
    expect(url->text.starts_with("http"));
    expect(!url->host.empty());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto text = as_text(ByteView(data + 1, size - 1));
  switch (data[0] % 6) {
    case 0: read_reference(text); break;
    case 1: read_manifest(text); break;
    case 2: static_cast<void>(package::read_token(text)); break;
    case 3: static_cast<void>(package::read_registry_error(text)); break;
    case 4: expect(package::parse_challenges(text).size() <= 16); break;
    default: read_address(text);
  }
  return 0;
}
