#include "providers/blobstore_fs/file_store.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <utility>

#include "base/text.hpp"

namespace trellis::providers::blobstore_fs {

namespace {

using blobstore::messages::Blob;

/// Upload into a file beside the object. Its bytes are charged from the start, so that many uploads
/// at once cannot fill the disk.
class FileUpload final : public blobstore::Upload {
 public:
  FileUpload(std::shared_ptr<Root> root, Folder folder, Descriptor file, std::string unfinished,
             std::string name, std::uint64_t charged)
      : root_(std::move(root)),
        folder_(std::move(folder)),
        file_(std::move(file)),
        unfinished_(std::move(unfinished)),
        name_(std::move(name)),
        charged_(charged) {}
  FileUpload(const FileUpload&) = delete;
  FileUpload& operator=(const FileUpload&) = delete;
  ~FileUpload() override {
    // Abandoned, on whatever path: the file goes and so does its charge. Failure to remove it is
    // left to remove_abandoned().
    if (committed_) return;
    static_cast<void>(folder_.remove(unfinished_));
    root_->release(charged_);
  }

  Result<void> write(ByteView bytes, SteadyTime) override {
    while (!bytes.empty()) {
      const auto count = ::write(file_.get(), bytes.data(), bytes.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return system_error("writing an object");
      bytes = bytes.subspan(static_cast<std::size_t>(count));
    }
    return {};
  }

  Result<void> commit(SteadyTime) override {
    // Sync before rename: after a crash the name leads to the whole object, or to the one before.
    if (::fsync(file_.get()) != 0) return system_error("writing an object");
    const auto replaced = folder_.size_of(name_).value_or(0);
    if (auto renamed = folder_.rename(unfinished_, name_); !renamed) return renamed;
    committed_ = true;
    // Charge of the new object stays, that of the one it replaced goes.
    root_->release(replaced);
    return {};
  }

 private:
  const std::shared_ptr<Root> root_;
  const Folder folder_;
  const Descriptor file_;
  const std::string unfinished_;
  const std::string name_;
  const std::uint64_t charged_;
  bool committed_ = false;
};

/// Download over an open file: it stays what it was, whatever happens to its name.
class FileDownload final : public blobstore::Download {
 public:
  FileDownload(Descriptor file, std::uint64_t size) : file_(std::move(file)), size_(size) {}
  std::uint64_t size() const override { return size_; }
  Result<Bytes> read(std::uint64_t offset, std::size_t size, SteadyTime) override {
    Bytes bytes(size);
    for (std::size_t have = 0; have < size;) {
      const auto count =
          ::pread(file_.get(), bytes.data() + have, size - have, static_cast<off_t>(offset + have));
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return system_error("reading an object");
      // Objects are only ever replaced by a rename; a shorter file is the work of another program.
      if (count == 0) return fail(ErrorCode::unavailable, "the object became shorter");
      have += static_cast<std::size_t>(count);
    }
    return bytes;
  }

