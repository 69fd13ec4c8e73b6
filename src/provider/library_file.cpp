// Look at the first bytes of a library before dlopen() gets it, whose words would not tell a user
// what is wrong.
#include "provider/library_file.hpp"

#include <elf.h>
#include <fmt/format.h>

#include <bit>
#include <cstring>
#include <fstream>
#include <string>
#include <system_error>

#include "base/platform.hpp"

namespace trellis::provider {
namespace {

#if defined(__x86_64__)
constexpr unsigned our_machine = EM_X86_64;
#elif defined(__aarch64__)
constexpr unsigned our_machine = EM_AARCH64;
#elif defined(__arm__)
constexpr unsigned our_machine = EM_ARM;
#elif defined(__i386__)
constexpr unsigned our_machine = EM_386;
#elif defined(__riscv)
constexpr unsigned our_machine = EM_RISCV;
#else
constexpr unsigned our_machine = EM_NONE;  // not compared
#endif
constexpr unsigned char our_class = sizeof(void*) == 8 ? ELFCLASS64 : ELFCLASS32;
constexpr unsigned char our_order =
    std::endian::native == std::endian::little ? ELFDATA2LSB : ELFDATA2MSB;

/// The part of the header that is the same for 32 and 64 bits.
struct Head {
  unsigned char ident[EI_NIDENT];
  std::uint16_t type;
  std::uint16_t machine;
};

std::string machine_name(unsigned machine) {
  switch (machine) {
    case EM_386: return "x86";
    case EM_X86_64: return "x86_64";
    case EM_ARM: return "arm";
    case EM_AARCH64: return "aarch64";
    case EM_RISCV: return "riscv";
    default: return fmt::format("machine number {}", machine);
  }
}

std::unexpected<Error> not_a_library(const std::filesystem::path& path, std::string_view why) {
  return fail(ErrorCode::malformed,
              fmt::format("{} is not a shared library: {}", path.string(), why),
              "give the path of a .so file, or of a provider archive that contains one");
}

Result<void> check_head(const std::filesystem::path& path, const Head& head) {
  if (std::memcmp(head.ident, ELFMAG, SELFMAG) != 0) {
    return not_a_library(path, "it does not begin as an ELF file does");
  }
  const bool comparable = head.ident[EI_CLASS] == our_class && head.ident[EI_DATA] == our_order;
  if (!comparable || (our_machine != EM_NONE && head.machine != our_machine)) {
    const auto theirs = head.ident[EI_DATA] == our_order ? machine_name(head.machine)
                                                         : std::string("another byte order");
    return fail(ErrorCode::unsupported,
                fmt::format("{} is built for {} ({} bits), this host is {}", path.string(), theirs,
                            head.ident[EI_CLASS] == ELFCLASS32 ? 32 : 64, architecture),
                "use the library that was built for this machine");
  }
  // Programs that can be loaded anywhere have this type too; dlopen() refuses them.
  if (head.type != ET_DYN) return not_a_library(path, "it is another kind of ELF file");
  return {};
}

}  // namespace

Result<void> check_library_file(const std::filesystem::path& path) {
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (status.type() == std::filesystem::file_type::not_found) {
    return fail(ErrorCode::not_found, fmt::format("{} does not exist", path.string()));
  }
  // Anything but a file might never end, or wait for a writer.
  if (!std::filesystem::is_regular_file(status)) {
    return not_a_library(path, "it is not a regular file");
  }
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    return fail(ErrorCode::unavailable, fmt::format("{} cannot be read", path.string()),
                "check the permissions of the file");
  }
  Head head{};
  file.read(reinterpret_cast<char*>(&head), sizeof head);
  if (file.gcount() < static_cast<std::streamsize>(sizeof head)) {
    return not_a_library(path, "it is too short");
  }
  return check_head(path, head);
}

}  // namespace trellis::provider
