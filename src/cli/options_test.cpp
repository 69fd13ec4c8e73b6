#include "cli/options.hpp"

#include <gtest/gtest.h>

#include "cli/completion.hpp"
#include "cli/manual.hpp"

namespace trellis::cli {
namespace {

using Words = std::vector<std::string>;

/// A small program with one option of each kind.
struct OptionsTest : testing::Test {
  OptionsTest() {
    auto& root = line.root().require_subcommand();
    auto& serve = root.add_subcommand("serve", "Serve actors").alias("s");
    serve.add_option("file", file, "Manifest").required().completes(ValueKind::file);
    serve.add_option("-p,--port", port, "Port").range(1, 65535).show_default();
    serve.add_option("--mode", mode, "Mode").one_of({"auto", "fast"});
    serve.add_option("-l,--label", labels, "Label").one_each();
    serve.add_option("--rev", revision, "Revision");
    wait = &serve.add_option("--wait", seconds, "Seconds").value_optional().range(0.5, 60.0);
    lattice = &serve.add_option("--lattice", url, "Lattice")
                   .value_optional()
                   .value_when([](const std::string& word) { return word.contains(':'); });
    root.default_command("serve", [](const std::string& word) { return word.ends_with(".yaml"); });
    serve.add_flag("--strict,!--no-strict", strict, "Strict");
    serve.add_option("--host", host, "Host").completes(ValueKind::host);
    serve.add_option("--actor", actor, "Actor").completes(ValueKind::actor);
    serve.run([this] { ++served; });
    root.add_subcommand("pass", "Pass on").hidden().take_rest(rest).run([this] { ++passed; });
  }

  std::string refusal(Words words) {
    const auto parsed = line.parse(std::move(words));
    return parsed ? "accepted" : parsed.error().message;
  }
  Words offered(const Words& words) {
    Words all;
    for (const auto& one : complete(line.root(), words, running).candidates) {
      all.push_back(one.word);
    }
    return all;
  }

