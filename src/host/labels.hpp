// Labels every host has: what kind of machine it is (host.md 2.3).
#pragma once

#include <map>
#include <string>

namespace trellis::host {

using Labels = std::map<std::string, std::string>;

/// `hostcore.arch`, `hostcore.os`, `hostcore.osfamily`, in the vocabulary first-party hosts use.
[[nodiscard]] Labels core_labels();

/// Adds `more` to `labels`; core labels are never changed.
void merge(Labels& labels, const Labels& more);

}  // namespace trellis::host
