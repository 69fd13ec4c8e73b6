#include "http/client.hpp"

#include <curl/curl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <limits>

#include "base/call_limits.hpp"
#include "base/descriptors.hpp"
#include "base/text.hpp"

namespace trellis::http {
namespace {

using std::chrono::milliseconds;

/// Bytes of all headers of one answer.
constexpr std::size_t max_header_bytes = 64 * limits::kib;
/// Milliseconds after which a cancellation is noticed.
constexpr int poll_ms = 50;

/// libcurl wants this once per process; it is safe from any thread since 7.84.
bool library_ready() {
  static const bool ready = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
  return ready;
}

using Easy = std::unique_ptr<CURL, decltype(&curl_easy_cleanup)>;
using HeaderList = std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)>;

template <class Value>
void set(const Easy& easy, CURLoption option, Value value) {
  curl_easy_setopt(easy.get(), option, value);
}

milliseconds until(const Control& control) {
  return std::chrono::duration_cast<milliseconds>(control.deadline - control.clock.steady());
}

/// Time as libcurl takes it: a long has 32 bits on some machines, 24 days.
template <class Rep, class Period>
long to_long(std::chrono::duration<Rep, Period> time) {
  return static_cast<long>(
      std::clamp<std::int64_t>(time.count(), 0, std::numeric_limits<std::int32_t>::max()));
}

/// Status of "HTTP/1.1 200 OK"; 0 when it has none.
int status_of(std::string_view line) {
  const auto at = line.find(' ');
  int status = 0;
  if (at != line.npos) std::from_chars(line.data() + at + 1, line.data() + line.size(), status);
  return status;
}

/// One exchange while libcurl runs it.
class Exchange {
 public:
  Exchange(const Request& request, const Settings& settings)
      : request_(request), settings_(settings) {}

  Result<Response> run(CURLM* multi, const Control& control) {
    prepare(control);
    curl_multi_add_handle(multi, easy_.get());
    const auto ended = drive(multi, control);
    curl_multi_remove_handle(multi, easy_.get());
    // Problem that a callback had says more than the code that libcurl makes of it.
    if (problem_) return std::unexpected(std::move(*problem_));
    if (threw_) return fail(ErrorCode::limit, "there is not enough memory for the transfer");
    if (!ended) return pass(ended);
    if (*ended != CURLE_OK) return failure(*ended, control);
    return finish();
  }

 private:
  void prepare(const Control& control);
  void prepare_security();
  void prepare_method();
  void prepare_headers();
  Result<CURLcode> drive(CURLM* multi, const Control& control);
  Result<Response> finish();
  Error failure_of(CURLcode code, const Control& control) const;
  /// Whether remedies name options of commands, or else values of links.
  [[nodiscard]] bool is_of_registry() const { return settings_.peer == "registry"; }
  std::unexpected<Error> failure(CURLcode code, const Control& control) const {
    return std::unexpected(failure_of(code, control));
  }
  Result<void> begin_sink();

  bool take_header(std::string_view line);
  bool take_body(ByteView bytes);
  std::size_t give(std::span<char> into);
  curl_socket_t open_socket(const curl_sockaddr& address);
  /// Keeps the first problem, and ends the exchange.
  bool stop_with(Error problem) {
    if (!problem_) problem_ = std::move(problem);
    return false;
  }

  /// Runs a callback: nothing may be thrown through libcurl, whose frames are C.
  template <class Value, class Body>
  Value guarded(Value failed, const Body& body) noexcept {
    try {
      return body();
    } catch (...) {
      threw_ = true;
      return failed;
    }
  }
  static std::size_t on_header(char* data, std::size_t, std::size_t size, void* self) {
    auto& exchange = *static_cast<Exchange*>(self);
    return exchange.guarded(
        std::size_t{0}, [&] { return exchange.take_header({data, size}) ? size : std::size_t{0}; });
  }
  static std::size_t on_body(char* data, std::size_t, std::size_t size, void* self) {
    auto& exchange = *static_cast<Exchange*>(self);
    return exchange.guarded(std::size_t{0}, [&] {
      return exchange.take_body(as_bytes({data, size})) ? size : std::size_t{0};
    });
  }
  static std::size_t on_read(char* data, std::size_t, std::size_t size, void* self) {
    auto& exchange = *static_cast<Exchange*>(self);
    return exchange.guarded(std::size_t{CURL_READFUNC_ABORT},
                            [&] { return exchange.give({data, size}); });
  }
  static curl_socket_t on_open(void* self, curlsocktype, curl_sockaddr* address) {
    auto& exchange = *static_cast<Exchange*>(self);
    return exchange.guarded(curl_socket_t{CURL_SOCKET_BAD},
                            [&] { return exchange.open_socket(*address); });
  }

