// A host as the control interface sees it, for tests of both sides of that interface.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "lattice/control/control_target.hpp"

namespace trellis::lattice::test {

inline constexpr auto host_id = "NBW254URXMUN7FXUKBC4W7Y6LUYMMKG6BN5JGISHXWHX2LRFSW74MWF7";
inline constexpr auto actor_id = "MBAZA6UGHQEIBS5CN53SZVZ2Z7DUJCLZ5LAHGFUMENRKO5NBGND5CATU";
inline constexpr auto provider_id = "VATFYIKSMHSS7R6F7IY22AVROCI6EE2HIP44U5PMPNPERSP7CNI6TBDR";

/// Starts of "slow" wait until told.
class ScriptedHost final : public ControlTarget {
 public:
  std::uint64_t uptime_seconds() const override { return 12; }
  codec::StringMap labels() const override { return {{"zone", "a"}, {"hostcore.os", "linux"}}; }
  HostInventory inventory() const override {
    return {
        host_id, labels(), std::vector<ActorDescription>(actors, {actor_id, {}, "Echo", 2}), {}};
  }
  std::vector<LinkDefinition> links() const override {
    return std::vector<LinkDefinition>(
        link_count, {actor_id, provider_id, "default", "wasmcloud:keyvalue", {{"URL", "redis"}}});
  }
  std::vector<LinkStateRecord> link_states(const LinkStatesRequest& of) const override {
    const std::scoped_lock lock(mutex);
    ++asked;
    auto told = states;
    for (auto& state : told) {
      state.as_asked = of.provider_id == provider_id && of.values == wanted;
      if (asked >= bound_when_asked) state.state = "bound";
    }
    return told;
  }
  std::vector<ClaimsValues> claims() const override { return {{{{"sub", actor_id}}}}; }
  std::string running_actor(std::string_view reference) const override {
    return reference == actor_id || reference == "running" ? actor_id : "";
  }
  std::optional<RunningProvider> running_provider(std::string_view reference,
                                                  std::string_view link_name) const override {
    if (reference != "running" || link_name != "default") return std::nullopt;
    return RunningProvider{provider_id, "wasmcloud:keyvalue"};
  }
  Result<void> may_start_actor(std::string_view reference) const override {
    if (reference != "forbidden") return {};
    return fail(ErrorCode::denied, "not this one", "take another");
  }
  Result<void> may_start_provider(std::string_view reference, std::string_view) const override {
    return may_start_actor(reference);
  }
  Result<void> may_update_actor(std::string_view, std::string_view reference) const override {
    return may_start_actor(reference);
  }
  Result<void> may_stop_host() const override { return {}; }

  Result<std::string> start_actor(const std::string& reference) override {
    note("start " + reference);
    if (reference == "broken") return fail(ErrorCode::malformed, "not a module");
    if (reference == "slow") {
      std::unique_lock lock(mutex);
      go.wait_for(lock, std::chrono::seconds(20), [&] { return may_go; });
    }
    return actor_id;
  }
  Result<void> stop_actor(const std::string& key) override { return note("stop " + key); }
  Result<void> update_actor(const std::string& key, const std::string& reference) override {
    return note("update " + key + " " + reference);
  }
  Result<void> scale_actor(const std::string& key, std::optional<std::uint32_t> minimum,
                           std::optional<std::uint32_t> maximum) override {
    return note("scale " + key + " " + std::to_string(minimum.value_or(0)) + ".." +
                std::to_string(maximum.value_or(0)));
  }
  Result<std::string> start_provider(const std::string& reference,
                                     const std::string& link_name) override {
    note("start " + reference + "/" + link_name);
    return provider_id;
  }
  Result<void> stop_provider(const std::string& key, const std::string& link_name) override {
    return note("stop " + key + "/" + link_name);
  }
  Result<void> stop_host() override { return note("stop host"); }

  Result<void> note(std::string what) {
    const std::scoped_lock lock(mutex);
    done.push_back(std::move(what));
    return {};
  }

  std::size_t actors = 1;
  std::size_t link_count = 1;
  mutable std::mutex mutex;
  std::condition_variable go;
  bool may_go = false;            // under mutex
  std::vector<std::string> done;  // under mutex
  // What is told of links, under mutex:
  std::vector<LinkStateRecord> states;
  codec::StringMap wanted;  // the values that the link has here
  mutable int asked = 0;
  int bound_when_asked = 1'000'000;  // the question from which on it is bound
};

/// Threads of one test: each job has its own, all end with this.
class Threads {
 public:
  ~Threads() {
    for (auto& thread : threads_) thread.join();
  }
  Result<void> run(std::function<void()> job) {
    const std::scoped_lock lock(mutex_);
    threads_.emplace_back(std::move(job));
    return {};
  }

 private:
  std::mutex mutex_;
  std::vector<std::thread> threads_;
};

}  // namespace trellis::lattice::test
