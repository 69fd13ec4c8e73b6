#include "cli/file_watch.hpp"

#include <poll.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <system_error>
#include <thread>

namespace trellis::cli {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

/// Quiet time after which a file counts as whole: compilers write in pieces, and half a module is
/// an error to tell.
constexpr milliseconds quiet_time{80};
/// Wait after which the file is looked at even if inotify is silent: its folder may have been
/// replaced, and some file systems tell nothing.
constexpr milliseconds longest_wait{250};
/// Bound on watched folders: far more than a source tree has, and each takes memory of the kernel.
constexpr std::size_t max_folders = 4096;

constexpr std::uint32_t file_events =
    IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE;

// Folders of build products: a build writes thousands of files there, none of which is a source.
bool is_passed_over(const fs::path& folder) {
  constexpr std::array names{"build", "target", "node_modules", "dist", "out"};
  const auto name = folder.filename().string();
  return name.starts_with('.') || std::find(names.begin(), names.end(), name) != names.end();
}

/// Calls visit(event, name) for everything inotify has to say.
template <class Visit>
bool read_events(int inotify, milliseconds patience, Visit&& visit) {
  pollfd entry{inotify, POLLIN, 0};
  if (::poll(&entry, 1, static_cast<int>(patience.count())) <= 0) return false;
  alignas(inotify_event) std::array<char, 16384> buffer;
  const auto got = ::read(inotify, buffer.data(), buffer.size());
  for (ssize_t at = 0; at + static_cast<ssize_t>(sizeof(inotify_event)) <= got;) {
    inotify_event event{};
    // Copied out: the kernel packs names of any length between the records.
    std::memcpy(&event, buffer.data() + at, sizeof event);
    const char* name = buffer.data() + at + sizeof event;
    visit(event, event.len > 0 ? std::string(name) : std::string());
    at += static_cast<ssize_t>(sizeof event + event.len);
  }
  return got > 0;
}

}  // namespace

FileWatch::FileWatch(const fs::path& file)
    : file_(fs::absolute(file)), inotify_(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)) {}

std::optional<FileWatch::Stamp> FileWatch::stamp() const {
  struct stat status{};
  if (::stat(file_.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
  // Inode as well as time: a rename may bring a file that is older than the one it replaces.
  return Stamp{status.st_dev, status.st_ino, status.st_size, status.st_mtim.tv_sec,
               status.st_mtim.tv_nsec};
}

void FileWatch::wait(milliseconds patience) {
  // Watch is asked for anew each time: the folder may be missing, or another one under the old
  // name.
  if (inotify_) {
    watch_ = ::inotify_add_watch(inotify_.get(), file_.parent_path().c_str(),
                                 IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE);
  }
  if (watch_ < 0) {
    std::this_thread::sleep_for(std::min(patience, longest_wait));
    return;
  }
  (void)read_events(inotify_.get(), std::min(patience, longest_wait), [](auto&&...) {});
}

bool FileWatch::changed(milliseconds patience) {
  const auto end = std::chrono::steady_clock::now() + patience;
  while (true) {
    auto now = stamp();
    // Stamp and not events decides: what happened before the first look counts, and events may be
    // lost.
    if (now && now != last_) {
      std::this_thread::sleep_for(quiet_time);
      if (stamp() == now) {
        last_ = now;
        return true;
      }
    } else {
      const auto left = std::chrono::ceil<milliseconds>(end - std::chrono::steady_clock::now());
      if (left.count() <= 0) return false;
      wait(left);
    }
  }
}

TreeWatch::TreeWatch(const fs::path& root) : inotify_(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)) {
  add(root, nullptr);
}

/// Watches a folder and all below. Files that are there already go to `found`, if anywhere: they
/// may have been written before their folder was watched.
void TreeWatch::add(const fs::path& folder, std::map<fs::path, bool>* found) {
  const bool room = inotify_ && folders_.size() < max_folders;
  const int watch =
      room ? ::inotify_add_watch(inotify_.get(), folder.c_str(), file_events | IN_ONLYDIR) : -1;
  std::error_code problem;
  if (watch < 0) {
    if (fs::is_directory(folder, problem)) complete_ = false;  // else it is gone again
    return;
  }
  // Watch before listing: a file made in between is seen twice, not never.
  folders_[watch] = folder;
  for (fs::directory_iterator at(folder, problem), last; !problem && at != last;
       at.increment(problem)) {
    std::error_code ignored;
    // Links are not entered: one that leads upwards would never end.
    const bool enter = at->is_directory(ignored) && !at->is_symlink(ignored);
    if (enter && !is_passed_over(at->path())) add(at->path(), found);
    if (!enter && found != nullptr && !at->path().filename().string().starts_with('.')) {
      found->try_emplace(at->path(), false);
    }
  }
}

std::set<fs::path> TreeWatch::changes(milliseconds patience) {
  std::map<fs::path, bool> found;  // and whether it was made since the last call
  const auto take = [&](const inotify_event& event, const std::string& name) {
    // Overflow: something changed and it is not known what; the empty path says just that.
    if ((event.mask & IN_Q_OVERFLOW) != 0) found.try_emplace(fs::path(), false);
    const auto folder = folders_.find(event.wd);
    if (folder == folders_.end() || name.empty() || name.front() == '.') return;
    const auto path = folder->second / name;
    const bool made = (event.mask & (IN_CREATE | IN_MOVED_TO)) != 0;
    if ((event.mask & IN_ISDIR) == 0) {
      found.try_emplace(path, (event.mask & IN_CREATE) != 0);
    } else if (made && !is_passed_over(path)) {
      add(path, &found);
    }
  };
  for (auto wait = patience; read_events(inotify_.get(), wait, take);) wait = milliseconds(0);
  std::set<fs::path> all;
  for (const auto& [path, made] : found) {
    std::error_code ignored;
    // Files that came and went meanwhile are an editor's own, and no change.
    if (!made || fs::exists(path, ignored)) all.insert(path);
  }
  return all;
}

}  // namespace trellis::cli
