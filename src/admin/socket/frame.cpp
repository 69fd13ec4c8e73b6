#include "admin/socket/frame.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <system_error>

namespace trellis::admin {
namespace {

using Time = std::chrono::steady_clock::time_point;
using std::chrono::milliseconds;

std::unexpected<Error> broken(int number) {
  return fail(ErrorCode::unavailable,
              "control connection: " + std::generic_category().message(number));
}

std::unexpected<Error> late() {
  return fail(ErrorCode::deadline, "control connection: the other side was too slow");
}

/// Waits for the socket; false when the deadline passed first.
Result<bool> wait_for(int fd, short events, Time deadline) {
  while (true) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - std::chrono::steady_clock::now());
    const auto patience = std::clamp<std::int64_t>(left.count(), 0, 3'600'000);
    pollfd entry{fd, events, 0};
    const int ready = ::poll(&entry, 1, static_cast<int>(patience));
    if (ready > 0) return true;
    if (ready == 0) return false;
    if (errno != EINTR) return broken(errno);
  }
}

/// Number of bytes read, 0 at the end of the stream; nothing when the deadline passed first.
Result<std::optional<std::size_t>> read_some(int fd, char* into, std::size_t most, Time deadline) {
  while (true) {
    const auto ready = wait_for(fd, POLLIN, deadline);
    if (!ready) return pass(ready);
    if (!*ready) return std::nullopt;
    const auto got = ::recv(fd, into, most, MSG_DONTWAIT);
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno != EINTR && errno != EAGAIN) return broken(errno);
  }
}

/// Appends exactly `count` bytes to `content`.
Result<void> read_exactly(int fd, std::string& content, std::size_t count, Time deadline) {
  // Memory grows with what comes, not with what was announced.
  constexpr std::size_t chunk = 64 * 1024;
  while (count > 0) {
    const auto before = content.size();
    content.resize(before + std::min(chunk, count));
    const auto got = read_some(fd, content.data() + before, content.size() - before, deadline);
    if (!got) return pass(got);
    if (!*got) return late();
    if (**got == 0) return fail(ErrorCode::malformed, "control connection: closed inside a frame");
    content.resize(before + **got);
    count -= **got;
  }
  return {};
}

/// Length in the four bytes before a frame, most significant first.
std::size_t decode_length(std::string_view header) {
  std::size_t length = 0;
  for (const char c : header) length = length << 8 | static_cast<std::uint8_t>(c);
  return length;
}

}  // namespace

Result<std::optional<std::string>> read_frame(int fd, const FrameLimits& limits) {
  std::string header(4, '\0');
  const auto begun = read_some(fd, header.data(), header.size(),
                               std::chrono::steady_clock::now() + limits.first_byte);
  if (!begun) return pass(begun);
  // Silence and an end between frames are no errors: the connection is just over.
  if (!*begun || **begun == 0) return std::nullopt;
  header.resize(**begun);
  // Frame that has begun must end soon: a connection may be idle, but not drip.
  const auto deadline = std::chrono::steady_clock::now() + limits.whole;
  if (auto rest = read_exactly(fd, header, 4 - header.size(), deadline); !rest) return pass(rest);
  const auto length = decode_length(header);
  if (length == 0 || length > limits.bytes) {
    return fail(ErrorCode::limit,
                fmt::format("control connection: a frame of {} bytes, 1 to {} are accepted", length,
                            limits.bytes));
  }
  // Room is asked for before anything is read, so that many connections together cannot fill the
  // memory.
  if (auto room = limits.room ? limits.room(length) : Result<void>(); !room) return pass(room);
  std::string content;
  if (auto rest = read_exactly(fd, content, length, deadline); !rest) return pass(rest);
  return content;
}

Result<void> write_frame(int fd, std::string_view content, milliseconds timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  const auto length = static_cast<std::uint32_t>(content.size());
  std::string frame{static_cast<char>(length >> 24), static_cast<char>(length >> 16),
                    static_cast<char>(length >> 8), static_cast<char>(length)};
  frame += content;
  std::size_t sent = 0;
  while (sent < frame.size()) {
    const auto ready = wait_for(fd, POLLOUT, deadline);
    if (!ready) return pass(ready);
    if (!*ready) return late();
    const auto put =
        ::send(fd, frame.data() + sent, frame.size() - sent, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (put >= 0) {
      sent += static_cast<std::size_t>(put);
    } else if (errno != EINTR && errno != EAGAIN) {
      return broken(errno);
    }
  }
  return {};
}

}  // namespace trellis::admin
