// What registries and users say: references, manifests and indexes, tokens, errors, challenges,
// addresses, logins of docker's tool and its programs, links and lists of tags.
// The first byte chooses the reader.
#include "expect.hpp"
#include "http/url.hpp"
#include "package/credential_program.hpp"
#include "package/docker_config.hpp"
#include "package/link_header.hpp"
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
  static_cast<void>(package::choose_image(text, "linux/amd64"));
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

void read_logins(std::string_view text) {
  if (const auto config = package::read_docker_config(text, "docker.io")) {
    expect(config->program.empty() || package::is_credential_program(config->program));
    expect(!config->login || !config->login->password.empty() ||
           !config->login->identity_token.empty());
  }
  if (const auto login = package::read_credential_answer(text)) {
    expect(!login->password.empty() || !login->identity_token.empty());
  }
}

void read_lists(std::string_view text) {
  if (const auto next = package::next_link(text)) expect(next->size() < text.size());
  if (const auto tags = package::read_tags(text)) {
    for (const auto& tag : *tags) expect(package::is_tag_name(tag));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto text = as_text(ByteView(data + 1, size - 1));
  switch (data[0] % 8) {
    case 0: read_reference(text); break;
    case 1: read_manifest(text); break;
    case 2: static_cast<void>(package::read_token(text)); break;
    case 3: static_cast<void>(package::read_registry_error(text)); break;
    case 4: expect(package::parse_challenges(text).size() <= 16); break;
    case 5: read_address(text); break;
    case 6: read_logins(text); break;
    default: read_lists(text);
  }
  return 0;
}
