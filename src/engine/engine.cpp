#include "engine/engine.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/guard.hpp"

namespace trellis::engine {
namespace {

static_assert(std::endian::native == std::endian::little,
              "guest memory is little-endian; scalars are copied as they are");

template <class T>
std::optional<T> read_scalar(const GuestMemory& memory, std::uint32_t pointer) noexcept {
  const auto bytes = memory.view(pointer, sizeof(T));
  if (!bytes) return std::nullopt;
  T value;
  // Copied, because pointers of a guest need not be aligned.
  std::memcpy(&value, bytes->data(), sizeof value);
  return value;
}

template <class T>
bool write_scalar(const GuestMemory& memory, std::uint32_t pointer, T value) noexcept {
  return memory.write(pointer, {reinterpret_cast<const std::uint8_t*>(&value), sizeof value});
}

}  // namespace

std::optional<ByteView> GuestMemory::view(std::uint32_t pointer,
                                          std::uint64_t length) const noexcept {
  const auto range = writable(pointer, length);
  if (!range) return std::nullopt;
  return ByteView(*range);
}

std::optional<std::span<std::uint8_t>> GuestMemory::writable(std::uint32_t pointer,
                                                             std::uint64_t length) const noexcept {
  if (!contains(pointer, length)) return std::nullopt;
  // Empty range may point anywhere (contracts.md 1.1), so that no address is made of it.
  if (length == 0) return std::span<std::uint8_t>{};
  return std::span<std::uint8_t>{base_ + pointer, static_cast<std::size_t>(length)};
}

bool GuestMemory::write(std::uint32_t pointer, ByteView bytes) const noexcept {
  if (!contains(pointer, bytes.size())) return false;
  if (!bytes.empty()) std::memcpy(base_ + pointer, bytes.data(), bytes.size());
  return true;
}

std::optional<std::uint32_t> GuestMemory::read_u32(std::uint32_t pointer) const noexcept {
  return read_scalar<std::uint32_t>(*this, pointer);
}
std::optional<std::uint64_t> GuestMemory::read_u64(std::uint32_t pointer) const noexcept {
  return read_scalar<std::uint64_t>(*this, pointer);
}
bool GuestMemory::write_u16(std::uint32_t pointer, std::uint16_t value) const noexcept {
  return write_scalar(*this, pointer, value);
}
bool GuestMemory::write_u32(std::uint32_t pointer, std::uint32_t value) const noexcept {
  return write_scalar(*this, pointer, value);
}
bool GuestMemory::write_u64(std::uint32_t pointer, std::uint64_t value) const noexcept {
  return write_scalar(*this, pointer, value);
}

void HostCall::trap(std::string_view text) {
  // First end wins: what a host function says afterwards does not change why the guest ended.
  if (ended()) return;
  outcome_.end = CallEnd::trapped;
  outcome_.text = "[trap] ";
  outcome_.text += text;
}

void HostCall::exit(std::uint32_t code) noexcept {
  if (ended()) return;
  outcome_.end = CallEnd::exited;
  outcome_.value = code;
}

void HostCall::exhaust() noexcept {
  if (ended()) return;
  outcome_.end = CallEnd::exhausted;
  outcome_.text = out_of_memory().error().message;
}

void HostCall::stop() noexcept {
  if (!ended()) outcome_.end = CallEnd::interrupted;
}

const Export* Module::find_export(std::string_view name, ExportKind kind) const noexcept {
  const auto all = exports();
  const auto found = std::ranges::find_if(
      all, [&](const Export& one) { return one.kind == kind && one.name == name; });
  return found == all.end() ? nullptr : &*found;
}

}  // namespace trellis::engine
