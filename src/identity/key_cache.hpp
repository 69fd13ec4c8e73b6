// Public keys that are read again and again: checking that a key is a good point of the curve costs
// a quarter of a signature check.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

#include "base/mutex.hpp"
#include "identity/keys.hpp"

namespace trellis::identity {

/// Any thread. Keeps keys that were good; when it is full it starts again, so that nobody can fill
/// it for long with keys of his own.
class KeyCache {
 public:
  explicit KeyCache(std::size_t most = 1024) : most_(most) {}

  /// PublicKey::parse(), from memory where the text was seen before.
  [[nodiscard]] Result<PublicKey> parse(std::string_view text) {
    {
      const MutexLock lock(mutex_);
      const auto known = keys_.find(text);
      if (known != keys_.end()) return known->second;
    }
    auto key = PublicKey::parse(text);
    if (!key) return key;
    const MutexLock lock(mutex_);
    if (keys_.size() >= most_) keys_.clear();
    keys_.emplace(text, *key);
    return key;
  }

 private:
  const std::size_t most_;
  Mutex mutex_;
  std::map<std::string, PublicKey, std::less<>> keys_ GUARDED_BY(mutex_);
};

}  // namespace trellis::identity
