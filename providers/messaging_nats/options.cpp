#include "providers/messaging_nats/options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/call_limits.hpp"
#include "base/sizes.hpp"
#include "base/text.hpp"
#include "codec/messages/core.hpp"
#include "lattice/wire/subjects.hpp"
#include "nats/subject_check.hpp"
#include "providers/common/link_values.hpp"

namespace trellis::providers::messaging_nats {

namespace {

constexpr std::array<std::string_view, 17> known_keys = {
    "URL",        "INBOX_PREFIX",     "SUBSCRIPTION", "QUEUEGROUP_NAME",  "CREDSFILE",
    "CLIENT_JWT", "CLIENT_SEED",      "USER",         "PASSWORD",         "TOKEN",
    "TLS_CA",     "TLS_CERT",         "TLS_KEY",      "PENDING_MESSAGES", "PENDING_BYTES",
    "DELIVERIES", "PROTOCOL_SUBJECTS"};
constexpr std::size_t max_subscriptions = 256;

// Items between commas; empty ones are dropped, as the first-party provider does.
[[nodiscard]] std::vector<std::string> list_of(std::string_view text) {
  std::vector<std::string> items;
  for (const auto part : split(text, ',')) {
    const auto item = trim(part);
    if (!item.empty()) items.emplace_back(item);
  }
  return items;
}

/// As a destination the address of "any interface" means this machine (contracts.md 3.11).
[[nodiscard]] std::string mended(std::string url) {
  constexpr std::string_view any = "0.0.0.0";
  if (const auto at = url.find(any); at != url.npos) url.replace(at, any.size(), "127.0.0.1");
  return url;
}

[[nodiscard]] Result<NatsOptions> read_connection(const codec::StringMap& values) {
  const auto text = [&](std::string_view key) { return std::string(text_value(values, key)); };
  NatsOptions nats;
  nats.name = "wasmCloud NATS Provider";  // what first-party operators look for
  if (auto urls = list_of(text("URL")); !urls.empty()) nats.servers = std::move(urls);
  std::ranges::transform(nats.servers, nats.servers.begin(), mended);
  nats.creds_file = text("CREDSFILE");
  // File wins over the rest, as in the first-party provider (contracts.md 3.4).
  if (nats.creds_file.empty()) {
    nats.jwt = text("CLIENT_JWT");
    nats.seed = text("CLIENT_SEED");
    nats.user = text("USER");
    nats.password = text("PASSWORD");
    nats.token = text("TOKEN");
  }
  if (!nats.jwt.empty() && nats.seed.empty()) {
    return fail(ErrorCode::invalid_argument, "link value CLIENT_JWT needs CLIENT_SEED",
                "add the seed of the user");
  }
  if (auto prefix = text("INBOX_PREFIX"); !prefix.empty()) nats.inbox_prefix = std::move(prefix);
  nats.tls.ca_file = text("TLS_CA");
  nats.tls.cert_file = text("TLS_CERT");
  nats.tls.key_file = text("TLS_KEY");
  // Authorities are named by people who expect TLS: a server that offers none is refused rather
  // than trusted.
  nats.tls.required = !nats.tls.ca_file.empty();
  return nats;
}

}  // namespace

Result<SubjectRules> SubjectRules::read(const codec::StringMap& values) {
  const auto all = flag_value(values, "PROTOCOL_SUBJECTS", false);
  if (!all) return pass(all);
  SubjectRules rules;
  rules.all_ = *all;
  // Hidden value: the host knows the namespaces of its own lattice, and overwrites whatever a link
  // says here.
  rules.reserved_ = list_of(text_value(values, codec::core::hidden_value::reserved_subjects));
  return rules;
}

Result<void> SubjectRules::check(std::string_view subject) const {
  if (all_ || !lattice::reaches_protocol(subject, reserved_)) return {};
  return fail(
      ErrorCode::denied,
      fmt::format("'{}' reaches subjects of the lattice's protocol",
                  replace_bad_utf8(excerpt(subject))),
      "choose another subject; actors that are to command hosts need PROTOCOL_SUBJECTS=true, "
      "from the user of the provider's host");
}

Result<Options> read_options(const codec::StringMap& values) {
  if (auto known = check_keys(values, known_keys); !known) return pass(known);
  Options options;
  auto nats = read_connection(values);
  if (!nats) return pass(nats);
  options.nats = std::move(*nats);
  auto rules = SubjectRules::read(values);
  if (!rules) return pass(rules);
  options.subjects = std::move(*rules);
  // Inbox prefix is checked like a subject: answers come there, and an answer could be an order.
  if (auto allowed = options.subjects.check(options.nats.inbox_prefix + ".x"); !allowed) {
    return fail(allowed.error().code, "link value INBOX_PREFIX: " + allowed.error().message,
                allowed.error().remedy);
  }
  options.subscriptions = list_of(text_value(values, "SUBSCRIPTION"));
  if (options.subscriptions.size() > max_subscriptions) {
    return fail(ErrorCode::invalid_argument,
                fmt::format("link value SUBSCRIPTION has more than {} subjects", max_subscriptions),
                "use wildcards");
  }
  for (const auto& subject : options.subscriptions) {
    // Syntax before rules: blanks or line ends in a subject would be commands of the protocol.
    if (auto good = nats::check_pattern(subject); !good) {
      return fail(ErrorCode::invalid_argument, "link value SUBSCRIPTION: " + good.error().message,
                  "correct the subject");
    }
    if (auto allowed = options.subjects.check(subject); !allowed) {
      return fail(allowed.error().code, "link value SUBSCRIPTION: " + allowed.error().message,
                  allowed.error().remedy);
    }
  }
  options.queue_group = text_value(values, "QUEUEGROUP_NAME");
  if (auto good = nats::check_queue_group(options.queue_group); !good) {
    return fail(ErrorCode::invalid_argument, "link value QUEUEGROUP_NAME: " + good.error().message,
                "choose a name without blanks and wildcards");
  }
  const auto deliveries = number_value(values, "DELIVERIES", options.deliveries, 1, 64);
  const auto messages =
      number_value(values, "PENDING_MESSAGES", options.pending_messages, 1, 1'000'000);
  const auto bytes =
      number_value(values, "PENDING_BYTES", options.pending_bytes, 1, 1024 * limits::mib);
  for (const auto* number : {&deliveries, &messages, &bytes}) {
    if (!*number) return std::unexpected(number->error());
  }
  options.deliveries = to_size(*deliveries);
  options.pending_messages = to_size(*messages);
  options.pending_bytes = to_size(*bytes);
  return options;
}

}  // namespace trellis::providers::messaging_nats
