// wasmcloud:keyvalue in memory and on disk (contracts.md 3.3): builtin:keyvalue whose contents
// survive the process.
//
// Each key space is a journal, a file of changes that is written anew when most of it is history.
// After a crash everything up to the last synced change is there; a change cut short by the crash
// is dropped, damage elsewhere is refused.
//
// Link values: those of builtin:keyvalue (keyvalue.hpp), all optional, and
//   DIRECTORY  where the files are; made when missing. Required. One provider instance at a time.
//   SYNC       when changes are on the disk for certain: always (before the answer), second
//              (default: within a second), never (when the system likes). Links to one space get
//              the strictest of theirs.
#pragma once

#include "trellis/provider.h"

namespace trellis::providers::keyvalue_file {

[[nodiscard]] const trellis_provider_table* table() noexcept;

}  // namespace trellis::providers::keyvalue_file
