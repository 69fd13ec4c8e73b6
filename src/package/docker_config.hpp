// Logins as docker's own tool keeps them: config.json, written by `docker login`.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "http/client.hpp"
#include "trellis/result.hpp"

namespace trellis::package {

/// Login that one registry is told: user and password, or a token for its token server.
struct Login {
  std::string user;
  std::string password;
  std::string identity_token;  ///< instead of the password
};

/// Entry of a config.json for one registry: who is asked, and what is known if that knows nothing.
struct DockerLogin {
  std::string program;  ///< docker-credential-NAME; empty: none
  std::optional<Login> login;
};

/// Reads credHelpers, credsStore and auths; a registry is named there with or without scheme and
/// version ("https://index.docker.io/v1/"). Errors: malformed, with where. Any thread.
[[nodiscard]] Result<DockerLogin> read_docker_config(std::string_view json,
                                                     std::string_view registry);
/// Answer of a program: {"ServerURL": …, "Username": …, "Secret": …}; of the user <token> the
/// secret is an identity token. Errors: malformed.
[[nodiscard]] Result<Login> read_credential_answer(std::string_view json);

/// A login, or why there is none: "FILE has none for registry.example.com".
struct FoundLogin {
  std::optional<Login> login;
  std::string where;
};

/// Looks into the file, which need not exist, and asks the program it names. Blocks; any thread.
[[nodiscard]] FoundLogin find_docker_login(const std::filesystem::path& file,
                                           const std::string& registry,
                                           const http::Control& control);

}  // namespace trellis::package
