// Provider archives: the bytes of first-party ones, and everything that must be refused.
#include "package/archive.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <cstring>
#include <fstream>
#include <thread>

#include "base/file_output.hpp"
#include "base/files.hpp"
#include "base/hash.hpp"
#include "base/limits.hpp"
#include "base/text.hpp"
#include "identity/test_keys.hpp"
#include "package/archive_writer.hpp"
#include "package/provider_store.hpp"
#include "support/temp_dir.hpp"
#include "support/vectors.hpp"

namespace trellis::package {
namespace {

using ::testing::HasSubstr;
namespace fs = std::filesystem;

class Archives : public ::testing::Test {
 protected:
  fs::path put(const std::string& name, ByteView bytes) {
    const auto path = folder_.path() / name;
    std::ofstream(path, std::ios::binary) << as_text(bytes);
    return path;
  }
  std::string refusal(const std::string& name, ByteView bytes) {
    const auto archive = read_archive(put(name, bytes));
    return archive ? "accepted" : archive.error().message;
  }
  identity::ProviderClaims claims() {
    identity::ProviderClaims made;
    made.sub = identity::test::service_key;
    made.jti = "0123456789abcdefghijkl";
    made.iat = 1;
    made.name = "Test";
    made.capid = "test:archive";
    made.vendor = "Trellis";
    made.rev = 4;
    made.ver = "1.2.3";
    return made;
  }
  /// A token over these libraries.
  std::string token(const std::vector<std::pair<std::string, Bytes>>& libraries) {
    auto made = claims();
    for (const auto& [target, bytes] : libraries) {
      made.target_hashes.emplace_back(target, sha256_upper_hex(bytes));
    }
    return identity::sign_claims(made, account_).value();
  }
  Bytes archive(const std::vector<std::pair<std::string, Bytes>>& libraries) {
    return archive_image(token(libraries), libraries);
  }
  Result<ExtractedProvider> extract(const fs::path& path, WallTime now = SystemClock().wall(),
                                    const identity::AdmissionPolicy& policy = {}) {
    return extract_provider(path, folder_.path() / "store", policy, now, random_);
  }

