#!/usr/bin/env python3
"""Modules that would take the host's memory or time while they are compiled: signed as anybody can
sign one, started as anybody can who reaches the control interface. Each costs a start at most."""

import concurrent.futures
import os
import random
import resource

import bombs
import forge
import harness
import hostile
from hostile import GUESTS

MIB = 1 << 20
# What a module that fits may leave in memory: its machine code, for each byte of it at most this.
MACHINE_BYTES_PER_BYTE = 100
SLACK = 64 * MIB
SANITIZED = os.environ.get("TRELLIS_SANITIZED")
ROUNDS = int(os.environ.get("TRELLIS_SOAK", "40"))


class HostileCompile(hostile.HostileScenario):
    def setUp(self):
        super().setUp()
        self.issuer = forge.Key("A")

    def signed(self, file, module):
        """A signed module with a key of its own: (path, key)."""
        subject = forge.Key("M")
        claims = forge.claims(self.issuer, subject, module, "bomb")
        return self.write(file, forge.with_token(module, forge.token(self.issuer, claims))), \
            subject.text

    def start_actor(self, host, path):
        """(True, key) or (False, error text), over the control socket."""
        answer = self.control(host, "start_actor", path=path)
        return answer["ok"], answer["result"] if answer["ok"] else answer["error"]["message"]

    def assert_grown(self, host, before, most):
        if not SANITIZED:  # they keep what was freed
            self.assertLess(hostile.rss_bytes(host.pid) - before, most)

    def test_bombs_are_refused(self):
        host = self.host_with([])
        before = hostile.rss_bytes(host.pid)
        for what, make in bombs.REFUSED.items():
            with self.subTest(what):
                path, _ = self.signed("bomb.wasm", make())
                done = self.refused("start", "actor", path)
                self.assertRegex(done.err, "limit|more than|too many|deeper")
                self.assert_unharmed(host)
                self.assert_grown(host, before, SLACK)
        self.assert_ends_well(host)

    def test_what_fits_costs_a_stated_multiple(self):
        host = self.host_with([])
        for what, make in bombs.ACCEPTED.items():
            with self.subTest(what):
                module = make()
                path, key = self.signed("heavy.wasm", module)
                before = hostile.rss_bytes(host.pid)
                self.assertEqual(self.start_actor(host, path)[0], True)
                self.assert_grown(host, before, SLACK + MACHINE_BYTES_PER_BYTE * len(module))
                self.ok("stop", "actor", key)
                self.assert_unharmed(host)
        self.assert_ends_well(host)

    def start_together(self, host, count):
        paths = [self.signed(f"m{i}.wasm", bombs.dense(20_000 + i, 2))[0] for i in range(count)]
        with concurrent.futures.ThreadPoolExecutor(count) as pool:
            return list(pool.map(lambda path: self.start_actor(host, path), paths))

    def test_many_starts_at_one_time_take_turns(self):
        host = self.host_with([])
        for started, what in self.start_together(host, 8):
            self.assertTrue(started, what)
        self.assert_ends_well(host)

    def test_many_starts_under_a_limit_of_address_space(self):
        if SANITIZED:
            self.skipTest("sanitizers reserve terabytes of address space")
        for mib in (580, 1200, 2500):
            with self.subTest(mib):
                limit = mib * MIB
                host = self.start("up", preexec_fn=lambda size=limit: resource.setrlimit(
                    resource.RLIMIT_AS, (size, size)))
                host.wait_for("^Ctrl-C ends it$")
                for started, what in self.start_together(host, 8):
                    self.assertFalse(started)
                    self.assertRegex(what, "address space|memory")
                self.assertEqual(self.control(host, "inventory")["ok"], True)
                self.assertEqual(host.stop(), 0, host.text("err"))

    def test_starts_under_a_limit_of_memory(self):
        if SANITIZED:
            self.skipTest("sanitizers keep memory of their own")
        limit = 600 * MIB
        host = self.start("up", preexec_fn=lambda: resource.setrlimit(
            resource.RLIMIT_DATA, (limit, limit)))
        host.wait_for("^Ctrl-C ends it$")
        self.start_together(host, 8)
        self.assertEqual(self.control(host, "inventory")["ok"], True)
        self.assertEqual(host.stop(), 0, host.text("err"))

    def test_mutated_modules_leave_nothing(self):
        """As many rounds as TRELLIS_SOAK says; thousands take minutes."""
        noise = random.Random(20)
        good = (GUESTS / "relay.wasm").read_bytes()
        host = self.host_with([])
        after_warm_up = None
        started = 0
        for round_ in range(ROUNDS):
            module = bytearray(good)
            for _ in range(noise.randrange(1, 4)):
                module[noise.randrange(8, len(module))] = noise.randrange(256)
            path, key = self.signed("mutated.wasm", bytes(module))
            if self.start_actor(host, path)[0]:
                started += 1
                self.call(host, key, "Echo", b"x", timeout_ms=2000)
                self.ok("stop", "actor", key)
            if round_ == ROUNDS // 4:
                after_warm_up = hostile.rss_bytes(host.pid)
        self.assert_unharmed(host)
        print(f"{ROUNDS} mutated modules, {started} of them started and stopped; RSS "
              f"{after_warm_up / MIB:.1f} MiB after a quarter, "
              f"{hostile.rss_bytes(host.pid) / MIB:.1f} MiB at the end")
        self.assert_grown(host, after_warm_up, after_warm_up // 10 + 4 * MIB)
        self.assert_ends_well(host)

    def test_starts_and_stops_leave_nothing(self):
        host = self.host_with([])
        rounds = max(12, ROUNDS // 3)
        path, key = self.signed("again.wasm", (GUESTS / "relay.wasm").read_bytes())
        after_warm_up = None
        for round_ in range(rounds):
            self.assertTrue(self.start_actor(host, path)[0])
            self.assertEqual(self.call(host, key, "Echo", b"x"), (True, b"x"))
            self.assertTrue(self.control(host, "stop_actor", actor=key)["ok"])
            if round_ == rounds // 4:
                after_warm_up = hostile.rss_bytes(host.pid)
        print(f"{rounds} starts and stops; RSS {after_warm_up / MIB:.1f} MiB after a quarter, "
              f"{hostile.rss_bytes(host.pid) / MIB:.1f} MiB at the end")
        self.assert_grown(host, after_warm_up, after_warm_up // 10 + 4 * MIB)
        self.assert_ends_well(host)


if __name__ == "__main__":
    harness.main()
