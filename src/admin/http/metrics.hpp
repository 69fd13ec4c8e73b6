// The figures of a host in the text format that Prometheus and its kind read (exposition format
// 0.0.4).
#pragma once

#include <string>

#include "trellis/host_types.hpp"

namespace trellis::admin {

/// One block for each figure, uniform over all actors and providers:
///
///   trellis_actor_calls_total, _errors_total, _replaced_total, _instances, _busy, _healthy
///       labels: actor (key), name
///   trellis_provider_calls_total, _errors_total, _timeouts_total, _restarts_total, _healthy
///       labels: provider (key), contract, link_name, name
///   trellis_lattice_calls_out_total, _calls_lost_total, _calls_in_total, _calls_refused_total,
///   _calls_busy_total, _calls_expired_total,
///       _cache_entries
///   trellis_memory_budget_bytes; trellis_memory_held_bytes, _refused_total
///       labels: kind (http, calls, control, claims, links, names, cache, delivery)
///   trellis_uptime_seconds
///
/// healthy is 1, 0, or absent while nobody has asked. Pure; any thread.
[[nodiscard]] std::string metrics_text(const Inventory& inventory);

}  // namespace trellis::admin
