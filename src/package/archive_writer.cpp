#include "package/archive_writer.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <functional>
#include <memory>
#include <numeric>
#include <system_error>

#include "base/ascii.hpp"
#include "base/descriptor.hpp"
#include "base/file_output.hpp"
#include "base/limits.hpp"
#include "base/random.hpp"
#include "base/text.hpp"
#include "package/archive.hpp"
#include "package/oci_digest.hpp"

namespace trellis::package {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t block = 512;
using Sink = std::function<Result<void>(ByteView)>;

std::unexpected<Error> file_error(const fs::path& path, int number) {
  return fail(number == ENOENT ? ErrorCode::not_found : ErrorCode::unavailable,
              fmt::format("{}: {}", path.string(), std::generic_category().message(number)),
              "check that the folder exists, may be written and has space");
}

/// Hands on a file piece by piece, so that memory does not grow with it.
Result<void> read_pieces(const fs::path& path, const Sink& take) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return file_error(path, errno);
  Bytes piece(256 * limits::kib);
  while (true) {
    const auto count = ::read(file.get(), piece.data(), piece.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return file_error(path, errno);
    if (count == 0) return {};
    if (auto taken = take(ByteView(piece).first(static_cast<std::size_t>(count))); !taken) {
      return taken;
    }
  }
}

Result<void> read_source(const LibrarySource& source, const Sink& take) {
  if (source.in_archive) return read_library(source.file, source.target, take);
  return read_pieces(source.file, take);
}

/// A header as the first-party writer makes it (identity.md 4.1).
std::array<std::uint8_t, block> header(std::string_view name, std::uint64_t size) {
  std::array<std::uint8_t, block> bytes{};
  const auto put = [&](std::size_t at, std::string_view text) {
    std::ranges::copy(text, bytes.begin() + static_cast<std::ptrdiff_t>(at));
  };
  put(0, name);
  put(124, fmt::format("{:011o}", size));
  put(136, "00000000000");
  put(148, "        ");
  put(257, "ustar  ");
  const auto sum = std::accumulate(bytes.begin(), bytes.end(), 0U);
  put(148, fmt::format("{:07o}", sum));
  bytes[155] = 0;
  return bytes;
}

/// Zeros up to the next block.
Result<void> pad(std::uint64_t size, const Sink& out) {
  static constexpr std::array<std::uint8_t, block> zeros{};
  const auto rest = size % block;
  return rest == 0 ? Result<void>()
                   : out(ByteView(zeros).first(static_cast<std::size_t>(block - rest)));
}

/// One file of the archive: header, content, padding.
Result<void> put_entry(std::string_view name, std::uint64_t size, const Sink& out,
                       const std::function<Result<void>(const Sink&)>& content) {
  if (auto put = out(header(name, size)); !put) return put;
  std::uint64_t written = 0;
  auto put = content([&](ByteView piece) {
    written += piece.size();
    return out(piece);
  });
  if (!put) return put;
  if (written != size) {
    return fail(ErrorCode::unavailable, "a library changed while the archive was written");
  }
  return pad(size, out);
}

Result<void> put_end(const Sink& out) {
  static constexpr std::array<std::uint8_t, 2 * block> zeros{};
  return out(zeros);
}

/// gzip around what goes through, without name and time.
class Gzip {
 public:
  explicit Gzip(int file) : gzip_(archive_write_new(), &archive_write_free) {
    archive_write_add_filter_gzip(gzip_.get());
    archive_write_set_filter_option(gzip_.get(), "gzip", "timestamp", nullptr);
    archive_write_set_filter_option(gzip_.get(), "gzip", "compression-level", "9");
    archive_write_set_format_raw(gzip_.get());
    // Nothing is filled up at the end, where libarchive would pad to a block.
    archive_write_set_bytes_in_last_block(gzip_.get(), 1);
    good_ = archive_write_open_fd(gzip_.get(), file) == ARCHIVE_OK && begin();
  }
  Result<void> write(ByteView piece) {
    while (good_ && !piece.empty()) {
      const auto count = archive_write_data(gzip_.get(), piece.data(), piece.size());
      good_ = count > 0;
      if (good_) piece = piece.subspan(static_cast<std::size_t>(count));
    }
    return outcome();
  }
  Result<void> close() {
    good_ = archive_write_close(gzip_.get()) == ARCHIVE_OK && good_;
    return outcome();
  }

 private:
  bool begin() {
    const std::unique_ptr<archive_entry, decltype(&archive_entry_free)> entry(archive_entry_new(),
                                                                              &archive_entry_free);
    archive_entry_set_filetype(entry.get(), AE_IFREG);
    archive_entry_set_pathname(entry.get(), "archive");
    return archive_write_header(gzip_.get(), entry.get()) == ARCHIVE_OK;
  }
  Result<void> outcome() const {
    if (good_) return {};
    return fail(ErrorCode::unavailable, "the archive cannot be written",
                "check that the folder exists, may be written and has space");
  }

