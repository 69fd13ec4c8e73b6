/* Answers after a little while, one call at a time, on the host's executor. */
#define _POSIX_C_SOURCE 200809L
#include <time.h>

#include "plugin.h"

static void handle_call(void* instance, trellis_call call, const trellis_call_info* info) {
  struct timespec pause;
  (void)instance;
  pause.tv_sec = 0;
  pause.tv_nsec = 5 * 1000 * 1000;
  nanosleep(&pause, NULL);
  answer(call, info->payload);
}

TEST_TABLE(slow, 0, remember_host, handle_call, stop_nothing, destroy_nothing);
TEST_ENTRY(slow)
