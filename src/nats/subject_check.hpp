// Which subjects may reach the wire (lattice.md 1.2): a blank or a line end in one would break the
// protocol line it is pasted into, and a stray wildcard would widen a subscription.
#pragma once

#include <string_view>

#include "trellis/result.hpp"

namespace trellis::nats {

/// A subject somebody sends to: non-empty tokens between dots, no blanks, control characters,
/// wildcards, at most limits::subject_bytes. Error: invalid_argument, naming the text. Any thread.
[[nodiscard]] Result<void> check_subject(std::string_view subject);

/// A subject somebody listens to: the same, but whole tokens may be `*`, the last one also `>`.
[[nodiscard]] Result<void> check_pattern(std::string_view pattern);

/// A queue group: as a subject, and empty for none.
[[nodiscard]] Result<void> check_queue_group(std::string_view group);

}  // namespace trellis::nats
