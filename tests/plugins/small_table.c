/* A table that ends before destroy: nothing beyond struct_size exists. */
#include <stdlib.h>

#include "plugin.h"

const trellis_provider_table* trellis_provider_v1(void);
const trellis_provider_table* trellis_provider_v1(void) {
  static trellis_provider_table* table;
  const size_t size = offsetof(trellis_provider_table, stop);
  if (table == NULL) table = (trellis_provider_table*)calloc(1, size);
  if (table == NULL) return NULL;
  table->struct_size = size;
  table->abi_version = TRELLIS_PROVIDER_ABI;
  return table;
}
