// The connection to one process: started, asked what it is, and told to make its instance.
#pragma once

#include <memory>
#include <string>

#include "provider/process/child.hpp"
#include "provider/process/dispatches.hpp"
#include "provider/process/messages.hpp"
#include "provider/process/requester.hpp"
#include "provider/process/supervisor.hpp"

namespace trellis::provider::process {

/// A process that has said what it is. One thread at a time, but `calls` (any thread).
class ProcessLink {
 public:
  [[nodiscard]] static Result<std::unique_ptr<ProcessLink>> start(
      const ProcessSettings& settings, std::shared_ptr<const Clock> clock);

  [[nodiscard]] const PluginDescription& description() const noexcept { return description_; }

  /// Makes the provider's instance; from then on it may dispatch.
  [[nodiscard]] Result<void> create(const ProcessSettings& settings, const Options& options,
                                    const std::shared_ptr<Dispatcher>& dispatcher, const Log& log,
                                    std::function<void(const Error&)> broken);

  [[nodiscard]] const std::shared_ptr<Requester>& calls() const noexcept { return calls_; }
  [[nodiscard]] Child& child() noexcept { return child_; }
  /// Lets go of the process, which ends it, and gives it until the deadline before it is killed.
  /// Says how it ended.
  [[nodiscard]] std::string finish(SteadyTime deadline);

  /// Readable when the process has printed something; -1 once it cannot any more.
  [[nodiscard]] int output_descriptor() const noexcept {
    return output_open_ ? child_.output_descriptor() : -1;
  }
  /// Puts what the process has printed into the log, a line each.
  void read_output(const Log& log, const std::string& label);

 private:
  ProcessLink(Child child, std::shared_ptr<const Clock> clock);
  [[nodiscard]] Result<void> ask_description(SteadyTime deadline);

  const std::shared_ptr<const Clock> clock_;
  Child child_;
  const std::shared_ptr<Requester> calls_;
  std::unique_ptr<Dispatches> dispatches_;
  PluginDescription description_;
  std::string output_;  ///< the line that is not complete yet
  bool output_open_ = true;
  std::size_t output_lines_ = 0;
  SteadyTime output_second_{};
};

}  // namespace trellis::provider::process
