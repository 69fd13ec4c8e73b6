// The closed set of WASI (contracts.md 1.10): no arguments, no environment, no files; standard
// output and error go to the log.
#include <algorithm>
#include <array>
#include <string>
#include <thread>

#include "wapc/guest_state.hpp"
#include "wapc/imports.hpp"
#include "wapc/wasi_poll.hpp"

namespace trellis::wapc {
namespace {

using engine::GuestMemory;
using engine::HostCall;

constexpr std::uint32_t standard_streams = 3;
// Vectors of one write: a table full of empty ones would keep the host busy for nothing.
constexpr std::uint32_t max_vectors = 1024;

bool is_stream(std::uint32_t descriptor) noexcept {
  return descriptor < standard_streams;
}

/// Writes two zeros: the count and the bytes of arguments or environment.
void sizes_get(HostCall& call) {
  const GuestMemory memory = call.memory();
  const bool written = memory.write_u32(call.u32(0), 0) && memory.write_u32(call.u32(1), 0);
  call.result(written ? errno_success : errno_fault);
}

// Arguments and environment are empty, so that there is nothing to write.
void nothing_get(HostCall& call) {
  call.result(errno_success);
}

void clock_time_get(HostCall& call) {
  const auto now = wasi_time(GuestState::of(call), call.u32(0));
  if (!now) return call.result(errno_inval);
  call.result(call.memory().write_u64(call.u32(2), *now) ? errno_success : errno_fault);
}

void clock_res_get(HostCall& call) {
  if (!wasi_time(GuestState::of(call), call.u32(0))) return call.result(errno_inval);
  call.result(call.memory().write_u64(call.u32(1), 1) ? errno_success : errno_fault);
}

/// Random bytes straight into guest memory.
void random_get(HostCall& call) {
  const auto out = call.memory().writable(call.u32(0), call.u32(1));
  if (!out) return call.result(errno_fault);
  GuestState::of(call).random.fill(*out);
  call.result(errno_success);
}

/// One entry of an iovec array; nothing when it lies or points outside.
std::optional<ByteView> vector_at(const GuestMemory& memory, std::uint64_t address) noexcept {
  if (address > UINT32_MAX - 8) return std::nullopt;
  const auto pointer = memory.read_u32(static_cast<std::uint32_t>(address));
  const auto length = memory.read_u32(static_cast<std::uint32_t>(address + 4));
  if (!pointer || !length) return std::nullopt;
  return memory.view(*pointer, *length);
}

/// Collects the text of the vectors, up to `wanted` bytes, and counts all of it.
bool gather(HostCall& call, std::size_t wanted, std::string& text, std::uint64_t& total) {
  const GuestMemory memory = call.memory();
  for (std::uint32_t i = 0; i < call.u32(2); ++i) {
    const auto bytes = vector_at(memory, call.u32(1) + std::uint64_t{8} * i);
    if (!bytes) return false;
    total += bytes->size();
    const auto room = wanted > text.size() ? wanted - text.size() : 0;
    text.append(as_text(bytes->first(std::min(bytes->size(), room))));
  }
  return true;
}

/// Standard output and error are the log (contracts.md 1.10); there is nothing else to write to.
void fd_write(HostCall& call) {
  const std::uint32_t descriptor = call.u32(0);
  if (descriptor != 1 && descriptor != 2) return call.result(errno_badf);
  if (call.u32(2) > max_vectors) return call.result(errno_inval);
  GuestState& state = GuestState::of(call);
  std::string text;
  std::uint64_t total = 0;
  // One byte more than may be logged: a newline at the end is taken off below.
  if (!gather(call, state.log_left() + 1, text, total)) return call.result(errno_fault);
  if (total > UINT32_MAX) return call.result(errno_inval);
  // All of it counts as written, also what the log leaves out; else libc would write the rest
  // again.
  if (!call.memory().write_u32(call.u32(3), static_cast<std::uint32_t>(total))) {
    return call.result(errno_fault);
  }
  state.drop_log(total - text.size());
  if (text.ends_with('\n')) text.pop_back();
  if (!text.empty()) state.log(text, descriptor == 2 ? LogLevel::warn : LogLevel::info);
  call.result(errno_success);
}

/// Standard input is at its end.
void fd_read(HostCall& call) {
  if (call.u32(0) != 0) return call.result(errno_badf);
  call.result(call.memory().write_u32(call.u32(3), 0) ? errno_success : errno_fault);
}

void fd_close(HostCall& call) {
  call.result(is_stream(call.u32(0)) ? errno_success : errno_badf);
}

// Streams cannot be sought, by which libc knows that they are no files.
void fd_seek(HostCall& call) {
  call.result(is_stream(call.u32(0)) ? errno_spipe : errno_badf);
}

/// A character device that can be read (0) or written (1, 2), 24 bytes.
void fd_fdstat_get(HostCall& call) {
  if (!is_stream(call.u32(0))) return call.result(errno_badf);
  constexpr std::size_t rights_at = 8;
  constexpr std::uint8_t character_device = 2;
  constexpr std::uint8_t right_read = 1 << 1;
  constexpr std::uint8_t right_write = 1 << 6;
  std::array<std::uint8_t, 24> stat{};
  stat[0] = character_device;
  stat[rights_at] = call.u32(0) == 0 ? right_read : right_write;
  call.result(call.memory().write(call.u32(1), stat) ? errno_success : errno_fault);
}

void fd_prestat(HostCall& call) {
  call.result(errno_badf);  // ends libc's search for open directories
}

// Directories are not there, so that nothing can be opened below one.
void path_open(HostCall& call) {
  call.result(errno_notcapable);
}

void sched_yield(HostCall& call) {
  std::this_thread::yield();
  call.result(errno_success);
}

void proc_exit(HostCall& call) {
  call.exit(call.u32(0));
}

using Table = std::array<engine::HostFunction, 19>;

/// Table of both modules' functions, which differ in poll_oneoff alone.
constexpr Table make_table(void (*poll)(HostCall&)) {
  return {{
      {"args_get", "ii:i", nothing_get},
      {"args_sizes_get", "ii:i", sizes_get},
      {"environ_get", "ii:i", nothing_get},
      {"environ_sizes_get", "ii:i", sizes_get},
      {"clock_time_get", "iIi:i", clock_time_get},
      {"clock_res_get", "ii:i", clock_res_get},
      {"random_get", "ii:i", random_get},
      {"fd_write", "iiii:i", fd_write},
      {"fd_read", "iiii:i", fd_read},
      {"fd_close", "i:i", fd_close},
      {"fd_seek", "iIii:i", fd_seek},
      {"fd_fdstat_get", "ii:i", fd_fdstat_get},
      {"fd_fdstat_set_flags", "ii:i", fd_close},  // the same answers: streams only, no effect
      {"fd_prestat_get", "ii:i", fd_prestat},
      {"fd_prestat_dir_name", "iii:i", fd_prestat},
      {"path_open", "iiiiiIIii:i", path_open},
      {"poll_oneoff", "iiii:i", poll},
      {"sched_yield", ":i", sched_yield},
      {"proc_exit", "i:", proc_exit},
  }};
}

constexpr Table preview1 = make_table(poll_oneoff_preview1);
constexpr Table unstable_set = make_table(poll_oneoff_unstable);

}  // namespace

std::span<const engine::HostFunction> wasi_functions(bool unstable) noexcept {
  return unstable ? unstable_set : preview1;
}

}  // namespace trellis::wapc
