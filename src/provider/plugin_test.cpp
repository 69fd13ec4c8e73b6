#include <elf.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>

#include "base/limits.hpp"
#include "support/scripted_provider.hpp"

namespace trellis::provider::testing {
namespace {

namespace fs = std::filesystem;

fs::path plugin_path(const std::string& name) {
  return fs::path(TRELLIS_BINARY_DIR) / "lib/test-plugins" / (name + ".so");
}

Result<std::shared_ptr<const Plugin>> open_test(const std::string& name) {
  return open_plugin(plugin_path(name));
}

/// A file of this test's own, gone afterwards.
class ScratchFile {
 public:
  explicit ScratchFile(const std::string& content)
      : path_(fs::temp_directory_path() /
              ("trellis-plugin-test-" + std::to_string(std::random_device{}()))) {
    std::ofstream(path_, std::ios::binary) << content;
  }
  ~ScratchFile() { fs::remove(path_); }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

std::string content_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(OpenPlugin, ReadsTheDescription) {
  const auto plugin = open_test("echo");
  ASSERT_TRUE(plugin) << plugin.error().message;
  const auto& description = (*plugin)->description();
  EXPECT_EQ(description.contract_id, "test:echo");
  EXPECT_EQ(description.name, "Test echo");
  EXPECT_EQ(description.vendor, "Trellis");
  EXPECT_EQ(description.version, "1.2.3");
  EXPECT_EQ(description.revision, 4);
  EXPECT_TRUE((*plugin)->rebinds());
  EXPECT_STREQ((*plugin)->table().name, "Test echo");
}

TEST(WrapTable, KnowsWhichLinkValuesAreForTheUserOfTheMachine) {
  static constexpr trellis_local_value values[] = {{"ROOT", TRELLIS_LOCAL_FILE},
                                                   {"BIND", TRELLIS_LOCAL_LISTEN},
                                                   {"PORT", TRELLIS_LOCAL_PORT},
                                                   {"PROXY", TRELLIS_LOCAL_ONLY},
                                                   {"NEWER", 77}};
  auto table = scripted_table(0);
  table.local_values = values;
  table.local_value_count = std::size(values);
  const auto plugin = wrap_table(table);
  ASSERT_TRUE(plugin) << plugin.error().message;
  const std::vector<LocalValue> expected = {{"ROOT", LocalKind::file},
                                            {"BIND", LocalKind::listen},
                                            {"PORT", LocalKind::port},
                                            {"PROXY", LocalKind::only},
                                            {"NEWER", LocalKind::only}};
  EXPECT_EQ((*plugin)->description().local_values, expected);
}

TEST(WrapTable, TakesTablesFromBeforeLocalValues) {
  auto table = scripted_table(0);
  table.local_values = reinterpret_cast<const trellis_local_value*>(8);  // not to be looked at
  table.local_value_count = 1;
  table.struct_size = offsetof(trellis_provider_table, local_values);
  const auto plugin = wrap_table(table);
  ASSERT_TRUE(plugin) << plugin.error().message;
  EXPECT_TRUE((*plugin)->description().local_values.empty());
  EXPECT_EQ((*plugin)->table().local_value_count, 0U);
}

TEST(WrapTable, RefusesLocalValuesThatMakeNoSense) {
  static constexpr trellis_local_value nameless[] = {{"", TRELLIS_LOCAL_FILE}};
  auto table = scripted_table(0);
  table.local_value_count = 1;
  EXPECT_TRUE(is_error(wrap_table(table), ErrorCode::malformed, "local_values"));
  table.local_values = nameless;
  EXPECT_TRUE(is_error(wrap_table(table), ErrorCode::malformed, "name of a local value"));
  table.local_value_count = 1U << 20;
  EXPECT_TRUE(is_error(wrap_table(table), ErrorCode::malformed, "local_values"));
}

TEST(OpenPlugin, RefusesWhatIsNoLibrary) {
  EXPECT_TRUE(is_error(open_plugin("/nonexistent/x.so"), ErrorCode::not_found, "does not exist"));
  EXPECT_TRUE(
      is_error(open_plugin(fs::temp_directory_path()), ErrorCode::malformed, "regular file"));
  EXPECT_TRUE(is_error(open_plugin(ScratchFile("").path()), ErrorCode::malformed));
  const ScratchFile empty("");
  EXPECT_TRUE(is_error(open_plugin(empty.path()), ErrorCode::malformed, "too short"));
  const ScratchFile text("this is a text file and no library at all");
  EXPECT_TRUE(is_error(open_plugin(text.path()), ErrorCode::malformed, "ELF"));
}

TEST(OpenPlugin, NamesTheMachineOfAForeignLibrary) {
  auto bytes = content_of(plugin_path("echo"));
  ASSERT_GT(bytes.size(), 64U);
  bytes[offsetof(Elf64_Ehdr, e_machine)] = static_cast<char>(EM_RISCV);
  bytes[offsetof(Elf64_Ehdr, e_machine) + 1] = 0;
  const ScratchFile foreign(bytes);
#if defined(__x86_64__) || defined(__aarch64__)
  EXPECT_TRUE(is_error(open_plugin(foreign.path()), ErrorCode::unsupported, "built for riscv"));
#endif
  bytes[EI_CLASS] = ELFCLASS32;
  const ScratchFile narrow(bytes);
  EXPECT_TRUE(is_error(open_plugin(narrow.path()), ErrorCode::unsupported, "32 bits"));
}

TEST(OpenPlugin, RefusesATruncatedLibrary) {
  const ScratchFile cut(content_of(plugin_path("echo")).substr(0, 100));
  EXPECT_TRUE(is_error(open_plugin(cut.path()), ErrorCode::unavailable, "cannot be loaded"));
}

TEST(OpenPlugin, RefusesAProgram) {
  auto bytes = content_of(plugin_path("echo"));
  bytes[offsetof(Elf64_Ehdr, e_type)] = static_cast<char>(ET_REL);
  const ScratchFile object(bytes);
  EXPECT_TRUE(is_error(open_plugin(object.path()), ErrorCode::malformed, "another kind"));
}

TEST(OpenPlugin, SaysWhatIsWrongWithALibrary) {
  EXPECT_TRUE(is_error(open_test("no_entry"), ErrorCode::malformed, "trellis_provider_v1"));
  EXPECT_TRUE(is_error(open_test("wrong_abi"), ErrorCode::unsupported, "ABI version 2"));
  EXPECT_TRUE(is_error(open_test("small_table"), ErrorCode::malformed, "too small"));
  EXPECT_TRUE(is_error(open_test("declines"), ErrorCode::unsupported, "cannot run"));
}

TEST(OpenPlugin, ExplainsTheRustInterface) {
  const auto plugin = open_test("rust_like");
  ASSERT_FALSE(plugin);
  EXPECT_EQ(plugin.error().message,
            "provider library uses the Rust plugin interface; it has to be replaced by a built-in "
            "provider, a C-ABI plugin or a provider process");
}

TEST(WrapTable, RefusesMissingFunctions) {
  auto table = scripted_table(0);
  table.handle_call = nullptr;
  EXPECT_TRUE(is_error(wrap_table(table), ErrorCode::malformed, "no function handle_call"));
  table = scripted_table(0);
  table.stop = nullptr;
  EXPECT_TRUE(is_error(wrap_table(table), ErrorCode::malformed, "no function stop"));
}

TEST(WrapTable, ReadsNoMoreThanStructSize) {
  for (const std::size_t size : {std::size_t{0}, sizeof(std::size_t), sizeof(std::size_t) + 3}) {
    auto table = scripted_table(0);
    table.struct_size = size;
    EXPECT_TRUE(is_error(wrap_table(table), ErrorCode::malformed, "too small"));
  }
}

TEST(WrapTable, AcceptsALargerTable) {
  auto table = scripted_table(0);
  table.struct_size = sizeof table + 64;
  const auto plugin = wrap_table(table);
  ASSERT_TRUE(plugin);
  EXPECT_EQ((*plugin)->table().struct_size, sizeof table);
}

TEST(WrapTable, ChecksTheIdentity) {
  auto table = scripted_table(0);
  table.contract_id = nullptr;
  EXPECT_TRUE(is_error(wrap_table(table), ErrorCode::malformed, "no contract_id"));
  table.contract_id = "";
  EXPECT_TRUE(is_error(wrap_table(table), ErrorCode::malformed, "no contract_id"));
  table.contract_id = "test:\xff";
  EXPECT_TRUE(is_error(wrap_table(table), ErrorCode::malformed, "UTF-8"));
  table.contract_id = "test:\nx";
  EXPECT_TRUE(is_error(wrap_table(table), ErrorCode::malformed, "printable"));
  const std::string longest(limits::name_bytes, 'x');
  table.contract_id = longest.c_str();
  EXPECT_TRUE(wrap_table(table));
  const std::string longer(limits::name_bytes + 1, 'x');
  table.contract_id = longer.c_str();
  EXPECT_TRUE(is_error(wrap_table(table), ErrorCode::malformed, "more than 256"));
}

TEST(WrapTable, VendorAndVersionMayBeMissing) {
  auto table = scripted_table(0);
  table.vendor = nullptr;
  table.version = nullptr;
  const auto plugin = wrap_table(table);
  ASSERT_TRUE(plugin);
  EXPECT_EQ((*plugin)->description().vendor, "");
  EXPECT_STREQ((*plugin)->table().version, "");
}

}  // namespace
}  // namespace trellis::provider::testing
