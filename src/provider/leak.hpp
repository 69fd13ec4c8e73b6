// Memory that is kept on purpose.
#pragma once

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define TRELLIS_ADDRESS_SANITIZER 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define TRELLIS_ADDRESS_SANITIZER 1
#endif

#ifdef TRELLIS_ADDRESS_SANITIZER
#include <sanitizer/lsan_interface.h>
#endif

namespace trellis::provider {

/// Tells the leak checker that `object` and what it points to stays for ever.
inline void expect_leak([[maybe_unused]] const void* object) noexcept {
#ifdef TRELLIS_ADDRESS_SANITIZER
  __lsan_ignore_object(object);
#endif
}

}  // namespace trellis::provider
