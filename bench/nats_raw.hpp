// Requests over bare nats.c, as thin as they can be with the same shape as a lattice call: one
// wildcard inbox, a caller that blocks, a responder that hands each message to a worker.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "trellis/result.hpp"

namespace trellis::bench {

/// Asker and responder with a connection each. ask() from any number of threads.
class RawRequests {
 public:
  struct Shape {
    std::size_t request = 0;   ///< bytes
    std::size_t response = 0;  ///< bytes
    unsigned workers = 1;
    std::function<void()> asking;   ///< work of the caller before it sends; may be null
    std::function<void()> serving;  ///< work of the worker before it answers; may be null
  };
  /// `name` keeps the subjects of several apart.
  [[nodiscard]] static Result<std::unique_ptr<RawRequests>> start(const std::string& url,
                                                                  std::string_view name,
                                                                  Shape shape);
  virtual ~RawRequests() = default;
  /// False when no answer came within 5 s.
  [[nodiscard]] virtual bool ask() = 0;
};

}  // namespace trellis::bench
