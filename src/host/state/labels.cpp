#include "host/state/labels.hpp"

#include "base/platform.hpp"

namespace trellis::host {
Labels core_labels() {
  return {{"hostcore.arch", std::string(architecture)},
          {"hostcore.os", std::string(operating_system)},
          {"hostcore.osfamily", "unix"}};
}

void merge(Labels& labels, const Labels& more) {
  for (const auto& [key, value] : more) {
    if (!core_labels().contains(key)) labels.insert_or_assign(key, value);
  }
}

}  // namespace trellis::host
