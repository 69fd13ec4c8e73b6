#include "cli/secrets.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "support/temp_dir.hpp"

namespace trellis::cli {
namespace {

class Secrets : public ::testing::Test {
 protected:
  Secrets() {
    std::ofstream(folder_.path() / "redis.url") << "redis://:pw@127.0.0.1/\n";
    std::ofstream(folder_.path() / "two-lines") << "a\nb\n\n";
    std::ofstream(folder_.path() / "large") << std::string(70'000, 'x');
    std::filesystem::create_directory(folder_.path() / "folder");
  }
  std::string ask(std::string_view name, bool with_folder = true) {
    const Context context{clock_, random_,
                          [](const char* variable) -> std::optional<std::string> {
                            if (std::string_view(variable) == "TRELLIS_SECRET_FROM_THE_SHELL")
                              return "told";
                            return std::nullopt;
                          },
                          out_, out_};
    const auto source = secret_source(context, with_folder ? folder_.path() : "");
    const auto secret = source(name);
    return secret ? *secret : "error: " + secret.error().message;
  }
  test::TempDir folder_;
  SystemClock clock_;
  SystemRandom random_;
  std::ostringstream out_;
};

TEST_F(Secrets, AreFilesOrVariables) {
  EXPECT_EQ(ask("redis.url"), "redis://:pw@127.0.0.1/");
  EXPECT_EQ(ask("two-lines"), "a\nb\n");
  EXPECT_EQ(ask("from.the-shell"), "told");
  EXPECT_EQ(ask("from.the-shell", false), "told");
  EXPECT_EQ(ask("redis.url", false), "error: there is no secret redis.url");
}

TEST_F(Secrets, NamesLeadNowhereElse) {
  for (const auto name : {"", "..", "../redis.url", "/etc/passwd", ".hidden", "a b", "a/b"}) {
    EXPECT_NE(ask(name).find("cannot be the name"), std::string::npos) << name;
  }
  EXPECT_EQ(ask("large").substr(0, 7), "error: ");
  EXPECT_EQ(ask("folder").substr(0, 7), "error: ");
}

}  // namespace
}  // namespace trellis::cli
