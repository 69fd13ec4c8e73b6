#include "providers/httpserver/cors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.hpp"
#include "http/tokens.hpp"

namespace trellis::providers::httpserver {

using trellis::http::same_name;
namespace {

using codec::httpserver::Response;

void drop(Response& response, std::string_view lower_name) {
  std::erase_if(response.header,
                [&](const auto& each) { return same_name(each.first, lower_name); });
}

/// Adds a name to Vary, in whatever letter case the actor wrote that: caches must not give an
/// answer for one origin to another.
void vary_by(Response& response, std::string_view what) {
  std::string all;
  for (const auto& [name, value] : response.header) {
    if (!same_name(name, "vary")) continue;
    for (const auto part : split(value, ',')) {
      const auto item = trim(part);
      if (item == "*" || same_name(item, to_lower_ascii(what))) return;
    }
    all += (all.empty() ? "" : ", ") + value;
  }
  drop(response, "vary");
  all += (all.empty() ? "" : ", ") + std::string(what);
  response.header["vary"] = std::move(all);
}

std::string list_or_star(const std::vector<std::string>& all, bool any) {
  return any ? "*" : join(all, ", ");
}

}  // namespace

CorsHandler::CorsHandler(CorsRules rules, std::shared_ptr<RequestHandler> inner)
    : rules_(std::move(rules)), inner_(std::move(inner)) {}

void CorsHandler::handle(const RequestView& request, Response& response) {
  const auto origin = request.header("origin");
  if (request.method == "OPTIONS" && origin) {
    if (const auto method = request.header("access-control-request-method")) {
      // Preflights are answered here; the actor never sees them.
      return answer_preflight(request, *origin, *method, response);
    }
  }
  inner_->handle(request, response);
  // Link decides who may read, not the actor: what it says about that is dropped.
  drop(response, "access-control-allow-origin");
  drop(response, "access-control-allow-credentials");
  add_origin(origin.value_or(""), response);
}

bool CorsHandler::allows_origin(std::string_view origin) const {
  if (rules_.any_origin) return true;
  return std::find(rules_.origins.begin(), rules_.origins.end(), origin) != rules_.origins.end();
}

/// Reason why a preflight is refused; empty when it is not.
std::string CorsHandler::refusal(std::string_view origin, std::string_view method,
                                 std::string_view headers) const {
  if (!allows_origin(origin)) return fmt::format("Origin {} is not allowed\n", excerpt(origin));
  const auto& methods = rules_.methods;
  if (!rules_.any_method && std::find(methods.begin(), methods.end(), method) == methods.end()) {
    return fmt::format("Method {} is not allowed for other origins\n", excerpt(method));
  }
  if (rules_.any_header) return {};
  for (const auto part : split(headers, ',')) {
    const auto header = trim(part);
    const bool known =
        header.empty() ||
        std::any_of(rules_.headers.begin(), rules_.headers.end(), [&](const std::string& each) {
          return same_name(header, to_lower_ascii(each));
        });
    if (!known) return fmt::format("Header {} is not allowed for other origins\n", excerpt(header));
  }
  return {};
}

void CorsHandler::answer_preflight(const RequestView& request, std::string_view origin,
                                   std::string_view method, Response& response) const {
  const auto headers = request.header("access-control-request-headers").value_or("");
  const auto reason = refusal(origin, method, headers);
  if (!reason.empty()) {
    response = {403, "", {{"content-type", "text/plain; charset=utf-8"}}, to_bytes(reason)};
  } else {
    response = {204, "", {}, {}};
    add_origin(origin, response);
    response.header["access-control-allow-methods"] =
        list_or_star(rules_.methods, rules_.any_method);
    const auto allowed = list_or_star(rules_.headers, rules_.any_header);
    if (!allowed.empty()) response.header["access-control-allow-headers"] = allowed;
    if (rules_.max_age) {
      response.header["access-control-max-age"] = std::to_string(*rules_.max_age);
    }
  }
  if (!rules_.any_origin) vary_by(response, "Origin");
  vary_by(response, "Access-Control-Request-Method");
  vary_by(response, "Access-Control-Request-Headers");
}

void CorsHandler::add_origin(std::string_view origin, Response& response) const {
  if (rules_.any_origin) {
    response.header["access-control-allow-origin"] = "*";
    return;
  }
  vary_by(response, "Origin");
  // Refused origins get the answer without the header: browsers keep it from the page, others never
  // cared.
  if (origin.empty() || !allows_origin(origin)) return;
  response.header["access-control-allow-origin"] = origin;
  if (rules_.credentials) response.header["access-control-allow-credentials"] = "true";
}

}  // namespace trellis::providers::httpserver
