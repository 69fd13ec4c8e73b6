// Surroundings of a program that is about to be started: descriptors, a process group of its own,
// and signals as a shell would give them.
#pragma once

#include <fcntl.h>
#include <spawn.h>

#include <csignal>

#include "base/descriptor.hpp"

namespace trellis {

/// No signal is blocked or ignored, whatever is here. One thread; several programs may be started.
class SpawnSetup {
 public:
  SpawnSetup() {
    posix_spawn_file_actions_init(&files_);
    posix_spawnattr_init(&attributes_);
    posix_spawnattr_setflags(
        &attributes_, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    sigset_t set;
    ::sigemptyset(&set);
    posix_spawnattr_setsigmask(&attributes_, &set);
    ::sigfillset(&set);
    posix_spawnattr_setsigdefault(&attributes_, &set);
  }
  ~SpawnSetup() {
    posix_spawn_file_actions_destroy(&files_);
    posix_spawnattr_destroy(&attributes_);
  }
  SpawnSetup(const SpawnSetup&) = delete;
  SpawnSetup& operator=(const SpawnSetup&) = delete;

  /// `from` has the number `at` there. Both must not overlap with other places: see lifted().
  void place(const Descriptor& from, int at) {
    posix_spawn_file_actions_adddup2(&files_, from.get(), at);
  }
  void open_null(int at, int flags) {
    posix_spawn_file_actions_addopen(&files_, at, "/dev/null", flags, 0);
  }
  /// None from `first` on is there. The last thing that is asked for.
  void close_from(int first) { posix_spawn_file_actions_addclosefrom_np(&files_, first); }

  [[nodiscard]] const posix_spawn_file_actions_t* files() const noexcept { return &files_; }
  [[nodiscard]] const posix_spawnattr_t* attributes() const noexcept { return &attributes_; }

  /// Copy of the descriptor with a number of at least `least`, so that putting one in its place
  /// never closes another.
  [[nodiscard]] static Descriptor lifted(int fd, int least) {
    const Descriptor low(fd);
    return Descriptor(::fcntl(low.get(), F_DUPFD_CLOEXEC, least));
  }

 private:
  posix_spawn_file_actions_t files_{};
  posix_spawnattr_t attributes_{};
};

}  // namespace trellis
