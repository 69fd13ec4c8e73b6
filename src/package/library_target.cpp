#include "package/library_target.hpp"

#include <elf.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <fstream>
#include <optional>
#include <string>
#include <system_error>

namespace trellis::package {
namespace {

namespace fs = std::filesystem;

struct Architecture {
  std::string_view name;  ///< as first-party hosts have it (identity.md 4.1)
  unsigned machine;
  unsigned char bits;  ///< ELFCLASS32, ELFCLASS64
};

// Names that other tools have for a machine stand behind the one of first-party hosts.
constexpr std::array architectures{
    Architecture{"x86_64", EM_X86_64, ELFCLASS64}, Architecture{"aarch64", EM_AARCH64, ELFCLASS64},
    Architecture{"x86", EM_386, ELFCLASS32},       Architecture{"i686", EM_386, ELFCLASS32},
    Architecture{"arm", EM_ARM, ELFCLASS32},       Architecture{"armv7l", EM_ARM, ELFCLASS32},
    Architecture{"riscv64", EM_RISCV, ELFCLASS64}, Architecture{"powerpc64", EM_PPC64, ELFCLASS64},
    Architecture{"ppc64le", EM_PPC64, ELFCLASS64}, Architecture{"s390x", EM_S390, ELFCLASS64},
    Architecture{"mips64", EM_MIPS, ELFCLASS64},   Architecture{"mips", EM_MIPS, ELFCLASS32},
};

/// The part of the header that is the same for 32 and 64 bits.
struct ElfHead {
  unsigned char ident[EI_NIDENT];
  unsigned char type[2];
  unsigned char machine[2];

  [[nodiscard]] bool is_elf() const { return std::memcmp(ident, ELFMAG, SELFMAG) == 0; }
  [[nodiscard]] unsigned number(const unsigned char (&bytes)[2]) const {
    // Byte order is that of the library's machine, which need not be ours.
    const bool big = ident[EI_DATA] == ELFDATA2MSB;
    return (unsigned{bytes[big ? 0 : 1]} << 8U) | bytes[big ? 1 : 0];
  }
};

std::optional<std::string_view> architecture_of(const ElfHead& head) {
  const auto machine = head.number(head.machine);
  const auto* const found = std::ranges::find_if(architectures, [&](const auto& one) {
    return one.machine == machine && one.bits == head.ident[EI_CLASS];
  });
  if (found == architectures.end()) return std::nullopt;
  return found->name;
}

std::string described(const ElfHead& head) {
  return fmt::format("machine number {} ({} bits)", head.number(head.machine),
                     head.ident[EI_CLASS] == ELFCLASS32 ? 32 : 64);
}

/// Whether the library may be for what is stated; what is not known here may.
bool is_for(const ElfHead& head, std::string_view wanted) {
  const auto* const known = std::ranges::find(architectures, wanted, &Architecture::name);
  return known == architectures.end() ||
         (known->machine == head.number(head.machine) && known->bits == head.ident[EI_CLASS]);
}

std::unexpected<Error> no_library(const fs::path& file, std::string_view what) {
  return fail(ErrorCode::malformed, fmt::format("{} {}", file.string(), what),
              "give the provider's shared library: a .so file");
}

/// What the header says; nothing for an architecture without a name.
std::optional<std::string> target_in(const ElfHead& head) {
  if (!architecture_of(head)) return std::nullopt;
  return fmt::format("{}-linux", *architecture_of(head));
}

std::unexpected<Error> other_platform(const fs::path& file, const ElfHead& head,
                                      std::string_view stated) {
  const auto is = target_in(head).value_or(described(head));
  return fail(ErrorCode::invalid_argument,
              fmt::format("{} is built for {}, and not for {}", file.string(), is, stated),
              fmt::format("say --arch {}, or give the library that was built for {}", is, stated));
}

/// Target of an ELF library, which must be the one that is stated.
Result<std::string> target_of_elf(const fs::path& file, const ElfHead& head,
                                  std::string_view stated) {
  const auto dash = stated.rfind('-');
  const auto system = stated.substr(dash + 1);
  const bool foreign = system == "macos" || system == "windows";
  if (!stated.empty() && (foreign || !is_for(head, stated.substr(0, dash)))) {
    return other_platform(file, head, stated);
  }
  if (head.number(head.type) != ET_DYN) {
    return no_library(file, "is an ELF file, but no shared library");
  }
  if (!stated.empty()) return std::string(stated);
  if (auto target = target_in(head)) return std::move(*target);
  return fail(
      ErrorCode::unsupported,
      fmt::format("{} is built for {}, which has no name here", file.string(), described(head)),
      "say what it is with --arch <arch>-<os>");
}

Result<std::string> target_of(const fs::path& file, const ElfHead& head, std::string_view stated) {
  if (std::memcmp(head.ident, "\0asm", 4) == 0) {
    return no_library(file,
                      "is a WebAssembly module and no provider's library; actors are signed with "
                      "`trellis claims sign`");
  }
  if (head.is_elf()) return target_of_elf(file, head, stated);
  if (stated.empty() || stated.ends_with("-linux")) {
    return no_library(file, "is no shared library: it is no ELF file");
  }
  // Formats of other systems are not known here; what somebody says of them is believed.
  return std::string(stated);
}

}  // namespace

Result<std::string> library_target(const fs::path& library, std::string_view stated) {
  std::error_code ignored;
  std::ifstream file;
  if (fs::is_regular_file(library, ignored)) file.open(library, std::ios::binary);
  if (!file.is_open()) {
    return fail(ErrorCode::unavailable, fmt::format("{} cannot be read", library.string()),
                "check that it is a file and that this user may read it");
  }
  ElfHead head{};
  file.read(reinterpret_cast<char*>(&head), sizeof head);
  return target_of(library, head, stated);
}

}  // namespace trellis::package
