// The telnet protocol byte by byte: what clients say, what they may say, and what nobody should.
#include "providers/telnet/terminal.hpp"

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "base/text.hpp"

namespace trellis::providers::telnet {
namespace {

using namespace std::string_view_literals;

constexpr auto ansi = "\xff\xfb\x18\xff\xfa\x18\x00xterm-256color\xff\xf0"sv;

/// Feeds a terminal as a session does, in pieces of any size.
struct Driver {
  explicit Driver(TerminalRules rules = {}) : terminal(rules) {}

  /// The last event that ended it, if one did.
  Event feed(std::string_view bytes, std::size_t piece = 1'000'000) {
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
      std::string input(bytes.substr(at, piece));
      while (!input.empty()) {
        const auto fed = terminal.feed(input, output);
        EXPECT_GT(fed.used, 0U);
        input.erase(0, fed.used);
        if (fed.event == Event::line) lines.push_back(terminal.take_line());
        if (fed.event == Event::ready) {
          ++readies;
          input.insert(0, terminal.take_early());
        }
        if (fed.event == Event::refused || fed.event == Event::abuse) return fed.event;
      }
    }
    return Event::none;
  }

  Terminal terminal;
  std::string output;
  std::vector<std::string> lines;
  int readies = 0;
};

using Lines = std::vector<std::string>;

TEST(Terminal, OpensWithFourOptions) {
  EXPECT_EQ(to_hex_lower(as_bytes(Terminal::opening())), "fffd1ffffb03fffb01fffd18");
}

TEST(Terminal, BecomesReadyByItsType) {
  Driver driver;
  EXPECT_FALSE(driver.terminal.ready());
  driver.feed("\xff\xfb\x18"sv);
  EXPECT_EQ(driver.output, "\xff\xfa\x18\x01\xff\xf0"sv) << "asked for the type";
  driver.feed(
      "\xff\xfa\x18\x00"
      "ANSI\xff\xf0"sv);
  EXPECT_TRUE(driver.terminal.ready());
  EXPECT_EQ(driver.readies, 1);
}

TEST(Terminal, TypesThatKnowAnsi) {
  for (const auto* name : {"ansi", "ANSI", "xterm", "xterm-256color", "VT100", "vt220", "linux",
                           "screen.xterm", "tmux-256color", "rxvt-unicode", "PuTTY", "cygwin"}) {
    EXPECT_TRUE(is_ansi_type(name)) << name;
  }
  for (const auto* name : {"", "dumb", "vt52", "network", "unknown", "tty33", "ibm-3278-2"}) {
    EXPECT_FALSE(is_ansi_type(name)) << name;
  }
}

TEST(Terminal, RefusesOthers) {
  Driver wont;
  EXPECT_EQ(wont.feed("\xff\xfc\x18"sv), Event::refused);
  // Asked once more, a client may know another type; the same again is its last.
  Driver dumb;
  EXPECT_EQ(dumb.feed("\xff\xfb\x18\xff\xfa\x18\x00"
                      "dumb\xff\xf0"sv),
            Event::none);
  EXPECT_EQ(dumb.feed("\xff\xfa\x18\x00"
                      "dumb\xff\xf0"sv),
            Event::refused);
  Driver second;
  second.feed(
      "\xff\xfb\x18\xff\xfa\x18\x00MUDLET\xff\xf0\xff\xfa\x18\x00"
      "ANSI-TRUECOLOR\xff\xf0"sv);
  EXPECT_TRUE(second.terminal.ready());
  // Ever new names end too.
  Driver endless;
  endless.feed("\xff\xfb\x18"sv);
  Event event = Event::none;
  for (int i = 0; i < 20 && event == Event::none; ++i) {
    event = endless.feed("\xff\xfa\x18\x00t"sv);
    event = endless.feed(std::to_string(i) + "\xff\xf0");
  }
  EXPECT_EQ(event, Event::refused);
}

TEST(Terminal, LinesEndInEveryWay) {
  for (const auto bytes : {"one\r\0two\r\0"sv, "one\r\ntwo\r\n"sv, "one\ntwo\n"sv, "one\rtwo\r"sv,
                           "one\r\ntwo\r\0"sv}) {
    for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
      Driver driver({64, false});
      driver.feed(bytes, piece);
      EXPECT_EQ(driver.lines, (Lines{"one", "two"})) << piece;
      EXPECT_EQ(driver.output, "one\r\ntwo\r\n");
    }
  }
  Driver empty({64, false});
  empty.feed("\r\n\n\r\r");
  EXPECT_EQ(empty.lines, (Lines{"", "", "", ""}));
}

TEST(Terminal, ADialogueInEveryDivision) {
  const auto bytes =
      "early\r\0\xff\xfb\x1f\xff\xfb\x18\xff\xfd\x03\xff\xfd\x01\xff\xfa\x1f\x00\x50\x00\xff\xff"
      "\xff\xf0\xff\xfa\x18\x00xterm\xff\xf0gr\xc3\xbcn\x7f\x7fi\xff\xf6\xff\xf1\r\nlast\xff\xff\r"sv;
  std::string output;
  for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
    Driver driver;
    EXPECT_EQ(driver.feed(bytes, piece), Event::none);
    EXPECT_EQ(driver.lines, (Lines{"early", "gri", "last\xef\xbf\xbd"})) << piece;
    if (piece == 1) output = driver.output;
    EXPECT_EQ(driver.output, output) << piece;
  }
  EXPECT_EQ(output,
            "\xff\xfa\x18\x01\xff\xf0"
            "early\r\ngr\xc3\xbcn\b \b\b \bi\r\n[yes]\r\n\r\nlast\xff\xff\r\n"sv);
}

