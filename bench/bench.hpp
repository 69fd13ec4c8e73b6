// The benchmarks of `make bench` and `trellis bench`: ratios to floors measured in the same run.
#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <string>

#include "bench/report.hpp"
#include "trellis/engine.hpp"
#include "trellis/result.hpp"

namespace trellis::bench {

struct Options {
  bool quick = false;                                ///< a tenth of the time, for a first look
  std::function<void(const std::string&)> progress;  ///< one line per step
  std::string nats_url;                              ///< of a server for (g) and (h)
  pid_t nats_pid = 0;                                ///< its process, whose time counts too
  std::string redis_url;                             ///< of a server for (j); empty: left out
};

/// (a) to (d): engine, router, provider, actor to actor, two threads.
[[nodiscard]] Result<void> measure_calls(const std::shared_ptr<EngineRuntime>& engine,
                                         const Options& options, Report& report);
/// How four guests that compute share the cores.
[[nodiscard]] Result<void> measure_cores(const std::shared_ptr<EngineRuntime>& engine,
                                         const Options& options, Report& report);
/// (e): HTTP through an actor against the same server answering from C++. Needs `wrk`.
[[nodiscard]] Result<void> measure_http(const std::shared_ptr<EngineRuntime>& engine,
                                        const Options& options, Report& report);
/// (f): file to first answer, second instance, memory of instances and of an idle host.
[[nodiscard]] Result<void> measure_startup(const std::shared_ptr<EngineRuntime>& engine,
                                           const Options& options, Report& report);
/// (f): actors of a manifest, packaged providers, what stopped actors leave behind.
[[nodiscard]] Result<void> measure_starting(const std::shared_ptr<EngineRuntime>& engine,
                                            const Options& options, Report& report);
/// (f): memory of `trellis up`, idle and with actors.
[[nodiscard]] Result<void> measure_memory(const Options& options, Report& report);
/// (g): calls over the lattice against bare requests through the same server.
[[nodiscard]] Result<void> measure_lattice(const std::shared_ptr<EngineRuntime>& engine,
                                           const Options& options, Report& report);
/// (h), (i): hosts that join a lattice with much in its cache.
[[nodiscard]] Result<void> measure_joining(const std::shared_ptr<EngineRuntime>& engine,
                                           const Options& options, Report& report);

/// (g): what calls from another process cost this one.
[[nodiscard]] Result<void> measure_arriving(const std::shared_ptr<EngineRuntime>& engine,
                                            const Options& options, Report& report);

/// (i): calls to a provider in the host's process and in one of its own; starting one.
[[nodiscard]] Result<void> measure_providers(const std::shared_ptr<EngineRuntime>& engine,
                                             const Options& options, Report& report);

/// (j): the counter over HTTP and Redis against the same handler in C++. Needs `wrk`.
[[nodiscard]] Result<void> measure_counter(const std::shared_ptr<EngineRuntime>& engine,
                                           const Options& options, Report& report);

/// (k): calls of an actor to key-value and event streams over Redis, to messaging over NATS.
[[nodiscard]] Result<void> measure_redis_services(const std::shared_ptr<EngineRuntime>& engine,
                                                  const Options& options, Report& report);
[[nodiscard]] Result<void> measure_messaging(const std::shared_ptr<EngineRuntime>& engine,
                                             const Options& options, Report& report);

}  // namespace trellis::bench
