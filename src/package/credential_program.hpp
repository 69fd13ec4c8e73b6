// Programs that keep logins: docker-credential-NAME, as docker's own tool runs them.
#pragma once

#include <string>
#include <string_view>

#include "http/client.hpp"
#include "trellis/result.hpp"

namespace trellis::package {

/// Letters, digits, '.', '_' and '-', not beginning with a dot or hyphen: what may follow
/// docker-credential- in the name of a program that is looked for in PATH.
[[nodiscard]] bool is_credential_program(std::string_view name) noexcept;

/// What `docker-credential-NAME get` prints when it reads `server`; at most 64 KiB, within 30 s and
/// the deadline. It runs with our environment in a process group of its own, none of which
/// outlives this. Blocks; any thread. Errors: not_found (it has no login for the server),
/// unavailable (it is not there, failed, said too much or took too long), cancelled.
[[nodiscard]] Result<std::string> ask_credential_program(const std::string& name,
                                                         std::string_view server,
                                                         const http::Control& control);

}  // namespace trellis::package