TEST(Terminal, DeletesCharacters) {
  Driver driver({64, false});
  driver.feed(
      "\x7f"
      "ab\x7f\x1b\x08"
      "c\xe2\x82\xac\x7f"
      "d\r");
  EXPECT_EQ(driver.lines, (Lines{"cd"}));
  EXPECT_EQ(driver.output, "ab\b \b\b \bc\xe2\x82\xac\b \bd\r\n");
  driver.feed(
      "abc\xff\xf7\r"
      "xyz\xff\xf8q\r"sv);
  EXPECT_EQ(driver.lines, (Lines{"cd", "ab", "q"}));
  // Continuation bytes without a beginning.
  driver.feed("\x80\x80\x80\x7f\x7f\r");
  EXPECT_EQ(driver.lines.back(), "");
}

TEST(Terminal, ControlCharactersAreIgnored) {
  Driver driver({64, false});
  std::string all;
  for (char c = 1; c < ' '; ++c) {
    if (std::string_view("\b\t\n\r\x1b").find(c) == std::string_view::npos) all += c;
  }
  driver.feed("a" + all + "\tb\r");
  EXPECT_EQ(driver.lines, (Lines{"a\tb"}));
  EXPECT_EQ(driver.output, "a\tb\r\n");
}

TEST(Terminal, TooLongLinesAreCut) {
  Driver driver({16, false});
  EXPECT_EQ(driver.feed(std::string(1000, 'x') + "\r"), Event::none);
  EXPECT_EQ(driver.lines, (Lines{std::string(16, 'x')}));
  EXPECT_EQ(driver.output, std::string(16, 'x') + "\a\r\n") << "one bell";
  driver.feed("short\r");
  EXPECT_EQ(driver.lines.back(), "short");
  EXPECT_EQ(driver.feed(std::string(100'000, 'x')), Event::abuse);
}

TEST(Terminal, AFloodBeforeTheTypeIsAbuse) {
  Driver driver({16, true});
  EXPECT_EQ(driver.feed(std::string(1000, '\xff')), Event::none);
  EXPECT_EQ(driver.feed(std::string(200'000, 'x')), Event::abuse);
  EXPECT_EQ(driver.output, "");
}

TEST(Terminal, UnknownOptionsAreRefused) {
  Driver driver({64, false});
  driver.feed("\xff\xfb\x22\xff\xfd\x22\xff\xfc\x22\xff\xfe\x22"sv);
  EXPECT_EQ(driver.output, "\xff\xfe\x22\xff\xfc\x22"sv);
  driver.output.clear();
  // Agreements to what was offered are not answered, or both would go on forever.
  driver.feed("\xff\xfd\x01\xff\xfd\x01\xff\xfd\x03\xff\xfb\x1f\xff\xfb\x1f"sv);
  EXPECT_EQ(driver.output, "");
}

TEST(Terminal, TheClientMayEchoItself) {
  Driver driver({64, false});
  driver.feed("\xff\xfe\x01hi\x7f\r"sv);
  EXPECT_EQ(driver.output, "");
  EXPECT_EQ(driver.lines, (Lines{"h"}));
  driver.feed("\xff\xfd\x01"sv);
  EXPECT_EQ(driver.output, "\xff\xfb\x01"sv);
  driver.output.clear();
  driver.feed("x\xff\xfe\x01y\r"sv);
  EXPECT_EQ(driver.output, "x\xff\xfc\x01"sv);
}

TEST(Terminal, EndlessNegotiationIsAbuse) {
  for (const auto piece :
       {"\xff\xfb\x22"sv, "\xff\xfd\x01\xff\xfe\x01"sv, "\xff\xfa\x1f\xff\xf0"sv}) {
    Driver driver({64, false});
    Event event = Event::none;
    for (int i = 0; i < 300 && event == Event::none; ++i) event = driver.feed(piece);
    EXPECT_EQ(event, Event::abuse);
    EXPECT_LT(driver.output.size(), 1024U);
  }
  Driver driver({64, false});
  EXPECT_EQ(driver.feed("\xff\xfa\x18"sv), Event::none);
  EXPECT_EQ(driver.feed(std::string(10'000, 'x')), Event::abuse);
}

TEST(Terminal, AnythingMayCome) {
  std::mt19937 random(7);
  constexpr auto likely = "\xff\xfa\xf0\xfb\xfd\x18\x01\x00\r\n\x7f"sv;
  for (int round = 0; round < 2000; ++round) {
    std::string bytes(random() % 200, '\0');
    for (auto& c : bytes) {
      c = random() % 2 == 0 ? likely[random() % likely.size()] : static_cast<char>(random());
    }
    Driver whole({32, round % 2 == 0});
    Driver split({32, round % 2 == 0});
    EXPECT_EQ(whole.feed(bytes), split.feed(bytes, 1 + random() % 5));
    EXPECT_EQ(whole.lines, split.lines);
    EXPECT_EQ(whole.output, split.output);
    for (const auto& line : whole.lines) {
      EXPECT_TRUE(is_utf8(line));
      EXPECT_LE(line.size(), 32U * 3);
    }
  }
}

}  // namespace
}  // namespace trellis::providers::telnet
