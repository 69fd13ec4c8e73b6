// The program behind a provider's process in unit tests: run_provider FILE [MEMORY_BYTES].
#include <cstdlib>

#include "provider/process/runner.hpp"

int main(int argc, char** argv) {
  using namespace trellis;
  if (argc < 2) return 2;
  provider::process::confine(argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 0);
  return provider::process::serve(
      Descriptor(provider::process::calls_descriptor),
      Descriptor(provider::process::dispatches_descriptor),
      [&] { return provider::open_plugin(argv[1]); }, std::make_shared<const SystemClock>());
}
