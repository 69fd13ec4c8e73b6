// An actor that uses the provider: GET /3 rolls three dice.
#include <trellis/actor.hpp>

#include <cstdlib>

using namespace trellis::guest;

struct Roll {
  std::uint32_t dice = 1;
  static constexpr auto fields() { return std::make_tuple(field("dice", &Roll::dice)); }
};

struct Rolled {
  std::vector<std::string> values;
  static constexpr auto fields() { return std::make_tuple(field("values", &Rolled::values)); }
};

static Result<http::Response> handle(const http::Request& request) {
  const auto dice = std::atoi(request.path.substr(1).c_str());
  auto rolled = trellis::guest::request<Rolled>(
      "example:dice", "Roll", Roll{dice > 0 ? std::uint32_t(dice) : 1}, "default");
  if (!rolled) return rolled.error();
  std::string text;
  for (const auto& value : rolled->values) text += value + "\n";
  return http::text(text);
}

TRELLIS_ACTOR(on<http::HandleRequest, handle>());
