// For tests: programs for the guest `probe`, which calls any import with any arguments.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <string_view>

#include "trellis/bytes.hpp"

namespace trellis::wapc::testing {

/// Opcodes of testdata/probe.wat.
enum class Op : std::uint32_t {
  end = 0,
  guest_response,
  guest_error,
  host_call,
  host_response_len,
  host_response,
  host_error_len,
  host_error,
  console_log,
  guest_request,
  unreachable,
  divide,        ///< 1 by the argument
  divide_least,  ///< the smallest integer by minus the argument
  load,
  recurse,
  call_indirect,  ///< 0 and 3 are empty, 1 has another type, 2 works, 4 is past the table
  loop,
  memory_grow,
  table_grow,
  truncate,
  store,
  descend,  ///< the rest of the program runs this many calls deeper
  back,     ///< continues this many records earlier, plus one
  memory_size,
  args_get = 30,
  args_sizes_get,
  environ_get,
  environ_sizes_get,
  clock_time_get,
  clock_res_get,
  random_get,
  fd_write,
  fd_read,
  fd_close,
  fd_seek,
  fd_fdstat_get,
  fd_fdstat_set_flags,
  fd_prestat_get,
  fd_prestat_dir_name,
  path_open,
  poll_oneoff,
  sched_yield,
  proc_exit,
  abort,
};

/// Where the result of the last operation lies, and where the payload does.
inline constexpr std::uint32_t result_at = 512;
inline constexpr std::uint32_t operation_at = 1024;
inline constexpr std::uint32_t scratch_at = 8192;
inline constexpr std::uint32_t payload_at = 65536;
inline constexpr std::uint32_t memory_bytes = 8 * 65536;
/// Data of a program starts here, whatever the length of its code.
inline constexpr std::uint32_t data_at = payload_at + 4096;

/// A program in the making; `bytes()` is the payload of the call that runs it.
class Program {
 public:
  Program& op(Op code, std::initializer_list<std::uint32_t> arguments = {}) {
    std::array<std::uint32_t, 10> record{static_cast<std::uint32_t>(code)};
    std::size_t at = 1;
    for (const auto argument : arguments) record[at++] = argument;
    for (const auto word : record) append(code_, word);
    return *this;
  }
  /// Answers with `length` bytes at `pointer`, and returns 1.
  Program& respond(std::uint32_t pointer = result_at, std::uint32_t length = 4) {
    return op(Op::guest_response, {pointer, length}).op(Op::end, {1});
  }
  /// Bytes in guest memory; gives their address.
  std::uint32_t data(std::string_view text) {
    const auto at = data_at + static_cast<std::uint32_t>(data_.size());
    data_.insert(data_.end(), text.begin(), text.end());
    return at;
  }
  std::uint32_t words(std::initializer_list<std::uint32_t> words) {
    const auto at = data_at + static_cast<std::uint32_t>(data_.size());
    for (const auto word : words) append(data_, word);
    return at;
  }
  /// `__host_call` with these texts.
  Program& host_call(std::string_view binding, std::string_view ns, std::string_view operation,
                     std::string_view payload) {
    const auto length = [](std::string_view text) {
      return static_cast<std::uint32_t>(text.size());
    };
    return op(Op::host_call, {data(binding), length(binding), data(ns), length(ns), data(operation),
                              length(operation), data(payload), length(payload)});
  }

  [[nodiscard]] Bytes bytes() const {
    Bytes all = code_;
    all.resize(data_at - payload_at);
    all.insert(all.end(), data_.begin(), data_.end());
    return all;
  }

 private:
  static void append(Bytes& out, std::uint32_t word) {
    for (int shift = 0; shift < 32; shift += 8)
      out.push_back(static_cast<std::uint8_t>(word >> shift));
  }
  Bytes code_;
  Bytes data_;
};

/// The little-endian word a probe answered with.
inline std::uint32_t word_of(ByteView bytes, std::size_t at = 0) {
  std::uint32_t word = 0;
  for (std::size_t i = 0; i < 4 && at + i < bytes.size(); ++i) {
    word |= static_cast<std::uint32_t>(bytes[at + i]) << (8 * i);
  }
  return word;
}

}  // namespace trellis::wapc::testing
