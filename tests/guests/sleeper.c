/* Answers every HTTP request after a second and a half of sleep: a slow actor that needs no CPU. */
typedef unsigned int u32;
typedef unsigned long long u64;
typedef unsigned char u8;

#define IMPORT(module, name) __attribute__((import_module(module), import_name(name)))
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

__attribute__((export_name("__guest_call"))) u32 guest_call(u32 operation_size, u32 size) {
  static const struct subscription wanted = {0, 0, 1, 1500000000ULL, 0, 0};
  static u64 event[4];
  static u32 happened;
  (void)operation_size;
  (void)size;
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
