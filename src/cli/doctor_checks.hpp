// The checks of `trellis doctor`, each a function of what the system answers.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cli/doctor_system.hpp"

namespace trellis::cli {

/// `warning`: works, but less well than it could. `problem`: something will fail.
enum class Health { ok, warning, problem };

[[nodiscard]] std::string_view to_string(Health health) noexcept;

struct Check {
  std::string name;  ///< stable, for programs: "address-space"
  Health health = Health::ok;
  std::string finding;  ///< what is
  std::string remedy;   ///< what to do; never empty when health is not ok
};

[[nodiscard]] Check check_address_space(const System& system);
[[nodiscard]] Check check_reservation(const System& system);
[[nodiscard]] Check check_overcommit(const System& system);
[[nodiscard]] Check check_map_count(const System& system);
[[nodiscard]] Check check_open_files(const System& system);
[[nodiscard]] Check check_stack(const System& system);
[[nodiscard]] Check check_threads(const System& system);
[[nodiscard]] Check check_cpus(const System& system);
[[nodiscard]] Check check_engine(const System& system);
[[nodiscard]] Check check_port(const System& system, std::uint16_t port);
[[nodiscard]] Check check_clock(const System& system);
[[nodiscard]] Check check_temporary_folder(const System& system);
[[nodiscard]] Check check_state_folder(const System& system);

/// Variables that look meant for a host or its tools and are read by neither.
[[nodiscard]] Check check_variables(const System& system);

/// All of them, in the order shown.
[[nodiscard]] std::vector<Check> run_checks(const System& system, std::uint16_t port);

}  // namespace trellis::cli
