#!/usr/bin/env python3
"""Clients that hold every connection they can get do not keep a host out of its lattice: the reserve of
open files is the lattice's too."""

import os
import resource
import socket

import forge
import hostile
import harness
import lattice_harness
import msgpack
from harness import free_port, wait_until
from lattice_harness import LatticeScenario
from packages_harness import RedisServer

LIMIT = 128
CLIENTS = 300
REQUEST = {"method": "GET", "path": "/p", "queryString": "", "header": {}, "body": b""}


class Descriptors(hostile.HostileScenario, LatticeScenario):
    def web_host(self, *flags, env=None):
        self.port = free_port()
        echo = harness.ACTORS / "echo.wasm"
        host = self.host("-m", self.write("web.yaml", f"""actors: [{{ref: {echo}}}]
capabilities: [{{image_ref: 'builtin:httpserver'}}]
links:
  - {{actor: {echo}, contract_id: 'wasmcloud:httpserver', provider_id: 'builtin:httpserver',
     values: {{BIND: '127.0.0.1:{self.port}'}}}}
"""), *flags, env=env)
        resource.prlimit(host.process.pid, resource.RLIMIT_NOFILE, (LIMIT, LIMIT))
        return host

    def crowd(self):
        """Clients with half a request each, more than are let in: the others wait for a place."""
        self.first = None
        for _ in range(CLIENTS):
            client = socket.socket()
            self.addCleanup(client.close)
            self.first = self.first or client
            client.settimeout(0.2)
            try:
                client.connect(("127.0.0.1", self.port))
                client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n")
            except OSError:
                return

    def served(self, pid):
        """How many clients the host has let in: sockets of its HTTP address that it holds."""
        held = set()
        for entry in os.listdir(f"/proc/{pid}/fd"):
            try:
                held.add(os.readlink(f"/proc/{pid}/fd/{entry}"))
            except OSError:
                pass
        with open("/proc/net/tcp", encoding="ascii") as table:
            lines = [line.split() for line in list(table)[1:]]
        return sum(1 for line in lines
                   if int(line[1].rpartition(":")[2], 16) == self.port and f"socket:[{line[9]}]" in held)

    def first_is_still_there(self):
        """Places come free as clients run out of time; nobody must have waited for that."""
        self.first.setblocking(False)
        with self.assertRaises(BlockingIOError):
            self.first.recv(1)

    def lattice_answers(self, actor):
        peer = self.client(headers=True, no_responders=True)
        try:
            _, error = lattice_harness.call(peer, forge.Key("N"), actor, "HandleRequest",
                                            msgpack.pack(REQUEST))
        except lattice_harness.NoResponders:
            return False
        return not error

    def test_a_server_that_was_lost_is_found_again(self):
        host = self.web_host()
        actor = self.key_of(host.process, "echo")
        self.assertTrue(self.lattice_answers(actor))
        self.crowd()
        host.process.wait_for("cannot accept connections on .* for now: .*kept for the host")
        before = self.served(host.process.pid)
        self.server.kill()
        # Places of the three connections that were lost are taken by clients that waited for one.
        wait_until(lambda: self.served(host.process.pid) >= before + 3, "clients in their places")
        self.server.start()
        wait_until(lambda: self.lattice_answers(actor), "the host in its lattice")
        self.first_is_still_there()
        self.assertNotIn("too many connections of this host", host.process.text())
        self.assertEqual(host.stop(), 0)

    def test_the_cache_in_redis_is_found_again(self):
        redis = RedisServer(self.folder / "redis")
        self.addCleanup(redis.kill)
        host = self.web_host("--cache-poll", "50ms", env={"KVCACHE_URL": f"redis://127.0.0.1:{redis.port}/1"})
        self.crowd()
        host.process.wait_for("cannot accept connections on .* for now: .*kept for the host")
        before = self.served(host.process.pid)
        redis.kill()
        wait_until(lambda: self.served(host.process.pid) > before, "a client in its place")
        redis.start()
        wait_until(lambda: self.asked(redis), "the host at its database")
        self.first_is_still_there()
        self.assertEqual(host.stop(), 0)

    @staticmethod
    def asked(redis):
        """Whether somebody else is connected to the database."""
        with socket.create_connection(("127.0.0.1", redis.port), 20) as connection:
            connection.sendall(b"CLIENT LIST\r\n")
            return connection.recv(65536).count(b" laddr=") > 1


if __name__ == "__main__":
    harness.main()
