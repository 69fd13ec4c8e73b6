#include "lattice/cache/state_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/descriptor.hpp"
#include "base/files.hpp"
#include "base/limits.hpp"
#include "codec/message.hpp"
#include "identity/hash.hpp"

namespace trellis::lattice {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view head = "trellis links 1\n";
constexpr std::size_t digest_chars = 64;

struct Content {
  std::string ns;
  std::vector<LinkDefinition> links;

  static constexpr auto describe() {
    return codec::describe_struct("Links", codec::field("namespace", &Content::ns),
                                  codec::field("links", &Content::links));
  }
};

std::unexpected<Error> failed(const fs::path& path, std::string_view what) {
  return fail(ErrorCode::unavailable,
              fmt::format("{}: {}: {}", path.string(), what, std::strerror(errno)),
              "give the host a folder it can write to with --cache-state-dir");
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

StateFile::StateFile(fs::path folder, std::string_view ns)
    : path_(std::move(folder) / "links"), ns_(ns) {}

Result<std::vector<LinkDefinition>> StateFile::load() const {
  std::error_code problem;
  if (!fs::exists(path_, problem)) return std::vector<LinkDefinition>{};
  auto text = read_file(path_, limits::state_file_bytes);
  if (!text) return pass(text);
  const std::string_view all = *text;
  const auto damaged = [this](std::string_view why) {
    return fail(ErrorCode::malformed, fmt::format("{}: {}", path_.string(), why),
                "the links in it are not used; set them again, or bring back a copy of the file");
  };
  if (!all.starts_with(head) || all.size() < head.size() + digest_chars + 1) {
    return damaged("this is no file of links");
  }
  const auto body = all.substr(head.size() + digest_chars + 1);
  if (identity::sha256_upper_hex(as_bytes(body)) != all.substr(head.size(), digest_chars)) {
    return damaged("the file is damaged: its checksum does not match");
  }
  auto content = codec::decode<Content>(as_bytes(body));
  if (!content) return damaged(content.error().message);
  if (content->ns != ns_) {
    return damaged(fmt::format("it belongs to the namespace '{}', not '{}'", content->ns, ns_));
  }
  return std::move(content->links);
}

Result<void> StateFile::save(const std::vector<LinkDefinition>& links) const {
  std::error_code problem;
  fs::create_directories(path_.parent_path(), problem);
  const auto body = codec::encode(Content{ns_, links});
  std::string text(head);
  text += identity::sha256_upper_hex(body);
  text += '\n';
  text.append(reinterpret_cast<const char*>(body.data()), body.size());
  auto beside = path_;
  beside += fmt::format(".{}.new", ::getpid());
  if (auto written = write_and_sync(beside, text); !written) {
    ::unlink(beside.c_str());
    return written;
  }
  if (::rename(beside.c_str(), path_.c_str()) != 0) return failed(path_, "cannot be replaced");
  return sync_folder(path_.parent_path());
}

}  // namespace trellis::lattice
