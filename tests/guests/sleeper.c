/* Answers an HTTP request for "…ms=N" after N milliseconds of sleep, others after a second and a
 * half: a slow actor that needs no CPU. */
typedef unsigned int u32;
typedef unsigned long long u64;
typedef unsigned char u8;

#define IMPORT(module, name) __attribute__((import_module(module), import_name(name)))
IMPORT("wapc", "__guest_request") void guest_request(u8* operation, u8* payload);
IMPORT("wapc", "__guest_response") void guest_response(const u8* bytes, u32 size);
IMPORT("wapc", "__guest_error") void guest_error(const u8* text, u32 size);
IMPORT("wasi_snapshot_preview1", "poll_oneoff")
u32 poll_oneoff(const void* in, void* out, u32 count, u32* happened);

struct subscription { /* a relative time of the monotonic clock; WASI's layout */
  u64 userdata;
  u64 tag;
  u64 clock;
  u64 timeout_ns;
  u64 precision;
  u64 flags;
};

static u8 operation[64];
static u8 payload[4096];

static u64 wanted_ms(u32 size) {
  u32 at;
  u64 ms = 0;
  for (at = 0; at + 3 < size; ++at) {
    if (payload[at] == 'm' && payload[at + 1] == 's' && payload[at + 2] == '=') break;
  }
  for (at += 3; at < size && payload[at] >= '0' && payload[at] <= '9'; ++at) {
    ms = ms * 10 + (payload[at] - '0');
  }
  return ms == 0 ? 1500 : ms;
}

__attribute__((export_name("__guest_call"))) u32 guest_call(u32 operation_size, u32 size) {
  static struct subscription wanted = {0, 0, 1, 0, 0, 0};
  static u64 event[4];
  static u32 happened;
  if (operation_size > sizeof operation || size > sizeof payload) {
    guest_error((const u8*)"too large", 9);
    return 0;
  }
  guest_request(operation, payload);
  wanted.timeout_ns = wanted_ms(size) * 1000000;
  if (poll_oneoff(&wanted, event, 1, &happened) != 0) {
    guest_error((const u8*)"cannot sleep", 12);
    return 0;
  }
  static const u8 answer[] =
      "\x84\xaastatusCode\xcc\xc8\xa6status\xa2OK\xa6header\x80\xa4"
      "body\xc4\x05slept";
  guest_response(answer, sizeof answer - 1);
  return 1;
}
