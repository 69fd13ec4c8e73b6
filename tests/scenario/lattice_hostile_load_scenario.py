#!/usr/bin/env python3
"""Load that one actor or peer makes is paid for by nobody else: other actors are answered at once, what
nobody waits for is dropped, memory stays within bounds, and the host still stops in time."""

import concurrent.futures
import os
import statistics

import forge
import hostile
import harness
import lattice_harness
import msgpack
from harness import free_port, http_get
from hostile import GUESTS
from lattice_harness import LatticeScenario

# Far above what is usual (a millisecond), far below what waiting for the load would take (10 s).
AT_ONCE = 2.0
REQUEST = {"method": "GET", "path": "/p", "queryString": "", "header": {}, "body": b""}


class Load(hostile.HostileScenario, LatticeScenario):
    def setUp(self):
        super().setUp()
        self.spinner = self.sign(GUESTS / "spinner.wasm", "spinner", "--http_server")
        self.ports = [free_port(), free_port()]
        links = "".join(
            f"  - {{actor: {actor}, contract_id: 'wasmcloud:httpserver', provider_id: 'builtin:httpserver',\n"
            f"     values: {{BIND: '127.0.0.1:{port}'}}}}\n"
            for actor, port in zip((self.spinner, harness.ACTORS / "echo.wasm"), self.ports))
        manifest = self.write("load.yaml", f"""actors:
  - {{ref: {self.spinner}, instances: {{max: 4}}}}
  - {{ref: {harness.ACTORS}/echo.wasm}}
capabilities: [{{image_ref: 'builtin:httpserver'}}]
links:
{links}""")
        self.target = self.host("-m", manifest)
        self.spin_key, self.plain_key = (self.key_of(self.target.process, name)
                                         for name in ("spinner", "echo"))
        self.peer = self.client(headers=True, no_responders=True)
        self.key = forge.Key("N")

    def packed(self, actor, payload=None):
        return forge.packed(forge.invocation(
            self.key, forge.actor_entity("system"), forge.actor_entity(actor), "HandleRequest",
            msgpack.pack(REQUEST) if payload is None else payload))

    def flood(self, calls, payload=None, copies=1):
        """Calls into the spinner; whoever sent them waits for none of them. Copies are found out when
        their turn comes, and wait until then like the first."""
        for _ in range(calls):
            message = self.packed(self.spin_key, payload)
            for _ in range(copies):
                self.peer.publish(self.subject(self.spin_key), message, reply="_INBOX.nobody.waits")

    def assert_others_answered(self, count=100):
        took = []
        for _ in range(count // 2):
            seconds, answer = hostile.seconds(lambda: http_get(f"http://127.0.0.1:{self.ports[1]}/x"))
            self.assertEqual(answer[0], 200)
            took.append(seconds)
            seconds, (_, error) = hostile.seconds(lambda: lattice_harness.call(
                self.peer, self.key, self.plain_key, "HandleRequest", msgpack.pack(REQUEST)))
            self.assertFalse(error)
            took.append(seconds)
        print(f"median {statistics.median(took) * 1000:.1f} ms, slowest {max(took) * 1000:.1f} ms")
        self.assertLess(max(took), AT_ONCE)

    def lattice_info(self):
        return self.control(self.target.process, "inventory")["result"]["lattice"]

    def busy(self):
        """Instances of the spinner in a call."""
        actors = self.control(self.target.process, "inventory")["result"]["actors"]
        return next(each["busy"] for each in actors if each["id"] == self.spin_key)

    def assert_stops_in_time(self):
        seconds, status = hostile.seconds(self.target.stop)
        self.assertEqual(status, 0, self.target.process.text("err"))
        self.assertLess(seconds, 11 + AT_ONCE)

    def test_an_actor_that_computes_keeps_nobody_waiting(self):
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            spinning = [pool.submit(http_get, f"http://127.0.0.1:{self.ports[0]}/") for _ in range(8)]
            self.flood(200)
            harness.wait_until(lambda: self.lattice_info()["calls_in"] > 0 and self.busy() == 4,
                               "calls under way")
            self.assert_others_answered(200)
            self.assert_stops_in_time()
            for each in spinning:
                self.assertIsNotNone(each.exception(harness.PATIENCE) or each.result())

    def test_large_calls_that_wait_are_bounded_in_bytes(self):
        idle = hostile.rss_bytes(self.target.process.pid)
        self.flood(80)  # for every thread that they may have
        self.flood(4, b"x" * 900_000, copies=100)
        self.assert_others_answered(20)
        held = hostile.rss_bytes(self.target.process.pid) - idle
        if not os.environ.get("TRELLIS_SANITIZED"):
            self.assertLess(held, 200 * 1024 * 1024)
        self.assertGreater(self.lattice_info()["calls_busy"], 0)
        self.assert_stops_in_time()

    def test_what_nobody_waits_for_is_dropped(self):
        self.flood(200)
        harness.wait_until(lambda: self.lattice_info()["calls_expired"] > 0, "dropped calls", 60)
        self.assert_others_answered(20)


if __name__ == "__main__":
    harness.main()
