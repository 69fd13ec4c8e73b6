// Parsed request: a head as a value, and a body piece by piece, or a refusal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "providers/httpserver/handler.hpp"

namespace trellis::providers::httpserver {

/// An answer in place of what the request asked for, which ends its connection.
struct Refusal {
  unsigned status = 400;
  std::string_view text;  ///< literal; the body of the answer
};
inline constexpr Refusal nothing_served{404, "Nothing is served here\n"};
inline constexpr Refusal body_too_large{413, "The request body is too large\n"};
inline constexpr Refusal server_busy{503, "The server is busy\n"};

/// Takes the body of a request as it arrives. One thread at a time.
class BodySink {
 public:
  virtual ~BodySink() = default;
  /// False when there is no memory for it.
  [[nodiscard]] virtual bool append(std::string_view piece) = 0;
};

/// A request target, taken apart (RFC 9112 3.2). Views of the target.
struct Target {
  std::string_view authority;  ///< of an absolute target; empty for others
  std::string_view path;       ///< never empty; still percent-encoded, without query
  std::string_view query;      ///< behind the first '?'
};

/// Nothing for a target that names no path here; `*` is for OPTIONS only. Pure; any thread.
[[nodiscard]] std::optional<Target> split_target(std::string_view target, std::string_view method);

/// Head as RequestParser makes it of the bytes before the body. Its memory is used for the next
/// request of the connection, so it is cleared and not replaced. Views of it are valid until then.
/// One thread at a time.
class RequestHead final : public RequestHeaders {
 public:
  /// How the body comes, and what becomes of the connection behind it.
  struct Framing {
    std::uint64_t length = 0;  ///< of the body; 0 where only its end tells (chunked)
    bool chunked = false;
    bool keep_alive = false;
    /// The client waits for `100 Continue` before it sends the body.
    bool expects_continue = false;
  };

  RequestHead() = default;
  RequestHead(const RequestHead&) = delete;  // the parts of the target are views of its own text
  RequestHead& operator=(const RequestHead&) = delete;

  // --- for the parser ---
  void clear();
  /// `version`: 10 or 11. False when the target is none; bytes of it that RFC 3986 does not allow
  /// raw are percent-encoded, as the client should have done, so that it is ASCII for the actor.
  [[nodiscard]] bool set_request_line(std::string_view method, std::string_view target,
                                      int version);
  /// A value that is not UTF-8 is mended: the actor gets it as a text.
  void add(std::string_view name, std::string_view value);
  /// After the last header: finds names that came more than once.
  void finish(const Framing& framing);

  // --- for whoever serves it ---
  [[nodiscard]] const std::string& method() const noexcept { return method_; }
  [[nodiscard]] bool is_head() const noexcept { return method_ == "HEAD"; }
  [[nodiscard]] bool is_http_10() const noexcept { return version_ < 11; }
  [[nodiscard]] const Target& target() const noexcept { return target_; }
  [[nodiscard]] const Framing& framing() const noexcept { return framing_; }
  [[nodiscard]] bool has_body() const noexcept { return framing_.chunked || framing_.length > 0; }

  /// As they came, repeated names counted each time.
  [[nodiscard]] std::size_t lines() const noexcept { return headers_.size(); }
  /// Different names.
  [[nodiscard]] std::size_t names() const noexcept { return names_; }
  [[nodiscard]] std::optional<std::string> find(std::string_view name) const override;
  /// Calls visit(name, value) for each name in the order they came: names in lower case, repeated
  /// ones once and joined (contracts.md 3.1).
  template <class Visit>
  void each(Visit visit) const;

 private:
  struct Header {
    std::size_t name_at = 0, name_size = 0;  ///< into text_; lower case
    std::size_t value_at = 0, value_size = 0;
    bool repeated = false;  ///< the first of several
    bool merged = false;    ///< a later one, whose value the first one carries too
  };

  [[nodiscard]] std::string_view name_of(const Header& header) const noexcept;
  [[nodiscard]] std::string_view value_of(const Header& header) const noexcept;
  [[nodiscard]] std::string joined(std::size_t first) const;

  std::string method_;
  std::string target_text_;
  Target target_;
  std::string text_;  ///< names and values one behind the other
  std::vector<Header> headers_;
  std::size_t names_ = 0;
  Framing framing_;
  int version_ = 0;
};

template <class Visit>
void RequestHead::each(Visit visit) const {
  for (std::size_t i = 0; i < headers_.size(); ++i) {
    const auto& header = headers_[i];
    if (header.merged) continue;
    if (header.repeated) {
      visit(name_of(header), std::string_view(joined(i)));
    } else {
      visit(name_of(header), value_of(header));
    }
  }
}

}  // namespace trellis::providers::httpserver
