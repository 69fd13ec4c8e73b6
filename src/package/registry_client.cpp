#include "package/registry_client.hpp"

#include <fmt/format.h>

#include <utility>

#include "base/text.hpp"
#include "package/registry_session.hpp"

namespace trellis::package {

std::string_view to_string(ImageSource source) noexcept {
  switch (source) {
    case ImageSource::registry: return "registry";
    case ImageSource::cache: return "cache";
    case ImageSource::stale_cache: return "stale cache";
  }
  return "registry";
}

RegistryClient::RegistryClient(RegistrySettings settings, const Clock& clock, Random& random)
    : settings_(std::move(settings)), clock_(clock), random_(random) {}

Result<RegistryStatus> RegistryClient::ping(const std::string& registry,
                                            const PingOptions& options) {
  if (!is_registry_name(registry)) {
    return fail(ErrorCode::invalid_argument, fmt::format("'{}' is no registry", registry),
                "write HOST or HOST:PORT, as references have it");
  }
  RegistrySession session(settings_, {registry, {}, {}, true},
                          {clock_, clock_.steady() + options.timeout, options.stop}, random_);
  auto response = session.begin();
  const auto root = session.url("/v2/");
  if (!root) return pass(root);
  if (response && response->status == 401 && session.authorization() != "none") {
    response = session.send([&root] { return http::Request{.url = *root}; });
  }
  if (!response) return pass(response);
  RegistryStatus status;
  status.url = root->text;
  status.status = response->status;
  status.authorization = session.authorization();
  status.usable = response->status >= 200 && response->status < 300;
  append_printable(status.api, excerpt(response->header("docker-distribution-api-version"), 100));
  return status;
}

}  // namespace trellis::package
