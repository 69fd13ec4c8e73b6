// Threads of the host behind the seam of the pool: the C ABI's hooks turned into calls of C++.
#include "providers/net/host_services.hpp"

#include <utility>

namespace trellis::providers {
namespace {

class Thread final : public PoolThread {
 public:
  explicit Thread(sdk23::HostThread thread) noexcept : thread_(std::move(thread)) {}

 private:
  sdk23::HostThread thread_;
};

std::int32_t before_block(void* user) {
  // Zero is success in the C ABI (trellis/provider.h).
  return static_cast<BlockingHooks*>(user)->before_block() ? 0 : 1;
}

void after_block(void* user) {
  static_cast<BlockingHooks*>(user)->after_block();
}

}  // namespace

Result<std::unique_ptr<PoolThread>> HostThreads::start(std::string_view name,
                                                       std::function<void()> body,
                                                       BlockingHooks& hooks) {
  const trellis_thread_hooks table = {sizeof table, &before_block, &after_block, &hooks};
  auto thread = sdk23::HostThread::start(host_, name, std::move(body), &table);
  if (!thread) return pass(thread);
  return std::make_unique<Thread>(std::move(*thread));
}

}  // namespace trellis::providers
