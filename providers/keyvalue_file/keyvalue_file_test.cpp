// Promises of the key-value provider on disk beyond the contract: everything is there again.
#include <gtest/gtest.h>

#include <sys/resource.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

#include "base/files.hpp"
#include "providers/keyvalue_file/change.hpp"
#include "providers/keyvalue_file/file_fixture.hpp"
#include "support/server_process.hpp"

namespace trellis::providers {
namespace {

class KeyValueFile : public ::testing::Test {
 protected:
  /// One life of the provider; another one begins when it ends.
  class Life : public KeyValueTest {
   public:
    explicit Life(const codec::StringMap& values)
        : KeyValueTest(std::make_unique<FileBackend>(false)), values_(values) {
      const auto bound = kv_.bind("MA", values_);
      error_text = bound ? "" : bound.error().message;
    }
    using KeyValueTest::add, KeyValueTest::del, KeyValueTest::get, KeyValueTest::members,
        KeyValueTest::push, KeyValueTest::range, KeyValueTest::remove_item, KeyValueTest::set,
        KeyValueTest::set_add, KeyValueTest::set_remove, KeyValueTest::kv_, KeyValueTest::host_,
        KeyValueTest::actor_;
    void TestBody() override {}
    std::string error_text;

   private:
    codec::StringMap values_;
  };

  [[nodiscard]] std::unique_ptr<Life> begin(codec::StringMap more = {}) const {
    more.try_emplace("DIRECTORY", (folder_.path() / "kv").string());
    return std::make_unique<Life>(more);
  }
  [[nodiscard]] std::filesystem::path journal() const {
    return folder_.path() / "kv" / "common.journal";
  }
  [[nodiscard]] std::string content() const { return read_file(journal(), 1 << 30).value(); }
  void write(std::string_view text) const {
    std::ofstream(journal(), std::ios::binary | std::ios::trunc) << text;
  }

