// trellis bench: hands over to trellis-bench, a program of its own.
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <system_error>

#include "cli/command.hpp"
#include "cli/local_host.hpp"

namespace trellis::cli {
namespace {

namespace fs = std::filesystem;

/// Program of the benchmarks: beside this one in a build folder, among the private files of an
/// installation. Never from PATH: the first file of that name could be anybody's.
Result<fs::path> find_program() {
  const auto here = fs::path(own_program()).parent_path();
  const std::array places{here / "trellis-bench", here / TRELLIS_LIBEXEC / "trellis-bench"};
  for (const auto& place : places) {
    std::error_code problem;
    if (fs::is_regular_file(place, problem)) return place;
  }
  return fail(ErrorCode::not_found, "the benchmarks are not installed: no " + places[0].string(),
              "in a source tree `make bench` builds and runs them");
}

/// Does not return where it succeeds.
Error replace_process(const fs::path& program, std::vector<std::string> words) {
  std::vector<char*> arguments;
  auto name = program.string();
  arguments.push_back(name.data());
  for (auto& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  // Replaced instead of a child: signals, output and status are the benchmark's without any passing
  // on.
  ::execv(name.c_str(), arguments.data());
  return {ErrorCode::unavailable,
          name + " cannot be started: " + std::generic_category().message(errno),
          "check that it is a program of this machine's kind"};
}

}  // namespace

void add_bench(Command& app, Context& context) {
  auto& leaf =
      app.add_subcommand("bench", "Measure this machine: ratios to floors of the same run");
  auto words = std::make_shared<std::vector<std::string>>();
  // Words are not looked at here, --help included: the other program has its own command line.
  leaf.take_rest(*words).run([words, &context] {
    const auto program = find_program();
    print_error(context, {}, program ? replace_process(*program, *words) : program.error());
  });
}

}  // namespace trellis::cli
