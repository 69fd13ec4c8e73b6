// Labels every host has: what kind of machine it is (host.md 2.3).
#pragma once

#include <map>
#include <string>

#include "base/mutex.hpp"

namespace trellis::host {

using Labels = std::map<std::string, std::string>;

/// `hostcore.arch`, `hostcore.os`, `hostcore.osfamily`, in the vocabulary first-party hosts use.
[[nodiscard]] Labels core_labels();

/// Adds `more` to `labels`; core labels are never changed.
void merge(Labels& labels, const Labels& more);

/// The labels of one host. Any thread.
class LabelBook {
 public:
  explicit LabelBook(const Labels& own) : labels_(core_labels()) { host::merge(labels_, own); }

  [[nodiscard]] Labels all() const {
    const MutexLock lock(mutex_);
    return labels_;
  }
  void merge(const Labels& more) {
    const MutexLock lock(mutex_);
    host::merge(labels_, more);
  }

 private:
  mutable Mutex mutex_;
  Labels labels_ GUARDED_BY(mutex_);
};

}  // namespace trellis::host
