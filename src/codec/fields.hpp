// How a message declares its fields: once, for both directions.
//
//   struct SetArgs {
//     std::string key;
//     std::int32_t expires = 0;
//     static constexpr auto describe() {
//       return describe_struct("SetArgs", field("key", &SetArgs::key),
//                              field("expires", &SetArgs::expires).or_default());
//     }
//   };
//
// A field may be bool, an integer, double, std::string, Bytes, a described struct or enumeration,
// or an optional, vector, tuple or string-keyed map of these. Order of fields is the order on the
// wire.
#pragma once

#include <array>
#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <tuple>

namespace trellis::codec {

/// Free-form names and values: headers, link values.
using StringMap = std::map<std::string, std::string, std::less<>>;

/// How a bytes field is written; both forms (and `str`) are read.
enum class BytesForm : bool {
  binary,   ///< `bin`: payloads of actors and providers
  integers  ///< array of integers: `msg` on the lattice, where peers refuse `bin`
};

template <class Owner, class Value>
struct Field {
  std::string_view name;
  Value Owner::* member;
  bool defaulted = false;
  bool skipped_when_absent = false;
  BytesForm form = BytesForm::binary;

  /// Missing on the wire is no error: the member keeps its initial value.
  [[nodiscard]] constexpr Field or_default() const {
    Field changed = *this;
    changed.defaulted = true;
    return changed;
  }
  /// An optional without value is left out instead of written as nil.
  [[nodiscard]] constexpr Field skip_when_absent() const {
    Field changed = *this;
    changed.skipped_when_absent = true;
    return changed;
  }
  [[nodiscard]] constexpr Field as_integers() const {
    Field changed = *this;
    changed.form = BytesForm::integers;
    return changed;
  }
};

template <class Owner, class Value>
[[nodiscard]] constexpr Field<Owner, Value> field(std::string_view name, Value Owner::* member) {
  return {name, member};
}

template <class... Fields>
struct StructDescription {
  static constexpr std::size_t size = sizeof...(Fields);
  std::string_view name;  ///< as the first-party calls it; appears in error texts
  std::tuple<Fields...> fields;

  [[nodiscard]] constexpr std::array<std::string_view, size> names() const {
    return std::apply([](const auto&... each) { return std::array{each.name...}; }, fields);
  }
};

template <class... Fields>
[[nodiscard]] constexpr StructDescription<Fields...> describe_struct(std::string_view name,
                                                                     Fields... fields) {
  return {name, {fields...}};
}

/// An enumeration with data: a struct whose member `value` is a std::variant, alternative i being
/// variant i, and whose static describe_variants() returns this.
template <std::size_t Size>
struct EnumDescription {
  static constexpr std::size_t size = Size;
  std::string_view name;
  std::array<std::string_view, Size> variants;
};

}  // namespace trellis::codec
