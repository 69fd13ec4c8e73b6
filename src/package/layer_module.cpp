#include "package/layer_module.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include "base/call_limits.hpp"
#include "base/descriptor.hpp"
#include "base/file_output.hpp"
#include "base/text.hpp"
#include "package/tar_reader.hpp"

namespace trellis::package {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view module_magic("\0asm", 4);
/// Of images made for one program; more is a whole system.
constexpr std::size_t max_layer_entries = 1024;

bool begins_as_module(const fs::path& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  std::array<char, 4> head{};
  return file && ::pread(file.get(), head.data(), head.size(), 0) == 4 &&
         std::string_view(head.data(), head.size()) == module_magic;
}

std::string shown_name(std::string_view name) {
  std::string out;
  append_printable(out, excerpt(name, 100));
  return out;
}

/// A module on its way into the cache; gone unless it is kept.
class ModuleFile {
 public:
  ModuleFile(const ImageCache& cache, std::string name, fs::path path)
      : cache_(cache),
        name_(std::move(name)),
        path_(std::move(path)),
        file_(::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600)) {}
  ~ModuleFile() {
    if (!path_.empty()) ::unlink(path_.c_str());
  }
  ModuleFile(const ModuleFile&) = delete;
  ModuleFile& operator=(const ModuleFile&) = delete;

  [[nodiscard]] const std::string& name() const noexcept { return name_; }

  Result<void> add(ByteView piece) {
    if (!file_) return disk();
    // Bounded as it is unpacked: a layer in gzip may hold anything.
    if (piece.size() > limits::module_bytes - size_) {
      return fail(ErrorCode::limit,
                  fmt::format("'{}' in the layer has more than {} MiB", shown_name(name_),
                              limits::module_bytes / limits::mib),
                  "check that it is an actor");
    }
    hasher_.add(piece);
    size_ += piece.size();
    errno = write_all(file_.get(), piece);
    return errno == 0 ? Result<void>() : disk();
  }

  Result<BlobDescriptor> keep() {
    BlobDescriptor blob{"application/wasm", hasher_.finish(), size_};
    const auto place = cache_.blob_path(blob.digest);
    if (::fsync(file_.get()) != 0 || ::rename(path_.c_str(), place.c_str()) != 0) return disk();
    path_.clear();
    return blob;
  }

 private:
  [[nodiscard]] std::unexpected<Error> disk() const {
    return fail(ErrorCode::invalid_argument,
                path_.string() + ": " + std::generic_category().message(errno),
                "check that the folder for downloads may be written and has space");
  }

  const ImageCache& cache_;
  const std::string name_;
  fs::path path_;
  Descriptor file_;
  DigestHasher hasher_{DigestAlgorithm::sha256};
  std::uint64_t size_ = 0;
};

/// Looks through a layer for the one module in it. One thread.
class LayerReader {
 public:
  LayerReader(const ImageCache& cache, Random& random, const http::Control& control)
      : cache_(cache), random_(random), control_(control) {}

  Result<std::optional<BlobDescriptor>> run(TarReader& tar) {
    while (true) {
      const auto entry = tar.next();
      if (!entry) return pass(entry);
      if (!*entry) break;
      const auto& name = (*entry)->name;
      // Layer is itself a provider archive, whatever its type says.
      if (name == "claims.jwt" || name == "./claims.jwt") return std::nullopt;
      if (auto taken = take(tar, name); !taken) return pass(taken);
    }
    if (!module_) {
      return fail(ErrorCode::unsupported, "the image's layer holds no WebAssembly module",
                  "check the reference; an actor is one .wasm file in the layer, or the layer "
                  "itself");
    }
    return module_->keep();
  }

 private:
  /// Reads the entry to its end in any case: what is passed over counts, too.
  Result<void> take(TarReader& tar, const std::string& name) {
    bool is_first = true;
    bool is_module = false;
    while (true) {
      if (auto good = check_time(); !good) return good;
      const auto piece = tar.read();
      if (!piece) return pass(piece);
      if (piece->empty()) return {};
      if (std::exchange(is_first, false) && as_text(*piece).starts_with(module_magic)) {
        if (auto made = begin_module(name); !made) return made;
        is_module = true;
      }
      if (!is_module) continue;
      if (auto added = module_->add(*piece); !added) return added;
    }
  }

  Result<void> begin_module(const std::string& name) {
    if (module_) {
      return fail(ErrorCode::unsupported,
                  fmt::format("the image's layer holds several modules: '{}' and '{}'",
                              shown_name(module_->name()), shown_name(name)),
                  "make an image with one of them");
    }
    module_.emplace(cache_, name, cache_.new_partial_path(random_));
    return {};
  }

  [[nodiscard]] Result<void> check_time() const {
    if (control_.stop.stop_requested()) {
      return fail(ErrorCode::cancelled, "the transfer was cancelled");
    }
    if (control_.clock.steady() < control_.deadline) return {};
    return fail(ErrorCode::deadline, "the time allowed ran out while a layer was unpacked",
                "allow more time (--timeout)");
  }

  const ImageCache& cache_;
  Random& random_;
  const http::Control& control_;
  std::optional<ModuleFile> module_;
};

}  // namespace

Result<std::optional<BlobDescriptor>> unpack_layer(const ImageCache& cache, const fs::path& layer,
                                                   Random& random, const http::Control& control) {
  if (begins_as_module(layer)) return std::nullopt;
  auto tar = TarReader::open(layer, {.max_entries = max_layer_entries, .skip_others = true});
  if (!tar) return pass(tar);
  return LayerReader(cache, random, control).run(*tar);
}

}  // namespace trellis::package
