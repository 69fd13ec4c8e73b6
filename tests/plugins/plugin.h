/* What the test providers have in common. */
#ifndef TRELLIS_TEST_PLUGIN_H
#define TRELLIS_TEST_PLUGIN_H

#include <stddef.h>
#include <string.h>

#include "trellis/provider.h"

/* Set by create; the test providers are made once per process or do not mind. */
static const trellis_host_v1* host;
static trellis_host_ctx* ctx;

static inline trellis_view view_of(const char* text) {
  trellis_view view;
  view.data = (const uint8_t*)text;
  view.size = strlen(text);
  return view;
}

static inline int is(trellis_view view, const char* text) {
  return view.size == strlen(text) && memcmp(view.data, text, view.size) == 0;
}

static inline void answer(trellis_call call, trellis_view view) {
  host->complete(ctx, call, TRELLIS_OK, view.data, view.size);
}

static inline trellis_status remember_host(const trellis_host_v1* given,
                                           trellis_host_ctx* given_ctx, void** instance) {
  host = given;
  ctx = given_ctx;
  *instance = NULL;
  return TRELLIS_OK;
}

static inline void stop_nothing(void* instance, int64_t deadline_ns) {
  (void)instance;
  (void)deadline_ns;
}
static inline void destroy_nothing(void* instance) {
  (void)instance;
}

/* As a provider has it that was compiled before the table had local values. */
#define TEST_TABLE(table_name, flags_, create_, handle_call_, stop_, destroy_) \
  static const trellis_provider_table table_name = {                           \
      offsetof(trellis_provider_table, local_values),                          \
      TRELLIS_PROVIDER_ABI,                                                    \
      (flags_),                                                                \
      "test:" #table_name,                                                     \
      "Test " #table_name,                                                     \
      "Trellis",                                                               \
      "1.2.3",                                                                 \
      4,                                                                       \
      create_,                                                                 \
      handle_call_,                                                            \
      stop_,                                                                   \
      destroy_,                                                                \
      NULL,                                                                    \
      0}

#define TEST_ENTRY(table_name)                              \
  const trellis_provider_table* trellis_provider_v1(void);  \
  const trellis_provider_table* trellis_provider_v1(void) { \
    return &table_name;                                     \
  }

#endif
