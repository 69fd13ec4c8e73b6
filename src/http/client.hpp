// One HTTP exchange with a server nobody trusts: bounded, with a deadline, cancellable. Redirects,
// credentials and retries are decided above (registry_session.hpp); libcurl is behind this.
#pragma once

#include <sys/socket.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "base/call_limits.hpp"
#include "http/url.hpp"
#include "trellis/bytes.hpp"
#include "trellis/clock.hpp"
#include "trellis/result.hpp"

namespace trellis::http {

/// Answer of a server. Header names are lower case; repeated headers are joined (Settings::joint).
struct Response {
  int status = 0;
  std::map<std::string, std::string> headers;
  std::string body;  ///< empty when a sink took it
  /// Retry-After, in either of its forms.
  std::optional<std::chrono::seconds> retry_after;

  [[nodiscard]] std::string header(const std::string& lower_name) const;
};

/// Takes the body of answers 200 and 206 as it arrives; other bodies go to Response::body. An
/// error ends the exchange with that error.
class Sink {
 public:
  virtual ~Sink() = default;
  /// Called once before the first byte, and for an empty body too.
  virtual Result<void> begin(const Response& head) = 0;
  virtual Result<void> write(ByteView bytes) = 0;
  /// The body ended; an error makes the exchange fail.
  virtual Result<void> end() = 0;
};

/// A body to send: `read` fills the span and says how many bytes, fewer only at the end.
struct Upload {
  std::uint64_t size = 0;
  std::function<Result<std::size_t>(std::span<char>)> read;
};

struct Request {
  std::string method = "GET";  ///< upper case; anything but CONNECT
  Url url = {};
  std::vector<std::string> headers = {};  ///< "Name: value"
  std::optional<UserAndPassword> basic = {};
  std::optional<Upload> upload = {};  ///< absent: none, for POST, PUT and PATCH an empty one
  Sink* sink = nullptr;               ///< borrowed
  std::size_t most_body_bytes = 256 * limits::kib;
};

/// When to give up.
struct Control {
  const Clock& clock;
  SteadyTime deadline;
  std::stop_token stop;
};

/// Which addresses may be connected to, asked for every one that a name stands for.
using AddressFilter = std::function<bool(const sockaddr&)>;

struct Settings {
  std::filesystem::path ca_file;  ///< trusted besides the system's; empty for none
  std::string user_agent = "trellis";
  std::chrono::milliseconds connect_timeout = std::chrono::seconds(10);
  /// A server that sends or takes nothing for so long is given up.
  std::chrono::seconds stall_timeout{30};
  AddressFilter allows = {};      ///< absent: all; may be asked from any thread
  std::string proxy = {};         ///< URL of a proxy; empty: none, whatever the environment says
  bool of_link = false;           ///< leaves the last descriptors of the process to others
  std::string_view joint = ", ";  ///< between repeated headers
  std::string_view peer = "registry";  ///< what remedies call the other side
};

/// Keeps connections between exchanges. One thread.
class Client {
 public:
  explicit Client(Settings settings);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// Any status is a success here. Errors: unavailable (no connection, broken off, stalled: trying
  /// again may help), denied (the server's certificate), deadline, cancelled, limit, malformed, and
  /// those of sinks and uploads. Blocks.
  [[nodiscard]] Result<Response> send(const Request& request, const Control& control);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace trellis::http
