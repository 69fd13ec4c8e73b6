// Names of hosts: by default as the machine they run on.
#pragma once

#include <string>
#include <string_view>

namespace trellis::cli {

/// Name that the kernel has for this machine; empty when it says nothing.
[[nodiscard]] std::string machine_name();

/// Why hosts cannot be called so; empty when they can. Names are typed after --host, where they
/// must not be taken for something else, and shown in tables of other machines.
[[nodiscard]] std::string check_host_name(const std::string& name);

/// The wish, which was checked, else the machine's name as far as hosts can be called so; may be
/// empty: a host without a name.
[[nodiscard]] std::string host_name(const std::string& wish, std::string_view machine);

}  // namespace trellis::cli
