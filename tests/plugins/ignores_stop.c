/* Never comes back from stop, and goes on using the host afterwards. */
#define _POSIX_C_SOURCE 200809L
#include <pthread.h>
#include <time.h>

#include "plugin.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_t thread;
static int end;
static int used;

static int ended(void) {
  int value;
  pthread_mutex_lock(&mutex);
  value = end;
  pthread_mutex_unlock(&mutex);
  return value;
}

/* How often a thread of the plugin has used the host; the test watches it grow after stop. */
int test_used(void);
int test_used(void) {
  int value;
  pthread_mutex_lock(&mutex);
  value = used;
  pthread_mutex_unlock(&mutex);
  return value;
}

void test_end(void);
void test_end(void) {
  pthread_mutex_lock(&mutex);
  end = 1;
  pthread_mutex_unlock(&mutex);
  pthread_join(thread, NULL);
}

static void pause_a_little(void) {
  struct timespec pause;
  pause.tv_sec = 0;
  pause.tv_nsec = 1000 * 1000;
  nanosleep(&pause, NULL);
}

static void* use_the_host(void* arg) {
  (void)arg;
  while (!ended()) {
    trellis_buffer out;
    host->dispatch(ctx, TRELLIS_NO_CALL, view_of("MACTOR"), view_of("Ping"), view_of(""), 0, &out);
    host->free_buffer(ctx, &out);
    host->complete(ctx, 12345, TRELLIS_OK, NULL, 0);
    host->log(ctx, TRELLIS_LOG_DEBUG, view_of(""), view_of("still here"));
    (void)host->now_ns(ctx);
    pthread_mutex_lock(&mutex);
    ++used;
    pthread_mutex_unlock(&mutex);
    pause_a_little();
  }
  return NULL;
}

static trellis_status create(const trellis_host_v1* given, trellis_host_ctx* given_ctx,
                             void** instance) {
  remember_host(given, given_ctx, instance);
  return pthread_create(&thread, NULL, use_the_host, NULL) == 0 ? TRELLIS_OK : TRELLIS_ERROR;
}

static void handle_call(void* instance, trellis_call call, const trellis_call_info* info) {
  (void)instance;
  answer(call, info->payload);
}

static void stop(void* instance, int64_t deadline_ns) {
  (void)instance;
  (void)deadline_ns;
  while (!ended()) pause_a_little();
}

TEST_TABLE(ignores_stop, TRELLIS_PROVIDER_CONCURRENT, create, handle_call, stop, destroy_nothing);
TEST_ENTRY(ignores_stop)
