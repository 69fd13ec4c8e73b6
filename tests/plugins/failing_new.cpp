// No provider: a library for LD_PRELOAD under which allocations of the program itself fail, one in
// so many, once a file exists. Those of libraries succeed: the engine ends the process without
// memory, which is not what is looked at here.
//
//   FAILING_NEW=EVERY:LEAST_BYTES:FILE
#include <link.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <new>

namespace {

struct Settings {
  unsigned long every = 0;
  unsigned long least = 0;
  char file[256] = {};
  std::uintptr_t begin = 0;  // of the program's code
  std::uintptr_t end = 0;
};

Settings settings;
std::atomic<unsigned long> looked{0};
std::atomic<unsigned long> counted{0};
std::atomic<bool> active{false};

/// The program itself is told first.
int on_object(dl_phdr_info* info, std::size_t, void*) {
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const auto& part = info->dlpi_phdr[i];
    if (part.p_type != PT_LOAD || (part.p_flags & PF_X) == 0) continue;
    settings.begin = info->dlpi_addr + part.p_vaddr;
    settings.end = settings.begin + part.p_memsz;
  }
  return 1;
}

__attribute__((constructor)) void begin() {
  const char* text = std::getenv("FAILING_NEW");
  if (text == nullptr) return;
  std::sscanf(text, "%lu:%lu:%255s", &settings.every, &settings.least, settings.file);
  dl_iterate_phdr(on_object, nullptr);
}

bool is_due(std::size_t size, const void* from) {
  const auto at = reinterpret_cast<std::uintptr_t>(from);
  if (settings.every == 0 || size < settings.least || at < settings.begin || at >= settings.end) {
    return false;
  }
  constexpr unsigned long looks = 64;
  if (!active && looked++ % looks == 0) active = ::access(settings.file, F_OK) == 0;
  return active && counted++ % settings.every == settings.every - 1;
}

void* allocate(std::size_t size, const void* from) {
  void* memory = is_due(size, from) ? nullptr : std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

void* operator new(std::size_t size) {
  return allocate(size, __builtin_return_address(0));
}
void* operator new[](std::size_t size) {
  return allocate(size, __builtin_return_address(0));
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete[](void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
void operator delete[](void* memory, std::size_t) noexcept {
  std::free(memory);
}
