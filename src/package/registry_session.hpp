// Requests to one registry for one operation: who we are, redirects, second attempts.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/random.hpp"
#include "http/client.hpp"
#include "package/oci_challenge.hpp"
#include "package/registry_settings.hpp"

namespace trellis::package {

/// What a session is for; decides the scope of the token it asks for.
struct SessionPurpose {
  std::string registry;
  std::string repository;        ///< empty for none
  std::string actions;           ///< "pull", "pull,push"
  bool with_credentials = true;  ///< false: nobody is told user and password
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
  /// The same once, for requests that cannot simply be repeated.
  [[nodiscard]] Result<http::Response> send_once(const MakeRequest& make);
  /// Waits before attempt `done + 1`; false when there is to be none.
  [[nodiscard]] bool pause(int done, std::optional<std::chrono::seconds> asked);

  /// Below the registry's root: url("/v2/").
  [[nodiscard]] Result<http::Url> url(std::string_view path) const;
  /// Below the repository: repository_url("manifests/1").
  [[nodiscard]] Result<http::Url> repository_url(std::string_view path) const;
  /// A Location header. Errors: malformed, denied (no longer encrypted).
  [[nodiscard]] Result<http::Url> location(const http::Url& from,
                                           const http::Response& response) const;

  /// The error an unwanted status is; `what` as in "manifest 1 of echo".
  [[nodiscard]] Error error_of(const http::Response& response, std::string_view what) const;
  /// "none", "basic" or "bearer": how requests are signed now.
  [[nodiscard]] std::string_view authorization() const noexcept;
  [[nodiscard]] bool has_credentials() const noexcept { return credentials_.has_value(); }

 private:
  Result<http::Response> repeat(const MakeRequest& make, int attempts);
  Result<http::Response> follow(http::Request request);
  Result<http::Response> authorized(const MakeRequest& make, int attempts);
  Result<bool> answer(const http::Response& unauthorized);
  Result<> fetch_token(const Challenge& challenge);
  Result<http::Url> token_url(const Challenge& challenge) const;
  [[nodiscard]] Result<> may_tell_user(const http::Url& url) const;
  [[nodiscard]] bool is_own(const http::Url& url) const;
  Result<> check_encryption(const http::Url& url) const;
  void authorize(http::Request& request) const;

  const RegistrySettings& settings_;
  const SessionPurpose purpose_;
  const http::Control control_;
  Random& random_;
  const bool insecure_;
  std::optional<http::UserAndPassword> credentials_;
  http::Client http_;
  http::Url answered_by_;  ///< where the last answer came from, after redirects
  bool basic_ = false;
  std::string bearer_;
};

}  // namespace trellis::package
