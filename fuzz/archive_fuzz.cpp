// Provider archives from outside: what is read as whole must be so, and its libraries readable.
#include <sys/mman.h>
#include <unistd.h>

#include <string>

#include "base/descriptor.hpp"
#include "expect.hpp"
#include "package/archive.hpp"

using namespace trellis;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Descriptor file(::memfd_create("archive", MFD_CLOEXEC));
  if (::write(file.get(), data, size) != static_cast<ssize_t>(size)) return 0;
  const auto path = "/proc/self/fd/" + std::to_string(file.get());
  const auto archive = package::read_archive(path);
  if (!archive) return 0;
  for (const auto& library : archive->libraries) {
    std::uint64_t bytes = 0;
    expect(package::read_library(path, library.target, [&](ByteView piece) {
             bytes += piece.size();
             return Result<void>();
           }).has_value());
    expect(bytes == library.size);
  }
  return 0;
}
