// One question, the answers of everybody (lattice.md 5.1); and one question each to many.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "nats/transport.hpp"

namespace trellis::client {

/// Answers that came within `window`, bounded by limits::client_answers and client_answer_bytes.
/// Ends early only when the server says that nobody listens, or `enough` answers are there.
[[nodiscard]] Result<std::vector<std::string>> gather(nats::Transport& transport,
                                                      std::string_view subject,
                                                      std::string_view question,
                                                      std::chrono::milliseconds window,
                                                      std::size_t enough = 0);

/// The answers of those who answer by `deadline`, in the order of `subjects`; all are asked at the
/// same time, so that silent ones cost one wait and not one each. Bounded like gather().
[[nodiscard]] std::vector<std::string> ask_each(nats::Transport& transport,
                                                const std::vector<std::string>& subjects,
                                                SteadyTime deadline);

}  // namespace trellis::client
