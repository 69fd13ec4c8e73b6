#!/usr/bin/env python3
"""A guest that may send messages commands nobody's host, and a peer cannot take the name of an actor
that runs here (docs/security.md, "What a guest can do" and "The lattice")."""

import json
import queue

import forge
import lattice_harness
import msgpack
from harness import PATIENCE, wait_until
from hostile import GUESTS, HostileScenario
from lattice_harness import LatticeScenario

MESSAGING = "wasmcloud:messaging"


class HostileGuests(LatticeScenario, HostileScenario):
    def control(self, *arguments, **named):
        """A subject, or a request on the control socket: what the two parents call so."""
        parent = LatticeScenario if len(arguments) == 1 else HostileScenario
        return parent.control(self, *arguments, **named)


class HostileMessages(HostileGuests):
    permissions = []

    def with_messaging(self, *flags, values="", env=None):
        actor = self.sign(GUESTS / "relay.wasm", "sender", "--msg")
        path = self.write("messaging.yaml", f"""
actors: ['{actor}', '{self.witness}']
capabilities: [{{image_ref: 'builtin:messaging-nats'}}]
links:
  - actor: '{actor}'
    contract_id: {MESSAGING}
    provider_id: builtin:messaging-nats
    values: {{URL: 'nats://localhost:{self.server.port}'{values}}}
""")
        return self.host("--keep-going", "-m", path, *flags, env=env)

    def message(self, host, operation, **fields):
        """What the guest is answered; an error is a text."""
        good, answer = self.relay(host.process, "sender", [MESSAGING], operation,
                                  msgpack.pack(fields))
        return msgpack.unpack(answer) if good else answer

    def publish(self, host, subject, body=b"x", reply=""):
        return self.message(host, "Publish", subject=subject, replyTo=reply, body=body)["published"]

    def test_a_guest_orders_nothing_and_asks_nothing(self):
        host = self.with_messaging()
        order = json.dumps({"host_id": host.id, "provider_ref": "builtin:keyvalue",
                            "link_name": "default"}).encode()
        lp = self.control(f"cmd.{host.id}.lp")
        self.assertIn("protocol", self.message(host, "Request", subject=self.control("get.claims"),
                                               body=b"", timeout=2000))
        self.assertIn("protocol", self.message(host, "Request", subject=lp, body=order, timeout=2000))
        self.assertFalse(self.publish(host, lp, order))
        self.assertFalse(self.publish(host, "somebody.answers", order, reply=lp))
        for subject in ("lattice.state.events", self.subject("links"), self.subject("claims"),
                        f"trellis.ctl.default.{host.id}.stop", "$JS.API.INFO"):
            self.assertFalse(self.publish(host, subject))
        self.assertTrue(self.publish(host, "orders.new", b"x", "_INBOX.mine"))
        self.assertNotIn("builtin:keyvalue", self.ok("get", "inventory", "--json", "--host",
                                                     host.id).out)
        lines = [line for _, line in host.process.lines if "could not publish" in line]
        self.assertEqual(len(lines), 1, lines)
        self.assert_unharmed(host.process)

    def test_subjects_of_a_cache_of_ones_own_are_the_protocol_too(self):
        host = self.with_messaging(env={"KVCACHE_STATE_REPL_SUBJECT": "my.cache",
                                        "KVCACHE_REPLAY_REQ_SUBJECT": "my.replay"})
        self.assertFalse(self.publish(host, "my.cache"))
        self.assertFalse(self.publish(host, "my.replay"))
        self.assertTrue(self.publish(host, "my.orders"))

    def test_nor_does_it_listen(self):
        for pattern in (">", "*.ctl.>", "wasmbus.>", "_INBOX.>", "lattice.state.*"):
            host = self.with_messaging(values=f", SUBSCRIPTION: '{pattern}'")
            link = self.ok("get", "links", "--json", "--host", host.id).json()["links"][0]
            self.assertEqual(link["state"], "failed")
            self.assertIn("SUBSCRIPTION", link["problem"])
            self.assertEqual(host.stop(), 0)

    def test_the_user_of_the_host_may_permit_it_and_nobody_else(self):
        host = self.with_messaging(values=", PROTOCOL_SUBJECTS: 'true'")
        heard = self.client().collect("wasmbus.test")
        self.assertTrue(self.publish(host, "wasmbus.test"))
        self.assertEqual(heard.get(timeout=PATIENCE).data, b"x")
        link = self.ok("get", "links", "--json", "--host", host.id).json()["links"][0]
        actor, provider = link["actor_id"], link["provider_id"]
        other = {"actor_id": actor, "provider_id": provider, "link_name": "default",
                 "contract_id": MESSAGING,
                 "values": {**link["values"], "PROTOCOL_SUBJECTS": "TRUE"}}
        self.client().publish(self.subject("links"), msgpack.pack(other))
        wait_until(lambda: "PROTOCOL_SUBJECTS" in host.process.text(), "the refusal")


