// Where a request goes, decided when its head is there.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "providers/httpserver/request_head.hpp"
#include "providers/httpserver/route.hpp"

namespace trellis::providers::httpserver {

/// Views of the head and of the table that it was made from.
struct Routing {
  const Route* route = nullptr;    ///< null: nobody is there for it
  std::string_view path;           ///< as the actor gets it: without the prefix its route strips
  std::optional<Refusal> refusal;  ///< instead of reading its body
};

/// A body that nobody is there for, or that is longer than its route takes, is refused before it is
/// read. Without a body the connection may go on, and 404 is an answer like any other. Pure; any
/// thread.
[[nodiscard]] Routing route_request(const RequestHead& head, const RouteTable& routes);

}  // namespace trellis::providers::httpserver
