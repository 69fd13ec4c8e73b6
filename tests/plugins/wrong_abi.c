/* Compiled against a later version of the ABI. */
#include "plugin.h"

static const trellis_provider_table table = {sizeof(trellis_provider_table),
                                             2,
                                             0,
                                             NULL,
                                             NULL,
                                             NULL,
                                             NULL,
                                             0,
                                             NULL,
                                             NULL,
                                             NULL,
                                             NULL,
                                             NULL,
                                             0};
TEST_ENTRY(table)
