// TCP with deadlines, on non-blocking sockets. Deadlines are on std::chrono::steady_clock.
#pragma once

#include <cstdint>
#include <string>

#include "base/descriptor.hpp"
#include "base/descriptors.hpp"
#include "trellis/clock.hpp"
#include "trellis/result.hpp"

namespace trellis::tcp {

/// Waits until `socket` has one of the poll events. `wake` becomes readable when all waiting must
/// end; -1 for none. Errors: deadline, cancelled. Any thread.
[[nodiscard]] Result<void> wait_for(int socket, short events, int wake, SteadyTime deadline);

/// A connected socket: each address of the name is tried until one answers. Errors: unavailable,
/// deadline, cancelled, busy (no descriptors left for this use). Any thread.
[[nodiscard]] Result<Descriptor> connect_to(const std::string& host, std::uint16_t port, int wake,
                                            DescriptorUse use, SteadyTime deadline);

/// Text for what a failed system call left in errno.
[[nodiscard]] std::string system_text(int number);

}  // namespace trellis::tcp
