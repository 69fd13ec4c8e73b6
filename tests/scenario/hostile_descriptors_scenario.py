#!/usr/bin/env python3
"""Clients that take every connection they can get: the host keeps open files for whoever runs it."""

import os
import re
import resource
import socket

import harness
import hostile

LIMIT = 128
CLIENTS = 300


def files_limit(pid):
    with open(f"/proc/{pid}/limits", encoding="ascii") as limits:
        return next(int(line.split()[3]) for line in limits if line.startswith("Max open files"))


class HostileDescriptors(hostile.HostileScenario):
    def web_host(self, port, hard, soft=None, rest=""):
        text = (f"actors:\n  - ref: {self.witness}\n"
                f"  - ref: {harness.ACTORS / 'echo.wasm'}\n"
                "capabilities:\n  - image_ref: builtin:httpserver\n" + rest +
                "links:\n"
                f"  - {{actor: {harness.ACTORS / 'echo.wasm'}, contract_id: 'wasmcloud:httpserver',"
                f" provider_id: 'builtin:httpserver', values: {{BIND: '127.0.0.1:{port}'}}}}\n")
        host = self.start("up", "-m", self.write("web.yaml", text), preexec_fn=lambda:
                          resource.setrlimit(resource.RLIMIT_NOFILE, (soft or hard, hard)))
        host.wait_for("^Ctrl-C ends it$")
        return host

    def crowd(self, port):
        """Clients with half a request each; those that were let in or wait."""
        clients = []
        for _ in range(CLIENTS):
            client = socket.socket()
            self.addCleanup(client.close)
            client.settimeout(0.2)
            try:
                client.connect(("127.0.0.1", port))
                client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n")
            except OSError:
                pass
            clients.append(client)
        return clients

    def test_the_host_can_be_commanded_and_other_actors_start(self):
        port = harness.free_port()
        host = self.web_host(port, LIMIT)
        clients = self.crowd(port)
        host.wait_for("cannot accept connections on .* for now: .*kept for the host")
        self.assertLess(hostile.descriptors(host.pid), LIMIT * 3 // 4 + 8)
        for _ in range(3):
            self.assertIn(hostile.WITNESS, self.ok("get", "inventory").out)
            self.assert_unharmed(host)
        self.ok("start", "actor", self.sign(hostile.GUESTS / "relay.wasm", "another"))
        self.assertEqual(host.text().count("cannot accept connections"), 1)
        for client in clients:
            client.close()
        harness.wait_until(lambda: self.answers(port), "the server to answer again")
        self.assert_ends_well(host)

    def answers(self, port):
        try:
            return harness.http_get(f"http://127.0.0.1:{port}/", timeout=5)[0] == 200
        except OSError:
            return False

    def test_the_soft_limit_is_raised_and_processes_get_the_old_one(self):
        hard = min(4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
        rest = "  - {image_ref: 'builtin:logging', mode: process}\n"
        host = self.web_host(harness.free_port(), hard, LIMIT, rest)
        self.assertEqual(files_limit(host.pid), hard)
        children = self.children(host.pid)
        self.assertTrue(children)
        for child in children:
            self.assertEqual(files_limit(child), LIMIT)
        self.assert_ends_well(host)

    @staticmethod
    def children(pid):
        found = []
        for entry in os.listdir("/proc"):
            if not entry.isdigit():
                continue
            try:
                with open(f"/proc/{entry}/stat", encoding="ascii", errors="replace") as stat:
                    if int(stat.read().rpartition(")")[2].split()[1]) == pid:
                        found.append(int(entry))
            except OSError:
                pass
        return found

    def test_a_host_that_does_not_answer_is_not_called_absent(self):
        host = self.host_with([])
        os.kill(host.pid, 19)
        try:
            done = self.refused("get", "inventory")
        finally:
            os.kill(host.pid, 18)
        self.assertRegex(done.err, f"cannot reach the host with process {host.pid}")
        self.assertNotIn("no host is running", done.err)
        self.assert_ends_well(host)

    def test_a_client_without_descriptors_says_so(self):
        host = self.host_with([])
        done = self.run_limited("get", "inventory", files=3)
        self.assertNotIn("no host is running", done.err)
        self.assertRegex(done.err, re.compile("open files|cannot reach|loading shared", re.I))
        self.assert_ends_well(host)

    def run_limited(self, *arguments, files):
        process = self.start(*arguments, preexec_fn=lambda: resource.setrlimit(
            resource.RLIMIT_NOFILE, (files, files)))
        process.wait()
        return type("Done", (), {"err": process.text("err")})

    def test_nobody_is_still_nobody(self):
        done = self.refused("get", "inventory")
        self.assertIn("no host is running", done.err)


if __name__ == "__main__":
    harness.main()
