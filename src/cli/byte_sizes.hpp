// Sizes on the command line: "500MiB", "1.5G"; a bare number is bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "cli/options.hpp"
#include "trellis/result.hpp"

namespace trellis::cli {

/// B; KiB, MiB, GiB, TiB or K, M, G, T: powers of 1024; KB, MB, GB, TB: powers of 1000. Either
/// letter case. Errors: invalid_argument.
[[nodiscard]] Result<std::uint64_t> parse_size(std::string_view text);
/// "12 B", "3.4 MiB".
[[nodiscard]] std::string size_text(std::uint64_t bytes);

/// An option whose value is a size; nothing as long as it is not given. `into` outlives the
/// command.
Option& add_size(Command& leaf, const std::string& names, std::optional<std::uint64_t>& into,
                 const std::string& help);

}  // namespace trellis::cli
