#!/usr/bin/env python3
"""Passwords and values of secrets are quoted nowhere: not in events, health reasons, answers, listings or
the log, whatever fails."""

import harness
import forge
import hostile
import lattice
from harness import free_port, http_get, wait_until
from lattice_harness import LatticeScenario

PASSWORD = "Sup3rSecretWord"


class Secrets(hostile.HostileScenario, LatticeScenario):
    def test_a_password_in_the_url_of_a_link(self):
        broker = lattice.NatsServer(self, f"authorization {{ user: svc, password: {PASSWORD} }}")
        secrets = self.work / "secrets"
        secrets.mkdir()
        (secrets / "broker").write_text(f"nats://svc:{PASSWORD}@127.0.0.1:{broker.port}")
        health = free_port()
        relay = self.sign(hostile.GUESTS / "relay.wasm", "messenger", "--cap", "wasmcloud:messaging")
        manifest = self.write("secrets.yaml", f"""actors: [{{ref: {relay}}}]
capabilities: [{{image_ref: 'builtin:messaging-nats'}}]
links:
  - {{actor: {relay}, contract_id: 'wasmcloud:messaging', provider_id: 'builtin:messaging-nats',
     values: {{URL: 'secret:broker', SUBSCRIPTION: 'parrot.said'}}}}
  - {{actor: {relay}, contract_id: 'example:other', provider_id: {forge.Key('V').text},
     values: {{PASSWORD: '{PASSWORD}2', URL: 'x://u:{PASSWORD}3@h'}}}}
""")
        events = []
        self.client().subscribe(LatticeScenario.control(self, "events"), lambda message: events.append(message.data))
        host = self.host("-m", manifest, "--secrets-dir", secrets, "--health-addr", f"127.0.0.1:{health}",
                         "--log-level", "trace", env={"HEARTBEAT_INTERVAL_S": "1"})
        said = lambda: self.ok("get", "inventory", "--json").out
        wait_until(lambda: '"bound"' in said(), "the link")
        broker.stop()
        wait_until(lambda: "unhealthy" in said(), "the loss")
        wait_until(lambda: any(b"Unhealthy" in event for event in events), "the heartbeat")
        shown = [said(), self.ok("get", "links", "--json").out, self.ok("get", "inventory").out,
                 self.ok("ctl", "get", "links", *self.connection(), "--json").out,
                 http_get(f"http://127.0.0.1:{health}/readyz")[1],
                 http_get(f"http://127.0.0.1:{health}/metrics")[1], host.process.text(),
                 *(event.decode(errors="replace") for event in events)]
        for text in shown:
            self.assertNotIn(PASSWORD, text)
        self.assertIn("no connection to NATS", "".join(shown))
        self.assertIn(PASSWORD, self.ok("get", "links", "--json", "--show-secrets").out)
        self.assertEqual(host.stop(), 0)


if __name__ == "__main__":
    harness.main()
