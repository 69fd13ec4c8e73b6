// Telnet is bytes with commands among them, negotiated by either side at any time: a client may
// send anything, in any order, as often as it likes, and each state here is bounded.
#include "providers/telnet/terminal.hpp"

#include <algorithm>
#include <utility>

#include "base/call_limits.hpp"
#include "base/text.hpp"

namespace trellis::providers::telnet {
namespace {

// Commands of RFC 854; those that need no answer are not named.
constexpr unsigned char are_you_there = 246;
constexpr unsigned char erase_char = 247;
constexpr unsigned char erase_line = 248;
constexpr unsigned char sub_begin = 250;
constexpr unsigned char will = 251;
constexpr unsigned char wont = 252;
constexpr unsigned char do_it = 253;
constexpr unsigned char dont = 254;
constexpr unsigned char iac = 255;
constexpr unsigned char sub_end = 240;

// Options, each with its RFC.
constexpr unsigned char echo = 1;               // RFC 857
constexpr unsigned char suppress_go_ahead = 3;  // RFC 858
constexpr unsigned char terminal_type = 24;     // RFC 1091
constexpr unsigned char window_size = 31;       // RFC 1073
constexpr unsigned char type_is = 0;
constexpr unsigned char type_send = 1;

constexpr char bell = 7;
constexpr unsigned char backspace = 8;
constexpr unsigned char escape = 27;
constexpr unsigned char del = 127;

/// Bound on negotiations, far more than clients need; one that never ends is no client.
constexpr std::size_t max_negotiations = 256;
constexpr std::size_t max_sub_bytes = 4 * limits::kib;
constexpr std::size_t kept_sub_bytes = 64;
/// Bound on questions for a type: a client may know several and tells one at each question,
/// repeating the last.
constexpr std::size_t max_types = 8;
/// Bound on what is typed, or sent in advance, beyond what is taken.
constexpr std::size_t max_dropped = 64 * limits::kib;

void append(std::string& output, std::initializer_list<unsigned char> bytes) {
  for (const auto byte : bytes) output += static_cast<char>(byte);
}

void ask_type(std::string& output) {
  append(output, {iac, sub_begin, terminal_type, type_send, iac, sub_end});
}

bool continues_character(char c) noexcept {
  return (static_cast<unsigned char>(c) & 0xc0U) == 0x80;
}

}  // namespace

bool is_ansi_type(std::string_view name) {
  constexpr std::array<std::string_view, 19> parts = {
      "ansi",  "xterm",   "vt1",    "vt2",       "vt3",  "vt4",    "vt510",
      "vt520", "vt525",   "linux",  "tmux",      "rxvt", "screen", "putty",
      "color", "konsole", "cygwin", "alacritty", "kitty"};
  const auto lower = to_lower_ascii(name);
  return std::any_of(parts.begin(), parts.end(),
                     [&](auto part) { return lower.find(part) != std::string::npos; });
}

std::string_view Terminal::opening() noexcept {
  return "\xff\xfd\x1f"   // DO NAWS
         "\xff\xfb\x03"   // WILL SUPPRESS-GO-AHEAD
         "\xff\xfb\x01"   // WILL ECHO
         "\xff\xfd\x18";  // DO TERMINAL-TYPE
}

Terminal::Fed Terminal::feed(std::string_view input, std::string& output) {
  for (std::size_t i = 0; i < input.size(); ++i) {
    const auto byte = static_cast<unsigned char>(input[i]);
    Event event = Event::none;
    switch (state_) {
      case State::data:
        if (byte == iac) {
          state_ = State::command;
        } else {
          event = on_data(byte, output);
        }
        break;
      case State::command: event = on_command(byte, output); break;
      case State::verb: event = on_verb(byte, output); break;
      case State::sub_option:
      case State::sub_data:
      case State::sub_command: event = on_sub(byte, output); break;
    }
    // Stops at each event: what follows a line may mean something else once the line was handled.
    if (event != Event::none) return {event, i + 1};
  }
  return {Event::none, input.size()};
}

Event Terminal::on_data(unsigned char byte, std::string& output) {
  return ready_ ? type(byte, output) : keep_early(byte);
}

Event Terminal::keep_early(unsigned char byte) {
  if (early_.size() < rules_.line_bytes) {
    early_ += static_cast<char>(byte);
    if (byte == iac) early_ += static_cast<char>(byte);  // as it was sent
    return Event::none;
  }
  return ++dropped_ > max_dropped ? Event::abuse : Event::none;
}

std::string Terminal::take_early() {
  dropped_ = 0;
  return std::exchange(early_, {});
}

Event Terminal::type(unsigned char byte, std::string& output) {
  const bool follows_return = std::exchange(after_return_, byte == '\r');
  // Line ends as CR LF, CR NUL, CR or LF, as clients like; it counts once.
  if (byte == '\n' && follows_return) return Event::none;
  if (byte == '\r' || byte == '\n') {
    if (echoes()) output += "\r\n";
    dropped_ = 0;
    return Event::line;
  }
  if (byte == backspace || byte == escape || byte == del) {
    erase_character(output);
    return Event::none;
  }
  if (byte < ' ' && byte != '\t') return Event::none;
  if (line_.size() >= rules_.line_bytes) {
    // Full line rings once; a client that goes on and on is ended.
    if (dropped_++ == 0) output += bell;
    return dropped_ > max_dropped ? Event::abuse : Event::none;
  }
  line_ += static_cast<char>(byte);
  if (!echoes()) return Event::none;
  output += static_cast<char>(byte);
  if (byte == iac) output += static_cast<char>(byte);
  return Event::none;
}

void Terminal::erase_character(std::string& output) {
  if (line_.empty()) return;
  // Character is erased as a whole, however many bytes of UTF-8 it has.
  while (line_.size() > 1 && continues_character(line_.back())) line_.pop_back();
  line_.pop_back();
  if (echoes()) output += "\b \b";
}

std::string Terminal::take_line() {
  return replace_bad_utf8(std::exchange(line_, {}));
}

Event Terminal::on_command(unsigned char byte, std::string& output) {
  state_ = State::data;
  switch (byte) {
    case iac: return on_data(byte, output);
    case will:
    case wont:
    case do_it:
    case dont:
      verb_ = byte;
      state_ = State::verb;
      break;
    case sub_begin: state_ = State::sub_option; break;
    case are_you_there: output += "\r\n[yes]\r\n"; break;
    case erase_char:
      if (ready_) erase_character(output);
      break;
    case erase_line:
      while (ready_ && !line_.empty()) erase_character(output);
      break;
    default: break;
  }
  return Event::none;
}

/// State of what the verb is about: WILL and WONT speak of the client's side, DO and DONT of ours.
/// Null for what we neither offered nor asked for.
Terminal::Side* Terminal::side_of(unsigned char verb, unsigned char option) noexcept {
  const bool of_client = verb == will || verb == wont;
  if (of_client && option == window_size) return &window_size_;
  if (of_client && option == terminal_type) return &type_;
  if (!of_client && option == echo) return &echo_;
  if (!of_client && option == suppress_go_ahead) return &no_go_ahead_;
  return nullptr;
}

Event Terminal::on_verb(unsigned char option, std::string& output) {
  state_ = State::data;
  if (++negotiations_ > max_negotiations) return Event::abuse;
  switch (verb_) {
    case will: return on_will(option, output);
    case wont: return on_wont(option, output);
    case do_it: on_do(option, output); return Event::none;
    default: on_dont(option, output); return Event::none;
  }
}

Event Terminal::on_will(unsigned char option, std::string& output) {
  auto* side = side_of(will, option);
  if (side == nullptr) {
    append(output, {iac, dont, option});
    return Event::none;
  }
  const auto before = std::exchange(*side, Side::on);
  // Answered only where something changes (RFC 1143): two sides that confirm each other's
  // confirmations never end.
  if (before == Side::on) return Event::none;
  if (before == Side::off) append(output, {iac, do_it, option});
  if (side == &type_) ask_type(output);
  return Event::none;
}

Event Terminal::on_wont(unsigned char option, std::string& output) {
  auto* side = side_of(wont, option);
  if (side == nullptr) return Event::none;
  const auto before = std::exchange(*side, Side::off);
  if (before == Side::on) append(output, {iac, dont, option});
  // Client that does not tell its type cannot be checked for ANSI.
  return side == &type_ && !ready_ ? Event::refused : Event::none;
}

void Terminal::on_do(unsigned char option, std::string& output) {
  auto* side = side_of(do_it, option);
  if (side == nullptr) {
    append(output, {iac, wont, option});
  } else if (std::exchange(*side, Side::on) == Side::off) {
    append(output, {iac, will, option});
  }
}

void Terminal::on_dont(unsigned char option, std::string& output) {
  auto* side = side_of(dont, option);
  if (side == nullptr) return;
  if (std::exchange(*side, Side::off) == Side::on) append(output, {iac, wont, option});
}

Event Terminal::on_sub(unsigned char byte, std::string& output) {
  if (state_ == State::sub_option) {
    option_ = byte;
    sub_.clear();
    sub_bytes_ = 0;
    state_ = State::sub_data;
    return ++negotiations_ > max_negotiations ? Event::abuse : Event::none;
  }
  if (state_ == State::sub_data && byte == iac) {
    state_ = State::sub_command;
    return Event::none;
  }
  if (state_ == State::sub_command && byte != iac) {
    state_ = State::data;
    return byte == sub_end && option_ == terminal_type ? on_terminal_type(output) : Event::none;
  }
  state_ = State::sub_data;
  // Beginning is enough for a type; the rest is counted, not kept.
  if (sub_.size() < kept_sub_bytes) sub_ += static_cast<char>(byte);
  return ++sub_bytes_ > max_sub_bytes ? Event::abuse : Event::none;
}

Event Terminal::on_terminal_type(std::string& output) {
  if (ready_ || sub_.empty() || sub_.front() != static_cast<char>(type_is)) return Event::none;
  const auto name = sub_.substr(1);
  if (is_ansi_type(name)) {
    ready_ = true;
    dropped_ = 0;
    return Event::ready;
  }
  // Type told twice is the last of the client's list (RFC 1091).
  if (++types_ >= max_types || name == last_type_) return Event::refused;
  last_type_ = name;
  ask_type(output);
  return Event::none;
}

}  // namespace trellis::providers::telnet
