#include "providers/httpserver/server.hpp"

#include <algorithm>
#include <utility>

namespace trellis::providers::httpserver {
namespace {

constexpr std::chrono::milliseconds sweep_interval{100};
/// After the time for the answer of the handler, for sending it.
constexpr std::chrono::milliseconds drain_margin = std::chrono::seconds(2);
/// Kept back from the deadline of a stop for ending the threads.
constexpr std::chrono::milliseconds stop_margin{200};

}  // namespace

Server::Server(ThreadSource& threads, Log log, const Config& config)
    : log_(std::move(log)),
      config_(config),
      pool_(threads, log_, config.spares),
      timer_(pool_.context()) {}

Server::~Server() {
  stop(std::chrono::steady_clock::now());
}

Result<std::shared_ptr<Site>> Server::open(std::string label, const Options& options,
                                           std::shared_ptr<RequestHandler> handler) {
  auto site = std::make_shared<Site>(pool_.context(), log_, std::move(label), std::move(handler),
                                     Site::Notices{[this] { start_sweeping(); },
                                                   [this] {
                                                     const std::lock_guard lock(empty_mutex_);
                                                     emptied_.notify_all();
                                                   }});
  if (auto configured = site->configure(options); !configured) return pass(configured);
  {
    const std::lock_guard lock(mutex_);
    sites_.push_back(site);
  }
  if (auto updated = update_threads(); !updated) {
    close(site);
    return pass(updated);
  }
  return site;
}

Result<> Server::reconfigure(Site& site, const Options& options) {
  if (auto configured = site.configure(options); !configured) return configured;
  return update_threads();
}

Result<> Server::update_threads() {
  unsigned wanted = 0;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& site : sites_) {
      if (site->closing()) continue;
      wanted = std::max(wanted, site->settings()->options.workers.value_or(config_.threads));
    }
  }
  // Those that run already stay for the requests that are under way.
  return wanted == 0 ? Result<>() : pool_.set_target(wanted);
}

void Server::close(const std::shared_ptr<Site>& site) {
  const auto time = site->settings()->options.timeout + drain_margin;
  site->close(coarse_now_ns() + std::chrono::nanoseconds(time).count());
  // Fewer threads are always to be had.
  static_cast<void>(update_threads());
}

void Server::start_sweeping() {
  const std::lock_guard lock(sweep_mutex_);
  if (std::exchange(sweeping_, true)) return;
  timer_.expires_after(sweep_interval);
  timer_.async_wait([this](const ErrorCondition& error) {
    if (!error) sweep();
  });
}

void Server::sweep() {
  {
    const std::lock_guard lock(mutex_);
    const auto now = coarse_now_ns();
    for (const auto& site : sites_) site->sweep(now);
    std::erase_if(sites_,
                  [](const auto& site) { return site->closing() && site->connections() == 0; });
  }
  {
    const std::lock_guard lock(sweep_mutex_);
    sweeping_ = false;
  }
  // In this order: a connection that comes now either is seen here or starts the timer itself.
  if (has_connections()) start_sweeping();
}

bool Server::has_connections() const {
  const std::lock_guard lock(mutex_);
  return std::any_of(sites_.begin(), sites_.end(),
                     [](const auto& site) { return site->connections() > 0; });
}

void Server::stop(SteadyTime deadline) {
  std::vector<std::shared_ptr<Site>> sites;
  {
    const std::lock_guard lock(mutex_);
    sites = sites_;
  }
  const auto left = deadline - std::chrono::steady_clock::now();
  for (const auto& site : sites) {
    site->close(coarse_now_ns() + std::chrono::nanoseconds(left).count());
  }
  {
    std::unique_lock lock(empty_mutex_);
    emptied_.wait_until(lock, deadline - stop_margin, [this] { return !has_connections(); });
  }
  for (const auto& site : sites) site->cut_connections();
  pool_.stop();
  const std::lock_guard lock(mutex_);
  sites_.clear();
}

std::vector<std::string> Server::urls() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> all;
  for (const auto& site : sites_) {
    for (auto& url : site->urls()) all.push_back(std::move(url));
  }
  return all;
}

}  // namespace trellis::providers::httpserver