  std::string file;
  std::uint16_t port = 80;
  std::string mode;
  Words labels;
  std::optional<std::int32_t> revision;
  double seconds = 0;
  bool strict = true;
  std::string host;
  std::string actor;
  Words rest;
  const Option* wait = nullptr;
  std::string url = "none";
  const Option* lattice = nullptr;
  int served = 0;
  int passed = 0;
  RunningNames running = [](ValueKind kind, const std::string& of) {
    if (kind == ValueKind::host) return std::vector<Candidate>{{"NHOST", "process 7"}};
    return std::vector<Candidate>{{"counter", of}, {"evil $(reboot)", ""}, {"tab\there", ""}};
  };
  CommandLine line{"demo", "Demonstrates"};
};

TEST_F(OptionsTest, ValuesAreReadBeforeTheWorkRuns) {
  ASSERT_EQ(refusal({"serve", "a.yaml", "--port", "8080", "-l", "a=b", "-l", "c=d", "--rev", "-3",
                     "--no-strict", "--wait"}),
            "accepted");
  EXPECT_EQ(served, 1);
  EXPECT_EQ(file, "a.yaml");
  EXPECT_EQ(port, 8080);
  EXPECT_EQ(labels, (Words{"a=b", "c=d"}));
  EXPECT_EQ(revision, -3);
  EXPECT_FALSE(strict);
  EXPECT_EQ(wait->count(), 1U);
  EXPECT_EQ(seconds, 0);
}

TEST_F(OptionsTest, WhatIsWrongIsRefusedAndNothingRuns) {
  EXPECT_NE(refusal({"serve"}).find("file"), std::string::npos);
  EXPECT_NE(refusal({"serve", "f", "--port", "0"}).find("range"), std::string::npos);
  EXPECT_NE(refusal({"serve", "f", "--port", "65536"}), "accepted");
  EXPECT_NE(refusal({"serve", "f", "--wait", "61"}), "accepted");
  EXPECT_NE(refusal({"serve", "f", "--mode", "slow"}), "accepted");
  EXPECT_EQ(refusal({"sevre", "f"}), "unknown command: sevre");
  EXPECT_EQ(line.parse({"serve", "f", "--nonsense"}).error().remedy,
            "`demo serve --help` lists what is accepted");
  EXPECT_EQ(served, 0);
}

TEST_F(OptionsTest, AMistypedWordIsAnsweredWithTheOneMeant) {
  const auto remedy = [&](const Words& words) { return line.parse(words).error().remedy; };
  EXPECT_TRUE(remedy({"sevre", "f"}).starts_with("did you mean `demo serve`?"));
  EXPECT_TRUE(
      remedy({"serve", "f", "--lable", "x"}).starts_with("did you mean `demo serve --label`"));
  EXPECT_TRUE(remedy({"serve", "--prot=80"}).starts_with("did you mean `demo serve --port`"));
  EXPECT_EQ(refusal({"serve", "--prot=80"}), "unknown option: --prot=80");
  EXPECT_EQ(refusal({"serve", "f", "g"}), "one word too many: g");
  EXPECT_EQ(remedy({"pas"}), "`demo --help` lists what is accepted");
}

TEST_F(OptionsTest, AGroupOnItsOwnShowsItsHelp) {
  line.root().add_subcommand("more", "More").group("Other").require_subcommand();
  const auto root = line.parse({});
  ASSERT_TRUE(root) << root.error().message;
  EXPECT_NE(root->find("Other:\n  more"), std::string::npos) << *root;
  EXPECT_EQ(*root, line.root().help_text());
}

TEST_F(OptionsTest, OptionsOfATopicAreForTheManual) {
  auto& leaf = line.root().add_subcommand("far", "Far");
  std::string server;
  leaf.add_option("--server", server, "Server").group("Network").topic("network");
  leaf.footer("see network");
  const auto help = line.parse({"far", "--help"});
  ASSERT_TRUE(help);
  EXPECT_EQ(help->find("--server"), std::string::npos);
  EXPECT_NE(help->find("see network"), std::string::npos);
  EXPECT_EQ(leaf.option("--server").group(), "Network");
  EXPECT_EQ(offered({"far", "--se"}), Words{"--server"});
}

TEST_F(OptionsTest, HelpIsTextAndRunsNothing) {
  const auto help = line.parse({"s", "--help"});
  ASSERT_TRUE(help);
  for (const auto* word :
       {"Serve actors", "--port", "[1 - 65535]", "=80", "--label", "{auto,fast}"}) {
    EXPECT_NE(help->find(word), std::string::npos) << word << " in " << *help;
  }
  EXPECT_EQ(line.parse({"--help"})->find("pass"), std::string::npos);
  EXPECT_EQ(served, 0);
}

TEST_F(OptionsTest, TheRestIsNotRead) {
  EXPECT_EQ(refusal({"pass", "--help", "-x", "", "--", "y"}), "accepted");
  EXPECT_EQ(rest, (Words{"--help", "-x", "", "--", "y"}));
  EXPECT_EQ(refusal({"pass", "--", "serve"}), "accepted");
  EXPECT_EQ(rest, Words{"serve"});
  EXPECT_EQ(passed, 2);
}

TEST(OptionTexts, AWordIsWhatTheUserWrote) {
  CommandLine line("demo");
  auto& leaf = line.root().add_subcommand("call", "Call");
  Words words;
  Words many;
  std::string one;
  leaf.add_option("words", words, "Words");
  leaf.add_option("--many", many, "Many");
  leaf.add_option("--one", one, "One");
  int ran = 0;
  leaf.run([&] { ++ran; });
  ASSERT_TRUE(line.parse({"call", "[]", "[1]", "[a=b,c=d]", "[x", "y]", "[[1],[2]]"}));
  EXPECT_EQ(words, (Words{"[]", "[1]", "[a=b,c=d]", "[x", "y]", "[[1],[2]]"}));
  ASSERT_TRUE(line.parse({"call", "--many", "[1,2]", "[3]", "--one=[4,5]"}));
  EXPECT_EQ(many, (Words{"[1,2]", "[3]"}));
  EXPECT_EQ(one, "[4,5]");
  ASSERT_TRUE(line.parse({"call", "--one", "x\x1f"}));
  EXPECT_EQ(one, "x\x1f");
  EXPECT_EQ(ran, 3);
  EXPECT_EQ(line.parse({"[call]"}).error().message.find('\x1f'), std::string::npos);
}

TEST_F(OptionsTest, CompletionFollowsTheCommandLine) {
  EXPECT_EQ(offered({""}), Words{"serve"});
  EXPECT_EQ(offered({"serve", "--m"}), Words{"--mode"});
  EXPECT_EQ(offered({"s", "--mode", ""}), (Words{"auto", "fast"}));
  EXPECT_EQ(offered({"serve", "--mode=f"}), Words{"--mode=fast"});
  EXPECT_EQ(offered({"serve", "--host", "N"}), Words{"NHOST"});
  EXPECT_EQ(offered({"serve", "--", "--m"}), Words{});
  EXPECT_EQ(complete(line.root(), {"serve", ""}, running).files, ValueKind::file);
  EXPECT_EQ(complete(line.root(), {"serve", "f", ""}, running).files, ValueKind::text);
}

TEST_F(OptionsTest, CompletionAsksTheHostThatIsMeantAndOffersOnlyWhatCanBeTyped) {
  const auto made = complete(line.root(), {"serve", "--host=N1", "--actor", ""}, running);
  ASSERT_EQ(made.candidates.size(), 1U);
  EXPECT_EQ(made.candidates.front().word, "counter");
  EXPECT_EQ(made.candidates.front().help, "N1");
}

TEST_F(OptionsTest, ManualPagesHaveWhatIsDeclared) {
  const auto pages = manual_pages(line.root(), "2026-01-02", "9.9");
  ASSERT_EQ(pages.size(), 2U);
  EXPECT_EQ(pages[0].file, "demo.1");
  EXPECT_EQ(pages[1].file, "demo-serve.1");
  for (const auto* part : {".TH DEMO\\-SERVE 1 2026-01-02 \"trellis 9.9\"", "\\-\\-port",
                           "Default: 80", "\\fBauto\\fR, \\fBfast\\fR", "\\fIfile\\fR"}) {
    EXPECT_NE(pages[1].text.find(part), std::string::npos) << part << " in " << pages[1].text;
  }
}

TEST(CompletionScript, ShellsThatAreNotKnownAreRefused) {
  EXPECT_FALSE(completion_script("tcsh"));
  EXPECT_TRUE(completion_script("fish"));
}

TEST_F(OptionsTest, AnOptionalValueIsTheNextWordOnlyWhereItLooksLikeOne) {
  ASSERT_EQ(refusal({"serve", "--lattice", "host:1", "a.yaml"}), "accepted");
  EXPECT_EQ(url, "host:1");
  EXPECT_EQ(file, "a.yaml");
  ASSERT_EQ(refusal({"serve", "--lattice", "b.yaml"}), "accepted");
  EXPECT_EQ(lattice->count(), 1U);
  EXPECT_EQ(url, "");
  EXPECT_EQ(file, "b.yaml");
  ASSERT_EQ(refusal({"serve", "c.yaml", "--lattice=name"}), "accepted");
  EXPECT_EQ(url, "name");
  ASSERT_EQ(refusal({"serve", "--", "--lattice"}), "accepted");
  EXPECT_EQ(file, "--lattice");
}

TEST_F(OptionsTest, ACommandMayBeLeftOutWhereItsFirstWordSaysWhichIsMeant) {
  ASSERT_EQ(refusal({"a.yaml", "-l", "x"}), "accepted");
  EXPECT_EQ(file, "a.yaml");
  EXPECT_EQ(refusal({"sevre"}), "unknown command: sevre");
}

}  // namespace
}  // namespace trellis::cli
