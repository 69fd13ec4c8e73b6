/* Cannot make an instance, and says why. */
#include "plugin.h"

static trellis_status create(const trellis_host_v1* given, trellis_host_ctx* given_ctx,
                             void** instance) {
  remember_host(given, given_ctx, instance);
  host->log(ctx, TRELLIS_LOG_ERROR, view_of("test"), view_of("the licence has run out"));
  return TRELLIS_ERROR;
}

static void handle_call(void* instance, trellis_call call, const trellis_call_info* info) {
  (void)instance;
  answer(call, info->payload);
}

TEST_TABLE(create_fails, 0, create, handle_call, stop_nothing, destroy_nothing);
TEST_ENTRY(create_fails)
