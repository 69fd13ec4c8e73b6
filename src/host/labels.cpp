#include "host/labels.hpp"

namespace trellis::host {
namespace {

constexpr const char* architecture() {
#if defined(__x86_64__)
  return "x86_64";
#elif defined(__aarch64__)
  return "aarch64";
#elif defined(__i386__)
  return "x86";
#elif defined(__arm__)
  return "arm";
#elif defined(__riscv) && __riscv_xlen == 64
  return "riscv64";
#elif defined(__powerpc64__)
  return "powerpc64";
#elif defined(__s390x__)
  return "s390x";
#else
#error "name this architecture as first-party hosts do (identity.md 4.1)"
#endif
}

}  // namespace

Labels core_labels() {
  return {
      {"hostcore.arch", architecture()}, {"hostcore.os", "linux"}, {"hostcore.osfamily", "unix"}};
}

void merge(Labels& labels, const Labels& more) {
  for (const auto& [key, value] : more) {
    if (!core_labels().contains(key)) labels.insert_or_assign(key, value);
  }
}

}  // namespace trellis::host
