#include "base/suggest.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <numeric>

#include "base/text.hpp"

namespace trellis {
namespace {

/// Longer words are no slips, and would cost time.
constexpr std::size_t longest_word = 64;

/// Insertions, deletions, exchanges, and swaps of neighbours that make one word of the other.
std::size_t slips_between(std::string_view one, std::string_view two) {
  using Row = std::array<std::size_t, longest_word + 1>;
  Row earlier{};
  Row above{};
  Row row{};
  std::iota(above.begin(), above.end(), 0U);
  for (std::size_t i = 1; i <= one.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= two.size(); ++j) {
      const bool same = one[i - 1] == two[j - 1];
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + (same ? 0 : 1)});
      const bool swapped = i > 1 && j > 1 && one[i - 1] == two[j - 2] && one[i - 2] == two[j - 1];
      if (swapped) row[j] = std::min(row[j], earlier[j - 2] + 1);
    }
    earlier = above;
    above = row;
  }
  return above[two.size()];
}

bool is_joint(char c) {
  return c == '_' || c == '-' || c == ':';
}

/// Whether one is the other with a part missing, before or behind a joint.
bool is_part(std::string_view part, std::string_view whole) {
  // Two letters are a part of too many words.
  if (part.size() < 3 || part.size() >= whole.size()) return false;
  return (whole.starts_with(part) && is_joint(whole[part.size()])) ||
         (whole.ends_with(part) && is_joint(whole[whole.size() - part.size() - 1]));
}

}  // namespace

std::optional<std::string> nearest(std::string_view word,
                                   std::span<const std::string_view> candidates) {
  if (word.empty() || word.size() > longest_word) return std::nullopt;
  const auto lower = to_lower_ascii(std::string(word));
  // One slip is allowed for each three letters; more would make one word of any two.
  const std::size_t allowed = std::max<std::size_t>(1, lower.size() / 3);
  std::optional<std::string> best;
  std::size_t fewest = allowed + 1;
  for (const auto candidate : candidates) {
    if (candidate.size() > longest_word) continue;
    const auto other = to_lower_ascii(std::string(candidate));
    const bool part = is_part(lower, other) || is_part(other, lower);
    const auto slips = part ? 1 : slips_between(lower, other);
    // Word of which nothing would be left is no slip of another.
    if (slips >= fewest || slips >= std::max(lower.size(), other.size())) continue;
    fewest = slips;
    best = std::string(candidate);
  }
  return best;
}

}  // namespace trellis
