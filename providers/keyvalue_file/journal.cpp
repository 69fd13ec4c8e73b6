#include "providers/keyvalue_file/journal.hpp"

#include "base/call_limits.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <utility>

namespace trellis::providers::keyvalue_file {

namespace {

// First line names the format and its version: a file of another program, or of a later version, is
// refused instead of read as damage.
constexpr std::string_view first_line = "trellis key-value journal 1\n";
constexpr std::size_t read_bytes = 1 * limits::mib;

// Error of the last system call; errno must not have changed since.
[[nodiscard]] std::unexpected<Error> file_error(const std::filesystem::path& path,
                                                std::string_view what) {
  return fail(ErrorCode::unavailable,
              fmt::format("{}: {}: {}", path.string(), what, std::strerror(errno)),
              "check permissions and free space of DIRECTORY");
}

// No link is followed: the folder may be writable by others than the host.
[[nodiscard]] Descriptor open_file(const std::filesystem::path& path, int flags) {
  return Descriptor(::open(path.c_str(), flags | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0600));
}

/// Sync of a folder, so that a new name survives a crash too: fsync of the file covers its content
/// only.
[[nodiscard]] bool sync_folder(const std::filesystem::path& folder) {
  const Descriptor opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return opened && ::fsync(opened.get()) == 0;
}

/// Zeros at the end are what some file systems leave of a write that a crash cut short.
[[nodiscard]] bool all_zero(ByteView bytes) {
  return std::ranges::all_of(bytes, [](std::uint8_t byte) { return byte == 0; });
}

}  // namespace

Result<void> sync(const Descriptor& file) {
  if (::fdatasync(file.get()) == 0) return {};
  return fail(ErrorCode::unavailable, fmt::format("fdatasync: {}", std::strerror(errno)),
              "check the disk below DIRECTORY");
}

Journal::Journal(std::filesystem::path path, Descriptor file)
    : path_(std::move(path)), file_(std::make_shared<const Descriptor>(std::move(file))) {}

std::unexpected<Error> Journal::failed(std::string_view what) const {
  return file_error(path_, what);
}

Result<Journal> Journal::open(std::filesystem::path path, const Visitor& visit,
                              std::uint64_t& dropped) {
  // Open at the path as it is, never truncated: what is there may be all that a user has.
  auto file = open_file(path, O_CREAT);
  if (!file) return file_error(path, "open");
  Journal journal(std::move(path), std::move(file));
  struct stat status{};
  if (::fstat(journal.file_->get(), &status) != 0) return journal.failed("fstat");
  if (!S_ISREG(status.st_mode)) {
    return fail(ErrorCode::invalid_argument, journal.path_.string() + " is not a regular file",
                "choose another DIRECTORY");
  }
  const auto size = static_cast<std::uint64_t>(status.st_size);
  dropped = 0;
  // Size below that of the first line: not even that was finished, so that nothing was ever kept in
  // it.
  if (size < first_line.size()) {
    if (auto begun = journal.begin(); !begun) return pass(begun);
    return journal;
  }
  const auto good = journal.read(visit);
  if (!good) return pass(good);
  journal.bytes_ = *good;
  // Rest of a cut change is removed now, or the next append would stand behind bytes that end the
  // reading.
  dropped = size - *good;
  if (dropped > 0 && ::ftruncate(journal.file_->get(), static_cast<off_t>(*good)) != 0) {
    return journal.failed("ftruncate");
  }
  return journal;
}

Result<void> Journal::begin() {
  if (::ftruncate(file_->get(), 0) != 0) return failed("ftruncate");
  bytes_ = 0;
  if (auto begun = append(first_line); !begun) return begun;
  if (auto synced = sync(*file_); !synced) return synced;
  return sync_folder(path_.parent_path()) ? Result<void>{} : failed("fsync of the folder");
}

/// Reading of all changes; the answer is the length up to which the file is whole. The buffer holds
/// a mebibyte and one record, however long the file is.
Result<std::uint64_t> Journal::read(const Visitor& visit) {
  Bytes buffer;
  std::uint64_t at = 0;  // of the buffer's beginning in the file
  bool ended = false;
  bool is_first = true;
  std::size_t used = 0;
  while (true) {
    const auto rest = ByteView(buffer).subspan(used);
    if (is_first && rest.size() >= first_line.size()) {
      if (as_text(rest.first(first_line.size())) != first_line) {
        return fail(ErrorCode::malformed, path_.string() + " is no journal of this version",
                    "choose another DIRECTORY");
      }
      is_first = false;
      used += first_line.size();
      continue;
    }
    const auto parsed = is_first ? Parsed{Parsed::State::cut} : parse_record(rest);
    if (parsed.state == Parsed::State::whole) {
      if (auto visited = visit(parsed.change); !visited) return pass(visited);
      used += parsed.bytes;
      continue;
    }
    if (!ended) {  // the rest of the record may not have been read yet
      at += used;
      buffer.erase(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(used));
      used = 0;
      const auto have = buffer.size();
      buffer.resize(have + read_bytes);
      const auto count =
          ::pread(file_->get(), buffer.data() + have, read_bytes, static_cast<off_t>(at + have));
      if (count < 0) return failed("read");
      buffer.resize(have + static_cast<std::size_t>(count));
      ended = count == 0;
      continue;
    }
    // End of the file: a record that was cut, or zeros, is what a crash leaves of the last write.
    // Anything else stands before good records or was good once, and dropping it would lose them in
    // silence.
    if (parsed.state == Parsed::State::cut || all_zero(rest)) return at + used;
    return fail(ErrorCode::malformed,
                fmt::format("{} is damaged at byte {}", path_.string(), at + used),
                "restore it from a copy, or move it away to begin without its keys");
  }
}

Result<void> Journal::append(std::string_view records) {
  const auto start = bytes_;
  while (!records.empty()) {
    const auto count =
        ::pwrite(file_->get(), records.data(), records.size(), static_cast<off_t>(bytes_));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) {
      auto error = failed("write");
      // File is cut back to where it was, so that a later append does not stand behind half a
      // record. If even that fails the journal is broken, and only replace() helps.
      bytes_ = start;
      if (::ftruncate(file_->get(), static_cast<off_t>(start)) != 0) broken_ = true;
      return error;
    }
    bytes_ += static_cast<std::uint64_t>(count);
    records.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

Result<void> Journal::replace(const std::function<Result<void>(Journal&)>& write) {
  // Replacement is written beside, synced, and renamed: a crash at any moment leaves the old file
  // or the new one, whole.
  auto path = path_;
  path += ".new";
  auto file = open_file(path, O_CREAT | O_TRUNC);
  if (!file) return file_error(path, "open");
  Journal fresh(path, std::move(file));
  auto done = fresh.append(first_line);
  if (done) done = write(fresh);
  // Sync before rename: some file systems write the name earlier than the content.
  if (done) done = sync(*fresh.file_);
  if (done && ::rename(path.c_str(), path_.c_str()) != 0) done = failed("rename");
  if (!done) {
    ::unlink(path.c_str());
    return done;
  }
  // Old file stays open for whoever holds it (a sync that runs beside), and goes with the last
  // holder.
  file_ = std::move(fresh.file_);
  bytes_ = fresh.bytes_;
  broken_ = false;
  return sync_folder(path_.parent_path()) ? Result<void>{} : failed("fsync of the folder");
}

}  // namespace trellis::providers::keyvalue_file
