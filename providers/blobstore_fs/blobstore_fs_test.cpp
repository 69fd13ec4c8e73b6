// Promises of the blob store on files beyond the contract.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "providers/blobstore/blobstore_fixture.hpp"
#include "providers/blobstore_fs/folder.hpp"

namespace trellis::providers {
namespace {

namespace fs = std::filesystem;

class FileBlobs : public BlobTest {
 protected:
  FileBlobs() : BlobTest(std::make_unique<FileBlobBackend>(false)) {}
  const fs::path& root() { return static_cast<FileBlobBackend&>(*backend_).folder(); }
};

TEST_F(FileBlobs, NamesAreCleanedAndNeverLeadOut) {
  const auto clean = [](std::string_view id) {
    const auto name = blobstore_fs::clean_name(id);
    return name ? *name : "refused";
  };
  EXPECT_EQ(clean("/etc/h4x0rd"), "etc_h4x0rd");
  EXPECT_EQ(clean("../passwd"), "passwd");
  EXPECT_EQ(clean("a/../b"), "a__b");
  EXPECT_EQ(clean("..../x"), "x");
  EXPECT_EQ(clean("a....b"), "ab");
  EXPECT_EQ(clean("a.b.c"), "a.b.c");
  for (const auto id : {"", ".", "..", "...", "/", "//..//", "./."}) {
    EXPECT_EQ(clean(id), "refused") << id;
  }
  EXPECT_EQ(clean(std::string_view("a\0b", 3)), "refused");
  EXPECT_EQ(clean(std::string(256, 'a')), "refused");
  EXPECT_EQ(create("..").substr(0, 7), "error: ");
  EXPECT_EQ(create("../outside"), "outside");
  EXPECT_TRUE(fs::is_directory(root() / "outside"));
}

TEST_F(FileBlobs, LinksAndPipesAreNotFollowed) {
  create("box");
  std::ofstream(root() / "secret") << "secret";
  fs::create_symlink(root() / "secret", root() / "box" / "link");
  fs::create_directory_symlink("/tmp", root() / "elsewhere");
  ASSERT_EQ(::mkfifo((root() / "box" / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(start_download("box", "link", 10).substr(0, 4), "no: ");
  EXPECT_EQ(start_download("box", "pipe", 10).substr(0, 4), "no: ");
  EXPECT_EQ(info("box", "link").id, "none");
  EXPECT_TRUE(list("box").empty());
  EXPECT_EQ(list("elsewhere").at(0).first.substr(0, 7), "error: ");
  EXPECT_EQ(put("elsewhere", "x", "x").substr(0, 4), "no: ");
  // Writing replaces the link, not what it leads to.
  EXPECT_EQ(put("box", "link", "mine"), "ok");
  EXPECT_FALSE(fs::is_symlink(root() / "box" / "link"));
  std::string kept;
  std::ifstream(root() / "secret") >> kept;
  EXPECT_EQ(kept, "secret");
}

TEST_F(FileBlobs, QuotasHold) {
  ASSERT_TRUE(
      bind("MA", {{"MAX_BLOB_BYTES", "1000"}, {"MAX_TOTAL_BYTES", "2500"}, {"MAX_OBJECTS", "3"}}));
  create("box");
  EXPECT_EQ(put("box", "a", std::string(1001, 'x')).substr(0, 4), "no: ");
  EXPECT_EQ(put("box", "a", std::string(1000, 'x')), "ok");
  EXPECT_EQ(put("box", "b", std::string(1000, 'x')), "ok");
  EXPECT_EQ(put("box", "c", std::string(501, 'x')).substr(0, 4), "no: ");
  EXPECT_EQ(put("box", "c", std::string(500, 'x')), "ok");
  EXPECT_EQ(put("box", "d", "").substr(0, 4), "no: ") << "objects";
  EXPECT_EQ(remove("box", "a"), "ok");
  EXPECT_EQ(put("box", "d", std::string(1000, 'x')), "ok");
  EXPECT_EQ(put("box", "d", std::string(900, 'x')).substr(0, 4), "no: ")
      << "both are there until it is done";
  create("box2");
  create("box3");
  EXPECT_EQ(create("box4").substr(0, 7), "error: ");
}

TEST_F(FileBlobs, UnfinishedUploadsLeaveNothing) {
  create("box");
  EXPECT_EQ(start(chunk("box", "a", 0, "", 10, 5)), "ok");
  EXPECT_EQ(std::distance(fs::directory_iterator(root() / "box"), {}), 1);
  ASSERT_TRUE(provider_.remove("MA"));
  EXPECT_EQ(std::distance(fs::directory_iterator(root() / "box"), {}), 0);
  // Remains of a crash go when they are old.
  std::ofstream(root() / "box" / ".trellis-upload-old") << "x";
  std::ofstream(root() / "box" / ".trellis-upload-new") << "x";
  fs::last_write_time(root() / "box" / ".trellis-upload-old",
                      fs::file_time_type::clock::now() - std::chrono::hours(2));
  ASSERT_TRUE(bind("MA"));
  EXPECT_FALSE(fs::exists(root() / "box" / ".trellis-upload-old"));
  EXPECT_TRUE(fs::exists(root() / "box" / ".trellis-upload-new"));
  EXPECT_TRUE(list("box").empty());
}

TEST_F(FileBlobs, EachLinkHasItsRoot) {
  const test::TempDir second;
  ASSERT_TRUE(bind("MB", {{"ROOT", second.path().string()}}));
  create("box");
  EXPECT_TRUE(fs::is_directory(root() / "box"));
  EXPECT_FALSE(fs::exists(second.path() / "box"));
  ASSERT_TRUE(provider_.ask<Container>("MB", "CreateContainer", Container{"other"}));
  EXPECT_TRUE(fs::is_directory(second.path() / "other"));
}

TEST_F(FileBlobs, ADownloadIsOfOneObject) {
  create("box");
  put("box", "a", std::string(3000, 'a'));
  {
    const std::scoped_lock lock(mutex_);  // the actor waits with the first chunk
    ASSERT_EQ(start_download("box", "a", 1000), "ok");
    ASSERT_EQ(put("box", "a", std::string(10, 'b')), "ok");
  }
  std::string content;
  for (const auto& each : received(3)) content += as_text(each.chunk_bytes);
  EXPECT_EQ(content, std::string(3000, 'a'));
}

TEST_F(FileBlobs, BadLinkValuesAreNamed) {
  for (const auto& [key, value] : codec::StringMap{{"ROOT", "/none/such"},
                                                   {"MAX_BLOB_BYTES", "0"},
                                                   {"CHUNK_FORMAT", "odd"},
                                                   {"FIRST_SEQUENCE", "2"},
                                                   {"ROOTS", "/tmp"}}) {
    const auto bound = bind("MB", {{key, value}});
    ASSERT_FALSE(bound) << key;
    EXPECT_NE(bound.error().message.find(key), std::string::npos) << bound.error().message;
  }
  EXPECT_FALSE(provider_.bind("MB", {}));
}

}  // namespace
}  // namespace trellis::providers
