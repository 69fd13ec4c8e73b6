#include "providers/blobstore_s3/xml.hpp"

#include <expat.h>
#include <fmt/format.h>

#include <charconv>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "base/call_limits.hpp"
#include "base/guard.hpp"
#include "base/text.hpp"

namespace trellis::providers::blobstore_s3 {

namespace {

constexpr std::size_t max_depth = 8;
constexpr std::size_t max_text_bytes = 8 * limits::kib;  // of one element; keys have 1024
constexpr std::size_t max_objects = 10'000;              // servers send a thousand at a time

// The remedy names the likeliest cause: a web server, or a proxy's page, behind ENDPOINT.
[[nodiscard]] std::unexpected<Error> malformed(std::string_view why) {
  return fail(ErrorCode::malformed, fmt::format("the S3 server's answer is unreadable: {}", why),
              "check that ENDPOINT names an S3 server");
}

/// Walks through a document and calls `on_end` at the end of each element with its path below the
/// root ("Contents/Key") and its text.
class Walker {
 public:
  using OnEnd = std::function<void(std::string_view path, const std::string& text)>;

  explicit Walker(OnEnd on_end) : on_end_(std::move(on_end)) {}

  [[nodiscard]] Result<void> walk(std::string_view document) {
    const std::unique_ptr<XML_ParserStruct, decltype(&XML_ParserFree)> parser(
        XML_ParserCreate("UTF-8"), &XML_ParserFree);
    if (!parser) return fail(ErrorCode::limit, "no memory to read XML");
    parser_ = parser.get();
    XML_SetUserData(parser_, this);
    XML_SetElementHandler(parser_, &Walker::on_start, &Walker::on_end);
    XML_SetCharacterDataHandler(parser_, &Walker::on_text);
    XML_SetStartDoctypeDeclHandler(parser_, &Walker::on_doctype);
    const auto status =
        // The size fits an int: Request::max_answer_bytes bounds every body that is parsed here.
        XML_Parse(parser_, document.data(), static_cast<int>(document.size()), XML_TRUE);
    // Our own reason first: the parser's is only that it was stopped.
    if (!problem_.empty()) return malformed(problem_);
    if (status == XML_STATUS_OK) return {};
    return malformed(XML_ErrorString(XML_GetErrorCode(parser_)));
  }

 private:
  static Walker& of(void* self) { return *static_cast<Walker*>(self); }
  /// Nothing may be thrown through the parser, whose frames are C.
  template <class Body>
  static void guarded(void* self, const Body& body) noexcept {
    if (!survived(body)) of(self).stop("there is no memory for it");
  }
  static void on_start(void* self, const XML_Char* name, const XML_Char**) {
    guarded(self, [&] { of(self).start(name); });
  }
  static void on_end(void* self, const XML_Char*) {
    guarded(self, [&] { of(self).end(); });
  }
  static void on_text(void* self, const XML_Char* text, int size) {
    guarded(self, [&] { of(self).add({text, static_cast<std::size_t>(size)}); });
  }
  /// Document types define entities, which are not needed here and have hurt many (expansion
  /// without end, files of the machine).
  static void on_doctype(void* self, const XML_Char*, const XML_Char*, const XML_Char*, int) {
    of(self).stop("it has a document type");
  }

  void stop(std::string_view why) {
    // A literal; where even a copy of it cannot be had, the parser says that it was stopped.
    survived([&] { problem_ = why; });
    XML_StopParser(parser_, XML_FALSE);
  }
  void start(std::string_view name) {
    // Depth costs memory here and in the parser; real answers have four levels.
    if (lengths_.size() == max_depth) return stop("it is nested too deeply");
    lengths_.push_back(path_.size());
    if (lengths_.size() == 1) return;  // the root is not part of paths
    if (!path_.empty()) path_ += '/';
    path_ += name;
    // Text before a child is dropped: S3 has no mixed content.
    text_.clear();
  }
  void end() {
    on_end_(path_, text_);
    path_.resize(lengths_.back());
    lengths_.pop_back();
    text_.clear();
  }
  void add(std::string_view text) {
    if (text_.size() + text.size() > max_text_bytes) return stop("a text in it is too long");
    text_ += text;
  }

  const OnEnd on_end_;
  XML_Parser parser_ = nullptr;
  std::string path_;
  std::vector<std::size_t> lengths_;  // of path_ before each open element
  std::string text_;
  std::string problem_;
};

[[nodiscard]] std::optional<std::uint64_t> number_of(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

Result<Listing> parse_listing(std::string_view text) {
  Listing listing;
  Listing::Object object;
  bool bad_size = false;
  Walker walker([&](std::string_view path, const std::string& value) {
    if (path == "IsTruncated") listing.truncated = value == "true";
    if (path == "NextContinuationToken") listing.next = value;
    if (path == "Contents/Key") object.key = value;
    if (path == "Contents/Size") {
      const auto size = number_of(trim(value));
      bad_size = bad_size || !size;
      object.size = size.value_or(0);
    }
    // One more than the bound is kept, so that the excess shows below; parsing on costs no memory.
    if (path == "Contents" && listing.objects.size() <= max_objects) {
      listing.objects.push_back(std::exchange(object, {}));
    }
  });
  if (auto walked = walker.walk(text); !walked) return pass(walked);
  // Problems are told after the walk: a callback has no way to return an error.
  if (bad_size) return malformed("a size is no number");
  if (listing.objects.size() > max_objects) return malformed("it has too many objects");
  if (listing.truncated && listing.next.empty()) return malformed("it does not say how to go on");
  return listing;
}

Result<std::string> parse_upload_id(std::string_view text) {
  std::string id;
  Walker walker([&](std::string_view path, const std::string& value) {
    if (path == "UploadId") id = value;
  });
  if (auto walked = walker.walk(text); !walked) return pass(walked);
  if (id.empty()) return malformed("it has no UploadId");
  return id;
}

Problem parse_problem(std::string_view text) {
  Problem problem;
  Walker walker([&](std::string_view path, const std::string& value) {
    if (path == "Code") problem.code = value;
    if (path == "Message") problem.message = value;
  });
  // Unreadable errors are none: the status has already said that it failed.
  if (!walker.walk(text)) return {};
  return problem;
}

std::string xml_escaped(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&': escaped += "&amp;"; break;
      case '<': escaped += "&lt;"; break;
      case '>': escaped += "&gt;"; break;
      case '"': escaped += "&quot;"; break;
      default: escaped += c;
    }
  }
  return escaped;
}

}  // namespace trellis::providers::blobstore_s3