  test::TempDir folder_;
  SystemRandom random_;
  const Bytes library_ = to_bytes(std::string_view("library bytes"));
  const identity::KeyPair account_ = identity::test::pair_of(identity::test::account_seed);
};

/// What an archive holds: its claims, then target and bytes of each library.
std::string content_of(const fs::path& path) {
  const auto archive = read_archive(path);
  if (!archive) return "error: " + archive.error().message;
  std::string text = identity::to_json(archive->claims);
  std::map<std::string, std::string> libraries;
  for (const auto& library : archive->libraries) {
    auto& hex = libraries[library.target];
    const auto read = read_library(path, library.target, [&](ByteView piece) {
      hex += to_hex_lower(piece);
      return Result<void>();
    });
    if (!read) return "error: " + read.error().message;
  }
  for (const auto& [target, hex] : libraries) text += ' ' + target + '=' + hex;
  return text;
}

std::string expected_content(const nlohmann::json& vector) {
  const auto& loaded = vector["try_load"];
  if (loaded.contains("error")) return "error: " + test::text_of(loaded["error"]);
  if (!loaded.contains("ok")) return "panic";
  auto text = test::text_of(loaded["claims_json"]);
  std::map<std::string, std::string> libraries;
  for (const auto& one : vector["input"]["libs"]) {
    libraries[test::text_of(one["target"])] = test::text_of(one["hex"]);
  }
  for (const auto& [target, hex] : libraries) text += ' ' + target + '=' + hex;
  return text;
}

/// The archive's parts, laid out by our writer.
Bytes written_again(const fs::path& path) {
  const auto archive = read_archive(path);
  std::vector<std::pair<std::string, Bytes>> libraries;
  for (const auto& library : archive->libraries) {
    auto& [target, bytes] = libraries.emplace_back(library.target, Bytes());
    EXPECT_TRUE(read_library(path, target, [&bytes](ByteView piece) {
      bytes.insert(bytes.end(), piece.begin(), piece.end());
      return Result<void>();
    }));
  }
  return archive_image(archive->token, libraries);
}

TEST_F(Archives, ThoseOfFirstPartyToolsAreReadAndWrittenByteForByte) {
  test::VectorRun run("par.json");
  for (const auto& vector : run.cases()) {
    const auto name = test::text_of(vector["name"]);
    SCOPED_TRACE(name);
    const auto bytes = test::from_hex_or_fail(test::text_of(vector["bytes_hex"]));
    const auto path = put(name + ".par", bytes);
    run.compare(name, expected_content(vector), content_of(path));
    const bool plain = vector["try_load"].contains("ok") && !vector["input"]["gzip"].get<bool>();
    if (plain) {
      EXPECT_EQ(written_again(path), bytes);
    }
  }
  run.finish();
}

TEST_F(Archives, WrittenAndReadAgain) {
  const auto library = put("lib.so", library_);
  for (const bool compress : {false, true}) {
    const auto path = folder_.path() / (compress ? "a.par.gz" : "a.par");
    ASSERT_TRUE(
        write_archive(path, claims(), {{this_target(), library, false}}, account_, compress));
    const auto read = read_archive(path);
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(read->compressed, compress);
    EXPECT_EQ(read->claims.iss, account_.public_key().text());
    ASSERT_EQ(read->libraries.size(), 1U);
    EXPECT_EQ(read->libraries[0].size, library_.size());
    // A library for another machine, and the old one from the archive itself.
    ASSERT_TRUE(write_archive(path, claims(),
                              {{this_target(), path, true}, {"mips-plan9", library, false}},
                              account_, compress));
    const auto again = read_archive(path);
    ASSERT_TRUE(again);
    EXPECT_EQ(again->libraries.size(), 2U);
  }
}

TEST_F(Archives, CutAnywhereIsAnError) {
  const auto whole = archive({{this_target(), library_}});
  // The two blocks of zeros at the end may be missing.
  for (std::size_t size = 0; size < whole.size() - 1024; size += 13) {
    EXPECT_NE(refusal("cut.par", ByteView(whole).first(size)), "accepted") << size;
  }
}

TEST_F(Archives, EveryFlippedByteOfContentIsNoticed) {
  const auto whole = archive({{this_target(), library_}});
  const auto content = whole.size() - 1024 - 512;
  for (std::size_t i = 0; i < library_.size(); ++i) {
    auto changed = whole;
    changed[content + i] ^= 1;
    EXPECT_THAT(refusal("flipped.par", changed), HasSubstr("does not have the hash"));
  }
}

TEST_F(Archives, TrickyEntriesAreRefused) {
  const auto with_entry = [&](const std::string& name, char type, const std::string& link = {}) {
    const std::vector<std::pair<std::string, Bytes>> good = {{this_target(), library_}};
    auto bytes = archive(good);
    bytes.erase(bytes.end() - 1024, bytes.end());
    auto extra = archive_image("x", {});  // one entry and the end
    std::fill_n(extra.begin(), 100, std::uint8_t{0});
    std::memcpy(extra.data(), name.data(), name.size());
    extra[156] = static_cast<std::uint8_t>(type);
    std::memcpy(extra.data() + 157, link.data(), link.size());
    if (type == 'S') {  // GNU's: one byte behind a hole of a gigabyte
      std::memcpy(extra.data() + 386,
                  "10000000000\0"
                  "00000000001",
                  24);
      std::memcpy(extra.data() + 483, "10000000001", 12);
    }
    std::memcpy(extra.data() + 148, "        ", 8);
    unsigned sum = 0;
    for (std::size_t i = 0; i < 512; ++i) sum += extra[i];
    std::snprintf(reinterpret_cast<char*>(extra.data()) + 148, 8, "%07o", sum);
    bytes.insert(bytes.end(), extra.begin(), extra.end());
    return refusal("tricky.par", bytes);
  };
  EXPECT_THAT(with_entry("../../etc/passwd.bin", '0'), HasSubstr("neither claims nor a library"));
  EXPECT_THAT(with_entry("/etc/cron.d/x.bin", '0'), HasSubstr("neither claims nor a library"));
  EXPECT_THAT(with_entry("a/b/x86_64-linux.bin", '0'), HasSubstr("neither claims nor a library"));
  EXPECT_THAT(with_entry("notes.txt", '0'), HasSubstr("neither claims nor a library"));
  EXPECT_THAT(with_entry("arm-linux.bin", '2', "/etc/passwd"), HasSubstr("no plain file"));
  EXPECT_THAT(with_entry("arm-linux.bin", '1', "claims.jwt"), HasSubstr("no plain file"));
  EXPECT_THAT(with_entry("arm-linux.bin", '3'), HasSubstr("no plain file"));
  EXPECT_THAT(with_entry("arm-linux.bin", 'S'), HasSubstr("no plain file"));
  EXPECT_THAT(with_entry("claims.jwt", '0'), HasSubstr("two claims.jwt"));
  EXPECT_THAT(with_entry(this_target() + ".bin", '0'), HasSubstr("two libraries"));
  EXPECT_THAT(with_entry("arm-linux.bin", '0'), HasSubstr("does not have the hash"));
}

TEST_F(Archives, ABombIsNotUnpacked) {
  const auto zeros = folder_.path() / "zeros";
  {
    std::ofstream made(zeros);
  }
  fs::resize_file(zeros, limits::archive_bytes + 1);  // sparse
  const auto path = folder_.path() / "bomb.par.gz";
  const auto written =
      write_archive(path, claims(), {{this_target(), zeros, false}}, account_, true);
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, ErrorCode::limit);
  EXPECT_FALSE(fs::exists(path));
}

TEST_F(Archives, ALyingSizeIsRefusedBeforeAnythingIsRead) {
  auto bytes = archive({{this_target(), library_}});
  const auto second = bytes.size() - 1024 - 512 - 512;
  std::memcpy(bytes.data() + second + 124, "77777777777", 11);
  std::memcpy(bytes.data() + second + 148, "        ", 8);
  unsigned sum = 0;
  for (std::size_t i = 0; i < 512; ++i) sum += bytes[second + i];
  std::snprintf(reinterpret_cast<char*>(bytes.data()) + second + 148, 8, "%07o", sum);
  EXPECT_THAT(refusal("lying.par", bytes), HasSubstr("unpacks to more than"));
}

TEST_F(Archives, ExtractionGivesTheLibraryOfThisMachine) {
  const auto path = put("a.par", archive({{this_target(), library_}}));
  const auto extracted = extract(path);
  ASSERT_TRUE(extracted) << extracted.error().message;
  EXPECT_EQ(extracted->claims.capid, "test:archive");
  EXPECT_EQ(read_file(extracted->library, 1000).value(), as_text(library_));
  struct stat status{};
  ASSERT_EQ(::stat((folder_.path() / "store").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0700U);
}

TEST_F(Archives, AChangedFileInTheStoreIsReplaced) {
  const auto path = put("a.par", archive({{this_target(), library_}}));
  const auto first = extract(path);
  ASSERT_TRUE(first);
  fs::permissions(first->library, fs::perms::owner_all);
  for (const auto* planted : {"evil", "", "library bytes and more"}) {
    {
      std::ofstream(first->library, std::ios::trunc) << planted;
    }
    const auto again = extract(path);
    ASSERT_TRUE(again);
    EXPECT_EQ(read_file(again->library, 1000).value(), as_text(library_));
    fs::permissions(first->library, fs::perms::owner_all);
  }
  fs::remove(first->library);
  const auto elsewhere = put("elsewhere", library_);
  fs::create_symlink(elsewhere, first->library);
  const auto again = extract(path);
  ASSERT_TRUE(again);
  EXPECT_FALSE(fs::is_symlink(again->library));
}

TEST_F(Archives, ManyMayExtractAtOnce) {
  const Bytes large(3 * limits::mib, 7);
  const auto path = put("a.par", archive({{this_target(), large}}));
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      const auto extracted =
          extract_provider(path, folder_.path() / "store", {}, SystemClock().wall(), random_);
      ASSERT_TRUE(extracted) << extracted.error().message;
      EXPECT_EQ(fs::file_size(extracted->library), large.size());
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_.path() / "store"), {}), 1);
}

