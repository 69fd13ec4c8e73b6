// Life of a plugin's instance: making, stopping and, where that fails, abandoning it.
#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <thread>
#include <utility>

#include "base/limits.hpp"
#include "provider/leak.hpp"
#include "provider/plugin_instance.hpp"
#include "provider/status.hpp"
#include "threads/waiting.hpp"

namespace trellis::provider {
namespace {

using std::chrono::milliseconds;

/// Time for threads of a plugin whose create failed to end.
constexpr milliseconds failed_create_time{2000};

Executor::Options executor_options(const Options& options, const trellis_provider_table& table) {
  const bool concurrent = (table.flags & TRELLIS_PROVIDER_CONCURRENT) != 0;
  return {options.label, options.queue, concurrent ? options.max_threads : 1, options.stuck_threads,
          limits::provider_thread_idle};
}

}  // namespace

Options with_defaults(Options options) {
  const auto cores = std::max<std::size_t>(1, std::thread::hardware_concurrency());
  const auto set = [](auto& value, auto otherwise) {
    if (value == std::remove_reference_t<decltype(value)>{}) value = otherwise;
  };
  set(options.queue, limits::provider_queue);
  set(options.max_threads, 4 * cores);
  set(options.stuck_threads, limits::provider_stuck_threads);
  set(options.response_bytes, limits::payload_bytes);
  set(options.dispatch_timeout, limits::call_timeout);
  return options;
}

PluginInstance::PluginInstance(std::shared_ptr<const Plugin> plugin, Options options,
                               std::shared_ptr<Dispatcher> dispatcher,
                               std::shared_ptr<const Clock> clock, Log log)
    : plugin_(std::move(plugin)),
      table_(plugin_->table()),
      options_(with_defaults(std::move(options))),
      dispatcher_(std::move(dispatcher)),
      clock_(std::move(clock)),
      log_(std::move(log)),
      executor_(
          executor_options(options_, table_), [this](const Job& job) { run_job(job); },
          [this](trellis_call number) { return is_open(number); }) {}

Result<void> PluginInstance::create(const std::shared_ptr<PluginInstance>& self) {
  std::string why;
  try {
    const auto status = raw_value(table_.create(&host_table(), this, &instance_));
    creating_ = false;
    if (status == TRELLIS_OK) return {};
    why = why_create_failed();
  } catch (const std::exception& thrown) {
    why = fmt::format("it threw an exception: {}", thrown.what());
  } catch (...) {
    why = "it threw an exception";
  }
  // Plugin may have made threads before it failed: they are waited for like at a stop.
  stopping_ = true;
  host_calls_.close();
  async_->cancel_all();
  if (!wait_until(&PluginInstance::quiet, now() + failed_create_time)) keep_forever(self);
  return fail(ErrorCode::provider_failed,
              fmt::format("provider {} could not be created: {}", options_.label,
                          clean_text(why, limits::provider_text_bytes)));
}

std::string PluginInstance::why_create_failed() {
  const MutexLock lock(life_mutex_);
  return last_complaint_.empty() ? "it gave no reason" : last_complaint_;
}

bool PluginInstance::stop(const std::shared_ptr<PluginInstance>& self, SteadyTime deadline) {
  MutexLock lock(life_mutex_);
  if (life_ != Life::running) return life_ == Life::gone;
  life_ = Life::stopping;
  lock.unlock();

  // Order of a stop: no call and no dispatch begins any more, callers that wait give up, then the
  // plugin is told on another thread, and this one waits for that at most until the deadline.
  stopping_ = true;
  host_calls_.close();
  executor_.refuse();
  calls_.interrupt_all();
  const auto started =
      stop_thread_.start("provider-stop", 1, [this, deadline] { retire(deadline); });

  lock.lock();
  while (started && life_ != Life::gone && now() < deadline) {
    life_changed_.wait_for(lock, wait_span(now(), deadline));
  }
  if (life_ != Life::gone) {
    // Plugin may still use its memory and the host's: nothing of it is freed any more.
    life_ = Life::abandoned;
    lock.unlock();
    log_.error("provider {} did not stop in time; it is left alone and its memory is kept",
               options_.label);
    keep_forever(self);
    return false;
  }
  return true;
}

/// Tells the plugin to stop, on a thread of its own, since a plugin may never come back from that.
void PluginInstance::retire(SteadyTime deadline) {
  // Calls that are inside get half of the time to end by themselves. A plugin that takes one call
  // at a time must not be entered twice even now; one that takes several is asked to let them go.
  const auto left = std::max(deadline - now(), SteadyTime::duration(0));
  const auto drained = wait_until(&PluginInstance::no_call_inside, now() + left / 2) ||
                       (!concurrent() && wait_until(&PluginInstance::no_call_inside, deadline));
  // Plugin that takes one call at a time and is inside one cannot be told; stop() abandons it at
  // the deadline.
  if ((!drained && !concurrent()) || !still_stopping()) return;
  try {
    table_.stop(instance_, std::chrono::nanoseconds(deadline.time_since_epoch()).count());
  } catch (...) {
    log_.error("provider {} threw an exception out of stop", options_.label);
  }
  // Dispatches under way end now; their answers may come as late as they like.
  async_->cancel_all();
  if (!wait_until(&PluginInstance::quiet, deadline) || !still_stopping()) return;
  try {
    table_.destroy(instance_);
  } catch (...) {
    log_.error("provider {} threw an exception out of destroy", options_.label);
  }
  const MutexLock lock(life_mutex_);
  if (life_ == Life::stopping) life_ = Life::gone;
  life_changed_.notify_all();
}

/// Whether stop() has not abandoned the instance meanwhile: then nothing may be destroyed.
bool PluginInstance::still_stopping() const {
  const MutexLock lock(life_mutex_);
  return life_ == Life::stopping;
}

bool PluginInstance::no_call_inside() const {
  return !calls_.any_inside() && executor_.running() == 0;
}

bool PluginInstance::quiet() const {
  return no_call_inside() && host_threads_.running() == 0 && host_calls_.is_empty() &&
         async_->quiet();
}

/// Looks again and again: the conditions come true on the call path, which is not burdened with
/// signalling for the sake of a stop.
bool PluginInstance::wait_until(bool (PluginInstance::*condition)() const,
                                SteadyTime deadline) const {
  while (!(this->*condition)()) {
    if (now() >= deadline) return false;
    std::this_thread::sleep_for(milliseconds(1));
  }
  return true;
}

void PluginInstance::keep_forever(const std::shared_ptr<PluginInstance>& self) {
  // Reference to itself keeps the instance for ever, and its threads may run on.
  self_ = self;
  expect_leak(this);
  host_threads_.abandon();
  stop_thread_.abandon();
  executor_.abandon();
}

Statistics PluginInstance::statistics() const noexcept {
  const auto totals = calls_.totals();
  Statistics counted;
  counted.calls = totals.calls;
  counted.errors = totals.errors;
  counted.timeouts = timeouts_.load(std::memory_order_relaxed);
  counted.late_completions = late_completions_.load(std::memory_order_relaxed);
  counted.double_completions = double_completions_.load(std::memory_order_relaxed);
  counted.refused_busy = refused_busy_.load(std::memory_order_relaxed);
  counted.stuck_threads = executor_.stuck();
  return counted;
}

}  // namespace trellis::provider