 private:
  const Descriptor file_;
  const std::uint64_t size_;
};

// Names with a dot belong to unfinished uploads, or to whoever manages the folder: clean_name()
// makes none.
[[nodiscard]] bool is_object(const std::string& name) {
  return !name.starts_with('.');
}

}  // namespace

Result<std::shared_ptr<Root>> Root::open(const std::string& path) {
  auto folder = Folder::open(path);
  if (!folder) return pass(folder);
  auto root = std::make_shared<Root>(std::move(*folder));
  std::uint64_t used = 0;
  auto counted = root->folder_.each([&](const std::string& name) {
    const auto container = root->folder_.folder(name);
    // Files and links beside containers are not ours to count.
    if (!container) return true;
    // Abandoned files are removed first, so as not to be counted. Younger ones may belong to
    // another host on the same folder.
    container->remove_abandoned();
    static_cast<void>(container->each([&](const std::string& object) {
      used += container->size_of(object).value_or(0);
      return true;
    }));
    return true;
  });
  if (!counted) return pass(counted);
  root->used_ = used;
  return root;
}

bool Root::charge(std::uint64_t bytes, std::uint64_t most) noexcept {
  auto now = used_.load();
  do {
    // Difference instead of sum: `bytes` is an actor's word and could make it wrap.
    if (most > 0 && (bytes > most || now > most - bytes)) return false;
  } while (!used_.compare_exchange_weak(now, now + bytes));
  return true;
}

Result<Folder> FileStore::container(const std::string& id) const {
  auto name = clean_name(id);
  if (!name) return pass(name);
  return root_->folder().folder(*name);
}

Result<void> FileStore::check_room(const Folder& folder) const {
  std::uint64_t count = 0;
  // Counting stops at the bound, so that a full folder costs no more than the quota.
  if (auto counted = folder.each([&](const auto&) { return ++count < quotas_.objects; });
      !counted) {
    return counted;
  }
  if (count < quotas_.objects) return {};
  return fail(ErrorCode::limit, fmt::format("there are {} already", count),
              "remove some, or raise MAX_OBJECTS of the link");
}

Result<std::string> FileStore::create_container(const std::string& id, SteadyTime) {
  auto name = clean_name(id);
  if (!name) return name;
  // Room is asked for new containers only: one that is there is made again without error.
  if (!root_->folder().folder(*name)) {
    if (auto room = check_room(root_->folder()); !room) return pass(room);
  }
  if (auto made = root_->folder().make_folder(*name); !made) return pass(made);
  return name;
}

Result<void> FileStore::remove_container(const std::string& id, SteadyTime) {
  auto name = clean_name(id);
  if (!name) return pass(name);
  return root_->folder().remove_folder(*name);
}

Result<void> FileStore::remove_object(const std::string& container_id, const std::string& id,
                                      SteadyTime) {
  auto name = clean_name(id);
  if (!name) return pass(name);
  auto folder = container(container_id);
  if (!folder) return pass(folder);
  // Size before removal; if two remove the same object, only one of them succeeds and releases it.
  const auto size = folder->size_of(*name).value_or(0);
  if (auto removed = folder->remove(*name); !removed) return removed;
  root_->release(size);
  return {};
}

Result<std::vector<Blob>> FileStore::list(const std::string& container_id, SteadyTime) {
  auto folder = container(container_id);
  if (!folder) return pass(folder);
  std::vector<Blob> blobs;
  auto listed = folder->each([&](const std::string& name) {
    // Other programs can put names into the folder that no message can carry.
    const auto size = is_object(name) && is_utf8(name) ? folder->size_of(name) : std::nullopt;
    if (size) blobs.push_back({name, {container_id}, *size});
    return blobs.size() <= quotas_.objects;
  });
  if (!listed) return pass(listed);
  std::ranges::sort(blobs, {}, &Blob::id);
  return blobs;
}

Result<std::optional<Blob>> FileStore::info(const std::string& container_id, const std::string& id,
                                            SteadyTime) {
  auto name = clean_name(id);
  if (!name) return pass(name);
  auto folder = container(container_id);
  // Missing containers are answered like missing objects (contracts.md 3.6, rule 7).
  if (!folder && folder.error().code == ErrorCode::not_found) return std::nullopt;
  if (!folder) return pass(folder);
  const auto size = folder->size_of(*name);
  if (!size) return std::nullopt;
  // Ids are the actor's own, uncleaned: it compares them with what it asked for.
  return Blob{id, {container_id}, *size};
}

Result<std::unique_ptr<blobstore::Upload>> FileStore::upload(const std::string& container_id,
                                                             const std::string& id,
                                                             std::uint64_t size, SteadyTime) {
  auto name = clean_name(id);
  if (!name) return pass(name);
  auto folder = container(container_id);
  if (!folder) return pass(folder);
  if (size > quotas_.blob_bytes) {
    return fail(ErrorCode::limit,
                fmt::format("{} bytes are more than the {} of an object", size, quotas_.blob_bytes),
                "raise MAX_BLOB_BYTES of the link");
  }
  // Full containers still take replacements.
  if (auto room = check_room(*folder); !room && !folder->size_of(*name)) return pass(room);
  // Name by chance, because two links may upload to the same object at once; the last commit wins.
  auto unfinished = std::string(unfinished_prefix) + make_nuid(random_);
  if (!root_->charge(size, quotas_.total_bytes)) {
    return fail(ErrorCode::limit,
                fmt::format("{} bytes more than the {} there are exceed {}", size, root_->used(),
                            quotas_.total_bytes),
                "remove objects, or raise MAX_TOTAL_BYTES of the link");
  }
  auto file = folder->create(unfinished);
  if (!file) {
    root_->release(size);
    return pass(file);
  }
  return std::make_unique<FileUpload>(root_, std::move(*folder), std::move(*file),
                                      std::move(unfinished), std::move(*name), size);
}

Result<std::unique_ptr<blobstore::Download>> FileStore::download(const std::string& container_id,
                                                                 const std::string& id,
                                                                 SteadyTime) {
  auto name = clean_name(id);
  if (!name) return pass(name);
  auto folder = container(container_id);
  if (!folder) return pass(folder);
  auto file = folder->read(*name);
  if (!file) return pass(file);
  struct stat status{};
  if (::fstat(file->get(), &status) != 0) return system_error(*name);
  return std::make_unique<FileDownload>(std::move(*file),
                                        static_cast<std::uint64_t>(status.st_size));
}

}  // namespace trellis::providers::blobstore_fs
