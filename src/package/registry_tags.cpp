// The tags of a repository, page by page.
#include <fmt/format.h>

#include "base/call_limits.hpp"
#include "package/link_header.hpp"
#include "package/oci_manifest.hpp"
#include "package/registry_client.hpp"
#include "package/registry_session.hpp"

namespace trellis::package {
namespace {

constexpr std::size_t max_page_bytes = 1 * limits::mib;
/// Registries that give fewer than are asked for give a hundred at one time.
constexpr std::size_t max_pages = 100;
constexpr auto page_size = "1000";

}  // namespace

Result<TagList> RegistryClient::tags(const Reference& repository, const TagsOptions& options) {
  const auto shown = fmt::format("{}/{}", repository.registry, repository.repository);
  RegistrySession session(settings_, {repository.registry, repository.repository, "pull", true},
                          {clock_, clock_.steady() + options.timeout, options.stop}, random_);
  if (auto begun = session.begin(); !begun) return pass(begun);
  const auto first = session.repository_url("tags/list");
  if (!first) return pass(first);
  auto url = http::with_query(*first, "n", page_size);
  TagList list;
  for (std::size_t pages = 0; pages < max_pages; ++pages) {
    if (!url) return pass(url);
    const auto response = session.send([&url] {
      http::Request request{.url = *url, .headers = {"Accept: application/json"}};
      request.most_body_bytes = max_page_bytes;
      return request;
    });
    if (!response) return pass(response);
    if (response->status < 200 || response->status > 203) {
      return std::unexpected(session.error_of(*response, "tags of " + shown));
    }
    auto page = read_tags(response->body);
    if (!page) return pass(page);
    for (auto& tag : *page) {
      if (list.tags.size() == options.most) return list;
      list.tags.push_back(std::move(tag));
    }
    const auto next = next_link(response->header("link"));
    if (!next || page->empty()) {  // an empty page leads nowhere
      list.complete = true;
      return list;
    }
    url = http::resolve_url(*url, *next);
    if (url && !session.is_own(*url)) {
      return fail(
          ErrorCode::denied,
          fmt::format("{} says that its tags go on at {}", repository.registry, url->origin()),
          "correct the registry's external address in its configuration");
    }
  }
  return list;
}

}  // namespace trellis::package