  test::TempDir folder_;
};

TEST_F(KeyValueFile, EverythingIsThereAgain) {
  auto life = begin();
  ASSERT_EQ(life->error_text, "");
  life->set("text", "v");
  life->set("text", "w");
  life->set("gone", "v");
  life->del("gone");
  life->add("n", 40);
  life->add("n", 2);
  for (const auto item : {"c", "x", "b", "x", "a"}) life->push("list", item);
  life->remove_item("list", "x");
  for (const auto item : {"1", "2", "3"}) life->set_add("set", item);
  life->set_remove("set", "2");
  life->set("short", "v", 1);
  life->set("long", "v", 1000);
  const std::string odd("ü\0\n", 4);
  life->set(odd, odd);
  for (int restart = 0; restart < 2; ++restart) {
    life.reset();
    life = begin();
    ASSERT_EQ(life->error_text, "");
    EXPECT_EQ(life->get("text"), "w");
    EXPECT_EQ(life->get("gone"), "(none)");
    EXPECT_EQ(life->add("n", 0), "42");
    EXPECT_EQ(life->range("list", 0, -1), (Strings{"a", "b", "c"}));
    EXPECT_EQ(life->members("set"), (Strings{"1", "3"}));
    EXPECT_EQ(life->get("long"), "v");
    EXPECT_EQ(life->get(odd), odd);
  }
  life->host_.advance(1001s);
  EXPECT_EQ(life->get("long"), "(none)");
  EXPECT_EQ(life->get("short"), "(none)");
}

TEST_F(KeyValueFile, WhatWouldHaveExpiredDoesNotComeBack) {
  auto life = begin();
  life->set("k", "5", 1);
  EXPECT_EQ(life->add("k", 1), "6");
  life->set("l", "text", 1);
  life->set("s", "text", 1);
  life->host_.advance(1100ms);
  EXPECT_EQ(life->push("l", "now a list"), 1);
  EXPECT_EQ(life->set_add("s", "now a set"), 1);
  life = nullptr;
  // The next one thinks it is earlier: not even then is the file one that cannot be.
  life = begin();
  ASSERT_EQ(life->error_text, "");
  EXPECT_EQ(life->members("s"), Strings{"now a set"});
  EXPECT_EQ(life->range("l", 0, -1), Strings{"now a list"});
  life->host_.advance(1100ms);
  EXPECT_EQ(life->get("k"), "(none)");
  EXPECT_EQ(life->range("l", 0, -1), Strings{"now a list"});
}

TEST_F(KeyValueFile, AChangeCutShortIsDroppedWhereverItWasCut) {
  auto life = begin();
  life->set("a", "1");
  life = nullptr;
  const auto whole = content().size();
  life = begin();
  life->set("b", "2");
  life = nullptr;
  const auto all = content();
  for (auto size = whole; size < all.size(); ++size) {
    write(std::string_view(all).substr(0, size));
    life = begin();
    ASSERT_EQ(life->error_text, "") << size;
    EXPECT_EQ(life->get("a"), "1") << size;
    EXPECT_EQ(life->get("b"), "(none)") << size;
    life->set("c", "3");
    life = nullptr;
    life = begin();
    EXPECT_EQ(life->get("c"), "3") << size;
    life = nullptr;
  }
  for (std::size_t size = 0; size < 20; ++size) {
    write(std::string_view(all).substr(0, size));
    life = begin();
    ASSERT_EQ(life->error_text, "") << size;
    EXPECT_EQ(life->get("a"), "(none)");
    life = nullptr;
  }
  write(all + std::string(1000, '\0'));
  life = begin();
  EXPECT_EQ(life->get("b"), "2") << "zeros are what some file systems leave";
}

TEST_F(KeyValueFile, DamageElsewhereIsRefusedAndLeftAlone) {
  auto life = begin();
  for (int i = 0; i < 10; ++i) life->set("key" + std::to_string(i), std::string(100, 'x'));
  life = nullptr;
  const auto all = content();
  for (const std::size_t at : {0UL, 5UL, 40UL, all.size() / 2}) {
    auto damaged = all;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x41);
    write(damaged);
    life = begin();
    EXPECT_NE(life->error_text.find("common.journal"), std::string::npos) << at;
    life = nullptr;
    EXPECT_EQ(content(), damaged) << at;
  }
}

TEST_F(KeyValueFile, HistoryIsForgotten) {
  auto life = begin({{"SYNC", "never"}});
  const std::string value(10'000, 'x');
  for (int i = 0; i < 1000; ++i) life->set("k", value);
  for (int i = 0; i < 3; ++i) life->push("list", std::to_string(i));
  EXPECT_TRUE(test::eventually([&] { return std::filesystem::file_size(journal()) < 2'000'000; }));
  life->set("after", "v");
  life = nullptr;
  life = begin();
  EXPECT_EQ(life->get("k"), value);
  EXPECT_EQ(life->range("list", 0, -1), (Strings{"2", "1", "0"}));
  EXPECT_EQ(life->get("after"), "v");
}

TEST_F(KeyValueFile, AFullDiskLosesNothingThatWasAnswered) {
  auto life = begin({{"SYNC", "always"}});
  life->set("a", "1");
  const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  rlimit small = before;
  small.rlim_cur = 4096;
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const auto refused = life->set("b", std::string(5000, 'x'));
  const auto then = life->set("c", "3");
  const auto still = life->get("a");
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, old_handler);
  EXPECT_NE(refused.find("write"), std::string::npos) << refused;
  EXPECT_NE(then.find("takes no changes"), std::string::npos) << then;
  EXPECT_EQ(still, "1");
  EXPECT_TRUE(test::eventually([&] { return life->set("d", "4") == "4"; }));
  life = nullptr;
  life = begin();
  EXPECT_EQ(life->get("a"), "1");
  EXPECT_EQ(life->get("d"), "4");
}

TEST_F(KeyValueFile, OneInstanceHasTheFolder) {
  auto life = begin();
  auto other = begin();
  EXPECT_NE(other->error_text.find("another provider"), std::string::npos) << other->error_text;
  other = nullptr;
  life = nullptr;
  EXPECT_EQ(begin()->error_text, "");
}

TEST_F(KeyValueFile, LinksThatGoCloseTheirFiles) {
  auto life = begin();
  life->set("a", "1");
  ASSERT_TRUE(life->kv_.remove("MA"));
  auto other = begin();
  EXPECT_EQ(other->error_text, "") << "nobody has the folder any more";
  EXPECT_EQ(other->get("a"), "1");
}

TEST_F(KeyValueFile, BadLinkValuesAreNamed) {
  const auto error = [&](const codec::StringMap& values) { return Life(values).error_text; };
  EXPECT_NE(error({}).find("DIRECTORY"), std::string::npos);
  EXPECT_NE(error({{"DIRECTORY", "/proc/none/x"}}).find("DIRECTORY"), std::string::npos);
  EXPECT_NE(begin({{"SYNC", "often"}})->error_text.find("SYNC"), std::string::npos);
  EXPECT_NE(begin({{"NAMESPACE", std::string(200, 'n')}})->error_text.find("NAMESPACE"),
            std::string::npos);
  std::filesystem::create_symlink("/dev/null", folder_.path() / "common.journal");
  EXPECT_NE(error({{"DIRECTORY", folder_.path().string()}}).find("common.journal"),
            std::string::npos)
      << "links are not followed";
}

TEST(KeyValueFileRecord, ComesBackAndNothingElseDoes) {
  std::string record;
  keyvalue_file::append_record(record, {keyvalue_file::Change::Kind::set, "key", "value", 77});
  using State = keyvalue_file::Parsed::State;
  const auto parsed = keyvalue_file::parse_record(as_bytes(record));
  ASSERT_EQ(parsed.state, State::whole);
  EXPECT_EQ(parsed.bytes, record.size());
  EXPECT_EQ(parsed.change.key, "key");
  EXPECT_EQ(parsed.change.value, "value");
  EXPECT_EQ(parsed.change.expires_ms, 77);
  for (std::size_t i = 0; i < record.size(); ++i) {
    auto damaged = record;
    damaged[i] = static_cast<char>(damaged[i] ^ 1);
    EXPECT_NE(keyvalue_file::parse_record(as_bytes(damaged)).state, State::whole) << i;
    EXPECT_EQ(keyvalue_file::parse_record(as_bytes(record).first(i)).state, State::cut) << i;
  }
}

}  // namespace
}  // namespace trellis::providers
