// The host's end of the stream on which a provider's process asks: its calls to actors and its log.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "base/descriptor.hpp"
#include "base/log.hpp"
#include "base/rate_limit.hpp"
#include "provider/process/frame.hpp"
#include "provider/process/frame_writer.hpp"
#include "provider/provider.hpp"

namespace trellis::provider::process {

/// Finds the chain a dispatch belongs to by the number of the call it names.
using FindContext = std::function<std::optional<CallContext>(std::uint64_t)>;

/// Reads on a thread of its own. What makes no sense ends the stream, and `broken` is told why,
/// once, on that thread. Any thread may destroy it; answers under way are then dropped.
class Dispatches {
 public:
  Dispatches(Descriptor stream, const Options& options, std::shared_ptr<Dispatcher> dispatcher,
             FindContext find, std::shared_ptr<const Clock> clock, Log log,
             std::function<void(const Error&)> broken);
  ~Dispatches();
  Dispatches(const Dispatches&) = delete;
  Dispatches& operator=(const Dispatches&) = delete;

  /// Sends the end of file, and waits for the thread.
  void close();

 private:
  struct Stream;
  void run();
  [[nodiscard]] Result<void> take(Frame& frame);
  [[nodiscard]] Result<void> dispatch(Frame& frame);
  void log_line(const Frame& frame);

  const Options options_;
  const std::shared_ptr<Dispatcher> dispatcher_;
  const FindContext find_;
  const std::shared_ptr<const Clock> clock_;
  const Log log_;
  const std::function<void(const Error&)> broken_;
  const std::shared_ptr<Stream> stream_;  ///< shared with answers under way
  std::uint64_t log_lines_ = 0;           ///< in the current second
  SteadyTime log_second_{};
  std::uint64_t log_dropped_ = 0;
  std::thread thread_;
};

}  // namespace trellis::provider::process
