#include "wasm/sections.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "base/call_limits.hpp"

namespace trellis::wasm {
namespace {

/// Beginnings: "\0asm", and the versions of a module and of a component.
constexpr std::array<std::uint8_t, 4> magic{0x00, 0x61, 0x73, 0x6d};
constexpr std::array<std::uint8_t, 4> version_one{0x01, 0x00, 0x00, 0x00};
constexpr std::array<std::uint8_t, 4> component{0x0d, 0x00, 0x01, 0x00};

std::unexpected<Error> bad_module(const std::string& why) {
  return fail(ErrorCode::malformed, "not a WebAssembly module: " + why,
              "give a binary WebAssembly module (.wasm), version 1");
}

/// Order of the sections: 1 to 9, then 12 (data count) before 10 and 11. Ids are at most 12.
unsigned rank_of(std::uint8_t id) noexcept {
  constexpr std::array<unsigned, 13> ranks{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 10};
  return ranks[id];
}

}  // namespace

Result<Sections> Sections::open(ByteView module) {
  if (module.size() > limits::module_bytes) {
    return fail(ErrorCode::limit,
                "module is larger than " + std::to_string(limits::module_bytes) + " bytes",
                "strip debug sections from the module");
  }
  if (module.size() < wasm_header_bytes ||
      !std::equal(magic.begin(), magic.end(), module.begin())) {
    return bad_module("it does not begin with the magic bytes");
  }
  const auto version = module.subspan(magic.size(), version_one.size());
  // Component is told apart from other versions, because its author needs another build and not
  // another file.
  if (std::equal(component.begin(), component.end(), version.begin())) {
    return bad_module("it is a component");
  }
  if (!std::equal(version_one.begin(), version_one.end(), version.begin())) {
    return bad_module("its version is not 1");
  }
  return Sections(module);
}

Result<std::optional<Section>> Sections::next() {
  if (at_ == module_.size()) return std::nullopt;
  Cursor cursor(module_.subspan(at_), at_);
  Section section;
  section.begin = at_;
  section.id = cursor.u8();
  if (section.id > 12) {
    return bad_module("unknown section " + std::to_string(section.id) + " at offset " +
                      std::to_string(at_));
  }
  const auto size = cursor.u32();
  section.content = cursor.offset();
  const auto payload = cursor.bytes(size);
  if (!cursor.ok()) return bad_module(cursor.error().message);
  section.end = cursor.offset();
  if (section.id == 0) {
    Cursor inside(payload, section.content);
    section.name = inside.name();
    if (!inside.ok()) return bad_module(inside.error().message);
    section.content = inside.offset();
  } else {
    // Custom sections may stand anywhere; all others come once, and in order (identity.md 3.2).
    const auto rank = rank_of(section.id);
    if (rank <= last_rank_) {
      return bad_module("section " + std::to_string(section.id) +
                        " is repeated or out of order at offset " + std::to_string(at_));
    }
    last_rank_ = rank;
  }
  at_ = section.end;
  return section;
}

}  // namespace trellis::wasm
