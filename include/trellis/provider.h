/* The provider ABI: how a capability provider, in any language, is plugged into a Trellis host.
 *
 * A provider is a shared library that exports `trellis_provider_v1`. The host loads it, never
 * unloads it, and uses the returned table as follows:
 *
 *   create ──> handle_call (BindActor, HealthRequest, operations …) ──> stop ──> destroy
 *
 * Plain C, made to last. Rules for both sides:
 *   - Every struct begins with `struct_size`, set by its maker to sizeof of what it was compiled
 *     with. A reader uses a member only if the maker's struct_size covers it; members are only ever
 *     added at the end. TRELLIS_HAS(ptr, member) asks the question.
 *   - Text is UTF-8 as pointer and length, never zero-terminated unless said so.
 *   - Views handed to a function are valid until it returns: copy what is needed longer. The
 *     side that made a buffer frees it.
 *   - No exception, longjmp or allocator crosses the boundary.
 *   - The messages inside payloads are MessagePack as in contracts.md 2 and 3.
 *
 * In-process, the trust in a provider is total: it shares the host's address space. In process mode
 * it has one of its own (docs/providers.md, "Where a provider runs").
 * Spec: contracts.md 4.2 and 4.3 (this is the C ABI proposed there, under the project's name).
 */
#ifndef TRELLIS_PROVIDER_H
#define TRELLIS_PROVIDER_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TRELLIS_PROVIDER_ABI 1u

/* Whether the maker of *ptr knew `member`. `member` must be the name of a struct member. */
#ifdef __cplusplus
#define TRELLIS_OFFSET(ptr, member)                                   \
  static_cast<size_t>(reinterpret_cast<const char*>(&(ptr)->member) - \
                      reinterpret_cast<const char*>(ptr))
#else
#define TRELLIS_OFFSET(ptr, member) ((size_t)((const char*)&(ptr)->member - (const char*)(ptr)))
#endif
#define TRELLIS_HAS(ptr, member) \
  ((ptr)->struct_size >= TRELLIS_OFFSET(ptr, member) + sizeof((ptr)->member))

/* Borrowed bytes or text. data may be NULL when size is 0. */
typedef struct trellis_view {
  const uint8_t* data;
  size_t size;
} trellis_view;

/* Bytes made by the host and owned by the provider until it calls host->free_buffer. */
typedef struct trellis_buffer {
  uint8_t* data;
  size_t size;
  void* owner; /* the host's own bookkeeping; do not touch */
} trellis_buffer;

/* How a call or dispatch ended. */
typedef enum trellis_status {
  TRELLIS_OK = 0,
  TRELLIS_ERROR = 1,    /* the bytes are an error text, UTF-8 */
  TRELLIS_STOPPING = 2, /* the host or the entity is stopping */
  TRELLIS_BUSY = 3,     /* a bounded queue is full; the bytes are a text */
  TRELLIS_DEADLINE = 4, /* the time allowed ran out */
  TRELLIS_DENIED = 5    /* authorization refused the call */
} trellis_status;

/* One call to the provider, by number. Numbers are not reused, so a completion that comes too late
 * or twice is recognised, counted and ignored. */
typedef uint64_t trellis_call;
#define TRELLIS_NO_CALL UINT64_C(0)

/* The host's side of one provider instance. */
typedef struct trellis_host_ctx trellis_host_ctx;

/* What a provider is told about a call. Valid until handle_call returns. */
typedef struct trellis_call_info {
  size_t struct_size;
  trellis_view origin;    /* public key of the calling actor, or "system" */
  trellis_view operation; /* "Get", "BindActor", … */
  trellis_view payload;
  int64_t deadline_ns;  /* absolute, CLOCK_MONOTONIC; after it nobody waits for the answer */
  uint32_t chain_depth; /* entities on the call's chain before this provider */
} trellis_call_info;

typedef enum trellis_log_level {
  TRELLIS_LOG_TRACE = 0,
  TRELLIS_LOG_DEBUG = 1,
  TRELLIS_LOG_INFO = 2,
  TRELLIS_LOG_WARN = 3,
  TRELLIS_LOG_ERROR = 4
} trellis_log_level;

