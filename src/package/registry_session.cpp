#include "package/registry_session.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>

#include "package/oci_manifest.hpp"
#include "package/reference.hpp"

namespace trellis::package {
namespace {

using std::chrono::milliseconds;

constexpr int max_redirects = 5;

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/// Statuses that a second attempt may improve.
bool is_transient(int status) {
  return status == 408 || status == 429 || status == 500 || (status >= 502 && status <= 504);
}

bool is_success(int status) {
  return status >= 200 && status < 300;
}

bool contains(const std::vector<std::string>& list, const std::string& entry) {
  return std::ranges::find(list, entry) != list.end();
}

/// Login that was given for all registries, or for this one among others.
std::optional<Login> login_for_all(const RegistrySettings& settings, const std::string& registry) {
  const auto& have = settings.credentials;
  if (!have) return {};
  const auto is_meant = [&](const std::string& name) { return is_same_registry(name, registry); };
  if (!have->registries.empty() && std::ranges::none_of(have->registries, is_meant)) return {};
  return Login{have->user, have->password, {}};
}

/// A body from a text that is kept with it.
http::Upload upload_of_text(std::string text) {
  const auto size = text.size();
  return {size, [text = std::move(text), at = std::size_t{0}](std::span<char> into) mutable {
            const auto count = std::min(into.size(), text.size() - at);
            std::copy_n(text.data() + at, count, into.data());
            at += count;
            return Result<std::size_t>(count);
          }};
}

http::Settings http_settings(const RegistrySettings& settings) {
  return {.ca_file = settings.ca_file,
          .user_agent = settings.user_agent,
          .connect_timeout = settings.connect_timeout,
          .stall_timeout = settings.stall_timeout};
}

/// Half of it fixed, half random, so that many hosts do not come back at one moment.
milliseconds with_jitter(milliseconds pause, Random& random) {
  std::uint16_t number = 0;
  random.fill({reinterpret_cast<std::uint8_t*>(&number), sizeof number});
  return pause / 2 + milliseconds(pause.count() * number / 2 / 65535);
}

constexpr auto how_to_give_credentials =
    "give a user and a password: OCI_REGISTRY_USER and OCI_REGISTRY_PASSWORD for hosts, --user and "
    "--password (WASH_REG_USER, WASH_REG_PASSWORD) or the same for commands";

}  // namespace

RegistrySession::RegistrySession(const RegistrySettings& settings, SessionPurpose purpose,
                                 http::Control control, Random& random)
    : settings_(settings),
      purpose_(std::move(purpose)),
      control_(std::move(control)),
      random_(random),
      insecure_(contains(settings.insecure, purpose_.registry)),
      login_(purpose_.with_credentials ? login_for_all(settings, purpose_.registry) : std::nullopt),
      http_(http_settings(settings)) {}

Result<http::Url> RegistrySession::url(std::string_view path) const {
  return http::parse_url(fmt::format("{}://{}{}", insecure_ ? "http" : "https",
                                     registry_server(purpose_.registry), path));
}

Result<http::Url> RegistrySession::repository_url(std::string_view path) const {
  return url(fmt::format("/v2/{}/{}", purpose_.repository, path));
}

Result<void> RegistrySession::check_encryption(const http::Url& url) const {
  if (url.encrypted || insecure_) return {};
  return fail(
      ErrorCode::denied,
      fmt::format("{} leads to {}, which is not encrypted", purpose_.registry, url.origin()),
      "correct the registry's external address in its configuration, or put it on the "
      "list of insecure registries (--insecure, --allowed-insecure)");
}

Result<http::Url> RegistrySession::location(const http::Response& response) const {
  auto next = http::resolve_url(answered_by_, response.header("location"));
  if (!next) return next;
  if (auto good = check_encryption(*next); !good) return pass(good);
  return next;
}

bool RegistrySession::is_own(const http::Url& other) const {
  const auto own = url("/");
  return own && own->same_origin(other);
}

void RegistrySession::authorize(http::Request& request) const {
  if (!is_own(request.url)) return;
  if (basic_ && login_) request.basic = http::UserAndPassword{login_->user, login_->password};
  if (!bearer_.empty()) request.headers.push_back("Authorization: Bearer " + bearer_);
}

/// Where a redirect leads. What is sent along (POST, PUT, PATCH) is for this server alone, and only
/// 307 and 308 say that it is to be sent again.
Result<http::Url> RegistrySession::next_of(const http::Request& request,
                                           const http::Response& response) const {
  auto next = location(response);
  if (!next || request.method == "GET" || request.method == "HEAD") return next;
  const bool again = response.status == 307 || response.status == 308;
  if (again && next->same_origin(request.url)) return next;
  return fail(ErrorCode::unsupported,
              fmt::format("{} answers {} with status {} and sends it to {}", purpose_.registry,
                          request.method, response.status, next->origin()),
              again ? "nothing is sent to another server: write that one's own address into the "
                      "reference, or correct the registry's external address"
                    : "correct the registry's external address in its configuration");
}

Result<http::Response> RegistrySession::follow(const MakeRequest& make) {
  auto request = make();
  const auto start = request.url;
  bool at_home = true;
  for (int hop = 0; hop <= max_redirects; ++hop) {
    at_home = at_home && request.url.same_origin(start);
    if (at_home) authorize(request);
    if (!at_home) request.basic.reset();  // credentials are for the registry alone
    auto response = http_.send(request, control_);
    answered_by_ = request.url;
    if (!response || !is_redirect(response->status)) return response;
    auto next = next_of(request, *response);
    if (!next) return pass(next);
    request = make();  // a body begins anew
    request.url = std::move(*next);
  }
  return fail(ErrorCode::unsupported,
              purpose_.registry + ": more redirects than " + std::to_string(max_redirects),
              "check the registry's external address in its configuration");
}

bool RegistrySession::pause(int done, std::optional<std::chrono::seconds> asked) {
  if (done >= settings_.retry.attempts) return false;
  if (asked && *asked > settings_.retry.longest_retry_after) return false;
  const auto doubled = settings_.retry.first_pause * (1U << std::min(done - 1, 20));
  auto wait = with_jitter(std::min<milliseconds>(doubled, settings_.retry.longest_pause), random_);
  if (asked) wait = std::max<milliseconds>(wait, *asked);
  if (control_.clock.steady() + wait >= control_.deadline) return false;
  std::mutex mutex;
  std::condition_variable_any woken;
  std::unique_lock lock(mutex);
  woken.wait_for(lock, control_.stop, wait, [] { return false; });
  return !control_.stop.stop_requested();
}

Result<http::Response> RegistrySession::repeat(const MakeRequest& make, int attempts) {
  for (int done = 1;; ++done) {
    auto response = follow(make);
    const bool again =
        response ? is_transient(response->status) : response.error().code == ErrorCode::unavailable;
    if (!again || done >= attempts) return response;
    if (!pause(done, response ? response->retry_after : std::nullopt)) return response;
  }
}

Result<http::Response> RegistrySession::authorized(const MakeRequest& make, int attempts) {
  auto response = repeat(make, attempts);
  if (!response || response->status != 401) return response;
  // The token ran out, or the registry asks at this page only.
  const auto answered = answer(*response);
  if (!answered) return pass(answered);
  return *answered ? repeat(make, attempts) : std::move(response);
}

Result<http::Response> RegistrySession::send(const MakeRequest& make) {
  return authorized(make, settings_.retry.attempts);
}

Result<http::Response> RegistrySession::send_once(const MakeRequest& make) {
  return authorized(make, 1);
}

Result<http::Response> RegistrySession::begin() {
  const auto root = url("/v2/");
  if (!root) return pass(root);
  const auto make = [&root] {
    http::Request request;
    request.url = *root;
    return request;
  };
  auto response = repeat(make, settings_.retry.attempts);
  if (!response || response->status != 401) return response;
  const auto answered = answer(*response);
  if (!answered) return pass(answered);
  return response;
}

/// Login is looked for when a registry asks for one, not before: a program may want its user's
/// attention.
Result<void> RegistrySession::look_up_login() {
  if (login_ || looked_up_ || settings_.docker_config.empty()) return {};
  looked_up_ = true;
  auto found = find_docker_login(settings_.docker_config, purpose_.registry, control_);
  login_ = std::move(found.login);
  looked_ = std::move(found.where);
  if (login_ || control_.clock.steady() < control_.deadline) return {};
  return fail(ErrorCode::deadline,
              "the time allowed ran out while a login was looked for in " + looked_,
              "allow more time (--timeout), or give user and password");
}

/// Whether the challenge can be met in a way not tried yet. Only the registry itself may say who is
/// to be told what: not where it sends us for a file.
Result<bool> RegistrySession::answer(const http::Response& unauthorized) {
  if (!answered_itself()) return false;
  const auto challenges = parse_challenges(unauthorized.header("www-authenticate"));
  const auto bearer = std::ranges::find(challenges, "bearer", &Challenge::scheme);
  const bool asks_basic =
      std::ranges::find(challenges, "basic", &Challenge::scheme) != challenges.end();
  if (bearer == challenges.end() && !asks_basic) return false;
  if (auto looked = look_up_login(); !looked) return pass(looked);
  const bool basic_is_possible = asks_basic && login_ && !login_->password.empty() && !basic_;
  if (bearer != challenges.end()) {
    auto fetched = fetch_token(*bearer);
    if (!fetched && !basic_is_possible) return pass(fetched);
    if (fetched) return true;
  }
  if (!basic_is_possible) return false;
  basic_ = true;
  return true;
}

Result<http::Url> RegistrySession::token_url(const Challenge& challenge) const {
  auto url = http::parse_url(challenge.get("realm"));
  if (!url) return url;
  if (auto good = check_encryption(*url); !good) return pass(good);
  if (!purpose_.repository.empty()) {
    url = http::with_query(*url, "scope",
                           fmt::format("repository:{}:{}", purpose_.repository, purpose_.actions));
  }
  const auto service = challenge.get("service");
  return url && !service.empty() ? http::with_query(*url, "service", service) : url;
}

// A registry says by itself where tokens are had; that alone must not bring anybody the password.
Result<void> RegistrySession::may_tell_user(const http::Url& url) const {
  if (!login_ || is_own(url)) return {};
  auto named = settings_.token_servers;
  named.emplace_back(known_token_server(purpose_.registry));
  const auto with_port = fmt::format("{}:{}", url.host, url.port);
  const bool usual = url.port == (url.encrypted ? "443" : "80");
  if (contains(named, with_port) || (usual && contains(named, url.host))) return {};
  return fail(
      ErrorCode::denied,
      fmt::format("{} wants its user and password sent to {}, which is not named for them",
                  purpose_.registry, url.origin()),
      fmt::format("if that is its token server, name both: --registry-user-for {} and "
                  "--registry-user-for {} for hosts, --token-server {} for commands",
                  purpose_.registry, usual ? url.host : with_port, usual ? url.host : with_port));
}

/// By GET with user and password or nothing, or with the identity token as docker's tool does it: a
/// form, which is answered with a token for the scope.
http::Request RegistrySession::token_request(const Challenge& challenge, const http::Url& realm,
                                             const http::Url& url) const {
  http::Request request{.url = url};
  if (!login_) return request;
  if (login_->identity_token.empty()) {
    request.basic = http::UserAndPassword{login_->user, login_->password};
    return request;
  }
  const auto encoded = [](std::string_view text) {
    return http::percent_encoded(text).value_or(std::string());
  };
  const auto scope = purpose_.repository.empty()
                         ? std::string()
                         : "&scope=" + encoded(fmt::format("repository:{}:{}", purpose_.repository,
                                                           purpose_.actions));
  request.method = "POST";
  request.url = realm;
  request.headers = {"Content-Type: application/x-www-form-urlencoded"};
  request.upload = upload_of_text(
      fmt::format("grant_type=refresh_token&client_id=trellis&service={}{}&refresh_token={}",
                  encoded(challenge.get("service")), scope, encoded(login_->identity_token)));
  return request;
}

Result<void> RegistrySession::fetch_token(const Challenge& challenge) {
  const auto realm = http::parse_url(challenge.get("realm"));
  const auto url = token_url(challenge);
  if (!realm || !url) return pass(url);
  if (auto may = may_tell_user(*url); !may) return may;
  basic_ = false;
  bearer_.clear();
  const auto make = [&] { return token_request(challenge, *realm, *url); };
  const auto response = repeat(make, settings_.retry.attempts);
  if (!response) return pass(response);
  if (!is_success(response->status)) {
    return std::unexpected(error_of(*response, "a token from " + url->origin()));
  }
  auto token = read_token(response->body);
  if (!token) return pass(token);
  bearer_ = std::move(*token);
  return {};
}

std::string RegistrySession::login_source() const {
  return looked_.empty() ? std::string() : fmt::format(" (they are of {})", looked_);
}

std::string RegistrySession::how_to_log_in() const {
  return looked_.empty() ? std::string(how_to_give_credentials)
                         : fmt::format("{}, or by docker login; looked in {}",
                                       how_to_give_credentials, looked_);
}

Error RegistrySession::error_of(const http::Response& response, std::string_view what) const {
  const auto message = fmt::format("{}: {}: status {}{}", purpose_.registry, what, response.status,
                                   read_registry_error(response.body));
  switch (response.status) {
    case 401:
      return {ErrorCode::denied, message,
              login_ ? "the registry refuses this user and password: check them" + login_source()
                     : how_to_log_in()};
    case 403:
      return {ErrorCode::denied, message,
              login_ ? "ask the registry's owner for access to the repository" + login_source()
                     : how_to_log_in()};
    case 404:
      return {ErrorCode::not_found, message,
              "check the repository and the tag; pushed artifacts "
              "of private repositories may hide until you log in"};
    case 429:
      return {ErrorCode::busy,
              response.retry_after
                  ? fmt::format("{} (it asks for {} s)", message, response.retry_after->count())
                  : message,
              "wait, or ask the registry's owner for a higher limit"};
    default: break;
  }
  if (response.status >= 500 || response.status == 408) {
    return {ErrorCode::unavailable, message, "try again later; the registry's log tells more"};
  }
  return {ErrorCode::unsupported, message, "check that this is the address of a registry"};
}

std::string_view RegistrySession::authorization() const noexcept {
  if (!bearer_.empty()) return "bearer";
  return basic_ ? "basic" : "none";
}

}  // namespace trellis::package
