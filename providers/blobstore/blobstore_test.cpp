// Conformance of blob store providers to contracts.md 3.6: one suite for all implementations.
#include <gtest/gtest.h>

#include "base/text.hpp"
#include "providers/blobstore/blobstore_fixture.hpp"
#include "providers/blobstore_s3/s3_fixture.hpp"

namespace trellis::providers {
namespace {

using namespace std::chrono_literals;

std::unique_ptr<BlobBackend> make_blob_backend(std::string_view name) {
  const bool library = name.ends_with("Library");
  if (name.starts_with("S3")) return std::make_unique<S3Backend>(library);
  return std::make_unique<FileBlobBackend>(library);
}

class BlobConformance : public BlobTest, public ::testing::WithParamInterface<const char*> {
 protected:
  BlobConformance() : BlobTest(make_blob_backend(GetParam())) {}
};

INSTANTIATE_TEST_SUITE_P(Providers, BlobConformance,
                         ::testing::Values("Files", "FilesLibrary", "S3", "S3Library"),
                         [](const auto& param) { return std::string(param.param); });

std::string content_of(std::size_t size) {
  std::string content;
  for (std::size_t i = 0; i < size; ++i) content += static_cast<char>(i * 31 + i / 251);
  return content;
}

TEST_P(BlobConformance, MessagesAreThoseOfTheContract) {
  const auto hex = [](const auto& message) { return to_hex_lower(codec::encode(message)); };
  const FileChunk part{1, {"c"}, "f", 3, 2, {}, {1, 2}};
  const std::string bare =
      "87aa73657175656e63654e6f01a9636f6e7461696e657281a26964a163a26964a166aa746f74616c427974657303"
      "a96368756e6b53697a6502a7636f6e74657874c0aa6368756e6b4279746573c4020102";
  EXPECT_EQ(hex(part), bare);
  EXPECT_EQ(hex(ChunkArgs{part}), "81a56368756e6b" + bare);
  EXPECT_EQ(hex(BlobstoreResult{true, {}}), "82a773756363657373c3a56572726f72c0");
  EXPECT_EQ(hex(StartDownloadArgs{"f", "c", 524288, {}}),
            "84a7626c6f625f6964a166ac636f6e7461696e65725f6964a163aa6368756e6b5f73697a65ce00080000a7"
            "636f6e74657874c0");
  EXPECT_EQ(hex(Blob{"none", {"none"}, 0}),
            "83a26964a46e6f6e65a9636f6e7461696e657281a26964a46e6f6e65a86279746553697a6500");
}

TEST_P(BlobConformance, ContainersComeAndGo) {
  EXPECT_EQ(create("first"), "first");
  EXPECT_EQ(create("first"), "first") << "again";
  EXPECT_TRUE(list("first").empty());
  EXPECT_EQ(put("first", "a", "content"), "ok");
  EXPECT_EQ(remove_container("first").substr(0, 7), "error: ") << "not empty";
  EXPECT_EQ(remove("first", "a"), "ok");
  EXPECT_EQ(remove_container("first"), "ok");
  EXPECT_EQ(list("first").at(0).first.substr(0, 7), "error: ");
  EXPECT_EQ(remove_container("first").substr(0, 7), "error: ");
}

TEST_P(BlobConformance, ObjectsAreWrittenAndReadInParts) {
  create("box");
  for (const std::size_t size : {0UL, 1UL, 999UL, 1000UL, 1001UL, 2000UL, 12'345UL}) {
    const auto name = "o" + std::to_string(size);
    const auto content = content_of(size);
    ASSERT_EQ(put("box", name, content), "ok") << size;
    const auto found = info("box", name);
    EXPECT_EQ(found.id, name);
    EXPECT_EQ(found.container.id, "box");
    EXPECT_EQ(found.byte_size, size);
    EXPECT_EQ(get("box", name), content) << size;
    EXPECT_EQ(get("box", name, 777), content) << size;
  }
  EXPECT_EQ(list("box").size(), 7U);
}

TEST_P(BlobConformance, ChunksOfADownloadSayWhatTheyAre) {
  create("box");
  put("box", "a", content_of(2500));
  ASSERT_EQ(start_download("box", "a", 1000, "ctx"), "ok");
  const auto chunks = received(3);
  ASSERT_EQ(chunks.size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(chunks[i].sequence_no, i);
    EXPECT_EQ(chunks[i].container.id, "box");
    EXPECT_EQ(chunks[i].id, "a");
    EXPECT_EQ(chunks[i].total_bytes, 2500U);
    EXPECT_EQ(chunks[i].chunk_size, 1000U);
    EXPECT_EQ(chunks[i].context, "ctx");
    EXPECT_EQ(chunks[i].chunk_bytes.size(), i < 2 ? 1000U : 500U);
  }
  EXPECT_FALSE(bare_);
  ASSERT_TRUE(bind("MA", {{"CHUNK_FORMAT", "bare"}, {"FIRST_SEQUENCE", "1"}}));
  forget_received();
  ASSERT_EQ(start_download("box", "a", 0), "ok");
  const auto whole = received(1);
  ASSERT_EQ(whole.size(), 1U);
  EXPECT_EQ(whole[0].sequence_no, 1U);
  EXPECT_EQ(whole[0].chunk_size, 524'288U) << "0 means the default";
  EXPECT_TRUE(bare_);
}

TEST_P(BlobConformance, UploadsMayBeBareAndBeginAtOne) {
  create("box");
  EXPECT_EQ(put("box", "a", content_of(2500), 1000, 1, true), "ok");
  EXPECT_EQ(get("box", "a"), content_of(2500));
}

TEST_P(BlobConformance, ChunksMayComeInAnyOrderAndTwice) {
  create("box");
  const auto content = content_of(5000);
  const auto part = [&](std::uint64_t number) {
    return chunk("box", "a", number, std::string_view(content).substr(number * 1000, 1000), 5000,
                 1000);
  };
  ASSERT_EQ(start(part(0)), "ok");
  for (const auto number : {3, 0, 0, 2, 2, 4}) EXPECT_EQ(add(part(number)), "ok");
  EXPECT_EQ(info("box", "a").id, "none") << "appears whole";
  EXPECT_EQ(add(part(1)), "ok");
  EXPECT_EQ(get("box", "a"), content);
}

TEST_P(BlobConformance, AFailedUploadLeavesWhatWasThere) {
  create("box");
  put("box", "a", "the old content");
  EXPECT_EQ(start(chunk("box", "a", 0, "", 10, 5)), "ok");
  EXPECT_EQ(add(chunk("box", "a", 0, "12345", 10, 5)), "ok");
  EXPECT_EQ(get("box", "a"), "the old content") << "unfinished";
  EXPECT_EQ(add(chunk("box", "a", 1, "123456", 10, 5)).substr(0, 4), "no: ") << "too much";
  EXPECT_EQ(add(chunk("box", "a", 1, "12345", 10, 5)).substr(0, 4), "no: ") << "it is over";
  EXPECT_EQ(get("box", "a"), "the old content");
  EXPECT_EQ(put("box", "a", "new"), "ok");
  EXPECT_EQ(get("box", "a"), "new");
  EXPECT_EQ(list("box").size(), 1U);
}

TEST_P(BlobConformance, AnUploadNobodyContinuesEnds) {
  create("box");
  EXPECT_EQ(start(chunk("box", "a", 0, "", 10, 5)), "ok");
  host_.advance(61s);
  EXPECT_EQ(start(chunk("box", "b", 0, "", 10, 5)), "ok");
  EXPECT_EQ(add(chunk("box", "a", 0, "12345", 10, 5)).substr(0, 4), "no: ");
  for (int i = 0; i < 63; ++i) {
    EXPECT_EQ(start(chunk("box", "c" + std::to_string(i), 0, "", 10, 5)), "ok");
  }
  EXPECT_EQ(start(chunk("box", "d", 0, "", 10, 5)).substr(0, 4), "no: ") << "bounded";
}

TEST_P(BlobConformance, WhatIsMissingIsTold) {
  create("box");
  const auto none = info("box", "nothing");
  EXPECT_EQ(none.id, "none");
  EXPECT_EQ(none.container.id, "none");
  EXPECT_EQ(none.byte_size, 0U);
  EXPECT_EQ(info("no-box", "a").id, "none");
  EXPECT_EQ(start_download("box", "nothing", 10).substr(0, 4), "no: ");
  EXPECT_EQ(start_download("no-box", "nothing", 10).substr(0, 4), "no: ");
  EXPECT_EQ(add(chunk("box", "a", 0, "x", 1, 1)).substr(0, 4), "no: ");
  EXPECT_EQ(put("no-box", "a", "x").substr(0, 4), "no: ");
}

TEST_P(BlobConformance, SizesThatCannotBeAreRefused) {
  create("box");
  EXPECT_EQ(start(chunk("box", "a", 0, "", 10, 0)).substr(0, 4), "no: ");
  EXPECT_EQ(start(chunk("box", "a", 0, "", 10, 9 << 20)).substr(0, 4), "no: ");
  put("box", "a", "x");
  EXPECT_EQ(start_download("box", "a", 9 << 20).substr(0, 4), "no: ");
  EXPECT_FALSE(provider_.call("MA", "StartUpload", to_bytes("\xc1")));
  EXPECT_FALSE(provider_.call("MA", "StartUpload", {}));
  EXPECT_EQ(provider_.call("MA", "Else", {}).error().message, "bad dispatch");
  EXPECT_FALSE(provider_.call("MZ", "ListObjects", {})) << "not linked";
}

TEST_P(BlobConformance, ADownloadEndsWhenTheActorTakesNoMore) {
  create("box");
  put("box", "a", content_of(5000));
  takes_ = 1;
  ASSERT_EQ(start_download("box", "a", 1000), "ok");
  EXPECT_TRUE(test::eventually([&] {
    for (const auto& line : host_.logs()) {
      if (line.text.contains("after 1 of 5 chunks")) return true;
    }
    return false;
  }));
  EXPECT_EQ(received(2).size(), 2U);
}

TEST_P(BlobConformance, ManyDownloadsAtOnce) {
  create("box");
  const auto content = content_of(5000);
  put("box", "a", content);
  for (int i = 0; i < 20; ++i) {
    ASSERT_EQ(start_download("box", "a", 1000, std::to_string(i)), "ok");
  }
  std::map<std::string, std::string> contents;
  for (const auto& each : received(100)) contents[*each.context] += as_text(each.chunk_bytes);
  ASSERT_EQ(contents.size(), 20U);
  for (const auto& [context, got] : contents) EXPECT_EQ(got, content) << context;
}

TEST_P(BlobConformance, RemovedLinksEndWhatIsUnderWay) {
  create("box");
  put("box", "a", content_of(5000));
  EXPECT_EQ(start(chunk("box", "b", 0, "", 10, 5)), "ok");
  ASSERT_TRUE(provider_.remove("MA"));
  ASSERT_TRUE(bind("MA"));
  EXPECT_EQ(add(chunk("box", "b", 0, "12345", 10, 5)).substr(0, 4), "no: ");
  EXPECT_EQ(list("box").size(), 1U);
}

}  // namespace
}  // namespace trellis::providers
