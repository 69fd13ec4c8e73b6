#include "providers/httpserver/exchange.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/call_limits.hpp"
#include "providers/net/io_pool.hpp"

namespace trellis::providers::httpserver {
namespace {

constexpr std::size_t first_input_bytes = 4 * limits::kib;
constexpr std::size_t max_input_bytes = 64 * limits::kib;  ///< for faster reading of bodies
constexpr std::size_t kept_input_bytes = 16 * limits::kib;
/// Characters of empty lines before a request, which are forgiven (RFC 9112 2.2).
constexpr std::string_view line_ends = "\r\n";

codec::httpserver::Response text_response(unsigned status, std::string_view text) {
  codec::httpserver::Response response{
      status, "", {{"content-type", "text/plain; charset=utf-8"}}, to_bytes(text)};
  if (status == 503) response.header["retry-after"] = "1";
  return response;
}

}  // namespace

Exchange::Exchange(Log log, std::string_view label, const RequestLimits& request_limits,
                   const RouteTable& routes, MemorySource* memory)
    : log_(std::move(log)),
      label_(label),
      limits_(request_limits),
      routes_(&routes),
      message_(memory),
      response_hold_(memory) {}

std::string_view Exchange::label() const noexcept {
  return routing_.route == nullptr ? label_ : std::string_view(routing_.route->label);
}

std::string_view Exchange::unread() const noexcept {
  return std::string_view(input_).substr(input_begin_, input_end_ - input_begin_);
}

net::mutable_buffer Exchange::input_space() {
  if (input_begin_ > 0) {
    std::memmove(input_.data(), input_.data() + input_begin_, input_end_ - input_begin_);
    input_end_ -= input_begin_;
    input_begin_ = 0;
  }
  // Unread input is bounded by the header limit, so growing ends.
  const bool faster = filled_ && input_.size() < max_input_bytes;
  if (input_end_ == input_.size() || faster) {
    input_.resize(std::max(first_input_bytes, 2 * input_.size()));
  }
  return {input_.data() + input_end_, input_.size() - input_end_};
}

void Exchange::received(std::size_t count) {
  input_end_ += count;
  filled_ = input_end_ == input_.size();
}

void Exchange::input_ended(bool expired) {
  close_ = true;
  if (!mid_request()) return;
  if (expired) return refuse(408, "The request did not arrive in time\n");
  refuse(400, "The request is incomplete\n");
}

// Output first: a pipelined request is not begun before the answer to the one before is out.
Step Exchange::next() {
  if (writing_) return Step::write;
  if (close_) return Step::close;
  if (parse()) return Step::handle;
  return writing_ ? Step::write : Step::read;
}

bool Exchange::parse() {
  if (!parser_) {
    while (!unread().empty() && line_ends.find(unread().front()) != std::string_view::npos) {
      ++input_begin_;
    }
    if (unread().empty()) return false;
    parser_.emplace(request_, message_, limits_);
    continued_ = false;
  }
  if (parser_->complete()) return true;
  if (!advance()) return false;
  if (parser_->complete()) {
    message_.finish();
    return true;
  }
  // Client waits for leave to send the body; one that has sent some needs none.
  if (parser_->awaits_continue() && unread().empty() && !std::exchange(continued_, true)) {
    head_ = "HTTP/1.1 100 Continue\r\n\r\n";
    response_.body.clear();
    outcome_.send_body = false;
    interim_ = writing_ = true;
  }
  return false;
}

/// Gives the parser what has come; false when the request was refused. The parser stops behind the
/// head, so that its route is found before the body.
bool Exchange::advance() {
  do {
    const bool had_head = parser_->has_head();
    input_begin_ += parser_->feed(unread());
    if (const auto& refusal = parser_->refusal()) {
      refuse(refusal->status, refusal->text);
      return false;
    }
    if (had_head || !parser_->has_head()) return true;
    if (!place()) return false;
  } while (!parser_->complete() && !unread().empty());
  return true;
}

/// Finds out who the request is for, before its body is read: whose limit counts for that, and
/// where it goes. False when it was refused.
bool Exchange::place() {
  routing_ = route_request(request_, *routes_);
  if (const auto& refusal = routing_.refusal) {
    refuse(refusal->status, refusal->text);
    return false;
  }
  if (routing_.route != nullptr) parser_->limit_body(routing_.route->options.max_body_bytes);
  message_.begin(request_, routing_.path);
  return true;
}

void Exchange::ask_handler() {
  const auto* route = routing_.route;
  // Link may go while a request arrives under it.
  if (route == nullptr || route->ended) {
    response_ = text_response(nothing_served.status, nothing_served.text);
    return;
  }
  // Actor that keeps too many threads waiting is refused here, before it keeps one more.
  const IoPool::Handling handling(route->share);
  if (!handling.admitted()) {
    response_ = text_response(503, "The actor is busy\n");
    return;
  }
  response_ = {};
  route->handler->handle(
      {message_.bytes(), request_.method(), routing_.path, route->options.timeout, &request_},
      response_);
}

void Exchange::handle() {
  ask_handler();
  // Status is the actor's word: an interim one would leave the client waiting (contracts.md 3.1,
  // defects).
  if (!is_final_status(response_.status_code)) {
    log_.warn("actor {} answered {} {} with status {}, which cannot be sent; sent 500", label(),
              request_.method(), routing_.path, response_.status_code);
    response_ = {500, "", {}, to_bytes("Invalid status from actor")};
  }
  // Body is counted until the client has taken it.
  if (!response_hold_.cover(response_.body.size())) {
    response_ = {503, "", {{"retry-after", "1"}}, to_bytes("The server is busy\n")};
  }
  const bool keep_alive = request_.framing().keep_alive;
  answer({request_.is_head(), keep_alive, request_.is_http_10()});
  // Client that asked for the end itself sends no more.
  linger_ = keep_alive;
  if (outcome_.dropped_headers != 0) warn_of_dropped_headers();
}

void Exchange::warn_of_dropped_headers() const {
  log_.warn("actor {} answered {} {} with {} invalid headers, which were left out; one is '{}'",
            label(), request_.method(), routing_.path, outcome_.dropped_headers,
            outcome_.first_dropped.substr(0, 64));
}

void Exchange::refuse(unsigned status, std::string_view text) {
  response_ = text_response(status, text);
  // Refusals end the connection: where the next request begins is not certain any more.
  answer({parser_ && request_.is_head(), false, false});
  linger_ = true;
}

void Exchange::answer(const ResponseTerms& terms) {
  outcome_ = write_response_head(response_, terms, date_.at(std::time(nullptr)), head_);
  close_ = !outcome_.keep_alive;
  sent_ = 0;
  interim_ = false;
  writing_ = true;
}

std::array<net::const_buffer, 2> Exchange::output() const {
  const ByteView body = outcome_.send_body ? ByteView(response_.body) : ByteView();
  const std::size_t of_head = std::min(sent_, head_.size());
  const std::size_t of_body = sent_ - of_head;
  return {net::const_buffer(head_.data() + of_head, head_.size() - of_head),
          net::const_buffer(body.data() + of_body, body.size() - of_body)};
}

void Exchange::written(std::size_t count) {
  sent_ += count;
  if (sent_ < output_size()) return;
  sent_ = 0;
  writing_ = false;
  if (!std::exchange(interim_, false)) finish_response();
}

std::size_t Exchange::output_size() const noexcept {
  return head_.size() + (outcome_.send_body ? response_.body.size() : 0);
}

void Exchange::finish_response() {
  parser_.reset();
  routing_ = {};
  message_.clear();
  // Big response must not hold its memory while the connection idles.
  response_.body = {};
  response_hold_.release();
  if (input_.size() > kept_input_bytes && unread().empty()) {
    input_ = {};
    input_begin_ = input_end_ = 0;
  }
}

void Exchange::log_access(std::chrono::nanoseconds took) const {
  if (routing_.route == nullptr || !routing_.route->options.access_log) return;
  log_.info("{} {} {} {:.1f} ms {} bytes {}", request_.method(), routing_.path, outcome_.status,
            std::chrono::duration<double, std::milli>(took).count(),
            outcome_.send_body ? response_.body.size() : 0, label());
}

}  // namespace trellis::providers::httpserver
