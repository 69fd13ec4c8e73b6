// A database that all hosts of a lattice share as their cache, instead of replicating it
// (lattice.md 8.1): plain texts and plain sets under the keys of lattice.md 8.2.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "trellis/clock.hpp"
#include "trellis/lattice_options.hpp"
#include "trellis/result.hpp"

namespace trellis {

/// Any thread. Deadlines are on std::chrono::steady_clock.
///
/// Errors of all members: provider_failed, limit and malformed are about what was asked for, so
/// that anything else may still be asked; every other code is about the store.
class CacheStore {
 public:
  /// What tells whether anything changed. Both empty where the store cannot tell.
  struct Revision {
    std::string server;   ///< another one after each start of the server
    std::string content;  ///< the same as before: nothing has changed
  };

  virtual ~CacheStore() = default;

  /// For people, without secrets: "Redis at 127.0.0.1:6379, database 1".
  [[nodiscard]] virtual std::string name() const = 0;
  [[nodiscard]] virtual Result<Revision> revision(SteadyTime deadline) = 0;
  /// All members of a set; none when there is no such set.
  [[nodiscard]] virtual Result<std::vector<std::string>> members(const std::string& set,
                                                                 SteadyTime deadline) = 0;
  /// The texts under these keys, in their order; nothing where there is none, or one too large.
  [[nodiscard]] virtual Result<std::vector<std::optional<std::string>>> texts(
      const std::vector<std::string>& keys, SteadyTime deadline) = 0;
  [[nodiscard]] virtual Result<void> set_text(const std::string& key, const std::string& text,
                                              SteadyTime deadline) = 0;
  /// Sets a text unless there is one already.
  [[nodiscard]] virtual Result<void> claim(const std::string& key, const std::string& text,
                                           SteadyTime deadline) = 0;
  [[nodiscard]] virtual Result<void> remove_text(const std::string& key, SteadyTime deadline) = 0;
  [[nodiscard]] virtual Result<void> add_member(const std::string& set, const std::string& member,
                                                SteadyTime deadline) = 0;
  [[nodiscard]] virtual Result<void> remove_member(const std::string& set,
                                                   const std::string& member,
                                                   SteadyTime deadline) = 0;
  /// Texts that were too large when they were first met.
  [[nodiscard]] virtual std::uint64_t refused() const = 0;
  /// Ends all waiting, now and later.
  virtual void cancel() noexcept = 0;
};

/// Opens what is to be the lattice's cache; it need not answer yet. Errors: options that can never
/// work.
using OpenCacheStore =
    std::function<Result<std::unique_ptr<CacheStore>>(const RedisCacheOptions& options)>;

}  // namespace trellis
