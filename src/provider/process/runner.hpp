// The process of a provider: what runs on the far side of the two streams.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>

#include "base/descriptor.hpp"
#include "provider/provider.hpp"
#include "trellis/clock.hpp"

namespace trellis::provider::process {

/// The descriptors the host leaves open in the process it starts.
inline constexpr int calls_descriptor = 3;
inline constexpr int dispatches_descriptor = 4;

/// Serves one host until it lets go of the streams. The plugin's log lines go to the host; its
/// standard output and error do too (child.hpp). Main thread only, once.
///
/// Calls run on the threads that read them, so that a call costs no hop here either; a plugin that
/// may block hands the stream to another thread first. Returns the process's exit status. Ends the
/// process itself, without unwinding, when the host is gone while calls hang.
[[nodiscard]] int serve(Descriptor calls, Descriptor dispatches,
                        const std::function<Result<std::shared_ptr<const Plugin>>()>& load,
                        std::shared_ptr<const Clock> clock);

/// Before anything of the plugin is loaded: bounds the private memory of this process (0 = no
/// bound), sets its soft limit of open files (0 = as it is), and keeps other processes of the same
/// user from reading it, and core files from showing what is in it.
void confine(std::size_t memory_bytes, std::size_t open_files = 0);

}  // namespace trellis::provider::process
