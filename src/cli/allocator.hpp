// The C library's allocator is told to give large blocks back.
#pragma once

#include <cstdlib>

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace trellis::cli {

/// Thresholds that stay. Left alone, glibc raises both with each large block that is freed, up to
/// 32 and 64 MiB: then every thread's heap keeps that much of what one long answer needed, which
/// not even malloc_trim gives back, and whoever asks for long answers makes the process large for
/// ever. Only the program sets this: the heap of an embedder is not the library's. Before the first
/// thread.
inline void keep_allocator_small() noexcept {
#ifdef __GLIBC__
  constexpr int mapped_from = 1 << 20;   // below, blocks come from the heap of a thread
  constexpr int kept_at_most = 2 << 20;  // at the end of the heap of a thread
  ::mallopt(M_MMAP_THRESHOLD, mapped_from);
  ::mallopt(M_TRIM_THRESHOLD, kept_at_most);
#endif
}

}  // namespace trellis::cli
