// wasmcloud:messaging over NATS (contracts.md 3.4).
//
// Publish, Request, and HandleMessage for the subjects of the link. Each link has a connection of
// its own, which comes back for ever. Request answers a BrokerMessage, as the contract says and the
// first-party provider does not. A message that cannot be published is `published: false`; the log
// says why.
//
// Link values, all optional:
//   URL              nats://host:port, several separated by commas (default nats://127.0.0.1:4222);
//                    0.0.0.0 is taken for 127.0.0.1
//   SUBSCRIPTION     subjects, wildcards allowed, separated by commas
//   QUEUEGROUP_NAME  of all subscriptions: each message goes to one member
//   CREDSFILE        a credentials file; wins over all below
//   CLIENT_JWT, CLIENT_SEED   a user's token and seed
//   USER, PASSWORD   or
//   TOKEN
//   TLS_CA, TLS_CERT, TLS_KEY PEM files; TLS_CA makes TLS required
//   PROTOCOL_SUBJECTS  true lets the actor reach the subjects by which lattices are commanded
//                    (wasmbus.>, trellis.>, lattice.>, $JS.API.>, $SYS.>, and inboxes of others by
//                    wildcard); from the user of the provider's host only
//   DELIVERIES       messages of one subscription at the actor at a time (1-64, default 1, which
//                    keeps their order)
//   PENDING_MESSAGES, PENDING_BYTES  that wait for the actor (default 10000, 16777216); what comes
//                    beyond is dropped, counted and logged
#pragma once

#include "trellis/provider.h"

namespace trellis::providers::messaging_nats {

[[nodiscard]] const trellis_provider_table* table() noexcept;

}  // namespace trellis::providers::messaging_nats
