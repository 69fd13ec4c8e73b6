#include "engine/v8/v8_process.hpp"

#include <fmt/format.h>
#include <libplatform/libplatform.h>

namespace trellis::engine {

V8Process::V8Process(const EngineOptions& options) {
  // The order is prescribed: flags, trap handler, platform, V8 itself.
  const auto flags = fmt::format(
      "--wasm-max-mem-pages={} --wasm-max-table-size={} --stack-size=512 "
      "--no-experimental-wasm-threads",
      options.max_memory_pages, options.max_table_elements);
  v8::V8::SetFlagsFromString(flags.data(), flags.size());
  // Trap handler frees guests from checks of each access, and takes 10 GiB of addresses for each.
  trap_handler_ = options.trap_handler && v8::V8::EnableWebAssemblyTrapHandler(true);
  platform_ = v8::platform::NewDefaultPlatform();
  v8::V8::InitializePlatform(platform_.get());
  v8::V8::Initialize();
  allocator_.reset(v8::ArrayBuffer::Allocator::NewDefaultAllocator());
}

V8Process::~V8Process() {
  v8::V8::Dispose();
  v8::V8::DisposePlatform();
}

}  // namespace trellis::engine
