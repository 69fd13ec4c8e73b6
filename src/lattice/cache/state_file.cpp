#include "lattice/cache/state_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/descriptor.hpp"
#include "base/files.hpp"
#include "base/hash.hpp"
#include "base/limits.hpp"
#include "base/text.hpp"
#include "codec/message.hpp"

namespace trellis::lattice {
namespace {

namespace fs = std::filesystem;

/// First line of the file; its number is to change with the format.
constexpr std::string_view head = "trellis links 1\n";
constexpr std::size_t digest_chars = 64;

struct Summary {
  std::string ns;
  std::uint64_t links = 0;

  static constexpr auto describe() {
    return codec::describe_struct("Summary", codec::field("namespace", &Summary::ns),
                                  codec::field("links", &Summary::links));
  }
};

/// Takes the value at the front of `bytes`. Links are read one after the other, because the codec's
/// bound on the values of one message is far below the links of a large lattice.
template <class T>
Result<T> take_front(ByteView& bytes) {
  codec::MsgpackReader reader(bytes);
  T value{};
  if (!codec::detail::read_value(reader, value, codec::BytesForm::binary)) {
    return std::unexpected(reader.error());
  }
  bytes = bytes.last(reader.remaining());
  return value;
}

std::unexpected<Error> failed(const fs::path& path, std::string_view what) {
  return fail(ErrorCode::unavailable,
              fmt::format("{}: {}: {}", path.string(), what, std::strerror(errno)),
              "give the host a folder it can write to with --state-dir");
}

Result<void> write_and_sync(const fs::path& path, std::string_view text) {
  const Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!file) return failed(path, "cannot be written");
  while (!text.empty()) {
    const auto written = ::write(file.get(), text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return failed(path, "cannot be written");
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::fsync(file.get()) != 0) return failed(path, "cannot be synced");
  return {};
}

Result<void> sync_folder(const fs::path& folder) {
  const Descriptor opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!opened || ::fsync(opened.get()) != 0) return failed(folder, "cannot be synced");
  return {};
}

}  // namespace

Result<std::vector<LinkDefinition>> read_links_file(std::string_view all, std::string_view ns) {
  const auto damaged = [](std::string why) {
    return fail(ErrorCode::malformed, std::move(why),
                "the links in it are not used; set them again, or bring back a copy of the file");
  };
  const auto body_at = head.size() + digest_chars + 1;
  if (!all.starts_with(head) || all.size() < body_at || all[body_at - 1] != '\n') {
    return damaged("this is no file of links");
  }
  const auto body = all.substr(body_at);
  // Checksum is against damage, not against people: who can write the file can set links anyway.
  if (sha256_upper_hex(as_bytes(body)) != all.substr(head.size(), digest_chars)) {
    return damaged("the file is damaged: its checksum does not match");
  }
  auto rest = as_bytes(body);
  const auto summary = take_front<Summary>(rest);
  if (!summary) return damaged(summary.error().message);
  // Links of another lattice must not be set in this one.
  if (summary->ns != ns) {
    return damaged(
        fmt::format("it belongs to the namespace '{}', not '{}'", excerpt(summary->ns), ns));
  }
  std::vector<LinkDefinition> links;
  for (std::uint64_t i = 0; i < summary->links; ++i) {
    auto link = take_front<LinkDefinition>(rest);
    if (!link) return damaged(link.error().message);
    links.push_back(std::move(*link));
  }
  return links;
}

StateFile::StateFile(const fs::path& folder, std::string_view ns, std::string_view name)
    : path_(folder / name), ns_(ns) {}

Result<std::vector<LinkDefinition>> StateFile::load() const {
  std::error_code problem;
  if (!fs::exists(path_, problem)) {
    if (!problem) return std::vector<LinkDefinition>{};
    return fail(ErrorCode::unavailable,
                fmt::format("{}: cannot be looked at: {}", path_.string(), problem.message()),
                "give the host a folder it can use with --state-dir");
  }
  auto text = read_file(path_, limits::state_file_bytes);
  if (!text) return pass(text);
  auto links = read_links_file(*text, ns_);
  if (!links) links.error().message.insert(0, path_.string() + ": ");
  return links;
}

Result<void> StateFile::save(const std::vector<LinkDefinition>& links) const {
  std::error_code problem;
  // Folder that cannot be made is found out by the open below, with its errno.
  fs::create_directories(path_.parent_path(), problem);
  Bytes body;
  codec::encode_to(Summary{ns_, links.size()}, body);
  for (const auto& link : links) codec::encode_to(link, body);
  if (body.size() + head.size() + digest_chars + 1 > limits::state_file_bytes) {
    return fail(ErrorCode::limit,
                fmt::format("{}: {} links take {} bytes, more than a file of links may have",
                            path_.string(), links.size(), body.size()),
                "the file keeps the links it had");
  }
  std::string text(head);
  text += sha256_upper_hex(body);
  text += '\n';
  text.append(reinterpret_cast<const char*>(body.data()), body.size());
  auto beside = path_;
  // Content is synced before the name changes: after a power cut the name must not stand for an
  // empty file.
  beside += ".new";  // of an earlier crash, it is overwritten
  if (auto written = write_and_sync(beside, text); !written) {
    ::unlink(beside.c_str());
    return written;
  }
  if (::rename(beside.c_str(), path_.c_str()) != 0) return failed(path_, "cannot be replaced");
  // Folder is synced too, since the new name is in it.
  return sync_folder(path_.parent_path());
}

}  // namespace trellis::lattice
