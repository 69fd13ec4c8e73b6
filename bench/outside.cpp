#include "bench/outside.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <thread>

#include "base/text.hpp"
#include "bench/machine_use.hpp"
#include "bench/measure.hpp"
#include "trellis/client.hpp"

namespace trellis::bench {
namespace {

constexpr std::size_t word_count = 6;

template <class Number>
std::optional<Number> number_of(const std::string& text) {
  Number number{};
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

struct Close {
  void operator()(std::FILE* pipe) const noexcept { ::pclose(pipe); }
};
using Pipe = std::unique_ptr<std::FILE, Close>;

/// The next line of the other process, which must begin with `word`; what stands behind that.
Result<std::string> expect_line(std::FILE* pipe, std::string_view word) {
  std::array<char, 256> line{};
  if (std::fgets(line.data(), line.size(), pipe) != nullptr) {
    const auto text = trim(std::string_view(line.data()));
    if (text.starts_with(word)) return std::string(trim(text.substr(word.size())));
  }
  return fail(ErrorCode::unavailable, "the callers outside ended before they were done");
}

}  // namespace

std::string to_words(const OutsideCalls& calls) {
  return fmt::format("{} {} {} {} {} {}", calls.nats_url, calls.ns, fmt::join(calls.actors, ","),
                     calls.callers, calls.payload, calls.seconds);
}

Result<OutsideCalls> parse_outside_calls(const std::vector<std::string>& words) {
  const auto refused = [] {
    return fail(ErrorCode::invalid_argument, "the callers outside need six words",
                "this is for the benchmark itself");
  };
  if (words.size() != word_count) return refused();
  OutsideCalls calls;
  calls.nats_url = words[0];
  calls.ns = words[1];
  for (const auto key : split(words[2], ',')) calls.actors.emplace_back(key);
  const auto callers = number_of<std::size_t>(words[3]);
  const auto payload = number_of<std::size_t>(words[4]);
  const auto seconds = number_of<double>(words[5]);
  if (!callers || !payload || !seconds) return refused();
  calls.callers = *callers;
  calls.payload = *payload;
  calls.seconds = *seconds;
  return calls;
}

Result<void> call_from_outside(const OutsideCalls& calls) {
  ClientOptions options;
  options.ns = calls.ns;
  options.rpc.servers = {calls.nats_url};
  options.rpc_timeout = std::chrono::seconds(5);
  auto client = Client::connect(options);
  if (!client) return pass(client);
  const Bytes payload(calls.payload, 'x');
  for (const auto& actor : calls.actors) {
    if (auto answer = (*client)->call(actor, "Echo", payload); !answer) return pass(answer);
  }
  fmt::print("ready\n");
  std::fflush(stdout);
  std::atomic<std::size_t> count{0};
  std::atomic<bool> failed{false};
  std::vector<std::jthread> threads;
  const auto start = Clock::now();
  for (std::size_t i = 0; i < calls.callers; ++i) {
    threads.emplace_back([&, i] {
      for (auto turn = i; seconds_since(start) < calls.seconds; ++turn) {
        const auto& actor = calls.actors[turn % calls.actors.size()];
        if ((*client)->call(actor, "Echo", payload)) {
          ++count;
        } else {
          failed = true;
        }
      }
    });
  }
  threads.clear();
  if (failed) return fail(ErrorCode::unavailable, "a call from outside was not answered");
  fmt::print("done {}\n", count.load());
  std::fflush(stdout);
  return {};
}

std::filesystem::path host_program() {
  std::error_code problem;
  const auto here = std::filesystem::read_symlink("/proc/self/exe", problem).parent_path();
  const auto beside = here / "trellis";
  return std::filesystem::exists(beside, problem) ? beside : here / "../../bin/trellis";
}

Result<OutsideFigures> measure_from_outside(const OutsideCalls& calls) {
  std::error_code problem;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", problem);
  const Pipe pipe(::popen(
      fmt::format("'{}' {} {}", program.string(), outside_option, to_words(calls)).c_str(), "r"));
  if (!pipe) return fail(ErrorCode::unavailable, "no process for the callers outside");
  if (auto ready = expect_line(pipe.get(), "ready"); !ready) return pass(ready);
  const auto processor = own_processor_seconds();
  const auto start = Clock::now();
  auto done = expect_line(pipe.get(), "done");
  if (!done) return pass(done);
  const auto used = own_processor_seconds() - processor;
  const auto count = number_of<double>(*done);
  if (!count || *count == 0) return fail(ErrorCode::unavailable, "no call from outside was made");
  return OutsideFigures{*count / seconds_since(start), used * 1e6 / *count};
}

}  // namespace trellis::bench
