// Where the SDK is: the source tree or the installation that this binary is part of.
#pragma once

#include <filesystem>

#include "cli/command.hpp"

namespace trellis::cli {

struct SdkPlaces {
  std::filesystem::path sdk;      ///< has cpp/template, rust, assemblyscript, cmake, …
  std::filesystem::path include;  ///< has trellis/actor.hpp
};

/// TRELLIS_SDK, the folder of the SDK, else what lies as usual beside this program. Error:
/// not_found, with what to install.
[[nodiscard]] Result<SdkPlaces> find_sdk(const Context& context);

}  // namespace trellis::cli
