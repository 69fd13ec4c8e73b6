#!/usr/bin/env python3
"""Servers and hosts that die, hang and come back: nothing is lost silently (lattice.md 1.8)."""

import os
import signal

import lattice_harness
from harness import PATIENCE, free_port, http_get, is_listening, wait_until
from lattice import Proxy
from lattice_harness import LatticeScenario, Load

CALLS = int(os.environ.get("TRELLIS_TEST_CALLS", "10000"))


class Recovery(LatticeScenario):
    """An HTTP server on host A, the actor elsewhere: each request is a call over the lattice."""

    def test_the_server_is_killed_under_load(self):
        a, b = self.host(), self.host()
        actor = self.start_actor(b, "echo.wasm")
        load = Load(self.http(a, actor))
        for kill in (1, 2, 3, 4):
            load.wait_for(CALLS * kill // 5, "answered")
            self.server.kill()
            load.wait_for(load.counts["failed"] + 1, "failed")  # calls meet an absent server, too
            self.server.start()
        load.wait_for(CALLS, "answered")
        counts = load.end()
        print(f"\n  4 kills of the server: {dict(counts)}", flush=True)
        self.assertEqual(load.lost(), {})
        self.assertGreater(counts["failed"], 0)  # else nobody noticed

    def test_a_host_is_killed_while_it_is_called(self):
        a, b, c = (self.host("--rpc-timeout", "1000") for _ in range(3))
        self.assertEqual(self.start_actor(b, "echo.wasm"), self.start_actor(c, "echo.wasm"))
        actor = self.inventory(b)["actors"][0]["id"]
        load = Load(self.http(a, actor), threads=8)
        load.wait_for(1000)
        b.kill()
        before = load.total()
        load.wait_for(before + 2000)
        counts = load.end()
        print(f"\n  kill -9 of one of two hosts: {dict(counts)}", flush=True)
        self.assertEqual(load.lost(), {})
        # Only what it was about to answer is gone: at most one call per thread, and what the server
        # gave it before it noticed.
        self.assertLess(counts["failed"], 100)

    def test_a_stop_on_one_of_two_hosts_loses_no_call(self):
        a, b, c = self.host(), self.host(), self.host()
        actor = self.start_actor(b, "echo.wasm")
        self.start_actor(c, "echo.wasm")
        load = Load(self.http(a, actor))
        load.wait_for(500)
        for host in (b, c, b):
            self.ctl("stop", "actor", host.id, actor, "--wait")
            load.wait_for(load.total() + 300)
            self.start_actor(host, "echo.wasm")
        self.assertEqual(b.stop(), 0)
        load.wait_for(load.total() + 300)
        counts = load.end()
        self.assertEqual(set(counts), {"answered"}, counts)

    def test_a_server_that_hangs_costs_errors_and_no_more(self):
        a, b = self.host("--rpc-timeout", "500"), self.host()
        actor = self.start_actor(b, "echo.wasm")
        port = self.http(a, actor)
        self.assertEqual(http_get(f"http://127.0.0.1:{port}/")[0], 200)
        self.server.freeze()
        self.assertNotEqual(http_get(f"http://127.0.0.1:{port}/")[0], 200)
        self.server.thaw()
        wait_until(lambda: http_get(f"http://127.0.0.1:{port}/")[0] == 200, "answers again")

    def test_a_host_that_starts_without_a_server_joins_when_it_comes(self):
        self.server.kill()
        a = self.host()
        self.assertIn("no NATS server answers yet", a.process.text())
        self.ok("start", "provider", "builtin:httpserver", "--host", a.id)  # local life goes on
        self.server.start()
        wait_until(lambda: self.ctl("get", "hosts")["hosts"], "the host")
        b = self.host()
        actor = self.start_actor(b, "echo.wasm")
        provider = [each["id"] for each in self.inventory(a)["providers"] if "HTTP" in each["name"]]
        port = free_port()
        self.link(actor, provider[0], "wasmcloud:httpserver", f"BIND=127.0.0.1:{port}")
        wait_until(lambda: is_listening(port), "the HTTP address")
        # The link may have come by the cache, while the connection for calls was still away.
        wait_until(lambda: http_get(f"http://127.0.0.1:{port}/")[0] == 200, "answers")

    def test_a_partition_is_mended(self):
        proxy = Proxy(self, self.server.port)
        a, b = self.host(port=proxy.port), self.host()
        actor = self.start_actor(b, "echo.wasm")
        port = self.http(a, actor)
        self.assertEqual(http_get(f"http://127.0.0.1:{port}/")[0], 200)
        proxy.cut()
        other = free_port()
        provider = [each["id"] for each in
                    self.ok("get", "inventory", "--host", a.id,
                            "--json").json()["inventory"]["providers"] if "HTTP" in each["name"]][0]
        # Both sides change something while neither hears the other.
        self.ok("link", "put", actor, provider, "wasmcloud:httpserver",
                f"BIND=127.0.0.1:{other}", "--host", b.id)
        self.assertNotEqual(http_get(f"http://127.0.0.1:{port}/")[0], 200)
        proxy.restore()
        wait_until(lambda: is_listening(other), "the link that was changed meanwhile")
        wait_until(lambda: http_get(f"http://127.0.0.1:{other}/")[0] == 200, "calls again")
        wait_until(lambda: not is_listening(port), "the end of the old address")

    def test_a_slow_link_is_only_slow(self):
        proxy = Proxy(self, self.server.port)
        proxy.delay(0.05)
        a, b = self.host("--rpc-timeout", "20000", port=proxy.port), self.host()
        actor = self.start_actor(b, "kvcounter.wasm")
        provider = self.start_provider(b, "builtin:keyvalue")
        self.link(actor, provider, "wasmcloud:keyvalue")
        port = self.http(a, actor)
        for count in (1, 2, 3):
            self.assertEqual(http_get(f"http://127.0.0.1:{port}/slow"),
                             (200, f'{{"counter":{count}}}'))

    def test_links_survive_the_stop_of_all_hosts(self):
        state = self.work / "state"
        a = self.host("--state-dir", state)
        actor = self.start_actor(a, "echo.wasm")
        port = self.http(a, actor)
        self.assertEqual(a.stop(), 0)
        self.server.restart()
        b = self.host("--state-dir", state)
        self.start_actor(b, "echo.wasm")
        self.start_provider(b, "builtin:httpserver")
        wait_until(lambda: is_listening(port), "the link of before")
        self.assertEqual(http_get(f"http://127.0.0.1:{port}/")[0], 200)

    def test_links_survive_kill_9_too(self):
        state = self.work / "state"
        a = self.host("--state-dir", state)
        actor = self.start_actor(a, "echo.wasm")
        port = self.http(a, actor)
        # Not what is being written beside it.
        wait_until(lambda: any(actor in file.read_text(errors="replace")
                               for file in state.rglob("*")
                               if file.is_file() and file.suffix != ".new"), "the saved link")
        a.process.send(signal.SIGKILL)
        a.process.wait()
        b = self.host("--state-dir", state)
        self.start_actor(b, "echo.wasm")
        self.start_provider(b, "builtin:httpserver")
        wait_until(lambda: is_listening(port), "the link of before")

    def test_wrong_credentials_are_told_and_the_host_lives(self):
        self.server.stop()
        self.server.configure('authorization { user: "u", password: "right" }')
        self.server.start()
        a = self.host("--rpc-user", "u", "--rpc-password", "wrong")
        self.assertIn("refuses these credentials", a.process.text())
        b = self.host("--rpc-user", "u", "--rpc-password", self.write("secret", "right\n"))
        found = self.ctl("get", "hosts", "--rpc-user", "u", "--rpc-password", "right")["hosts"]
        self.assertEqual([host["id"] for host in found], [b.id])
        refused = self.ctl("get", "hosts", "--rpc-user", "u", "--rpc-password", "no", ok=False)
        self.assertIn("refuses us", refused.err)
        self.assertNotIn("right", a.process.text() + b.process.text())
        self.assertEqual((a.stop(), b.stop()), (0, 0))

    def test_a_server_of_its_own_ends_with_the_host(self):
        port = free_port()
        for end in (signal.SIGTERM, signal.SIGKILL):
            host = self.up("--lattice", "--rpc-port", str(port))
            self.assertTrue(is_listening(port))
            host.send(end)
            host.wait()
            wait_until(lambda: not is_listening(port), "the end of the server")


if __name__ == "__main__":
    lattice_harness.main()
