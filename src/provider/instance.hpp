// Instances that live in the host's own process.
#pragma once

#include <memory>

#include "provider/provider.hpp"

namespace trellis::provider {

/// Provider::create for a plugin whose functions can be called here.
[[nodiscard]] Result<std::shared_ptr<Provider>> make_instance(
    std::shared_ptr<const Plugin> plugin, Options options, std::shared_ptr<Dispatcher> dispatcher,
    std::shared_ptr<const Clock> clock, Log log);

}  // namespace trellis::provider
