#include "cli/byte_sizes.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>

#include "base/text.hpp"

namespace trellis::cli {
namespace {

struct SizeUnit {
  std::string_view name;
  double bytes;
};
constexpr double binary = 1024;
constexpr double decimal = 1000;
constexpr std::array size_units = {SizeUnit{"", 1},
                                   SizeUnit{"b", 1},
                                   SizeUnit{"k", binary},
                                   SizeUnit{"kib", binary},
                                   SizeUnit{"kb", decimal},
                                   SizeUnit{"m", binary* binary},
                                   SizeUnit{"mib", binary* binary},
                                   SizeUnit{"mb", decimal* decimal},
                                   SizeUnit{"g", binary* binary* binary},
                                   SizeUnit{"gib", binary* binary* binary},
                                   SizeUnit{"gb", decimal* decimal* decimal},
                                   SizeUnit{"t", binary* binary* binary* binary},
                                   SizeUnit{"tib", binary* binary* binary* binary},
                                   SizeUnit{"tb", decimal* decimal* decimal* decimal}};
/// More than any disk has, and exact as a double.
constexpr double largest_size = 9e15;

}  // namespace

Result<std::uint64_t> parse_size(std::string_view text) {
  double number = 0;
  // from_chars: the locale does not change what a decimal point is.
  const auto [end, problem] =
      std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (problem == std::errc() && number >= 0) {
    // Bare letters are binary, as memory and disks are shown here; "kb" with its b is decimal, as
    // written.
    const auto unit =
        to_lower_ascii(trim(text.substr(static_cast<std::size_t>(end - text.data()))));
    for (const auto& each : size_units) {
      if (each.name == unit && number * each.bytes <= largest_size) {
        return static_cast<std::uint64_t>(number * each.bytes);
      }
    }
  }
  return fail(ErrorCode::invalid_argument, fmt::format("'{}' is no size", excerpt(text)),
              "a number and B, KiB, MiB, GiB or TiB: 500MiB, 1.5GiB");
}

std::string size_text(std::uint64_t bytes) {
  constexpr std::array<std::string_view, 4> names = {"KiB", "MiB", "GiB", "TiB"};
  // Bytes below a kibibyte have no decimals.
  if (bytes < 1024) return fmt::format("{} B", bytes);
  auto number = static_cast<double>(bytes) / binary;
  std::size_t unit = 0;
  while (number >= binary && unit + 1 < names.size()) {
    number /= binary;
    ++unit;
  }
  return fmt::format("{:.1f} {}", number, names[unit]);
}

Option& add_size(Command& leaf, const std::string& names, std::optional<std::uint64_t>& into,
                 const std::string& help) {
  auto& option = leaf.add_option(
      names,
      [&into](const std::string& text) {
        if (const auto size = parse_size(text)) into = *size;
      },
      help);
  option.value_name("SIZE");
  // Checked while the command line is read; the conversion before cannot report.
  option.check(
      [](const std::string& text) -> std::string {
        const auto size = parse_size(text);
        return size ? std::string() : size.error().message + "; " + size.error().remedy;
      },
      "");
  return option;
}

}  // namespace trellis::cli
