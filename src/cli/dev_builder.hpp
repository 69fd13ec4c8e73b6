// Builds what is under development, at the start and whenever a source changed.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "cli/command.hpp"
#include "cli/file_watch.hpp"
#include "cli/stop_request.hpp"

namespace trellis::cli {

/// Runs a build command, and runs it again for what was saved while it ran.
///
/// A build writes files, too, maybe among the sources, and nobody tells who wrote one. What was
/// written while a build ran is therefore taken for a save and built again at once, unless the next
/// build leaves it with the same content. A file that becomes another in each of many builds, begun
/// right after one another, is one that builds write: that is told, and from then on changes of it
/// during builds do not count. Main thread.
class DevBuilder {
 public:
  struct Plan {
    std::string command;  ///< empty: nothing is ever built
    std::filesystem::path source;
    std::vector<std::filesystem::path> products;  ///< files that are known to be built
  };
  /// `failed` is told of a build that failed, after the error was said.
  DevBuilder(Context& context, Plan plan, const StopRequest& stop, std::function<void()> failed);

  /// Builds, until what was built is what is saved.
  void build();
  void build_if_changed();

 private:
  [[nodiscard]] bool build_once();
  void tell_of_gaps();
  /// A file that was saved during the last build, as far as anybody can tell.
  [[nodiscard]] std::optional<std::filesystem::path> saved_meanwhile();
  [[nodiscard]] bool is_news(const std::filesystem::path& changed);

  Context& context_;
  const Plan plan_;
  const StopRequest& stop_;
  const std::function<void()> failed_;
  std::optional<TreeWatch> watch_;
  bool told_of_gaps_ = false;
  std::set<std::filesystem::path> products_;
  struct Seen {
    std::string hash;
    unsigned times = 0;
  };
  std::map<std::filesystem::path, Seen> seen_;  // after the builds that follow one another now
};

}  // namespace trellis::cli
