// Counts what the call path allocates: every allocation of the calling thread over 10 000 calls
// through the router to a guest in V8. A call may allocate its response, and nothing else; what V8
// allocates for itself whenever a thread enters an isolate is counted apart.
//
//   count_allocations [OUT.json]   appends its figures to the results of `trellis bench`
//
// A program of its own because it replaces malloc. Exit status 1 when a call allocates more.
#include <dlfcn.h>
#include <fmt/format.h>
#include <v8.h>

#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <new>

#include "bench/bench.hpp"
#include "bench/fixture.hpp"
#include "bench/guests.hpp"
#include "bench/usual_host.hpp"
#include "host/call/router.hpp"
#include "json/json.hpp"

namespace {

struct Counts {
  std::uint64_t ours = 0;
  std::uint64_t of_v8 = 0;
};
constinit thread_local Counts counts;
constinit thread_local bool counting = false;

/// The library of a function.
const void* library_of(const void* address) noexcept {
  Dl_info info{};
  return dladdr(address, &info) == 0 ? nullptr : info.dli_fbase;
}

[[gnu::noinline]] void count(const void* caller) noexcept {
  if (!counting) return;
  counting = false;
  static const void* const v8 = library_of(reinterpret_cast<const void*>(&v8::V8::GetVersion));
  ++(library_of(caller) == v8 ? counts.of_v8 : counts.ours);
  counting = true;
}

}  // namespace

// glibc's own allocator under its other name; whatever else allocates comes through here.
extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* old, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);

void* malloc(std::size_t size) {
  count(__builtin_return_address(0));
  return __libc_malloc(size);
}
void* calloc(std::size_t number, std::size_t size) {
  count(__builtin_return_address(0));
  return __libc_calloc(number, size);
}
void* realloc(void* old, std::size_t size) {
  count(__builtin_return_address(0));
  return __libc_realloc(old, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) {
  count(__builtin_return_address(0));
  return __libc_memalign(alignment, size);
}
int posix_memalign(void** out, std::size_t alignment, std::size_t size) {
  count(__builtin_return_address(0));
  *out = __libc_memalign(alignment, size);
  return *out == nullptr ? ENOMEM : 0;
}
}

namespace {

void* counted_new(std::size_t size, const void* caller) noexcept {
  count(caller);
  return __libc_malloc(size);
}
void* or_throw(void* made) {
  if (made == nullptr) throw std::bad_alloc();
  return made;
}

}  // namespace

// Of operator new too, to see who asked: in the standard library malloc has one caller for all.
void* operator new(std::size_t size) {
  return or_throw(counted_new(size, __builtin_return_address(0)));
}
void* operator new[](std::size_t size) {
  return or_throw(counted_new(size, __builtin_return_address(0)));
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return counted_new(size, __builtin_return_address(0));
}
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
  return counted_new(size, __builtin_return_address(0));
}
void operator delete(void* what) noexcept {
  std::free(what);
}
void operator delete[](void* what) noexcept {
  std::free(what);
}
void operator delete(void* what, std::size_t) noexcept {
  std::free(what);
}
void operator delete[](void* what, std::size_t) noexcept {
  std::free(what);
}

namespace trellis::bench {
namespace {

constexpr int calls = 10'000;

struct PerCall {
  double ours = 0;
  double of_v8 = 0;
};

template <class Call>
PerCall allocations_per_call(Call&& call) {
  for (int i = 0; i < 1000; ++i) call();  // buffers that are kept grow once
  counts = {};
  counting = true;
  for (int i = 0; i < calls; ++i) call();
  counting = false;
  return {static_cast<double>(counts.ours) / calls, static_cast<double>(counts.of_v8) / calls};
}

SteadyTime soon() {
  return std::chrono::steady_clock::now() + std::chrono::seconds(10);
}

Result<void> measure(Report& report) {
  auto engine = EngineRuntime::start();
  if (!engine) return pass(engine);
  host::HostRuntime host_runtime(usual_host(), *engine);
  Signer signer;
  auto actor = signer.sign(relay_guest());
  if (!actor) return pass(actor);
  if (auto started = host_runtime.start_actor(actor->module, {}); !started) return pass(started);

  const Bytes payload(64, 'x');
  const host::EntityRef origin{"V", "wasmcloud:httpserver", "default"};
  std::uint64_t failed = 0;
  PerCall routed;
  PerCall response;
  auto ran = on_guest_thread([&] {
    routed = allocations_per_call([&] {
      const auto answer =
          host_runtime.router().from_provider(origin, nullptr, actor->key, "Echo", payload, soon());
      if (!answer || answer->size() != payload.size()) ++failed;
    });
    response = allocations_per_call([&] {
      const Bytes copy(payload);
      if (copy.size() != payload.size()) ++failed;
    });
  });
  if (!ran) return ran;
  if (failed != 0) return fail(ErrorCode::guest_failed, fmt::format("{} calls failed", failed));
  report.add({"allocations of a call through the router", routed.ours, "", response.ours,
              routed.ours / response.ours, "<= the response", routed.ours <= response.ours});
  report.add({"allocations of V8 as a thread enters it", routed.of_v8, "", {}, {}, "", {}});
  return {};
}

/// Puts the figures at the end of those in the file, when there is one.
Result<void> append(const Report& report, const std::string& path) {
  std::ifstream in(path);
  auto all = nlohmann::json::parse(in, nullptr, false);
  if (!all.is_object() || !all["results"].is_array()) return report.write_json(path);
  in.close();
  for (auto& figure : nlohmann::json::parse(report.as_json())["results"]) {
    all["results"].push_back(figure);
  }
  std::ofstream out(path);
  out << all.dump(2) << '\n';
  out.close();
  if (!out) return fail(ErrorCode::unavailable, "cannot write " + path);
  return {};
}

}  // namespace
}  // namespace trellis::bench

int main(int argc, char** argv) {
  trellis::bench::Report report;
  auto done = trellis::bench::measure(report);
  if (done && argc > 1) done = trellis::bench::append(report, argv[1]);
  if (!done) {
    fmt::print(stderr, "count_allocations: {}\n", done.error().message);
    return 1;
  }
  fmt::print("{}", report.as_text());
  return report.figures().front().reached.value_or(false) ? 0 : 1;
}
