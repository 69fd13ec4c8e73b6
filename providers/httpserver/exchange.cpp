#include "providers/httpserver/exchange.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/call_limits.hpp"
#include "providers/httpserver/route.hpp"

namespace trellis::providers::httpserver {
namespace {

constexpr std::size_t first_input_bytes = 4 * limits::kib;
constexpr std::size_t max_input_bytes = 64 * limits::kib;  ///< for faster reading of bodies
constexpr std::size_t kept_input_bytes = 16 * limits::kib;
/// Empty lines before a request that are forgiven (RFC 9112 2.2).
constexpr std::string_view line_ends = "\r\n";

}  // namespace

Exchange::Exchange(Log log, std::string_view label, const RequestLimits& request_limits,
                   const RouteTable* routes)
    : log_(std::move(log)),
      label_(label),
      limits_(request_limits),
      routes_(routes),
      response_hold_(request_limits.memory) {}

std::string_view Exchange::label() const noexcept {
  return route() == nullptr ? label_ : std::string_view(route()->label);
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
  // What the parser leaves is bounded by the header limit, so growing ends.
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
    parser_.emplace(storage_, limits_, routes_);
    continued_ = false;
  }
  if (parser_->complete()) return true;
  input_begin_ += parser_->feed(unread());
  if (const auto& refusal = parser_->refusal()) {
    refuse(refusal->status, refusal->text);
    return false;
  }
  if (parser_->complete()) return true;
  if (parser_->awaits_continue() && unread().empty() && !std::exchange(continued_, true)) {
    head_ = "HTTP/1.1 100 Continue\r\n\r\n";
    response_.body.clear();
    outcome_.send_body = false;
    interim_ = writing_ = true;
  }
  return false;
}

void Exchange::handle(RequestHandler& handler, std::chrono::milliseconds timeout, bool keep_alive) {
  response_ = {};
  handler.handle({storage_.message, storage_.method, parser_->path(), timeout, &*parser_},
                 response_);
  if (!is_final_status(response_.status_code)) {
    log_.warn("actor {} answered {} {} with status {}, which cannot be sent; sent 500", label(),
              storage_.method, parser_->path(), response_.status_code);
    response_ = {500, "", {}, to_bytes("Invalid status from actor")};
  }
  // Until the client has taken it.
  if (!response_hold_.cover(response_.body.size())) {
    response_ = {503, "", {{"retry-after", "1"}}, to_bytes("The server is busy\n")};
  }
  answer({parser_->is_head(), keep_alive && parser_->keep_alive(), parser_->is_http_10()});
  // A client that asked for the end itself sends no more.
  linger_ = parser_->keep_alive();
  if (outcome_.dropped_headers != 0) {
    log_.warn("actor {} answered {} {} with {} invalid headers, which were left out; one is '{}'",
              label(), storage_.method, parser_->path(), outcome_.dropped_headers,
              outcome_.first_dropped.substr(0, 64));
  }
}

void Exchange::refuse(unsigned status, std::string_view text) {
  response_ = {status, "", {{"content-type", "text/plain; charset=utf-8"}}, to_bytes(text)};
  if (status == 503) response_.header["retry-after"] = "1";
  const bool head = parser_ && parser_->is_head();
  answer({head, false, false});
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
  // One big response must not hold its memory while the connection idles.
  response_.body = {};
  response_hold_.release();
  storage_.trim();
  if (input_.size() > kept_input_bytes && unread().empty()) {
    input_ = {};
    input_begin_ = input_end_ = 0;
  }
}

std::string Exchange::access_line(std::chrono::nanoseconds took) const {
  return fmt::format("{} {} {} {:.1f} ms {} bytes {}", storage_.method,
                     parser_ ? parser_->path() : std::string_view(), outcome_.status,
                     std::chrono::duration<double, std::milli>(took).count(),
                     outcome_.send_body ? response_.body.size() : 0, label());
}

}  // namespace trellis::providers::httpserver
