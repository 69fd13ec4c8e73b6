#include "wasm/module_shape.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/limits.hpp"
#include "base/text.hpp"
#include "wasm/cursor.hpp"

namespace trellis::wasm {
namespace {

/// Ids of the binary format; the order in a module is another one.
enum SectionId : std::uint8_t {
  custom_section = 0,
  type_section = 1,
  import_section = 2,
  function_section = 3,
  table_section = 4,
  memory_section = 5,
  global_section = 6,
  export_section = 7,
  start_section = 8,
  element_section = 9,
  code_section = 10,
  data_section = 11,
  data_count_section = 12,
  tag_section = 13,
  known_sections = 14,
};

constexpr std::array<std::uint8_t, 8> header{0x00, 'a', 's', 'm', 0x01, 0x00, 0x00, 0x00};

using Failure = std::optional<Error>;

/// Failures are optional errors here: nothing means that it went well.
Failure problem(ErrorCode code, std::string message, std::string remedy = {}) {
  return Error{code, std::move(message), std::move(remedy)};
}

Failure malformed(std::string_view what) {
  return problem(ErrorCode::malformed, fmt::format("not a valid WebAssembly module: {}", what));
}

/// Objects when a section was too short or too long for what it declares.
Failure unread(const Cursor& in) {
  if (!in.ok()) return malformed(in.error().message);
  if (!in.at_end())
    return malformed(fmt::format("a section is too long at offset {}", in.offset()));
  return {};
}

Failure too_many(std::string_view what, std::size_t most) {
  return problem(ErrorCode::limit,
                 fmt::format("module has too many {}; the limit is {}", what, most));
}

/// A name from the module, fit for error texts.
std::string shown(std::string_view name) {
  return replace_bad_utf8(name.substr(0, limits::name_bytes));
}

/// Reads the sections one after the other and writes the capped module beside.
class Shaper {
 public:
  explicit Shaper(const CompileLimits& caps) : caps_(caps) {}

  Failure run(ByteView module);
  ModuleShape take() && {
    shape_.types = std::move(types_);
    return std::move(shape_);
  }

 private:
  Failure section(std::uint8_t id, ByteView payload, std::size_t offset);
  Failure types(Cursor& in);
  Failure imports(Cursor& in);
  Failure functions(Cursor& in);
  Failure exports(Cursor& in);
  Failure start(Cursor& in);
  Failure tables(Cursor& in, Bytes& out);
  Failure memory(Cursor& in, Bytes& out);
  Failure capped_limits(Cursor& in, Bytes& out, std::string_view what, std::string_view unit,
                        std::uint32_t cap);

  Failure tags(Cursor& in);
  Failure code(Cursor& in);
  Failure bounded(std::uint8_t id, std::size_t bytes);

  Failure type_letters(Cursor& in, std::string& out, std::uint32_t& count, std::size_t most);
  std::string_view signature_of(std::uint32_t function) const;
  void emit(std::uint8_t id, ByteView payload);

