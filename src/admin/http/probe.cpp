#include "admin/http/probe.hpp"

#include "base/text.hpp"
#include "json/json_text.hpp"

namespace trellis::admin {
namespace {

using codec::httpserver::Response;

Response probe_answer(std::uint32_t status, std::string_view type, const std::string& text) {
  return {status,
          "",
          {{"content-type", std::string(type)}, {"cache-control", "no-store"}},
          to_bytes(text)};
}

Response probe_answer(std::uint32_t status, const nlohmann::json& body) {
  return probe_answer(status, "application/json", dump_json(body) + "\n");
}

Response probe_refusal(std::uint32_t status, std::string_view reason) {
  return probe_answer(status, {{"error", reason}});
}

std::string_view without_port(std::string_view host) {
  const auto port = host.rfind(':');
  return port == std::string_view::npos || host.ends_with(']') ? host : host.substr(0, port);
}

/// Whether the request names this machine. Probes without Host (HTTP/1.0) are no browsers.
bool is_this_machine(std::string_view host) {
  const bool numbers = host.find_first_not_of("0123456789.") == std::string_view::npos;
  return host.empty() || to_lower_ascii(host) == "localhost" || host == "[::1]" ||
         (numbers && host.starts_with("127."));
}

}  // namespace

Response answer_probe(const Probe& probe, const ProbeSources& sources) {
  // Browser on this machine would ask under any name that its page's server likes (DNS rebinding),
  // and its page could read the answer.
  if (!is_this_machine(without_port(probe.host))) return probe_refusal(421, "Misdirected Request");
  const bool wants_metrics = probe.path == "/metrics" && sources.metrics;
  if (probe.path != "/livez" && probe.path != "/readyz" && !wants_metrics) {
    return probe_refusal(404, "Not Found");
  }
  if (probe.method != "GET" && probe.method != "HEAD") {
    return probe_refusal(405, "Method Not Allowed");
  }
  // Liveness asks nothing of the host: one that is only busy must not be restarted for it.
  if (probe.path == "/livez") return probe_answer(200, {{"live", true}});
  if (wants_metrics) {
    return probe_answer(200, "text/plain; version=0.0.4; charset=utf-8", sources.metrics());
  }
  const auto state = sources.readiness();
  return probe_answer(state.ready() ? 200 : 503, to_json(state));
}

}  // namespace trellis::admin