/* Told to a thread made by spawn_thread when the host is about to wait on it. */
typedef struct trellis_thread_hooks {
  size_t struct_size;
  /* The host is about to block this thread for a while (a nested call waits for something). Return
   * 0 to allow it, typically after handing this thread's other duties to a spare one; anything else
   * refuses: the dispatch then ends with TRELLIS_BUSY instead of blocking. */
  int32_t (*before_block)(void* user);
  /* The wait is over. Called exactly once after each before_block that returned 0. */
  void (*after_block)(void* user);
  void* user;
} trellis_thread_hooks;

/* Receives the end of an asynchronous dispatch, on a thread of the host. `bytes` is valid until it
 * returns. Must not block. */
typedef void (*trellis_dispatch_done)(void* user, trellis_status status, trellis_view bytes);

/* What the host offers. Every function may be called from any thread between create and the end of
 * stop, also from inside handle_call. `ctx` is the pointer given to create. */
typedef struct trellis_host_v1 {
  size_t struct_size;
  uint32_t abi_version; /* TRELLIS_PROVIDER_ABI of the host */

  /* Ends a call: TRELLIS_OK with the response, or TRELLIS_ERROR with a UTF-8 text that the caller
   * sees unchanged (the other statuses, with a text, where they say it better). The bytes are
   * copied. Exactly once per call, from any thread, inside or after handle_call; further
   * completions are counted and ignored. */
  void (*complete)(trellis_host_ctx* ctx, trellis_call call, trellis_status status,
                   const uint8_t* bytes, size_t size);

  /* 1 when nobody waits for `call` any more (deadline passed, host stopping, already completed). */
  int32_t (*cancelled)(trellis_host_ctx* ctx, trellis_call call);

  /* Calls an actor linked to this provider and waits for the answer. `parent` is the call on whose
   * behalf this happens, or TRELLIS_NO_CALL: chain and deadline are inherited from it. A call that
   * was completed is no parent any more. `timeout_ns` bounds the wait (0: the host's default; never
   * beyond the parent's deadline). On a thread made by spawn_thread the actor runs on the calling
   * thread; on any other thread it runs on one of the host's. *out receives response or error text;
   * release it with free_buffer. */
  trellis_status (*dispatch)(trellis_host_ctx* ctx, trellis_call parent, trellis_view actor,
                             trellis_view operation, trellis_view payload, int64_t timeout_ns,
                             trellis_buffer* out);

  /* The same without waiting: returns at once; `done` is called exactly once and may be NULL.
   * Arguments are copied. What is refused (bad arguments, stopping, too many under way) is told to
   * `done` on the calling thread before this returns. */
  void (*dispatch_async)(trellis_host_ctx* ctx, trellis_call parent, trellis_view actor,
                         trellis_view operation, trellis_view payload, int64_t timeout_ns,
                         trellis_dispatch_done done, void* user);

  /* Releases a buffer filled by dispatch; a zeroed buffer is allowed. */
  void (*free_buffer)(trellis_host_ctx* ctx, trellis_buffer* buffer);

  /* Starts a thread of the host (name at most 15 bytes) that may enter guests directly, and
   * runs fn(arg) on it. `hooks` may be NULL; it is copied. Returns TRELLIS_OK, or TRELLIS_ERROR
   * when no thread can be had. The provider must make fn return before its stop returns. */
  trellis_status (*spawn_thread)(trellis_host_ctx* ctx, trellis_view name, void (*fn)(void* arg),
                                 void* arg, const trellis_thread_hooks* hooks);

  /* Writes to the host's log. `target` may be empty. */
  void (*log)(trellis_host_ctx* ctx, trellis_log_level level, trellis_view target,
              trellis_view text);

  /* Now on the clock of the deadlines (CLOCK_MONOTONIC, nanoseconds). */
  int64_t (*now_ns)(trellis_host_ctx* ctx);

  /* Counts memory that the provider is about to keep for others (bodies of requests under way,
   * messages that wait) against the budget of the host. TRELLIS_BUSY when there is no room: then
   * keep nothing and tell whoever asked that it is busy. Cheap; any thread. In a process of its own
   * a provider is bounded by that process's limit instead, and is always told TRELLIS_OK.
   * Since struct_size covers it. */
  trellis_status (*reserve_memory)(trellis_host_ctx* ctx, uint64_t bytes);
  /* Gives back what was reserved. What is left when the instance ends is given back by the host. */
  void (*release_memory)(trellis_host_ctx* ctx, uint64_t bytes);
} trellis_host_v1;

