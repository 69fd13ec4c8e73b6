/* Answers with the payload; the smallest provider. Uses every macro of the header. */
#include "plugin.h"

static void handle_call(void* instance, trellis_call call, const trellis_call_info* info) {
  (void)instance;
  if (!TRELLIS_HAS(info, chain_depth) || call == TRELLIS_NO_CALL) return;
  answer(call, info->payload);
}

TEST_TABLE(echo,
           TRELLIS_PROVIDER_NONBLOCKING | TRELLIS_PROVIDER_CONCURRENT | TRELLIS_PROVIDER_REBINDS,
           remember_host, handle_call, stop_nothing, destroy_nothing);
TEST_ENTRY(echo)
