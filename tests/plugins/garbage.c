/* Answers in every wrong way. */
#include <pthread.h>
#include <stdlib.h>

#include "plugin.h"

#define MIB ((size_t)1024 * 1024)

static trellis_call kept;

static void* complete_twice_from_a_thread(void* arg) {
  const trellis_call call = *(trellis_call*)arg;
  answer(call, view_of("from a thread"));
  answer(call, view_of("from a thread, again"));
  return NULL;
}

static void from_a_thread(trellis_call call) {
  pthread_t thread;
  if (pthread_create(&thread, NULL, complete_twice_from_a_thread, &call) != 0) return;
  pthread_join(thread, NULL);
}

static void too_large(trellis_call call) {
  const size_t size = 17 * MIB;
  uint8_t* bytes = (uint8_t*)calloc(1, size);
  host->complete(ctx, call, TRELLIS_OK, bytes, size);
  free(bytes);
}

static void handle_call(void* instance, trellis_call call, const trellis_call_info* info) {
  const uint8_t bad_text[] = {'b', 'a', 'd', ' ', 0xff, 0xc0};
  (void)instance;
  if (is(info->operation, "BindActor") || is(info->operation, "RemoveActor")) {
    answer(call, view_of(""));
  } else if (is(info->operation, "Twice")) {
    answer(call, view_of("first"));
    answer(call, view_of("second"));
  } else if (is(info->operation, "Thread")) {
    from_a_thread(call);
  } else if (is(info->operation, "Status")) {
    int status = 99;
    host->complete(ctx, call, (trellis_status)status, bad_text, 3);
  } else if (is(info->operation, "NullData")) {
    host->complete(ctx, call, TRELLIS_OK, NULL, 5);
  } else if (is(info->operation, "Text")) {
    host->complete(ctx, call, TRELLIS_ERROR, bad_text, sizeof bad_text);
  } else if (is(info->operation, "EmptyText")) {
    host->complete(ctx, call, TRELLIS_ERROR, NULL, 0);
  } else if (is(info->operation, "Large")) {
    too_large(call);
  } else if (is(info->operation, "Keep")) {
    kept = call; /* and no answer */
  } else if (is(info->operation, "AnswerKept")) {
    answer(kept, view_of("stale"));
    answer(call, view_of("fresh"));
  } else if (is(info->operation, "Invented")) {
    answer(TRELLIS_NO_CALL, view_of("x"));
    answer(call + ((trellis_call)1 << 40), view_of("x"));
    answer(~TRELLIS_NO_CALL, view_of("x"));
    answer(call, view_of("real"));
  } else if (is(info->operation, "NoContext")) {
    trellis_buffer buffer;
    host->complete(NULL, call, TRELLIS_OK, NULL, 0);
    host->log(NULL, TRELLIS_LOG_INFO, view_of("x"), view_of("x"));
    host->free_buffer(ctx, NULL);
    memset(&buffer, 0, sizeof buffer);
    host->free_buffer(NULL, &buffer);
    if (host->dispatch(ctx, call, view_of("M"), view_of("op"), view_of(""), 0, NULL) !=
            TRELLIS_OK &&
        host->cancelled(NULL, call) == 1) {
      answer(call, view_of("survived"));
    }
  }
}

TEST_TABLE(garbage, TRELLIS_PROVIDER_NONBLOCKING | TRELLIS_PROVIDER_CONCURRENT, remember_host,
           handle_call, stop_nothing, destroy_nothing);
TEST_ENTRY(garbage)
