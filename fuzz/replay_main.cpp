// Replaces libFuzzer where it is not there: runs the target once over every file of a corpus.
#include <time.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <string_view>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

namespace fs = std::filesystem;

void replay(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  const std::vector<char> content((std::istreambuf_iterator<char>(file)), {});
  // A copy of exactly that size, so that reading one byte beyond it is noticed.
  const std::vector<std::uint8_t> input(content.begin(), content.end());
  LLVMFuzzerTestOneInput(input.data(), input.size());
}

// --- growth ---------------------------------------------------------------------------------

/// Of the processor, by all threads.
double cpu_seconds() {
  timespec spent{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &spent);
  return static_cast<double>(spent.tv_sec) + static_cast<double>(spent.tv_nsec) / 1e9;
}

/// Reads one input of `bytes` bytes: the byte that chooses the parser, then the same part again and
/// again. The fastest of `runs` counts, so that a busy machine changes nothing.
double cost(std::uint8_t choice, std::string_view part, std::size_t bytes, int runs) {
  std::vector<std::uint8_t> input{choice};
  while (input.size() < bytes) input.insert(input.end(), part.begin(), part.end());
  double best = std::numeric_limits<double>::max();
  for (int run = 0; run < runs; ++run) {
    const auto started = cpu_seconds();
    LLVMFuzzerTestOneInput(input.data(), input.size());
    best = std::min(best, cpu_seconds() - started);
  }
  return best;
}

/// What parsers have most to do with.
constexpr std::string_view parts[] = {"a",
                                      ".",
                                      "/",
                                      "../",
                                      std::string_view("\0", 1),
                                      "\xff",
                                      "\x80",
                                      "{",
                                      "[",
                                      "[1,",
                                      "{\"a\":",
                                      "\"",
                                      "\\",
                                      "\\u0041",
                                      "\x91",
                                      "\x81\xa1k",
                                      "\xdc\x7f\xff",
                                      "\xc4\x01",
                                      "=,",
                                      "a=b,",
                                      "&a *a ",
                                      "- ",
                                      "\n",
                                      ": ",
                                      "a: b\n",
                                      "<a>",
                                      "&#65;",
                                      "%41",
                                      "\r\n",
                                      "a, ",
                                      "A.",
                                      "${a}",
                                      "\xc3\xa4",
                                      "\x01\x01",
                                      "*.>"};

/// Every parser of this target costs at most a constant per byte (docs/decisions.md).
bool grows_linearly(int choices) {
  constexpr double max_growth = 6;  // from n to 4n: four times, and what caches and tables add
  constexpr double too_short_to_judge = 0.02;
  constexpr std::size_t n = 64 * 1024;
  constexpr int runs = 4;
  int judged = 0;
  bool linear = true;
  for (int choice = 0; choice < choices; ++choice) {
    for (const auto part : parts) {
      const auto byte = static_cast<std::uint8_t>(choice);
      if (cost(byte, part, 4 * n, 1) < too_short_to_judge) continue;
      ++judged;
      double small = 0;
      double large = 0;
      bool grows = true;
      // Growth is what every look finds: processor time is dearer while others use the caches.
      for (int look = 0; look < 5 && grows; ++look) {
        small = cost(byte, part, n, runs);
        large = cost(byte, part, 4 * n, runs);
        grows = large >= too_short_to_judge && large > max_growth * small;
      }
      if (!grows) continue;
      linear = false;
      std::printf("not linear: choice %d, part '%.*s': %.4f s for %zu bytes, %.4f s for 4n\n",
                  choice, static_cast<int>(part.size()), part.data(), small, n, large);
    }
  }
  std::printf("%d choices with %zu parts, %d of them long enough to judge\n", choices,
              std::size(parts), judged);
  return linear;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 3 && std::string_view(argv[1]) == "--growth") {
    return grows_linearly(std::atoi(argv[2])) ? 0 : 1;
  }
  std::size_t count = 0;
  for (int i = 1; i < argc; ++i) {
    std::vector<fs::path> files;
    for (const auto& entry : fs::recursive_directory_iterator(argv[i])) {
      if (entry.is_regular_file()) files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
    for (const auto& file : files) replay(file);
    count += files.size();
  }
  std::printf("replayed %zu inputs\n", count);
  return count == 0 ? 1 : 0;  // an empty corpus is a mistake
}
