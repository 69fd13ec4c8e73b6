/* A guest for tests of the host, at the level of the ABI (contracts.md 5.3): what it does is told by
 * the operation.
 *   Echo     the payload back
 *   Relay    the payload is [n][binding][n][namespace][n][operation][payload…], n one byte each:
 *            makes that host call and hands its answer or error on
 *   Work     computes for a time that four bytes of the payload say, the least significant first
 *   Count    how many calls this instance has had, one byte
 *   Trap, Spin, Fail (an error text of its own)
 *   HealthRequest  healthy
 */
typedef unsigned int u32;
typedef unsigned char u8;

#define IMPORT(name) __attribute__((import_module("wapc"), import_name(name)))
IMPORT("__guest_request") void guest_request(u8* operation, u8* payload);
IMPORT("__guest_response") void guest_response(const u8* bytes, u32 size);
IMPORT("__guest_error") void guest_error(const u8* text, u32 size);
IMPORT("__host_call")
u32 host_call(const u8* binding, u32 binding_size, const u8* ns, u32 ns_size, const u8* operation,
              u32 operation_size, const u8* payload, u32 size);
IMPORT("__host_response_len") u32 host_response_len(void);
IMPORT("__host_response") void host_response(u8* out);
IMPORT("__host_error_len") u32 host_error_len(void);
IMPORT("__host_error") void host_error(u8* out);
IMPORT("__console_log") void console_log(const u8* text, u32 size);

#ifndef ROOM
#define ROOM 65536
#endif
static u8 operation[256];
static u8 payload[ROOM];
static u8 answer[ROOM];
static u8 calls;

static int is(const char* name, u32 size) {
  u32 i = 0;
  for (; i < size && name[i] != 0; ++i) {
    if ((u8)name[i] != operation[i]) return 0;
  }
  return i == size && name[i] == 0;
}

static u32 relay(u32 size) {
  const u8* part[3];
  u32 length[3];
  u32 at = 0;
  for (int i = 0; i < 3; ++i) {
    length[i] = payload[at];
    part[i] = payload + at + 1;
    at += 1 + length[i];
    if (at > size) return 0;
  }
  if (host_call(part[0], length[0], part[1], length[1], part[2], length[2], payload + at, size - at)) {
    const u32 got = host_response_len();
    if (got > ROOM) return 0;
    host_response(answer);
    guest_response(answer, got);
    return 1;
  }
  const u32 got = host_error_len();
  if (got > ROOM) return 0;
  host_error(answer);
  guest_error(answer, got);
  return 0;
}

__attribute__((export_name("__guest_call"))) u32 guest_call(u32 operation_size, u32 size) {
  if (operation_size > sizeof operation || size > ROOM) return 0;
  guest_request(operation, payload);
  ++calls;
  if (is("Echo", operation_size)) {
    guest_response(payload, size);
    return 1;
  }
  if (is("Relay", operation_size)) return relay(size);
  if (is("Count", operation_size)) {
    guest_response(&calls, 1);
    return 1;
  }
  if (is("Log", operation_size)) {
    console_log(payload, size);
    guest_response(payload, 0);
    return 1;
  }
  if (is("Work", operation_size) && size >= 4) {
    const u32 rounds = payload[0] | payload[1] << 8 | payload[2] << 16 | (u32)payload[3] << 24;
    for (volatile u32 i = 0; i < rounds; ++i) {
    }
    guest_response(payload, 0);
    return 1;
  }
  if (is("Trap", operation_size)) __builtin_trap();
  if (is("Spin", operation_size)) {
    for (volatile u32 i = 0;; ++i) {
    }
  }
  if (is("HealthRequest", operation_size)) {
    guest_response((const u8*)"\x82\xa7healthy\xc3\xa7message\xa0", 19);
    return 1;
  }
  guest_error((const u8*)"refused", 7);
  return 0;
}
