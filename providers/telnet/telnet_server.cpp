#include "providers/telnet/telnet_server.hpp"

#include <fmt/format.h>

#include <utility>

#include "base/text.hpp"
#include "codec/messages/telnet.hpp"

namespace trellis::providers::telnet {
namespace {

namespace messages = codec::telnet;

}  // namespace

std::shared_ptr<TelnetServer> TelnetServer::make(sdk23::Host host, const Clock& clock, Log log,
                                                 net::io_context& context, std::string actor,
                                                 Notices notices) {
  std::shared_ptr<TelnetServer> made(new TelnetServer(host, clock, log, actor, std::move(notices)));
  made->listeners_ = std::make_unique<ListenerSet>(context, clock, std::move(log), std::move(actor),
                                                   [server = std::weak_ptr(made)](Socket socket) {
                                                     if (const auto self = server.lock())
                                                       self->accepted(std::move(socket));
                                                   });
  return made;
}

TelnetServer::TelnetServer(sdk23::Host host, const Clock& clock, Log log, std::string actor,
                           Notices notices)
    : host_(host),
      clock_(clock),
      log_(std::move(log)),
      actor_(std::move(actor)),
      notices_(std::move(notices)) {}

// New options hold for sessions to come; those that run keep theirs.
Result<void> TelnetServer::configure(const Options& options) {
  auto next = std::make_shared<const Options>(options);
  {
    // Options are there before the first connection can come.
    const MutexLock lock(mutex_);
    next.swap(options_);
  }
  auto listening = listeners_->configure(options.addresses);
  if (!listening) {
    const MutexLock lock(mutex_);
    options_ = std::move(next);
  }
  return listening;
}

void TelnetServer::accepted(Socket socket) {
  std::shared_ptr<Session> session;
  std::string_view refusal;
  {
    const MutexLock lock(mutex_);
    const auto admission = admission_of(sessions_.size(), options_->max_sessions);
    if (closed_ || admission == Admission::drop) return;
    if (admission == Admission::refuse) refusal = "Too many sessions\r\n";
    session = std::make_shared<Session>(shared_from_this(), make_uuid(random_), options_, clock_,
                                        std::move(socket));
    // Refused sessions count too until they are over, which bounds them (admission_of).
    sessions_.emplace(session->id(), session);
  }
  notices_.on_session();
  // Started without the lock: it calls back when it ends at once.
  session->start(refusal);
}

Result<void> TelnetServer::tell(std::string_view operation, ByteView payload,
                                std::chrono::milliseconds timeout) const {
  // Actor that keeps too many threads waiting is refused, so that other actors' sessions go on.
  const IoPool::Handling handling(share_);
  if (!handling.admitted()) return fail(ErrorCode::busy, "the actor is busy");
  const auto reply = host_.dispatch(TRELLIS_NO_CALL, actor_, operation, payload, timeout);
  if (!reply) return pass(reply);
  const auto result = codec::decode<messages::TelnetResult>(reply->bytes());
  if (!result) return pass(result);
  if (result->success) return {};
  return fail(ErrorCode::guest_failed, result->error.value_or("the actor said no success"));
}

Result<void> TelnetServer::started(const std::string& session, std::chrono::milliseconds timeout) {
  log_.debug("session {} of {} begins", session, actor_);
  auto told = tell(messages::operation::session_started,
                   codec::encode(messages::SessionStartedArgs{session}), timeout);
  if (!told) {
    log_.warn("session {} of {} could not be started: {}", session, actor_, told.error().message);
  }
  return told;
}

Result<void> TelnetServer::received(const std::string& session, std::string line,
                                    std::chrono::milliseconds timeout) {
  auto told = tell(messages::operation::receive_text,
                   codec::encode(messages::TextArgs{session, std::move(line)}), timeout);
  if (!told) {
    log_.warn("a line of session {} failed in {}: {}", session, actor_, told.error().message);
  }
  return told;
}

void TelnetServer::ended(const std::string& session) {
  bool empty = false;
  {
    const MutexLock lock(mutex_);
    sessions_.erase(session);
    empty = sessions_.empty();
  }
  log_.debug("session {} of {} is over", session, actor_);
  if (empty) notices_.on_empty();
}

Result<void> TelnetServer::send(std::string_view session, std::string_view text) {
  std::shared_ptr<Session> found;
  {
    const MutexLock lock(mutex_);
    const auto at = sessions_.find(session);
    // Session is used without the lock: it has its own, and may end meanwhile.
    if (at != sessions_.end()) found = at->second;
  }
  const auto gone = [&] {
    // Text is the first-party one (contracts.md 3.9).
    return fail(ErrorCode::not_found,
                fmt::format("Socket is not present for session {}", excerpt(session)),
                "the client may have closed it");
  };
  if (!found) return gone();
  auto sent = found->send(text);
  if (!sent && sent.error().code == ErrorCode::not_found) return gone();
  return sent;
}

std::vector<std::shared_ptr<Session>> TelnetServer::all_sessions() const {
  const MutexLock lock(mutex_);
  std::vector<std::shared_ptr<Session>> all;
  all.reserve(sessions_.size());
  for (const auto& [id, session] : sessions_) all.push_back(session);
  return all;
}

void TelnetServer::close() {
  {
    const MutexLock lock(mutex_);
    closed_ = true;
  }
  listeners_->close();
  for (const auto& session : all_sessions()) session->end("\r\nThe session is closed.\r\n");
}

void TelnetServer::cut_sessions() {
  for (const auto& session : all_sessions()) session->cut();
}

void TelnetServer::sweep(SteadyTime now) {
  for (const auto& session : all_sessions()) session->sweep(now);
}

bool TelnetServer::over() const {
  const MutexLock lock(mutex_);
  return closed_ && sessions_.empty();
}

std::size_t TelnetServer::sessions() const {
  const MutexLock lock(mutex_);
  return sessions_.size();
}

}  // namespace trellis::providers::telnet