  const Request& request_;
  const Settings& settings_;
  Easy easy_{curl_easy_init(), &curl_easy_cleanup};
  HeaderList headers_{nullptr, &curl_slist_free_all};
  std::array<char, CURL_ERROR_SIZE> message_{};
  Response response_;
  std::size_t header_bytes_ = 0;
  bool sink_begun_ = false;
  bool address_refused_ = false;
  bool threw_ = false;  ///< a callback did: there was no memory for what came
  std::optional<Error> problem_;
};

void Exchange::prepare(const Control& control) {
  // One millisecond at least: 0 means no limit to libcurl.
  const auto left = std::max(until(control), milliseconds(1));
  set(easy_, CURLOPT_URL, request_.url.text.c_str());
  // Redirects are decided above; libcurl may speak no other scheme than the address has.
  set(easy_, CURLOPT_PROTOCOLS_STR, request_.url.encrypted ? "https" : "http");
  set(easy_, CURLOPT_NOSIGNAL, 1L);
  set(easy_, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  set(easy_, CURLOPT_HTTP_VERSION, long{CURL_HTTP_VERSION_1_1});
  set(easy_, CURLOPT_USERAGENT, settings_.user_agent.c_str());
  set(easy_, CURLOPT_BUFFERSIZE, 64L * 1024);
  set(easy_, CURLOPT_TIMEOUT_MS, to_long(left));
  set(easy_, CURLOPT_CONNECTTIMEOUT_MS, to_long(std::min(left, settings_.connect_timeout)));
  // Silence ends an exchange long before its deadline, which must suffice for large bodies.
  set(easy_, CURLOPT_LOW_SPEED_LIMIT, 1L);
  set(easy_, CURLOPT_LOW_SPEED_TIME, to_long(settings_.stall_timeout));
  set(easy_, CURLOPT_ERRORBUFFER, message_.data());
  set(easy_, CURLOPT_HEADERFUNCTION, &Exchange::on_header);
  set(easy_, CURLOPT_HEADERDATA, this);
  set(easy_, CURLOPT_WRITEFUNCTION, &Exchange::on_body);
  set(easy_, CURLOPT_WRITEDATA, this);
  set(easy_, CURLOPT_PROXY, settings_.proxy.c_str());  // empty: none, nor one of the environment
  set(easy_, CURLOPT_OPENSOCKETFUNCTION, &Exchange::on_open);
  set(easy_, CURLOPT_OPENSOCKETDATA, this);
  prepare_security();
  prepare_method();
  prepare_headers();
}

void Exchange::prepare_security() {
  set(easy_, CURLOPT_SSLVERSION, long{CURL_SSLVERSION_TLSv1_2});
  if (!settings_.ca_file.empty()) set(easy_, CURLOPT_CAINFO, settings_.ca_file.c_str());
  if (!request_.basic) return;
  set(easy_, CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BASIC));
  set(easy_, CURLOPT_USERNAME, request_.basic->user.c_str());
  set(easy_, CURLOPT_PASSWORD, request_.basic->password.c_str());
}

/// Method and body; libcurl has options of its own for some methods, and its own ideas of others.
void Exchange::prepare_method() {
  const auto& method = request_.method;
  const bool expects_body = method == "POST" || method == "PUT" || method == "PATCH";
  if (method == "HEAD" && !request_.upload) return set(easy_, CURLOPT_NOBODY, 1L);
  if (method != "GET") set(easy_, CURLOPT_CUSTOMREQUEST, method.c_str());
  if (!request_.upload && !expects_body) return;
  // Body of length 0 is announced where the method has one: some servers insist on a length.
  set(easy_, CURLOPT_UPLOAD, 1L);
  set(easy_, CURLOPT_CUSTOMREQUEST, method.c_str());
  set(easy_, CURLOPT_INFILESIZE_LARGE,
      static_cast<curl_off_t>(request_.upload ? request_.upload->size : 0));
  set(easy_, CURLOPT_READFUNCTION, &Exchange::on_read);
  set(easy_, CURLOPT_READDATA, this);
}

void Exchange::prepare_headers() {
  for (const auto& header : request_.headers) {
    headers_.reset(curl_slist_append(headers_.release(), header.c_str()));
  }
  headers_.reset(
      curl_slist_append(headers_.release(), "Expect:"));  // costs a second with many servers
  set(easy_, CURLOPT_HTTPHEADER, headers_.get());
}

/// Runs the exchange, and looks at the cancellation now and then.
Result<CURLcode> Exchange::drive(CURLM* multi, const Control& control) {
  while (true) {
    if (control.stop.stop_requested()) {
      return fail(ErrorCode::cancelled, "the transfer was cancelled");
    }
    int running = 0;
    if (const auto code = curl_multi_perform(multi, &running); code != CURLM_OK) {
      return fail(ErrorCode::internal, std::string("libcurl: ") + curl_multi_strerror(code));
    }
    int left = 0;
    while (const auto* message = curl_multi_info_read(multi, &left)) {
      if (message->msg == CURLMSG_DONE) return message->data.result;
    }
    curl_multi_poll(multi, nullptr, 0, poll_ms, nullptr);
  }
}

/// Tells the sink of the answer, once.
Result<void> Exchange::begin_sink() {
  if (sink_begun_) return {};
  sink_begun_ = true;
  return request_.sink->begin(response_);
}

Result<Response> Exchange::finish() {
  curl_off_t wait = 0;
  curl_easy_getinfo(easy_.get(), CURLINFO_RETRY_AFTER, &wait);
  if (wait > 0) response_.retry_after = std::chrono::seconds(wait);
  // Sink hears of empty bodies, too.
  if (request_.sink != nullptr && (response_.status == 200 || response_.status == 206)) {
    if (auto begun = begin_sink(); !begun) return pass(begun);
    if (auto ended = request_.sink->end(); !ended) return pass(ended);
  }
  return std::move(response_);
}

/// Error in words for people, with a remedy for the side that can do something.
Error Exchange::failure_of(CURLcode code, const Control& control) const {
  const std::string why = message_[0] != '\0' ? message_.data() : curl_easy_strerror(code);
  const auto origin = request_.url.origin();
  // Refusals of ours come first: libcurl knows only that it got no socket.
  if (address_refused_) {
    return {ErrorCode::denied, origin + ": connections to its address are not allowed",
            "if they should be, allow the network (ALLOW of the link)"};
  }
  // Code is the same for a connection and for a silence that lasted too long: the clock says
  // whether all the time is over.
  if (code == CURLE_OPERATION_TIMEDOUT && until(control) <= milliseconds(1)) {
    return {ErrorCode::deadline, origin + ": the time allowed ran out",
            is_of_registry() ? "allow more time (--timeout), or check the network"
                             : "allow more time, or check the network"};
  }
  if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE) {
    return {ErrorCode::denied, origin + ": its certificate is not trusted: " + why,
            fmt::format("name the authority that signed it ({}), or check the address",
                        is_of_registry() ? "--ca-file" : "CA_FILE of the link")};
  }
  if (code == CURLE_SSL_CONNECT_ERROR && !request_.url.encrypted) {
    return {ErrorCode::unavailable, origin + ": " + why, "check the address"};
  }
  if (code == CURLE_SSL_CONNECT_ERROR && !is_of_registry()) {
    return {ErrorCode::unavailable, origin + ": no encrypted connection: " + why,
            "check that the address speaks HTTPS"};
  }
  if (code == CURLE_SSL_CONNECT_ERROR) {
    return {ErrorCode::unavailable, origin + ": no encrypted connection: " + why,
            "if the registry speaks plain HTTP, put it on the list of insecure registries "
            "(--insecure, --allowed-insecure)"};
  }
  if (code == CURLE_PARTIAL_FILE || code == CURLE_RECV_ERROR || code == CURLE_GOT_NOTHING) {
    return {ErrorCode::unavailable, origin + ": the answer broke off: " + why,
            is_of_registry() ? "try again; what has arrived is kept" : "try again"};
  }
  return {ErrorCode::unavailable, origin + ": " + why,
          fmt::format("check that the {} runs and can be reached from here", settings_.peer)};
}

