// JSON values of nlohmann's library for every layer. Their code is generated once, in json.cpp:
// it was most of what a file that prints one record compiled.
#pragma once

#include <nlohmann/json.hpp>

extern template class nlohmann::basic_json<>;
