/* Never comes back from "Hang" until the test releases it; answers anything else. */
#include <pthread.h>

#include "plugin.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int released;
static int inside;

void test_release(void);
void test_release(void) {
  pthread_mutex_lock(&mutex);
  released = 1;
  pthread_cond_broadcast(&changed);
  pthread_mutex_unlock(&mutex);
}

int test_inside(void);
int test_inside(void) {
  int count;
  pthread_mutex_lock(&mutex);
  count = inside;
  pthread_mutex_unlock(&mutex);
  return count;
}

static void handle_call(void* instance, trellis_call call, const trellis_call_info* info) {
  (void)instance;
  if (is(info->operation, "Hang")) {
    pthread_mutex_lock(&mutex);
    ++inside;
    while (!released) pthread_cond_wait(&changed, &mutex);
    pthread_mutex_unlock(&mutex);
  }
  answer(call, info->payload);
}

TEST_TABLE(hang, TRELLIS_PROVIDER_CONCURRENT, remember_host, handle_call, stop_nothing,
           destroy_nothing);
TEST_ENTRY(hang)
