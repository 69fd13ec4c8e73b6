#include "lattice/nats/session.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/guard.hpp"
#include "base/limits.hpp"
#include "base/text.hpp"

namespace trellis::lattice::nats {

Session::Session(std::uint64_t number, Events events, Log log)
    : number_(number),
      events_(std::move(events)),
      log_(std::move(log)),
      log_limit_(limits::nats_log_interval) {}

Session::~Session() {
  if (connection_ != nullptr) natsConnection_Destroy(connection_);
}

Result<std::shared_ptr<Session>> Session::open(ConnectOptions& options, std::uint64_t number,
                                               Events events, Log log) {
  std::shared_ptr<Session> session(new Session(number, std::move(events), std::move(log)));
  session->id_ = CallbackId<Session>(session);
  auto* const library = options.library.get();
  auto status = options.set_servers();
  if (status == NATS_OK) {
    status = natsOptions_SetClosedCB(library, on_closed, session->id_.closure());
  }
  if (status == NATS_OK) {
    status = natsOptions_SetErrorHandler(library, on_error, session->id_.closure());
  }
  if (status == NATS_OK) {
    status = natsOptions_SetLameDuckModeCB(library, on_lame_duck, session->id_.closure());
  }
  if (status == NATS_OK) status = natsConnection_Connect(&session->connection_, library);
  if (status != NATS_OK) return std::unexpected(connect_error(status, options));
  session->read_limits();
  return session;
}

void Session::read_limits() {
  const auto told = natsConnection_GetMaxPayload(connection_);
  const auto most = static_cast<std::int64_t>(limits::nats_most_payload_bytes);
  max_payload_ = static_cast<std::size_t>(std::clamp<std::int64_t>(told, 0, most));
  if (told <= 0) {
    log_.warn("{} says it takes payloads of {} bytes at most: nothing can be sent to it", server(),
              told);
  }
}

std::string Session::server() const {
  char url[512] = "";
  if (natsConnection_GetConnectedUrl(connection_, url, sizeof url) != NATS_OK) return "NATS server";
  auto parsed = parse_server_url(url);
  return parsed ? "NATS server " + parsed->shown : "NATS server";
}

std::vector<std::string> Session::learned_servers() const {
  char** servers = nullptr;
  int count = 0;
  if (natsConnection_GetDiscoveredServers(connection_, &servers, &count) != NATS_OK) return {};
  std::vector<std::string> found;
  for (int i = 0; i < count; ++i) {
    auto url = parse_server_url(servers[i]);
    if (url && found.size() < limits::nats_learned_servers) found.push_back(std::move(url->text));
    std::free(servers[i]);
  }
  std::free(static_cast<void*>(servers));
  return found;
}

void Session::on_closed(natsConnection* connection, void* closure) {
  const auto session = CallbackRegistry<Session>::instance().find(closure);
  if (!session) return;
  const char* text = nullptr;
  const auto status = natsConnection_GetLastError(connection, &text);
  const bool said = text != nullptr && *text != '\0';
  // Nothing may be thrown through the library; without memory for the reason it is lost all the
  // same.
  const bool told = survived([&] {
    session->mark_lost(said                ? replace_bad_utf8(text)
                       : status == NATS_OK ? std::string("closed by the server")
                                           : std::string(natsStatus_GetText(status)));
  });
  if (!told) survived([&] { session->mark_lost({}); });
}

void Session::on_lame_duck(natsConnection* /*connection*/, void* closure) {
  const auto session = CallbackRegistry<Session>::instance().find(closure);
  if (!session) return;
  session->leaving_ = true;
  survived([&] { session->events_.leaving(); });
}

void Session::mark_lost(std::string reason) const {
  {
    const std::scoped_lock lock(mutex_);
    if (reason_.empty()) reason_ = std::move(reason);
  }
  lost_ = true;
  events_.lost();
}

std::string Session::reason() const {
  const std::scoped_lock lock(mutex_);
  return reason_;
}

void Session::on_error(natsConnection* connection, natsSubscription* subscription,
                       natsStatus status, void* closure) {
  const auto session = CallbackRegistry<Session>::instance().find(closure);
  if (!session) return;
  survived([&] {
    if (status == NATS_SLOW_CONSUMER) return session->events_.slow(subscription);
    const char* said = nullptr;
    natsConnection_GetLastError(connection, &said);
    const auto words = replace_bad_utf8(said == nullptr ? "" : said);
    if (status == NATS_NOT_PERMITTED) session->events_.denied(words);
    session->note_error(status, words.empty() ? replace_bad_utf8(status_text(status)) : words);
  });
}

void Session::note_error(natsStatus status, const std::string& text) {
  if (status == NATS_CONNECTION_AUTH_FAILED) {  // the end follows; this is why
    const std::scoped_lock lock(mutex_);
    reason_ = text;
    return;
  }
  const auto hidden = log_limit_.admit(Trouble::server_error, std::chrono::steady_clock::now());
  if (hidden) log_.warn("{}: {} ({} more reports)", server(), text, *hidden);
}

Result<void> Session::failed_write(natsStatus status, std::size_t payload) const {
  switch (status) {
    case NATS_MAX_PAYLOAD:
      return fail(ErrorCode::limit,
                  fmt::format("payload of {} bytes is more than the {} bytes the "
                              "NATS server takes",
                              payload, natsConnection_GetMaxPayload(connection_)));
    case NATS_INVALID_SUBJECT:
    case NATS_INVALID_ARG: return fail(ErrorCode::invalid_argument, status_text(status));
    default:
      mark_lost(status_text(status));
      return fail(ErrorCode::unavailable,
                  fmt::format("the connection to NATS is lost: {}", natsStatus_GetText(status)),
                  "it is made again in the background");
  }
}

Result<void> Session::publish(const char* subject, const char* reply, ByteView payload) const {
  const auto size = static_cast<int>(payload.size());  // at most max_payload()
  const auto status =
      *reply == '\0'
          ? natsConnection_Publish(connection_, subject, payload.data(), size)
          : natsConnection_PublishRequest(connection_, subject, reply, payload.data(), size);
  if (status == NATS_OK) return {};
  return failed_write(status, payload.size());
}

Result<void> Session::flush(SteadyTime deadline) const {
  using std::chrono::milliseconds;
  const auto left = std::chrono::ceil<milliseconds>(deadline - std::chrono::steady_clock::now());
  if (left.count() <= 0) return fail(ErrorCode::deadline, "no time left to reach the NATS server");
  const auto status = natsConnection_FlushTimeout(connection_, left.count());
  if (status == NATS_OK) return {};
  if (status == NATS_TIMEOUT) {
    return fail(ErrorCode::deadline,
                fmt::format("the NATS server did not answer within {} ms", left.count()));
  }
  return fail(ErrorCode::unavailable, "the connection to NATS is lost",
              "it is made again in the background");
}

void Session::close() const {
  natsConnection_Close(connection_);
}

}  // namespace trellis::lattice::nats
