#!/usr/bin/env python3
"""Whoever floods a host fills no more than its memory budget: the rest is refused and counted, others
are answered meanwhile, and what was held is given back."""

import concurrent.futures
import http.client
import json
import os
import socket
import struct

import forge
import hostile
import harness
import lattice_harness
import msgpack
from harness import free_port, http_get, wait_until
from lattice_harness import LatticeScenario

MIB = 1024 * 1024
BUDGET = 64 * MIB
REQUEST = {"method": "GET", "path": "/p", "queryString": "", "header": {}, "body": b""}


class Memory(hostile.HostileScenario, LatticeScenario):
    def setUp(self):
        super().setUp()
        self.port = free_port()
        echo = harness.ACTORS / "echo.wasm"
        manifest = self.write("memory.yaml", f"""actors: [{{ref: {echo}}}]
capabilities: [{{image_ref: 'builtin:httpserver'}}]
links:
  - {{actor: {echo}, contract_id: 'wasmcloud:httpserver', provider_id: 'builtin:httpserver',
     values: {{BIND: '127.0.0.1:{self.port}', MAX_BODY_BYTES: '8388608'}}}}
""")
        self.target = self.host("-m", manifest, "--memory-budget-mb", str(BUDGET // MIB))
        self.actor = self.key_of(self.target.process, "echo")
        self.peer = self.client(headers=True, no_responders=True)
        self.key = forge.Key("N")
        self.assert_others_answered()
        self.idle = hostile.rss_bytes(self.target.process.pid)

    def memory(self, kind):
        memory = self.control(self.target.process, "inventory")["result"]["memory"]
        self.assertLessEqual(memory["held"], memory["budget"])
        self.assertEqual(memory["budget"], BUDGET)
        return memory["kinds"][kind]

    def assert_others_answered(self):
        for _ in range(5):
            self.assertEqual(http_get(f"http://127.0.0.1:{self.port}/x")[0], 200)
            _, error = lattice_harness.call(self.peer, self.key, self.actor, "HandleRequest",
                                            msgpack.pack(REQUEST))
            self.assertFalse(error)

    def grown(self):
        return hostile.rss_bytes(self.target.process.pid) - self.idle

    def assert_bounded(self):
        """What is on its way through the host passes; what is kept is bounded."""
        at_first = self.grown()
        if not os.environ.get("TRELLIS_SANITIZED"):
            self.assertLess(at_first, BUDGET * 3)
            wait_until(lambda: self.grown() < BUDGET * 1.2, f"less than {at_first / MIB:.0f} MiB more", 30)
        print(f"grown by {at_first / MIB:.0f} MiB, {self.grown() / MIB:.0f} MiB in the end")

    def flood(self, subject, messages):
        """In parts that the host has looked at before the next: a server drops slow readers."""
        for at, message in enumerate(messages):
            self.peer.publish(subject, message)
            if at % 50 == 49:
                self.peer.flush()
                self.control(self.target.process, "ping")
        self.peer.flush()

    def change(self, kind, *arguments):
        return msgpack.pack({"origin_id": "somebody", "event": {kind: list(arguments)}})

    def test_claims(self):
        issuer = forge.Key("A")
        self.flood(self.subject("claims"),
                   (msgpack.pack(forge.claims(issuer, forge.Key("M"), b"", "x" * 50_000))
                    for _ in range(2500)))
        wait_until(lambda: self.memory("claims")["refused"] + self.memory("cache")["refused"], "refusals")
        self.assert_others_answered()
        self.assert_bounded()
        huge = forge.claims(issuer, forge.Key("M"), b"", "x" * 500_000)
        self.peer.publish(self.subject("claims"), msgpack.pack(huge))
        self.assert_others_answered()
        self.assertNotIn(huge["sub"], self.ok("get", "claims").out)
        self.assertEqual(self.target.stop(), 0)

    def test_links(self):
        provider = forge.Key("V").text
        values = {f"KEY{i}": "v" * 10_000 for i in range(10)}
        self.flood(self.subject("links"), (msgpack.pack(
            {"actor_id": forge.Key("M").text, "provider_id": provider, "link_name": "default",
             "contract_id": "a:b", "values": values}) for _ in range(1500)))
        wait_until(lambda: self.memory("links")["refused"] + self.memory("cache")["refused"], "refusals")
        self.assert_others_answered()
        # Asked for again and again, by many: as much as an answer holds, the host's own first.
        def list_links():
            for _ in range(5):
                listed = self.control(self.target.process, "links")["result"]
                self.assertEqual(listed["links"][0]["actor_id"], self.actor)
                self.assertGreater(listed["links_left_out"], 0)
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            for each in [pool.submit(list_links) for _ in range(4)]:
                each.result(harness.PATIENCE)
        self.assert_bounded()

    def test_the_cache_and_its_bookkeeping(self):
        def events():
            for i in range(2500):
                name = f"{i:06}{'n' * 200}"
                yield self.change(2, f"wclc:oci_{name}", "v" * 50_000)
                yield self.change(6, "wclc:ocis", name)
                yield self.change(1, f"wclc:oci_{name}")
        self.flood("lattice.state.events", events())
        self.assert_others_answered()
        self.assert_bounded()
        known = forge.Key("M").text

        def references():
            for i in range(4000):
                name = f"{i:06}{'n' * 20_000}"
                yield self.change(2, f"wclc:oci_{name}", known)
                yield self.change(6, "wclc:ocis", name)
                yield self.change(1, f"wclc:oci_{name}")
        self.flood("lattice.state.events", references())
        wait_until(lambda: self.memory("cache")["refused"], "refusals")
        self.assert_others_answered()
        self.assert_bounded()

    def test_slow_bodies(self):
        part = b"x" * (MIB // 2)
        head = b"POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 8000000\r\n\r\n"
        clients = []
        for _ in range(200):
            client = socket.create_connection(("127.0.0.1", self.port), harness.PATIENCE)
            self.addCleanup(client.close)
            clients.append(client)
            try:
                client.sendall(head + part)
            except OSError:
                pass  # refused while it was sending
        wait_until(lambda: self.memory("http")["refused"], "refusals")
        self.assertGreater(self.memory("http")["bytes"], BUDGET // 3)
        self.assert_bounded()
        self.assert_others_answered()
        for client in clients:
            client.close()
        wait_until(lambda: self.memory("http")["bytes"] == 0, "bodies given back")
        big = b"y" * 3_000_000
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=harness.PATIENCE)
        connection.request("POST", "/x", big)
        self.assertEqual(connection.getresponse().status, 200)
        connection.close()

    def test_control_requests(self):
        place = str(self.sockets / f"{self.target.process.pid}.sock")
        clients = []
        for _ in range(20):
            client = socket.socket(socket.AF_UNIX)
            client.settimeout(harness.PATIENCE)
            client.connect(place)
            self.addCleanup(client.close)
            clients.append(client)
            try:
                client.sendall(struct.pack(">I", 10 * MIB) + b"{" * (5 * MIB))
            except OSError:
                pass
        self.assert_others_answered()
        self.assert_bounded()
        self.assertGreater(self.memory("control")["refused"], 0)
        for client in clients:
            client.close()
        self.assert_unharmed_by_control()

    def assert_unharmed_by_control(self):
        wait_until(lambda: self.memory("control")["bytes"] < MIB, "requests given back")
        self.assertTrue(json.loads(self.ok("get", "inventory", "--json").out))


if __name__ == "__main__":
    harness.main()