TEST_F(Archives, WhatIsNotTrustedIsNotUnpacked) {
  const std::vector<std::pair<std::string, Bytes>> libraries = {{this_target(), library_}};
  const auto refused = [&](const std::string& forged, const identity::AdmissionPolicy& policy = {},
                           WallTime now = SystemClock().wall()) {
    const auto extracted = extract(put("a.par", archive_image(forged, libraries)), now, policy);
    EXPECT_FALSE(extracted);
    EXPECT_FALSE(fs::exists(folder_.path() / "store"));
    return extracted ? std::string() : extracted.error().message;
  };
  auto forged = token(libraries);
  forged.back() = forged.back() == 'A' ? 'Q' : 'A';
  EXPECT_THAT(refused(forged), HasSubstr("signature"));
  EXPECT_THAT(refused(token(libraries), {{identity::test::module_key}}),
              HasSubstr("Issuer of the claims is not trusted"));
  auto expired = claims();
  expired.exp = 1000;
  expired.target_hashes.emplace_back(this_target(), sha256_upper_hex(library_));
  EXPECT_THAT(refused(identity::sign_claims(expired, account_).value()), HasSubstr("expired"));
}

TEST_F(Archives, NothingForThisMachineNamesWhatThereIs) {
  const auto path = put("a.par", archive({{"mips-plan9", library_}}));
  const auto extracted = extract(path);
  ASSERT_FALSE(extracted);
  EXPECT_THAT(extracted.error().message, HasSubstr("only for mips-plan9"));
}

}  // namespace
}  // namespace trellis::package
