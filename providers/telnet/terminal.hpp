// The telnet protocol and line editing of one session, without any socket: bytes in, lines out.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace trellis::providers::telnet {

struct TerminalRules {
  std::size_t line_bytes = 4096;  ///< what is typed beyond is not taken
  bool require_ansi = true;       ///< wait for the type of the terminal before anything is read
};

/// Whether a terminal of this type (RFC 1091) understands ANSI escape sequences.
[[nodiscard]] bool is_ansi_type(std::string_view name);

/// Event that feed came upon.
enum class Event {
  none,
  ready,    ///< the terminal is known to be ANSI-like; what follows is input
  refused,  ///< it is not, or does not say
  line,     ///< take_line() has one
  abuse     ///< nobody types this; the session should end
};

/// Asks for NAWS, SUPPRESS-GO-AHEAD, ECHO by the server and the terminal type (contracts.md 3.9),
/// and answers every other option with a refusal. Input is echoed. Carriage return or line feed end
/// a line; 0 is ignored; 8, 27 and 127 delete a character; other control characters but tab are
/// ignored. Memory is bounded whatever comes. Belongs to one thread at a time.
class Terminal {
 public:
  explicit Terminal(const TerminalRules& rules) : rules_(rules), ready_(!rules.require_ansi) {}

  /// Bytes that are sent first.
  [[nodiscard]] static std::string_view opening() noexcept;

  struct Fed {
    Event event = Event::none;
    std::size_t used = 0;  ///< all of it where the event is none
  };
  /// Takes input up to the first event. Echo and answers are appended to `output`.
  Fed feed(std::string_view input, std::string& output);

  [[nodiscard]] bool ready() const noexcept { return ready_; }
  /// The line that ended, as UTF-8; what was no UTF-8 is U+FFFD.
  [[nodiscard]] std::string take_line();
  /// Input that came before the terminal was ready, to be fed before anything else.
  [[nodiscard]] std::string take_early();

 private:
  enum class State : std::uint8_t { data, command, verb, sub_option, sub_data, sub_command };
  /// Our side of an option that we offered or asked for (RFC 1143 without its queue).
  enum class Side : std::uint8_t { asked, on, off };

  Event on_data(unsigned char byte, std::string& output);
  Event on_command(unsigned char byte, std::string& output);
  Event on_verb(unsigned char option, std::string& output);
  Event on_will(unsigned char option, std::string& output);
  Event on_wont(unsigned char option, std::string& output);
  void on_do(unsigned char option, std::string& output);
  void on_dont(unsigned char option, std::string& output);
  Event on_sub(unsigned char byte, std::string& output);
  Event on_terminal_type(std::string& output);
  Event keep_early(unsigned char byte);
  Event type(unsigned char byte, std::string& output);
  void erase_character(std::string& output);
  [[nodiscard]] Side* side_of(unsigned char verb, unsigned char option) noexcept;
  [[nodiscard]] bool echoes() const noexcept { return echo_ != Side::off; }

  TerminalRules rules_;
  State state_ = State::data;
  bool ready_;
  bool after_return_ = false;
  unsigned char verb_ = 0;
  unsigned char option_ = 0;
  Side echo_ = Side::asked;
  Side no_go_ahead_ = Side::asked;
  Side window_size_ = Side::asked;
  Side type_ = Side::asked;
  std::string sub_;
  std::size_t sub_bytes_ = 0;
  std::string last_type_;
  std::size_t types_ = 0;
  std::size_t negotiations_ = 0;
  std::string early_;
  std::string line_;
  std::size_t dropped_ = 0;  ///< of this line
};

}  // namespace trellis::providers::telnet
