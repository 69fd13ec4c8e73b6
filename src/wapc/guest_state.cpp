#include "wapc/guest_state.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"

namespace trellis::wapc {
namespace {

void append_utf8(std::string& out, char32_t point) {
  const auto put = [&](char32_t bits) { out += static_cast<char>(bits); };
  if (point < 0x80) {
    put(point);
  } else if (point < 0x800) {
    put(0xc0 | (point >> 6));
    put(0x80 | (point & 0x3f));
  } else if (point < 0x10000) {
    put(0xe0 | (point >> 12));
    put(0x80 | ((point >> 6) & 0x3f));
    put(0x80 | (point & 0x3f));
  } else {
    put(0xf0 | (point >> 18));
    put(0x80 | ((point >> 12) & 0x3f));
    put(0x80 | ((point >> 6) & 0x3f));
    put(0x80 | (point & 0x3f));
  }
}

bool is_continuation(char c) noexcept {
  return (static_cast<unsigned char>(c) & 0xc0) == 0x80;
}

}  // namespace

void GuestState::begin(HostCalls& calls, SteadyTime call_deadline) noexcept {
  // Everything is cleared but the guest's own memory (contracts.md 1.4): what an earlier call left
  // must not pass for an answer to this one.
  host = &calls;
  deadline = call_deadline;
  has_request = has_response = has_error = has_host_response = has_host_error = over_limit = false;
  response.clear();
  error.clear();
  response_bytes = 0;
  log_used_ = 0;
  log_dropped_ = 0;
}

void GuestState::say_dropped() const noexcept try {
  if (log_dropped_ == 0 || host == nullptr) return;
  host->error_log(fmt::format("{} more bytes of log text dropped (limit {} per call)", log_dropped_,
                              limits.log_bytes));
  // NOLINTNEXTLINE(bugprone-empty-catch): there is no memory for the line
} catch (...) {
}

void GuestState::end() noexcept {
  say_dropped();
  host = nullptr;
  has_request = false;
  // Buffers may be large, and an instance may lie idle for long.
  host_response = {};
  host_error.clear();
}

void GuestState::log(std::string_view text, LogLevel level) {
  if (host == nullptr) return;
  const auto kept = cut_text(text, log_left());
  log_dropped_ += text.size() - kept.size();
  if (kept.empty() && (!text.empty() || log_left() == 0)) return;
  log_used_ += std::max<std::size_t>(kept.size(), 1);  // empty records are not free either
  std::string repaired;
  std::string_view shown = kept;
  if (!is_utf8(kept)) {
    repaired = replace_bad_utf8(kept);
    shown = repaired;
  }
  if (level == LogLevel::warn) {
    host->error_log(shown);
  } else {
    host->console_log(shown);
  }
}

std::string_view cut_text(std::string_view text, std::size_t bytes) noexcept {
  if (text.size() <= bytes) return text;
  std::size_t end = bytes;
  // A sequence has at most three continuation bytes; more are no UTF-8 and may be cut anywhere.
  for (int i = 0; i < 3 && end != 0 && is_continuation(text[end]); ++i) --end;
  return text.substr(0, is_continuation(text[end]) ? bytes : end);
}

std::string utf16_to_utf8(ByteView bytes) {
  std::string out;
  const auto unit = [&](std::size_t at) {
    return static_cast<char32_t>(bytes[at] | (bytes[at + 1] << 8));
  };
  // Byte that is left over at the end is no unit, and left out.
  for (std::size_t at = 0; at + 1 < bytes.size(); at += 2) {
    char32_t point = unit(at);
    // Pair of surrogates is one character; half of one is replaced below.
    const bool high = point >= 0xd800 && point < 0xdc00;
    const char32_t next = high && at + 3 < bytes.size() ? unit(at + 2) : 0;
    if (next >= 0xdc00 && next < 0xe000) {
      point = 0x10000 + ((point - 0xd800) << 10) + (next - 0xdc00);
      at += 2;
    } else if (point >= 0xd800 && point < 0xe000) {
      point = 0xfffd;
    }
    append_utf8(out, point);
  }
  return out;
}

}  // namespace trellis::wapc
