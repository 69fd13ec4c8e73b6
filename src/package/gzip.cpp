#include "package/gzip.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>

#include <array>
#include <memory>

#include "base/call_limits.hpp"
#include "base/text.hpp"

namespace trellis::package {

namespace {

using GzipReader = std::unique_ptr<archive, decltype(&archive_read_free)>;

/// A reader of the one stream in `body`; null when it is none.
[[nodiscard]] GzipReader open_stream(std::string_view body) {
  GzipReader reader(archive_read_new(), &archive_read_free);
  archive_entry* entry = nullptr;
  if (!reader || archive_read_append_filter(reader.get(), ARCHIVE_FILTER_GZIP) != ARCHIVE_OK ||
      archive_read_set_format(reader.get(), ARCHIVE_FORMAT_RAW) != ARCHIVE_OK ||
      archive_read_open_memory(reader.get(), body.data(), body.size()) != ARCHIVE_OK ||
      archive_read_next_header(reader.get(), &entry) != ARCHIVE_OK) {
    reader.reset();
  }
  return reader;
}

}  // namespace

bool is_gzip(std::string_view encoding) {
  const auto name = to_lower_ascii(trim(encoding));
  return name == "gzip" || name == "x-gzip";
}

Result<std::optional<std::string>> gunzip(std::string_view body, std::size_t most) {
  // The library takes anything for a stream of nothing.
  if (!body.starts_with("\x1f\x8b")) return std::optional<std::string>();
  const auto reader = open_stream(body);
  if (!reader) return std::optional<std::string>();
  std::string plain;
  std::array<char, 16 * limits::kib> piece;
  while (true) {
    const auto size = archive_read_data(reader.get(), piece.data(), piece.size());
    if (size < 0) return std::optional<std::string>();
    if (size == 0) return std::optional(std::move(plain));
    if (plain.size() + static_cast<std::size_t>(size) > most) {
      return fail(ErrorCode::limit,
                  fmt::format("the answer of the server exceeds {} bytes when it is decoded", most),
                  "permit more bytes, or ask for less");
    }
    plain.append(piece.data(), static_cast<std::size_t>(size));
  }
}

}  // namespace trellis::package
