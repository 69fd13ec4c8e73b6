// One question, the answers of everybody (lattice.md 5.1).
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "lattice/transport.hpp"

namespace trellis::client {

/// What came within `window`, bounded by limits::client_answers and client_answer_bytes. Ends
/// early only when the server says that nobody listens, or `enough` answers are there.
[[nodiscard]] Result<std::vector<std::string>> gather(lattice::Transport& transport,
                                                      std::string_view subject,
                                                      std::string_view question,
                                                      std::chrono::milliseconds window,
                                                      std::size_t enough = 0);

}  // namespace trellis::client
