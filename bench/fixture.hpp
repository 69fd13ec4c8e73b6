// A host runtime with signed actors, below the public facade, so that single layers can be
// measured.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.hpp"
#include "bench/guests.hpp"
#include "host/lifecycle/host_runtime.hpp"
#include "identity/keys.hpp"
#include "identity/module_token.hpp"
#include "threads/guest_thread.hpp"

namespace trellis::bench {

/// Signs modules with keys that live as long as the benchmark. One thread.
class Signer {
 public:
  Signer() : account_(identity::KeyPair::generate(identity::KeyType::account, random_)) {}

  struct Signed {
    std::string key;
    Bytes module;
  };
  [[nodiscard]] Result<Signed> sign(ByteView module) {
    const auto subject = identity::KeyPair::generate(identity::KeyType::module, random_);
    identity::ActorClaims claims;
    claims.jti = make_nuid(random_);
    claims.sub = subject.public_key().text();
    claims.name = "bench";
    claims.caps = std::vector<std::string>{"wasmcloud:keyvalue", "wasmcloud:httpserver",
                                           "wasmcloud:eventstreams", "wasmcloud:messaging"};
    auto made = identity::sign_module(module, std::move(claims), account_);
    if (!made) return pass(made);
    return Signed{subject.public_key().text(), std::move(made->bytes)};
  }

 private:
  SystemRandom random_;
  identity::KeyPair account_;
};

/// The large guest as an engine has not seen it: engines keep what they compiled once.
class Variants {
 public:
  [[nodiscard]] Bytes next() {
    const auto guest = large_guest();
    Bytes made(guest.begin(), guest.end());
    constexpr std::string_view marker = "variant ";
    const auto digits = std::ranges::search(made, marker).end();
    const auto number = fmt::format("{:08}", ++number_);
    std::ranges::copy(number, digits);
    return made;
  }

 private:
  int number_ = 0;
};

/// Runs `body` on a thread that may enter guests, and waits.
template <class Body>
[[nodiscard]] Result<void> on_guest_thread(Body&& body) {
  auto thread = GuestThread::start("bench", std::forward<Body>(body));
  if (!thread) return pass(thread);
  thread->join();
  return {};
}

}  // namespace trellis::bench
