#define _DEFAULT_SOURCE
/* Everything a provider must not do, on demand; for providers in processes of their own. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "plugin.h"

static void answer_number(trellis_call call, long number) {
  char text[32];
  snprintf(text, sizeof text, "%ld", number);
  answer(call, view_of(text));
}

/* Takes and touches memory until there is no more. */
static void leak(void) {
  for (;;) {
    char* piece = (char*)malloc(1 << 20);
    if (piece == NULL) abort();
    memset(piece, 1, 1 << 20);
  }
}

static void flood_log(void) {
  int i;
  for (i = 0; i < 20000; ++i) {
    host->log(ctx, TRELLIS_LOG_WARN, view_of("flood"), view_of("a line of a flood"));
  }
}

/* Bytes that are no messages, straight into a stream to the host. */
static void write_garbage(int descriptor) {
  static const char garbage[256] = {42, 1, 7};
  ssize_t sent = send(descriptor, garbage, sizeof garbage, 0);
  (void)sent;
}

/* An answer to a question that was never asked. */
static void invent_answer(void) {
  unsigned char frame[40] = {0};
  ssize_t sent;
  frame[4] = 7;    /* answer */
  frame[16] = 255; /* its number */
  frame[17] = 255;
  sent = send(3, frame, sizeof frame, 0);
  (void)sent;
}

static void handle_call(void* instance, trellis_call call, const trellis_call_info* info) {
  (void)instance;
  if (is(info->operation, "Crash")) {
    signal(SIGSEGV, SIG_DFL); /* sanitizers have a handler of their own */
    raise(SIGSEGV);
  }
  if (is(info->operation, "Exit")) _exit(3);
  if (is(info->operation, "Hang")) {
    host->log(ctx, TRELLIS_LOG_INFO, view_of("hang"), view_of("hangs"));
    for (;;) sleep(1);
  }
  if (is(info->operation, "Leak")) leak();
  if (is(info->operation, "Flood")) flood_log();
  if (is(info->operation, "GarbageAnswer")) write_garbage(3);
  if (is(info->operation, "GarbageDispatch")) write_garbage(4);
  if (is(info->operation, "InventAnswer")) invent_answer();
  if (is(info->operation, "HangUp")) shutdown(4, SHUT_RDWR);
  if (is(info->operation, "Silent")) return;
  if (is(info->operation, "Print")) {
    puts("printed on standard output");
    fflush(stdout);
    fputs("printed on standard error\n", stderr);
  }
  if (is(info->operation, "Twice")) answer(call, info->payload);
  if (is(info->operation, "Depth")) {
    answer_number(call, (long)info->chain_depth);
  } else if (is(info->operation, "Environment")) {
    const char* value = getenv("TRELLIS_TEST_SECRET");
    answer(call, view_of(value == NULL ? "(unset)" : value));
  } else {
    answer(call, info->payload);
  }
}

static trellis_status create(const trellis_host_v1* given, trellis_host_ctx* given_ctx,
                             void** instance) {
  return remember_host(given, given_ctx, instance);
}

TEST_TABLE(naughty, TRELLIS_PROVIDER_CONCURRENT, create, handle_call, stop_nothing,
           destroy_nothing);
TEST_ENTRY(naughty)
