#include "package/tar_reader.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>
#include <vector>

#include "base/limits.hpp"
#include "base/text.hpp"

namespace trellis::package {
namespace {

using Handle = std::unique_ptr<archive, decltype(&archive_read_free)>;

constexpr std::size_t piece_bytes = 256 * limits::kib;

/// Error for what is no archive, or not whole.
std::unexpected<Error> damaged(std::string_view why) {
  return fail(ErrorCode::malformed, fmt::format("the archive is damaged: {}", why),
              "make it anew (trellis par create), or fetch it again");
}

std::unexpected<Error> too_much() {
  return fail(
      ErrorCode::limit,
      fmt::format("the archive unpacks to more than {} MiB", limits::archive_bytes / limits::mib),
      "check that it is a provider archive");
}

}  // namespace

struct TarReader::State {
  Descriptor file;
  Handle tar{archive_read_new(), &archive_read_free};
  TarRules rules;
  bool compressed = false;
  std::size_t entries = 0;
  std::uint64_t unpacked = 0;
  std::vector<std::uint8_t> piece = std::vector<std::uint8_t>(piece_bytes);

  std::unexpected<Error> failed() const {
    // Reasons may quote names from the archive, so that they are made printable.
    const char* why = archive_error_string(tar.get());
    std::string shown;
    append_printable(shown, why == nullptr ? "no reason given" : why);
    return damaged(shown);
  }
};

TarReader::TarReader(std::unique_ptr<State> state) : state_(std::move(state)) {}
TarReader::TarReader(TarReader&&) noexcept = default;
TarReader::~TarReader() = default;

bool TarReader::compressed() const noexcept {
  return state_->compressed;
}

Result<TarReader> TarReader::open(const std::filesystem::path& path, const TarRules& rules) {
  auto state = std::make_unique<State>();
  state->rules = rules;
  state->file = Descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status{};
  if (!state->file || ::fstat(state->file.get(), &status) != 0) {
    return fail(errno == ENOENT ? ErrorCode::not_found : ErrorCode::unavailable,
                fmt::format("{}: {}", path.string(), std::generic_category().message(errno)),
                "check that the file exists and may be read");
  }
  if (!S_ISREG(status.st_mode)) {
    return fail(ErrorCode::invalid_argument, path.string() + " is no regular file");
  }
  if (static_cast<std::uint64_t>(status.st_size) > limits::archive_bytes) return too_much();
  std::array<std::uint8_t, 2> magic{};
  if (::pread(state->file.get(), magic.data(), 2, 0) != 2) {
    return fail(ErrorCode::malformed, "Not enough bytes to be a valid PAR file");
  }
  state->compressed = magic[0] == 0x1f && magic[1] == 0x8b;
  auto* tar = state->tar.get();
  if (state->compressed) archive_read_support_filter_gzip(tar);
  archive_read_support_format_tar(tar);
  if (archive_read_open_fd(tar, state->file.get(), 64 * limits::kib) != ARCHIVE_OK) {
    return state->failed();
  }
  return TarReader(std::move(state));
}

Result<std::optional<TarEntry>> TarReader::next() {
  auto* tar = state_->tar.get();
  while (true) {
    archive_entry* entry = nullptr;
    const int got = archive_read_next_header(tar, &entry);
    if (got == ARCHIVE_EOF) return std::nullopt;
    if (got != ARCHIVE_OK) return state_->failed();
    if (++state_->entries > state_->rules.max_entries) {
      return fail(ErrorCode::limit,
                  fmt::format("the archive has more than {} entries", state_->rules.max_entries));
    }
    const char* text = archive_entry_pathname(entry);
    if (text == nullptr) return damaged("an entry has no name");
    TarEntry found{text, 0};
    if (archive_entry_filetype(entry) == AE_IFDIR) continue;
    std::string shown;
    append_printable(shown, excerpt(found.name, 100));
    const bool plain = archive_entry_filetype(entry) == AE_IFREG &&
                       archive_entry_hardlink(entry) == nullptr &&
                       archive_entry_sparse_count(entry) == 0;
    if (!plain && state_->rules.skip_others) continue;
    if (!plain) {
      return fail(ErrorCode::unsupported,
                  fmt::format("'{}' in the archive is no plain file", shown),
                  "archives contain claims.jwt and a <target>.bin for each platform");
    }
    if (archive_entry_size(entry) < 0) return damaged("an entry has no size");
    found.size = static_cast<std::uint64_t>(archive_entry_size(entry));
    if (found.size > limits::archive_bytes - state_->unpacked) return too_much();
    return found;
  }
}

Result<ByteView> TarReader::read() {
  auto& piece = state_->piece;
  const auto count = archive_read_data(state_->tar.get(), piece.data(), piece.size());
  if (count < 0) return state_->failed();
  state_->unpacked += static_cast<std::uint64_t>(count);
  if (state_->unpacked > limits::archive_bytes) return too_much();
  return ByteView(piece).first(static_cast<std::size_t>(count));
}

}  // namespace trellis::package