/* handle_call may run on several threads at once, and stop beside it. Without it the host makes one
 * call at a time, stop included. */
#define TRELLIS_PROVIDER_CONCURRENT 1u
/* handle_call never blocks (no I/O, no lock held for long, no dispatch): the host runs it on the
 * caller's thread. Without it calls run on an executor of the provider's own. */
#define TRELLIS_PROVIDER_NONBLOCKING 2u
/* A second BindActor with other values for a bound actor replaces the first. Without it the host
 * sends RemoveActor before BindActor when a link's values change. */
#define TRELLIS_PROVIDER_REBINDS 4u
/* handle_call may wait (for a server, say) but returns by the deadline of its call, whatever
 * happens, and needs no more than 64 KiB of stack: the host runs calls of actors on the caller's
 * thread, after others have taken over what that thread does beside, and its own calls (from
 * "system") on the executor. Only together with TRELLIS_PROVIDER_CONCURRENT. */
#define TRELLIS_PROVIDER_KEEPS_DEADLINES 8u

/* What a link value makes a provider do on its machine, with the rights of the host. A host takes
 * such values from its operator; from others of a lattice only as far as the operator allowed it
 * (docs/security.md, "Where a link comes from"). */
typedef enum trellis_local_kind {
  TRELLIS_LOCAL_ONLY = 0,   /* never from others: proxies, rules about what may be reached, ... */
  TRELLIS_LOCAL_FILE = 1,   /* path of a file or folder; the host hands over its resolved form */
  TRELLIS_LOCAL_LISTEN = 2, /* addresses to listen on: IP:PORT, [IPv6]:PORT or PORT, and commas */
  TRELLIS_LOCAL_PORT = 3    /* a port of all IPv4 addresses; from 1024 on, and 0, everybody's */
} trellis_local_kind;

/* One such link value. Hosts that do not know its kind treat it as TRELLIS_LOCAL_ONLY. */
typedef struct trellis_local_value {
  const char* name; /* of the link value, exactly as the provider reads it; zero-terminated UTF-8 */
  uint32_t kind;    /* trellis_local_kind */
} trellis_local_value;

/* What a provider is: a constant table with static lifetime. */
typedef struct trellis_provider_table {
  size_t struct_size;
  uint32_t abi_version; /* TRELLIS_PROVIDER_ABI */
  uint32_t flags;       /* TRELLIS_PROVIDER_… */

  /* Identity of a provider without an archive; zero-terminated UTF-8 with static lifetime.
   * An archive's signed claims, where there is one, win over these. */
  const char* contract_id; /* "wasmcloud:keyvalue" */
  const char* name;
  const char* vendor;
  const char* version;
  int32_t revision;

  /* Makes an instance. *instance receives the pointer handed to the other functions. On failure
   * returns something other than TRELLIS_OK; say why through host->log. */
  trellis_status (*create)(const trellis_host_v1* host, trellis_host_ctx* ctx, void** instance);

  /* One call. Must be ended by host->complete, inside this function or later. BindActor,
   * RemoveActor and HealthRequest come from "system" as in contracts.md 2.3 and 2.4; BindActor may
   * come again with the same or other values. */
  void (*handle_call)(void* instance, trellis_call call, const trellis_call_info* info);

  /* No new calls come, and nobody waits for those that have not ended: complete is not needed for
   * them. The host gives running calls time to return first; where some are still inside (only with
   * TRELLIS_PROVIDER_CONCURRENT), make them return. Release resources and end all threads before
   * `deadline_ns` (CLOCK_MONOTONIC). After it has returned no thread of the provider may use the
   * host. Asynchronous dispatches that are still under way end with TRELLIS_STOPPING. */
  void (*stop)(void* instance, int64_t deadline_ns);

  /* Frees the instance. Only after stop has returned. */
  void (*destroy)(void* instance);

  /* Since the first revision of ABI version 1; may be left out. Link values that are for the
   * operator of the machine to set; static lifetime, NULL for none. */
  const trellis_local_value* local_values;
  size_t local_value_count;
} trellis_provider_table;

/* The entry a provider library exports. Returns NULL when it cannot run here. */
typedef const trellis_provider_table* (*trellis_provider_entry)(void);
#define TRELLIS_PROVIDER_ENTRY "trellis_provider_v1"

#ifdef __cplusplus
}
#endif

#endif /* TRELLIS_PROVIDER_H */