class HostileAliases(HostileGuests):
    def setUp(self):
        super().setUp()
        self.peer = self.client()
        self.thief = forge.Key("M").text
        self.victim = self.sign(GUESTS / "relay.wasm", "victim-actor", "--call-alias", "victim")
        self.stolen = self.peer.collect(self.subject(self.thief))

    def claim(self):
        """An alias as anybody can write it into the cache."""
        event = {"origin_id": "x", "event": {2: ["wclc:call_victim", self.thief]}}
        self.peer.publish("lattice.state.events", msgpack.pack(event))
        self.peer.flush()

    def host_with_caller(self, *flags):
        path = self.write("caller.yaml", f"actors: ['{self.witness}']\n")
        return self.host("-m", path, *flags)

    def wait_for_theft(self, host):
        """Until the host has the alias for somebody else; what was sent there is forgotten."""
        wait_until(lambda: not self.relay(host.process, "witness", ["victim"], "Echo", b"x")[0]
                   and not self.stolen.empty(), "the alias to lead elsewhere")
        while not self.stolen.empty():
            self.stolen.get()

    def assert_mine(self, host):
        for _ in range(5):
            self.assertEqual(self.relay(host.process, "witness", ["victim"], "Echo", b"secret"),
                             (True, b"secret"))
        with self.assertRaises(queue.Empty):
            self.stolen.get(timeout=0.2)

    def start_victim(self, host):
        self.ok("start", "actor", self.victim, "--host", host.id)

    def test_the_actor_comes_after_the_claim(self):
        host = self.host_with_caller()
        self.claim()
        self.wait_for_theft(host)
        self.start_victim(host)
        self.assert_mine(host)
        told = [line for _, line in host.process.lines if "call alias 'victim'" in line
                and " warn " in line]
        self.assertEqual(len(told), 1, told)
        self.assertIn(self.thief, told[0])

    def test_the_claim_comes_after_the_actor(self):
        host = self.host_with_caller()
        self.start_victim(host)
        self.claim()
        self.claim()
        self.assert_mine(host)

    def test_a_late_host_with_the_claim_in_the_cache(self):
        first = self.host_with_caller()
        self.claim()
        self.wait_for_theft(first)
        path = self.write("both.yaml", f"actors: ['{self.witness}', '{self.victim}']\n")
        late = self.host("-m", path)
        self.assert_mine(late)
        self.assertEqual(late.stop(), 0)
        self.assert_mine(self.host("-m", path))

    def test_a_link_does_not_take_it_either(self):
        """A contract of that name, invented by a link, would have the alias ignored."""
        host = self.host_with_caller()
        link = {"actor_id": forge.Key("M").text, "provider_id": forge.Key("V").text,
                "link_name": "default", "contract_id": "victim", "values": {}}
        self.peer.publish(self.subject("links"), msgpack.pack(link))
        self.peer.flush()
        wait_until(lambda: '"victim"' in self.ok("get", "links", "--json", "--host", host.id).out,
                   "the link")
        self.start_victim(host)
        self.assert_mine(host)


if __name__ == "__main__":
    lattice_harness.main()
