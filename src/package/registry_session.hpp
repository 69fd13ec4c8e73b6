// Requests to one registry for one operation: who we are, redirects, second attempts.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/random.hpp"
#include "http/client.hpp"
#include "package/docker_config.hpp"
#include "package/oci_challenge.hpp"
#include "package/registry_settings.hpp"

namespace trellis::package {

/// What a session is for; decides the scope of the token it asks for.
struct SessionPurpose {
  std::string registry;
  std::string repository;  ///< empty for none
  std::string actions;     ///< "pull", "pull,push"
  /// Whether the pair for all registries is for this one as well. What config.json has for the
  /// registry itself always is.
  bool with_credentials = true;
};

/// One thread; `settings` and `random` outlive it.
class RegistrySession {
 public:
  using MakeRequest = std::function<http::Request()>;

  RegistrySession(const RegistrySettings& settings, SessionPurpose purpose, http::Control control,
                  Random& random);

  /// GET /v2/, and what its challenge asks for. The answer is not judged otherwise: some registries
  /// have no such page. Errors: of exchanges and of token servers.
  [[nodiscard]] Result<http::Response> begin();

  /// Makes a request until it gets an answer worth having, at most as often as the policy says.
  /// `make` is asked for each attempt, so that a download can go on where it broke off.
  [[nodiscard]] Result<http::Response> send(const MakeRequest& make);
  /// Makes it once, for requests that cannot simply be repeated.
  [[nodiscard]] Result<http::Response> send_once(const MakeRequest& make);
  /// Waits before attempt `done + 1`; false when there is to be none.
  [[nodiscard]] bool pause(int done, std::optional<std::chrono::seconds> asked);

  /// Below the registry's root: url("/v2/").
  [[nodiscard]] Result<http::Url> url(std::string_view path) const;
  /// Below the repository: repository_url("manifests/1").
  [[nodiscard]] Result<http::Url> repository_url(std::string_view path) const;
  /// The Location header of the last answer. Errors: malformed, denied (no longer encrypted).
  [[nodiscard]] Result<http::Url> location(const http::Response& response) const;
  /// Whether the last answer came from the registry itself, not from where it sent us.
  [[nodiscard]] bool answered_itself() const { return is_own(answered_by_); }
  [[nodiscard]] bool is_own(const http::Url& url) const;

  /// The error an unwanted status is; `what` as in "manifest 1 of echo".
  [[nodiscard]] Error error_of(const http::Response& response, std::string_view what) const;
  /// "none", "basic" or "bearer": how requests are signed now.
  [[nodiscard]] std::string_view authorization() const noexcept;

 private:
  Result<http::Response> repeat(const MakeRequest& make, int attempts);
  Result<http::Response> follow(const MakeRequest& make);
  Result<http::Url> next_of(const http::Request& request, const http::Response& response) const;
  Result<http::Response> authorized(const MakeRequest& make, int attempts);
  Result<bool> answer(const http::Response& unauthorized);
  Result<void> fetch_token(const Challenge& challenge);
  Result<http::Url> token_url(const Challenge& challenge) const;
  [[nodiscard]] Result<void> may_tell_user(const http::Url& url) const;
  Result<void> look_up_login();
  [[nodiscard]] std::string how_to_log_in() const;
  [[nodiscard]] std::string login_source() const;
  [[nodiscard]] http::Request token_request(const Challenge& challenge, const http::Url& realm,
                                            const http::Url& url) const;
  Result<void> check_encryption(const http::Url& url) const;
  void authorize(http::Request& request) const;

  const RegistrySettings& settings_;
  const SessionPurpose purpose_;
  const http::Control control_;
  Random& random_;
  const bool insecure_;
  std::optional<Login> login_;
  bool looked_up_ = false;
  std::string looked_;  ///< where the login is from, or was looked for in vain
  http::Client http_;
  http::Url answered_by_;  ///< where the last answer came from, after redirects
  bool basic_ = false;
  std::string bearer_;
};

}  // namespace trellis::package
