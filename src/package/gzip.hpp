// Bodies that HTTP servers compress because they are asked to. Any thread; functions are pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "trellis/result.hpp"

namespace trellis::package {

/// Whether a Content-Encoding is the one that gunzip() undoes, and nothing else.
[[nodiscard]] bool is_gzip(std::string_view encoding);

/// The body as it was; nothing when it is no whole gzip stream. Error: limit, when it grows beyond
/// `most` bytes.
[[nodiscard]] Result<std::optional<std::string>> gunzip(std::string_view body, std::size_t most);

}  // namespace trellis::package