  std::unique_ptr<archive, decltype(&archive_write_free)> gzip_;
  bool good_ = false;
};

/// Source whose size is known.
struct Measured {
  const LibrarySource* source;
  std::uint64_t size = 0;
};

/// Reads all libraries once: sizes and hashes must be known before the first byte is written.
Result<std::vector<Measured>> measure(const std::vector<LibrarySource>& libraries,
                                      identity::ProviderClaims& claims) {
  std::vector<Measured> all;
  std::uint64_t total = 0;
  claims.target_hashes.clear();
  for (const auto& source : libraries) {
    if (auto good = check_target(source.target); !good) return pass(good);
    Measured one{&source, 0};
    DigestHasher hasher(DigestAlgorithm::sha256);
    auto read = read_source(source, [&](ByteView piece) {
      hasher.add(piece);
      one.size += piece.size();
      return Result<void>();
    });
    if (!read) return pass(read);
    total += one.size;
    claims.target_hashes.emplace_back(source.target, to_upper_ascii(hasher.finish().hex));
    all.push_back(one);
  }
  if (total > limits::archive_bytes) {
    return fail(ErrorCode::limit, fmt::format("the libraries have {} bytes; an archive may hold {}",
                                              total, limits::archive_bytes));
  }
  return all;
}

/// Whole archive into a sink, claims first (identity.md 4.1).
Result<void> put_all(std::string_view token, const std::vector<Measured>& libraries,
                     const Sink& out) {
  auto put = put_entry("claims.jwt", token.size(), out,
                       [&](const Sink& sink) { return sink(as_bytes(token)); });
  for (const auto& library : libraries) {
    if (!put) return put;
    put = put_entry(library.source->target + ".bin", library.size, out,
                    [&](const Sink& sink) { return read_source(*library.source, sink); });
  }
  return put ? put_end(out) : put;
}

Result<void> write_to(int file, bool compress, std::string_view token,
                      const std::vector<Measured>& libraries) {
  if (compress) {
    Gzip gzip(file);
    auto put = put_all(token, libraries, [&](ByteView piece) { return gzip.write(piece); });
    // Closed in any case: that is when the end of the stream is written.
    auto closed = gzip.close();
    return put ? closed : put;
  }
  return put_all(token, libraries, [file](ByteView piece) {
    const int problem = write_all(file, piece);
    return problem == 0 ? Result<void>() : Result<void>(file_error("the archive", problem));
  });
}

}  // namespace

Result<void> check_target(std::string_view target) {
  const bool good =
      target.size() <= 64 && target.contains('-') && std::ranges::all_of(target, [](char c) {
        return is_lower(c) || is_digit(c) || c == '_' || c == '-';
      });
  if (good) return {};
  return fail(ErrorCode::invalid_argument,
              fmt::format("'{}' names no platform", excerpt(target, 100)),
              "write <arch>-<os>, as in " + this_target());
}

Result<void> write_archive(const fs::path& destination, identity::ProviderClaims claims,
                           const std::vector<LibrarySource>& libraries,
                           const identity::KeyPair& issuer, bool compress) {
  const auto measured = measure(libraries, claims);
  if (!measured) return pass(measured);
  const auto token = identity::sign_claims(std::move(claims), issuer);
  if (!token) return pass(token);

  SystemRandom random;
  auto part = destination;
  part += "." + make_nuid(random) + ".part";
  const Descriptor file(::open(part.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
  if (!file) return file_error(destination, errno);
  auto written = write_to(file.get(), compress, *token, *measured);
  if (written && ::fsync(file.get()) != 0) written = file_error(destination, errno);
  if (written && ::rename(part.c_str(), destination.c_str()) != 0) {
    written = file_error(destination, errno);
  }
  if (!written) ::unlink(part.c_str());
  return written;
}

Bytes archive_image(std::string_view token,
                    const std::vector<std::pair<std::string, Bytes>>& libraries) {
  Bytes all;
  const Sink out = [&](ByteView piece) {
    all.insert(all.end(), piece.begin(), piece.end());
    return Result<void>();
  };
  static_cast<void>(put_entry("claims.jwt", token.size(), out,
                              [&](const Sink& sink) { return sink(as_bytes(token)); }));
  for (const auto& library : libraries) {
    const ByteView bytes = library.second;
    static_cast<void>(put_entry(library.first + ".bin", bytes.size(), out,
                                [bytes](const Sink& sink) { return sink(bytes); }));
  }
  static_cast<void>(put_end(out));
  return all;
}

}  // namespace trellis::package
