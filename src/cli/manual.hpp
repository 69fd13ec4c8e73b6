// Manual pages, made from the declared command line.
#pragma once

#include <string>
#include <vector>

#include "cli/options.hpp"

namespace trellis::cli {

struct ManualPage {
  std::string file;  ///< "trellis-claims-sign.1"
  std::string text;  ///< man(7)
};

/// One page of the program and one of each command that is listed. `date` (2026-11-29) and
/// `version` stand in the corners.
[[nodiscard]] std::vector<ManualPage> manual_pages(const Command& root, const std::string& date,
                                                   const std::string& version);

}  // namespace trellis::cli