curl_socket_t Exchange::open_socket(const curl_sockaddr& address) {
  // Filter is asked for the address that is connected to and not for the name, which may stand for
  // another one each time.
  if (settings_.allows && !settings_.allows(address.addr)) {
    address_refused_ = true;
    return CURL_SOCKET_BAD;
  }
  const int socket = ::socket(address.family, address.socktype | SOCK_CLOEXEC, address.protocol);
  // Last descriptors are kept for the host itself: links alone could use up all.
  if (settings_.of_link && is_reserved_descriptor(socket)) {
    ::close(socket);
    stop_with({ErrorCode::busy, "too many connections of this host are open",
               "raise its limit of open files (ulimit -n), or let fewer clients in"});
    return CURL_SOCKET_BAD;
  }
  return socket;
}

/// Takes one line of the answer's head; false ends the exchange.
bool Exchange::take_header(std::string_view line) {
  // Headers of interim answers count, or a server could send those for ever.
  header_bytes_ += line.size();
  if (header_bytes_ > max_header_bytes) {
    return stop_with({ErrorCode::limit, request_.url.origin() + ": its headers are too long",
                      fmt::format("check that this is the address of a {}", settings_.peer)});
  }
  if (line.starts_with("HTTP/")) {  // of the answer, or of another one after 100 Continue
    response_.headers.clear();
    response_.status = status_of(line);
    return true;
  }
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return true;
  auto& value = response_.headers[to_lower_ascii(line.substr(0, colon))];
  if (!value.empty()) value += settings_.joint;
  value += trim(line.substr(colon + 1));
  return true;
}

