/* Calls the actor that called it: "Inside" within handle_call, "Own" from a thread of the host made
 * by spawn_thread, "Async" without waiting. Answers with what the actor answered. */
#include <stdlib.h>

#include "plugin.h"

struct request {
  trellis_call call;
  char actor[64];
  size_t actor_size;
};

static void ask(trellis_call call, trellis_view actor) {
  trellis_buffer out;
  const trellis_status status =
      host->dispatch(ctx, call, actor, view_of("Ping"), view_of("from the provider"), 0, &out);
  host->complete(ctx, call, status, out.data, out.size);
  host->free_buffer(ctx, &out);
}

static void ask_and_free(void* arg) {
  struct request* request = (struct request*)arg;
  trellis_view actor;
  actor.data = (const uint8_t*)request->actor;
  actor.size = request->actor_size;
  ask(request->call, actor);
  free(request);
}

static void on_own_thread(trellis_call call, trellis_view actor) {
  struct request* request = (struct request*)malloc(sizeof *request);
  if (request == NULL || actor.size > sizeof request->actor) return;
  request->call = call;
  request->actor_size = actor.size;
  memcpy(request->actor, actor.data, actor.size);
  if (host->spawn_thread(ctx, view_of("test-own"), ask_and_free, request, NULL) != TRELLIS_OK) {
    free(request);
    host->complete(ctx, call, TRELLIS_ERROR, NULL, 0);
  }
}

static void pass_on(void* user, trellis_status status, trellis_view bytes) {
  trellis_call* call = (trellis_call*)user;
  host->complete(ctx, *call, status, bytes.data, bytes.size);
  free(call);
}

static void asynchronously(trellis_call call, trellis_view actor) {
  trellis_call* kept = (trellis_call*)malloc(sizeof *kept);
  if (kept == NULL) return;
  *kept = call;
  host->dispatch_async(ctx, call, actor, view_of("Ping"), view_of("later"), 0, pass_on, kept);
}

static void handle_call(void* instance, trellis_call call, const trellis_call_info* info) {
  (void)instance;
  if (is(info->operation, "Own")) {
    on_own_thread(call, info->origin);
  } else if (is(info->operation, "Async")) {
    asynchronously(call, info->origin);
  } else {
    ask(call, info->origin);
  }
}

TEST_TABLE(dispatcher, TRELLIS_PROVIDER_CONCURRENT, remember_host, handle_call, stop_nothing,
           destroy_nothing);
TEST_ENTRY(dispatcher)
