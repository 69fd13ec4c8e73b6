/* Says that it cannot run here. */
#include "plugin.h"

const trellis_provider_table* trellis_provider_v1(void);
const trellis_provider_table* trellis_provider_v1(void) {
  return NULL;
}
