#include "lattice/nats/library.hpp"

#include <fmt/format.h>

#include "base/limits.hpp"

namespace trellis::lattice::nats {
namespace {

natsStatus open_once() {
  if (const auto status = nats_Open(-1); status != NATS_OK) return status;
  return nats_SetMessageDeliveryPoolSize(limits::nats_delivery_threads);
}

}  // namespace

Result<void> open_library() {
  static const natsStatus status = open_once();
  if (status == NATS_OK) return {};
  return fail(ErrorCode::internal,
              fmt::format("the NATS library does not start: {}", natsStatus_GetText(status)));
}

std::string status_text(natsStatus status) {
  natsStatus last = NATS_OK;
  const char* detail = nats_GetLastError(&last);
  const char* text = natsStatus_GetText(status);
  if (last != status || detail == nullptr || *detail == '\0') return text;
  return fmt::format("{} ({})", text, detail);
}

}  // namespace trellis::lattice::nats
