// Names of actors and providers beside the keys that log lines are about, whoever writes the line:
// the host, its planes, providers, guests.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/mutex.hpp"
#include "host/call/tables.hpp"
#include "trellis/log.hpp"

namespace trellis::host {

/// Owners of keys, for sinks that may outlive the host. Any thread.
class NameBook {
 public:
  /// `tables` must live until close().
  void open(const TablesSnapshot& tables);
  void close();
  /// Empty before open() and after close().
  [[nodiscard]] std::string name_of(std::string_view key) const;

 private:
  mutable SharedMutex mutex_;
  const TablesSnapshot* tables_ GUARDED_BY(mutex_) = nullptr;
};

/// Puts fields with names behind those of each record: "actor_name" for a key in "actor", and for
/// a key in the text a pair of its own ("actor", "provider", else "other" with "other_name"). The
/// first field stays the first: it says who caused the line. Any thread.
[[nodiscard]] std::shared_ptr<LogSink> make_naming_sink(std::shared_ptr<LogSink> sink,
                                                        std::shared_ptr<const NameBook> names);

}  // namespace trellis::host
