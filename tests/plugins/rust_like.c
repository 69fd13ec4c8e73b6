/* Looks like a first-party plugin (contracts.md 4.1). Must not be called. */
#include <stdlib.h>

void* __capability_provider_create(void);
void* __capability_provider_create(void) {
  abort();
}
