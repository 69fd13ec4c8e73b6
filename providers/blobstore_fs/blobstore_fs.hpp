// wasmcloud:blobstore on files (contracts.md 3.6): a container is a folder below ROOT, an object a
// file in it.
//
// Names are cleaned as first-party providers do: leading `/` and `.` and every `..` are removed,
// other `/` become `_`; what is then empty is refused. Symbolic links are not followed. Objects
// appear whole: they are written beside, synced, and renamed.
//
// Link values: those of providers/blobstore/link.hpp, and
//   ROOT             the folder; required, must exist. Each link has its own.
//   MAX_BLOB_BYTES   of one object (default 1073741824)
//   MAX_TOTAL_BYTES  of all objects below ROOT, unfinished ones included (default 0: no limit)
//   MAX_OBJECTS      in one container, and containers (default 100000)
#pragma once

#include "trellis/provider.h"

namespace trellis::providers::blobstore_fs {

[[nodiscard]] const trellis_provider_table* table() noexcept;

}  // namespace trellis::providers::blobstore_fs
