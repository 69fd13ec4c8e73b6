// Whether a library is for the platform that somebody says it is for.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "trellis/result.hpp"

namespace trellis::package {

/// The platform of a provider's library, as its first bytes tell: "x86_64-linux". `stated` is what
/// somebody says it is (see check_target()), or empty. Errors: malformed (a WebAssembly module; no
/// shared library), invalid_argument (for another architecture or system than stated), unsupported
/// (an architecture without a name here, and none is stated), those of reading. What is stated but
/// not known here is believed. Any thread; blocks on the file system.
[[nodiscard]] Result<std::string> library_target(const std::filesystem::path& library,
                                                 std::string_view stated);

}  // namespace trellis::package
