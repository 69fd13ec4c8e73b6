// Requests over bare nats.c, as thin as they can be with the same shape as a lattice call: one
// wildcard inbox, a caller that blocks, a responder that hands each message to a worker.
#pragma once

#include <memory>
#include <string>

#include "trellis/result.hpp"

namespace trellis::bench {

/// Asker and responder with a connection each. ask() from any number of threads.
class RawRequests {
 public:
  /// `request` and `response`: bytes each way.
  [[nodiscard]] static Result<std::unique_ptr<RawRequests>> start(const std::string& url,
                                                                  std::size_t request,
                                                                  std::size_t response,
                                                                  unsigned workers);
  virtual ~RawRequests() = default;
  /// False when no answer came within 5 s.
  [[nodiscard]] virtual bool ask() = 0;
};

}  // namespace trellis::bench