bool Exchange::take_body(ByteView bytes) {
  // Sink gets what was asked for; bodies of other answers are texts about an error, and stay in the
  // response.
  if (request_.sink != nullptr && (response_.status == 200 || response_.status == 206)) {
    auto taken = begin_sink();
    if (taken) taken = request_.sink->write(bytes);
    return taken || stop_with(std::move(taken.error()));
  }
  if (response_.body.size() + bytes.size() > request_.most_body_bytes) {
    return stop_with({ErrorCode::limit,
                      fmt::format("{}: its answer is longer than {} bytes", request_.url.origin(),
                                  request_.most_body_bytes),
                      fmt::format("check that this is the address of a {}", settings_.peer)});
  }
  response_.body += as_text(bytes);
  return true;
}

std::size_t Exchange::give(std::span<char> into) {
  if (!request_.upload || !request_.upload->read) return 0;
  auto read = request_.upload->read(into);
  if (read) return *read;
  stop_with(std::move(read.error()));
  return CURL_READFUNC_ABORT;
}

}  // namespace

std::string Response::header(const std::string& lower_name) const {
  const auto found = headers.find(lower_name);
  return found == headers.end() ? std::string() : found->second;
}

struct Client::State {
  Settings settings;
  bool ready = library_ready();
  std::unique_ptr<CURLM, decltype(&curl_multi_cleanup)> multi{curl_multi_init(),
                                                              &curl_multi_cleanup};
};

Client::Client(Settings settings) : state_(new State{.settings = std::move(settings)}) {}
Client::~Client() = default;

Result<Response> Client::send(const Request& request, const Control& control) {
  if (!state_->ready || !state_->multi) {
    return fail(ErrorCode::internal, "libcurl does not start");
  }
  if (until(control) <= milliseconds(0)) {
    return fail(ErrorCode::deadline, request.url.origin() + ": the time allowed ran out",
                "allow more time (--timeout), or check the network");
  }
  return Exchange(request, state_->settings).run(state_->multi.get(), control);
}

}  // namespace trellis::http
