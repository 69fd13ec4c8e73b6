// nats.c as a process-wide library: opened once, never closed.
#pragma once

#include <nats/nats.h>

#include <memory>
#include <string>

#include "trellis/result.hpp"

namespace trellis::lattice::nats {

/// Opens nats.c with our number of delivery threads. The first call decides for the process, later
/// ones return what it returned; any thread. Nothing closes the library: other users of it in the
/// process may live longer than we do, and its threads sleep when there is no connection. nats.c
/// ignores SIGPIPE for the process, as the host does anyway.
[[nodiscard]] Result<void> open_library();

/// The text of a status with what the library says about its last error on this thread.
[[nodiscard]] std::string status_text(natsStatus status);

struct OptionsDeleter {
  void operator()(natsOptions* options) const noexcept { natsOptions_Destroy(options); }
};
using OptionsPtr = std::unique_ptr<natsOptions, OptionsDeleter>;

}  // namespace trellis::lattice::nats
