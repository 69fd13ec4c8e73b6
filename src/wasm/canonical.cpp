#include "wasm/canonical.hpp"

#include "wasm/copier.hpp"
#include "wasm/sections.hpp"

namespace trellis::wasm {
namespace {

void copy_function_type(Copier& copy) {
  if (copy.byte() != 0x60) return copy.unsupported("a type that is not a function");
  copy.vector([&] { copy.value_type(); });
  copy.vector([&] { copy.value_type(); });
}

void copy_table(Copier& copy) {
  copy.reference_type();
  copy.limits();
}

void copy_global_type(Copier& copy) {
  copy.value_type();
  if (copy.byte() > 1) copy.in().fail_here("a global is neither constant nor variable");
}

/// Module and name, then by kind what is imported.
void copy_import(Copier& copy) {
  copy.name();
  copy.name();
  switch (copy.byte()) {
    case 0: copy.u32(); return;
    case 1: return copy_table(copy);
    case 2: return copy.limits();
    case 3: return copy_global_type(copy);
    default: return copy.unsupported("an unknown kind of import");
  }
}

void copy_global(Copier& copy) {
  copy_global_type(copy);
  copy_expression(copy);
}

void copy_export(Copier& copy) {
  copy.name();
  if (copy.byte() > 3) copy.unsupported("an unknown kind of export");
  copy.u32();
}

/// Flags: 1 = passive or declared, 2 = names a table (or "declared"), 4 = expressions, not indices.
void copy_element(Copier& copy) {
  const auto flags = copy.u32();
  if (flags > 7) return copy.in().fail_here("an element segment of an unknown kind");
  const bool active = (flags & 1U) == 0;
  const bool expressions = (flags & 4U) != 0;
  if (active && (flags & 2U) != 0) copy.u32();
  if (active) copy_expression(copy);
  if ((flags & 3U) != 0) {
    if (expressions) {
      copy.reference_type();
    } else if (copy.byte() != 0) {
      copy.unsupported("an unknown kind of element");
    }
  }
  copy.vector([&] { expressions ? copy_expression(copy) : static_cast<void>(copy.u32()); });
}

/// Flags: 1 = passive, 2 = names a memory; an active segment has its place as an expression.
void copy_data(Copier& copy) {
  const auto flags = copy.u32();
  if (flags > 2) return copy.in().fail_here("a data segment of an unknown kind");
  if (flags == 2) copy.u32();
  if (flags != 1) copy_expression(copy);
  copy.raw(copy.u32());
}

void copy_locals(Copier& copy) {
  copy.u32();
  copy.value_type();
}

/// A body's size comes first and changes with its contents, so the body is copied aside.
void copy_body(Copier& copy) {
  const auto size = copy.in().u32();
  const auto start = copy.in().offset();
  // Body has a cursor of its own, which cannot read beyond it.
  Cursor inside(copy.in().bytes(size), start);
  if (!copy.in().ok()) return;
  Bytes body;
  body.reserve(size);
  Copier part(inside, body);
  part.vector([&] { copy_locals(part); });
  copy_expression(part);
  if (inside.ok() && !inside.at_end()) inside.fail_here("a function body goes on after its end");
  if (!inside.ok()) return copy.in().adopt(inside.error());
  append_u32(copy.out(), static_cast<std::uint32_t>(body.size()));
  copy.out().insert(copy.out().end(), body.begin(), body.end());
}

/// Content of a section by its id: vectors of entries, but for start and data count.
void copy_content(Copier& copy, const Section& section) {
  // Sections that hold numbers are written anew; custom ones may hold anything and keep their
  // bytes.
  switch (section.id) {
    case 1: return copy.vector([&] { copy_function_type(copy); });
    case 2: return copy.vector([&] { copy_import(copy); });
    case 3: return copy.vector([&] { copy.u32(); });
    case 4: return copy.vector([&] { copy_table(copy); });
    case 5: return copy.vector([&] { copy.limits(); });
    case 6: return copy.vector([&] { copy_global(copy); });
    case 7: return copy.vector([&] { copy_export(copy); });
    case 8:
    case 12: copy.u32(); return;
    case 9: return copy.vector([&] { copy_element(copy); });
    case 10: return copy.vector([&] { copy_body(copy); });
    case 11: return copy.vector([&] { copy_data(copy); });
    default: return copy.raw(copy.in().left());  // custom: the payload stays
  }
}

/// Content of one section in canonical form, with the errors of signers.
Result<Bytes> canonical_content(ByteView module, const Section& section) {
  Bytes content;
  content.reserve(section.end - section.begin);
  if (section.id == 0) {
    append_u32(content, static_cast<std::uint32_t>(section.name.size()));
    const auto name = as_bytes(section.name);
    content.insert(content.end(), name.begin(), name.end());
  }
  Cursor in(module.subspan(section.content, section.end - section.content), section.content);
  Copier copy(in, content);
  copy_content(copy, section);
  if (in.ok() && !in.at_end()) in.fail_here("section has bytes left over");
  if (in.ok()) return content;
  const bool unknown = in.error().code == ErrorCode::unsupported;
  return fail(
      in.error().code,
      (unknown ? "module cannot be signed: " : "not a WebAssembly module: ") + in.error().message,
      unknown ? "compile without this feature: actors of this generation are limited to "
                "basic WebAssembly"
              : "compile the module again");
}

}  // namespace

Result<Bytes> canonical_module(ByteView module) {
  auto sections = Sections::open(module);
  if (!sections) return pass(sections);
  Bytes out(module.begin(), module.begin() + wasm_header_bytes);
  // Numbers only shrink, so that the input's size is room enough.
  out.reserve(module.size());
  while (true) {
    auto section = sections->next();
    if (!section) return pass(section);
    if (!*section) return out;
    auto content = canonical_content(module, **section);
    if (!content) return pass(content);
    out.push_back((*section)->id);
    append_u32(out, static_cast<std::uint32_t>(content->size()));
    out.insert(out.end(), content->begin(), content->end());
  }
}

}  // namespace trellis::wasm
