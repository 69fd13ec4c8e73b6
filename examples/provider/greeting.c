/* A capability provider in plain C for the contract example:greeting: the operation Greet answers
 * "<greeting>, <payload>!" with the greeting of the link. Built outside the tree:
 *   cc -shared -fPIC $(pkg-config --cflags trellis) -o greeting.so greeting.c
 * BindActor and RemoveActor carry MessagePack (contracts.md 2.4); this example only looks for the
 * value it needs.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <trellis/provider.h>

enum { MAX_LINKS = 64, KEY = 56, TEXT = 128 };

typedef struct {
  const trellis_host_v1* host;
  trellis_host_ctx* ctx;
  pthread_mutex_t lock;
  struct {
    char actor[KEY];
    char greeting[TEXT];
    size_t size;
  } links[MAX_LINKS];
  size_t count;
} provider;

static int is(trellis_view text, const char* name) {
  return text.size == strlen(name) && memcmp(text.data, name, text.size) == 0;
}

static void answer(provider* self, trellis_call call, trellis_status status, const void* bytes,
                   size_t size) {
  self->host->complete(self->ctx, call, status, bytes, size);
}

/* Position of the actor's link, or count. Holds the lock. */
static size_t find(const provider* self, const uint8_t* actor) {
  size_t i = 0;
  while (i < self->count && memcmp(self->links[i].actor, actor, KEY) != 0) ++i;
  return i;
}

/* The bytes behind `name` in a MessagePack message: a text of at most 31 (a0…bf) or 255 (d9) bytes. */
static trellis_view text_after(trellis_view message, const char* name) {
  trellis_view found = {NULL, 0};
  const size_t length = strlen(name);
  for (size_t i = 0; i + length < message.size; ++i) {
    const uint8_t* at = message.data + i + length;
    if (memcmp(message.data + i, name, length) != 0) continue;
    if (*at >= 0xa0 && *at <= 0xbf) {
      found.size = *at & 0x1f;
      found.data = at + 1;
    } else if (*at == 0xd9 && i + length + 1 < message.size) {
      found.size = at[1];
      found.data = at + 2;
    }
    if (found.data != NULL && found.data + found.size <= message.data + message.size) return found;
    found.data = NULL;
    found.size = 0;
  }
  return found;
}

static void bind(provider* self, trellis_call call, trellis_view message) {
  const trellis_view actor = text_after(message, "module");
  const trellis_view greeting = text_after(message, "GREETING");
  if (actor.size != KEY || greeting.size == 0 || greeting.size > TEXT) {
    static const char text[] = "the link needs a value GREETING of 1 to 128 bytes";
    answer(self, call, TRELLIS_ERROR, text, sizeof text - 1);
    return;
  }
  pthread_mutex_lock(&self->lock);
  const size_t at = find(self, actor.data);
  if (at < MAX_LINKS) {
    memcpy(self->links[at].actor, actor.data, KEY);
    memcpy(self->links[at].greeting, greeting.data, greeting.size);
    self->links[at].size = greeting.size;
    if (at == self->count) ++self->count;
  }
  pthread_mutex_unlock(&self->lock);
  answer(self, call, at < MAX_LINKS ? TRELLIS_OK : TRELLIS_ERROR, "too many links",
         at < MAX_LINKS ? 0 : 14);
}

static void unbind(provider* self, trellis_call call, trellis_view message) {
  const trellis_view actor = text_after(message, "module");
  pthread_mutex_lock(&self->lock);
  if (actor.size == KEY) {
    const size_t at = find(self, actor.data);
    if (at < self->count) self->links[at] = self->links[--self->count];
  }
  pthread_mutex_unlock(&self->lock);
  answer(self, call, TRELLIS_OK, NULL, 0);
}

static void greet(provider* self, trellis_call call, const trellis_call_info* info) {
  char text[TEXT + 256];
  size_t size = 0;
  pthread_mutex_lock(&self->lock);
  const size_t at = info->origin.size == KEY ? find(self, info->origin.data) : self->count;
  if (at < self->count) {
    memcpy(text, self->links[at].greeting, self->links[at].size);
    size = self->links[at].size;
  }
  pthread_mutex_unlock(&self->lock);
  if (size == 0 || info->payload.size > 200) {
    static const char why[] = "actor is not linked, or the name is too long";
    answer(self, call, TRELLIS_ERROR, why, sizeof why - 1);
    return;
  }
  memcpy(text + size, ", ", 2);
  memcpy(text + size + 2, info->payload.data, info->payload.size);
  text[size + 2 + info->payload.size] = '!';
  answer(self, call, TRELLIS_OK, text, size + 3 + info->payload.size);
}

static void handle_call(void* instance, trellis_call call, const trellis_call_info* info) {
  provider* self = instance;
  static const char healthy[] = "\x82\xa7healthy\xc3\xa7message\xa0";
  if (is(info->operation, "BindActor")) {
    bind(self, call, info->payload);
  } else if (is(info->operation, "RemoveActor")) {
    unbind(self, call, info->payload);
  } else if (is(info->operation, "Greet")) {
    greet(self, call, info);
  } else if (is(info->operation, "HealthRequest")) {
    answer(self, call, TRELLIS_OK, healthy, sizeof healthy - 1);
  } else {
    answer(self, call, TRELLIS_ERROR, "bad dispatch", 12);
  }
}

static trellis_status create(const trellis_host_v1* host, trellis_host_ctx* ctx, void** instance) {
  provider* self = calloc(1, sizeof *self);
  if (self == NULL) return TRELLIS_ERROR;
  self->host = host;
  self->ctx = ctx;
  pthread_mutex_init(&self->lock, NULL);
  *instance = self;
  return TRELLIS_OK;
}

static void stop(void* instance, int64_t deadline_ns) {
  (void)instance;
  (void)deadline_ns;
}

static void destroy(void* instance) {
  pthread_mutex_destroy(&((provider*)instance)->lock);
  free(instance);
}

const trellis_provider_table* trellis_provider_v1(void) {
  static const trellis_provider_table table = {
      .struct_size = sizeof table,
      .abi_version = TRELLIS_PROVIDER_ABI,
      .flags = TRELLIS_PROVIDER_CONCURRENT | TRELLIS_PROVIDER_NONBLOCKING | TRELLIS_PROVIDER_REBINDS,
      .contract_id = "example:greeting",
      .name = "Greeting",
      .vendor = "example",
      .version = "1.0.0",
      .revision = 1,
      .create = create,
      .handle_call = handle_call,
      .stop = stop,
      .destroy = destroy};
  return &table;
}
