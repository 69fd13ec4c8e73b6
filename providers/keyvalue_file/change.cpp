#include "providers/keyvalue_file/change.hpp"

#include <boost/crc.hpp>

namespace trellis::providers::keyvalue_file {

namespace {

constexpr std::size_t frame_bytes = 8;   // length and checksum
constexpr std::size_t fixed_bytes = 13;  // kind, expiry, length of the key

template <class Number>
// Numbers byte by byte: files may move to a machine of another byte order.
void put(std::string& out, Number number) {
  for (std::size_t i = 0; i < sizeof number; ++i) {
    out += static_cast<char>(static_cast<std::uint64_t>(number) >> (8 * i));
  }
}

template <class Number>
[[nodiscard]] Number get(ByteView bytes, std::size_t at) {
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < sizeof(Number); ++i) {
    number |= std::uint64_t{bytes[at + i]} << (8 * i);
  }
  return static_cast<Number>(number);
}

// Checksum against torn writes and bad disks, not against an attacker, who could compute it too.
[[nodiscard]] std::uint32_t checksum(ByteView bytes) {
  boost::crc_32_type sum;
  sum.process_bytes(bytes.data(), bytes.size());
  return sum.checksum();
}

}  // namespace

void append_record(std::string& out, const Change& change) {
  const auto start = out.size();
  // Frame is filled in at the end: it states length and checksum of what follows.
  out.append(frame_bytes, '\0');
  put(out, static_cast<std::uint8_t>(change.kind));
  put(out, change.expires_ms);
  put(out, static_cast<std::uint32_t>(change.key.size()));
  out.append(change.key).append(change.value);
  const auto rest = as_bytes(std::string_view(out).substr(start + frame_bytes));
  std::string frame;
  put(frame, static_cast<std::uint32_t>(rest.size()));
  put(frame, checksum(rest));
  out.replace(start, frame_bytes, frame);
}

Parsed parse_record(ByteView bytes) {
  if (bytes.size() < frame_bytes) return {Parsed::State::cut};
  const auto size = get<std::uint32_t>(bytes, 0);
  // Length is checked before it is believed: one that is damaged would else ask for gigabytes, or
  // pass all that follows off as a cut record.
  if (size < fixed_bytes || size > max_record_bytes) return {Parsed::State::damaged};
  if (bytes.size() - frame_bytes < size) return {Parsed::State::cut};
  const auto rest = bytes.subspan(frame_bytes, size);
  if (checksum(rest) != get<std::uint32_t>(bytes, 4)) return {Parsed::State::damaged};
  const auto kind = rest[0];
  // Lengths are checked although the checksum was right: a file may come from anywhere.
  const auto key_size = get<std::uint32_t>(rest, 9);
  if (kind < static_cast<std::uint8_t>(Change::Kind::set) ||
      kind > static_cast<std::uint8_t>(Change::Kind::set_remove) || key_size > size - fixed_bytes) {
    return {Parsed::State::damaged};
  }
  const auto text = as_text(rest.subspan(fixed_bytes));
  return {Parsed::State::whole,
          {static_cast<Change::Kind>(kind), text.substr(0, key_size), text.substr(key_size),
           get<std::int64_t>(rest, 1)},
          frame_bytes + size};
}

}  // namespace trellis::providers::keyvalue_file