  const CompileLimits& caps_;
  ModuleShape shape_;
  std::shared_ptr<std::vector<SignatureText>> types_ =
      std::make_shared<std::vector<SignatureText>>();
  std::vector<Arity> arities_;            ///< of each type
  std::vector<std::uint32_t> functions_;  ///< type of each, imported ones first
  std::vector<std::uint32_t> tags_;       ///< type of each
  std::array<bool, known_sections> seen_{};
  ByteView export_entries_;  ///< held back until it is known whether there is a start
  std::uint32_t export_count_ = 0;
  bool exports_pending_ = false;
};

Failure Shaper::run(ByteView module) {
  if (module.size() > caps_.module_bytes) {
    return problem(ErrorCode::limit,
                   fmt::format("module of {} bytes exceeds the limit of {} bytes", module.size(),
                               caps_.module_bytes),
                   "strip debug information from the module");
  }
  if (module.size() < header.size() || !std::ranges::equal(module.first(header.size()), header)) {
    return malformed("it does not begin with the header of version 1");
  }
  // Caps and the export of a start function add a few bytes.
  shape_.capped.reserve(module.size() + 64);
  shape_.capped.assign(header.begin(), header.end());
  Cursor in(module.subspan(header.size()), header.size());
  while (!in.at_end()) {
    const std::uint8_t id = in.u8();
    const ByteView payload = in.bytes(in.u32());
    if (!in.ok()) {
      return malformed(fmt::format("section {}: {}", id, in.error().message));
    }
    if (id == custom_section) continue;  // nothing of them is needed to run
    if (auto failed = bounded(id, payload.size())) return failed;
    if (auto failed = section(id, payload, in.offset() - payload.size())) return failed;
  }
  // Module that ends without a start section: its exports go out as they came.
  if (exports_pending_) emit(export_section, export_entries_);
  return {};
}

/// Sections come once; those whose entries grow in the engine are bounded in bytes.
Failure Shaper::bounded(std::uint8_t id, std::size_t bytes) {
  if (id >= known_sections) return malformed(fmt::format("it has a section of kind {}", id));
  if (std::exchange(seen_[id], true)) {
    return malformed(fmt::format("it has two sections of kind {}", id));
  }
  // Code and data weigh what they are; entries of other sections take many times their size in the
  // engine.
  const bool large = id == code_section || id == data_section;
  if (large || bytes <= limits::module_section_bytes) return {};
  return problem(ErrorCode::limit,
                 fmt::format("section {} of the module has {} bytes; the limit is {}", id, bytes,
                             limits::module_section_bytes));
}

/// Reads one section, and writes it as the engine gets it.
Failure Shaper::section(std::uint8_t id, ByteView payload, std::size_t offset) {
  Cursor in(payload, offset);
  Bytes out;
  Failure failed;
  // Exports come directly before the start section, custom sections aside: anything else means
  // there is none, and the exports go out as they were.
  if (exports_pending_ && id != start_section) {
    emit(export_section, export_entries_);
    exports_pending_ = false;
  }
  switch (id) {
    case type_section: failed = types(in); break;
    case import_section: failed = imports(in); break;
    case function_section: failed = functions(in); break;
    case table_section: failed = tables(in, out); break;
    case memory_section: failed = memory(in, out); break;
    case export_section:
      export_entries_ = payload;
      exports_pending_ = true;
      return exports(in);
    case start_section: return start(in);
    case tag_section: failed = tags(in); break;
    case code_section: failed = code(in); break;
    case data_section:
      if (in.u32() > limits::module_data_segments) {
        return too_many("data segments", limits::module_data_segments);
      }
      emit(id, payload);
      return {};
    default: emit(id, payload); return {};
  }
  if (failed) return failed;
  if (auto cut = unread(in)) return cut;
  // Sections that were capped are written anew, all others stay as they came.
  emit(id, out.empty() ? payload : ByteView(out));
  return {};
}

void Shaper::emit(std::uint8_t id, ByteView payload) {
  shape_.capped.push_back(id);
  append_u32(shape_.capped, static_cast<std::uint32_t>(payload.size()));
  shape_.capped.insert(shape_.capped.end(), payload.begin(), payload.end());
}

/// Value types as letters, at most `most` of them.
Failure Shaper::type_letters(Cursor& in, std::string& out, std::uint32_t& count, std::size_t most) {
  count = in.u32();
  if (count > most) {
    return too_many(most == limits::type_results ? "results in a function type"
                                                 : "parameters in a function type",
                    most);
  }
  for (std::uint32_t i = 0; i < count; ++i) {
    switch (in.u8()) {
      // Letters are those in the signatures of host functions, with which imports are compared as
      // text.
      case 0x7f: out += 'i'; break;
      case 0x7e: out += 'I'; break;
      case 0x7d: out += 'f'; break;
      case 0x7c: out += 'F'; break;
      case 0x7b: out += 'v'; break;
      case 0x70:
      case 0x6f: out += 'r'; break;
      default: return malformed("unknown value type in a function type");
    }
  }
  return {};
}

Failure Shaper::types(Cursor& in) {
  const std::uint32_t count = in.u32();
  if (count > limits::module_types) return too_many("function types", limits::module_types);
  for (std::uint32_t i = 0; i < count && in.ok(); ++i) {
    // Types of other proposals have other marks; nothing here knows what they would cost.
    if (in.u8() != 0x60) return malformed("a type is not a function type");
    std::string text;
    Arity arity;
    if (auto failed = type_letters(in, text, arity.parameters, limits::type_parameters)) {
      return failed;
    }
    text += ':';
    if (auto failed = type_letters(in, text, arity.results, limits::type_results)) return failed;
    types_->push_back(std::move(text));
    arities_.push_back(arity);
  }
  return {};
}

Failure Shaper::tags(Cursor& in) {
  const std::uint32_t count = in.u32();
  if (count > limits::module_tags) return too_many("tags", limits::module_tags);
  for (std::uint32_t i = 0; i < count && in.ok(); ++i) {
    in.u8();  // attribute
    tags_.push_back(in.u32());
  }
  return {};
}

Failure Shaper::code(Cursor& in) {
  auto cost = measure_code(in, {.types = arities_,
                                .functions = functions_,
                                .imported_functions = shape_.imports.size(),
                                .tags = tags_});
  if (!cost) return std::move(cost.error());
  shape_.cost = *cost;
  return {};
}

Failure Shaper::imports(Cursor& in) {
  constexpr std::array kinds{"function", "table", "memory", "global", "tag"};
  const std::uint32_t count = in.u32();
  if (count > limits::module_imports) return too_many("imports", limits::module_imports);
  for (std::uint32_t i = 0; i < count && in.ok(); ++i) {
    const auto module = in.name();
    const auto name = in.name();
    const std::uint8_t kind = in.u8();
    if (!in.ok()) break;
    if (kind >= kinds.size()) return malformed("unknown kind of import");
    // Functions only: a memory or table that comes from outside would be one that others share.
    if (kind != 0) {
      return problem(
          ErrorCode::unsupported,
          fmt::format("module imports the {} {}.{}; guests may import functions only", kinds[kind],
                      shown(module), shown(name)),
          kind == 2 ? "link the module with a memory of its own, exported as 'memory'" : "");
    }
    const std::uint32_t type = in.u32();
    if (type >= types_->size()) return malformed("an import has an unknown type");
    functions_.push_back(type);
    shape_.imports.push_back({shown(module), shown(name), (*types_)[type]});
  }
  return {};
}

Failure Shaper::functions(Cursor& in) {
  const std::uint32_t count = in.u32();
  if (count > limits::module_functions) return too_many("functions", limits::module_functions);
  for (std::uint32_t i = 0; i < count && in.ok(); ++i) {
    const std::uint32_t type = in.u32();
    if (type >= types_->size()) return malformed("a function has an unknown type");
    functions_.push_back(type);
  }
  return {};
}

std::string_view Shaper::signature_of(std::uint32_t function) const {
  return function < functions_.size() ? (*types_)[functions_[function]] : std::string_view();
}

/// Notes the exports; they are written when it is known whether a start section follows.
Failure Shaper::exports(Cursor& in) {
  export_count_ = in.u32();
  if (export_count_ > limits::module_exports) return too_many("exports", limits::module_exports);
  for (std::uint32_t i = 0; i < export_count_ && in.ok(); ++i) {
    Export one;
    one.name = in.name();
    const std::uint8_t kind = in.u8();
    const std::uint32_t index = in.u32();
    if (kind > static_cast<std::uint8_t>(ExportKind::tag)) {
      return malformed("unknown kind of export");
    }
    one.kind = static_cast<ExportKind>(kind);
    if (one.kind == ExportKind::function) one.signature = signature_of(index);
    shape_.exports.push_back(std::move(one));
  }
  return unread(in);
}

/// Turns the start section into one more export (see start_export).
Failure Shaper::start(Cursor& in) {
  const std::uint32_t function = in.u32();
  if (!in.ok() || !in.at_end() || function >= functions_.size()) {
    return malformed("the start section names no function");
  }
  if (signature_of(function) != ":" || shape_.has_start) {
    return malformed("the start function has parameters or results");
  }
  Bytes entries;
  append_u32(entries, export_count_ + 1);
  // Entries that were there are copied behind the new count.
  if (exports_pending_) {
    Cursor old(export_entries_);
    old.u32();
    const auto rest = old.bytes(old.left());
    entries.insert(entries.end(), rest.begin(), rest.end());
  }
  append_u32(entries, static_cast<std::uint32_t>(start_export.size()));
  entries.insert(entries.end(), start_export.begin(), start_export.end());
  entries.push_back(static_cast<std::uint8_t>(ExportKind::function));
  append_u32(entries, function);
  emit(export_section, entries);
  exports_pending_ = false;
  shape_.has_start = true;
  return {};
}

/// Limits of a memory or table, with the cap written into them.
Failure Shaper::capped_limits(Cursor& in, Bytes& out, std::string_view what, std::string_view unit,
                              std::uint32_t cap) {
  const std::uint8_t flags = in.u8();
  if (!in.ok()) return malformed(fmt::format("a {} is cut", what));
  if (flags > 1) {
    return problem(ErrorCode::unsupported,
                   fmt::format("module declares a shared or 64-bit {}", what),
                   "build the module without threads and for 32-bit memory");
  }
  const std::uint32_t minimum = in.u32();
  const std::uint32_t maximum = flags == 1 ? in.u32() : cap;
  if (in.ok() && flags == 1 && maximum < minimum) {
    return malformed(fmt::format("a {} has a maximum below its minimum", what));
  }
  if (minimum > cap) {
    return problem(ErrorCode::limit,
                   fmt::format("module needs a {} of at least {} {}; the limit is {}", what,
                               minimum, unit, cap),
                   "raise the limit for this actor, or build it with a smaller initial size");
  }
  // Maximum is always written: without one the engine would let the guest grow beyond the cap.
  out.push_back(1);
  append_u32(out, minimum);
  append_u32(out, std::min(maximum, cap));
  return {};
}

Failure Shaper::tables(Cursor& in, Bytes& out) {
  const std::uint32_t count = in.u32();
  if (count > limits::module_tables) {
    return problem(ErrorCode::limit, fmt::format("module has {} tables; the limit is {}", count,
                                                 limits::module_tables));
  }
  append_u32(out, count);
  for (std::uint32_t i = 0; i < count && in.ok(); ++i) {
    out.push_back(in.u8());  // type of the elements; the engine knows which there are
    if (auto failed = capped_limits(in, out, "table", "elements", caps_.table_elements)) {
      return failed;
    }
  }
  return {};
}

Failure Shaper::memory(Cursor& in, Bytes& out) {
  const std::uint32_t count = in.u32();
  if (count > 1) {
    return problem(ErrorCode::unsupported,
                   fmt::format("module has {} memories; guests may have one", count));
  }
  append_u32(out, count);
  if (count == 0) return {};
  return capped_limits(in, out, "memory", "pages of 64 KiB", caps_.memory_pages);
}

}  // namespace

Result<ModuleShape> shape_module(ByteView module, const CompileLimits& caps) {
  Shaper shaper(caps);
  if (auto failed = shaper.run(module)) return std::unexpected(std::move(*failed));
  return std::move(shaper).take();
}

}  // namespace trellis::wasm
