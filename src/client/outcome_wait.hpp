// Waiting for what becomes of a command.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/mutex.hpp"
#include "lattice/wire/events.hpp"
#include "lattice/wire/own_messages.hpp"
#include "lattice/wire/subjects.hpp"
#include "nats/transport.hpp"

namespace trellis::client {

/// Listens from before the command is sent. Trellis hosts tell the outcome by the operation's id;
/// of other hosts the event is taken that shows success. Any thread.
class OutcomeWait {
 public:
  struct Expected {
    std::string operation;  ///< id
    std::string command;    ///< as in Outcome::command
    std::string host_id;
    std::string reference;       ///< image reference or public key
    std::string actor = {};      ///< of an update or a stop, when `reference` is not its key
    std::string link_name = {};  ///< of a provider
  };

  [[nodiscard]] static Result<std::unique_ptr<OutcomeWait>> start(nats::Transport& transport,
                                                                  const lattice::Subjects& subjects,
                                                                  const Expected& expected);

  /// Nothing when nothing was heard by then.
  [[nodiscard]] std::optional<lattice::Outcome> wait(SteadyTime deadline);

 private:
  struct Heard {
    Mutex mutex;
    Condition arrived;
    std::optional<lattice::Outcome> outcome GUARDED_BY(mutex);
    void set(lattice::Outcome what);
  };

  const std::shared_ptr<Heard> heard_ = std::make_shared<Heard>();
  std::unique_ptr<nats::Subscription> outcomes_;
  std::unique_ptr<nats::Subscription> events_;
};

/// Whether `event` shows that the command was carried out; the key of what it is about.
[[nodiscard]] std::optional<std::string> shows_success(const lattice::PublishedEvent& event,
                                                       const OutcomeWait::Expected& expected);

}  // namespace trellis::client
