// A badly written C++ provider: exceptions leave its functions.
#include <stdexcept>
#include <string_view>

#include "trellis/provider.h"

namespace {

trellis_status create(const trellis_host_v1*, trellis_host_ctx*, void** instance) {
  *instance = nullptr;
  return TRELLIS_OK;
}

void handle_call(void*, trellis_call, const trellis_call_info* info) {
  const std::string_view operation(reinterpret_cast<const char*>(info->operation.data),
                                   info->operation.size);
  if (operation == "Number") throw 42;
  throw std::runtime_error("out of cheese");
}

void stop(void*, std::int64_t) {
  throw std::runtime_error("no");
}

void destroy(void*) {
  throw std::runtime_error("no");
}

constexpr trellis_provider_table table = {
    sizeof(trellis_provider_table),
    TRELLIS_PROVIDER_ABI,
    TRELLIS_PROVIDER_NONBLOCKING,
    "test:throws",
    "Test throws",
    "Trellis",
    "1.0.0",
    0,
    create,
    handle_call,
    stop,
    destroy,
    nullptr,
    0,
};

}  // namespace

extern "C" const trellis_provider_table* trellis_provider_v1() {
  return &table;
}
