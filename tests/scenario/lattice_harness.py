"""What scenarios of several hosts share: one NATS server, hosts in its lattice, a client beside them.

    class Links(LatticeScenario):
        def test_it(self):
            a, b = self.host(), self.host("--label", "zone=b")
            actor = self.start_actor(b, "kvcounter.wasm")
            self.ctl("link", "put", actor, provider, "wasmcloud:httpserver", f"BIND=...")
"""

import collections
import http.client
import json
import os
import threading
import time

import forge
import harness
from harness import ACTORS, PATIENCE, free_port, wait_until
from lattice import NatsClient, NatsServer, NoResponders, find_nats_server  # noqa: F401


class Host:
    """A running host of the lattice."""

    def __init__(self, process, ready):
        self.process, self.id = process, ready["host_id"]

    def stop(self, *arguments):
        return self.process.stop(*arguments)

    def kill(self):
        self.process.clean_up()


class LatticeScenario(harness.Scenario):
    ns = "default"
    # What most scenarios need beyond what a host permits by itself.
    permissions = ["--control-builtin", "httpserver", "--link-listen", "127.0.0.1"]

    def setUp(self):
        super().setUp()
        self.server = NatsServer(self)
        self.env["PATH"] += f":{os.path.dirname(find_nats_server())}"
        self.hosts = 0

    def connection(self, port=None):
        return ["--rpc-host", "127.0.0.1", "--rpc-port", str(port or self.server.port)]

    def host(self, *flags, port=None, env=None):
        self.hosts += 1
        ready = self.work / f"ready{self.hosts}.json"
        process = self.up(*self.connection(port), "--nsprefix", self.ns, "--ready-file", ready,
                          "--control-files", ACTORS, "--control-files", self.work,
                          *self.permissions, *flags, env=env)
        wait_until(ready.exists, "the ready file")
        return Host(process, json.loads(ready.read_text()))

    def ctl(self, *words, port=None, ok=True):
        """A ctl command; its JSON when it must succeed, else the Result."""
        run = self.ok if ok else self.refused
        # Long for all that one host answers; hosts are collected for as long as it says.
        patience = [] if words[:2] == ("get", "hosts") else ["--timeout", "20"]
        done = run("ctl", *words, *self.connection(port), "--namespace", self.ns,
                   *(["--json"] if ok else []), "--rpc-timeout", "20", *patience)
        return done.json() if ok else done

    def start_actor(self, host, file):
        return self.ctl("start", "actor", ACTORS / file, "--host-id", host.id, "--wait")["actor_id"]

    def start_provider(self, host, reference, link_name="default"):
        return self.ctl("start", "provider", reference, "--host-id", host.id, "--wait",
                        "--link-name", link_name)["provider_id"]

    def link(self, actor, provider, contract, *values):
        self.ctl("link", "put", actor, provider, contract, *values, "--wait")

    def http(self, host, actor):
        """An HTTP address for the actor, at a provider of this host; the port."""
        provider = self.start_provider(host, "builtin:httpserver")
        port = free_port()
        self.link(actor, provider, "wasmcloud:httpserver", f"BIND=127.0.0.1:{port}")
        wait_until(lambda: harness.is_listening(port), "the HTTP address")
        return port

    def client(self, port=None, **options):
        client = NatsClient(port or self.server.port, **options)
        self.addCleanup(client.close)
        return client

    def inventory(self, host):
        return self.ctl("get", "inventory", host.id)["inventory"]

    def subject(self, tail):
        return f"wasmbus.rpc.{self.ns}.{tail}"

    def control(self, tail):
        return f"wasmbus.ctl.{self.ns}.{tail}"


class Load:
    """Asks an HTTP address without pause from several threads and counts what becomes of it: 200,
    another status, or lost (nothing within the patience of the test)."""

    def __init__(self, port, threads=4, path="/load"):
        self.port, self.path = port, path
        self.counts = collections.Counter()
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(threads)]
        for thread in self._threads:
            thread.start()

    def total(self):
        with self._lock:
            return sum(self.counts.values())

    def _count(self, what):
        with self._lock:
            self.counts[what] += 1

    def _run(self):
        connection = None
        while not self._ended.is_set():
            try:
                connection = connection or http.client.HTTPConnection("127.0.0.1", self.port,
                                                                      timeout=PATIENCE)
                connection.request("GET", self.path)
                answer = connection.getresponse()
                answer.read()
                self._count("answered" if answer.status == 200 else "failed")
            except (http.client.HTTPException, OSError) as problem:
                self._count(f"lost: {problem!r}")
                connection.close()
                connection = None
        if connection:
            connection.close()

    def wait_for(self, total, kind=None):
        """Until so many requests have ended, or ended in that way."""
        wait_until(lambda: (self.counts[kind] if kind else self.total()) >= total,
                   f"{total} requests; {self.counts}")

    def end(self):
        self._ended.set()
        for thread in self._threads:
            thread.join(PATIENCE)
        return self.counts

    def lost(self):
        return {what: count for what, count in self.counts.items() if what.startswith("lost")}


def call(client, key, target, operation, message=b"", timeout=PATIENCE, ns="default", **changes):
    """(message, error) of a call as "system", signed by `key`, over the bare protocol."""
    invocation = forge.invocation(key, forge.actor_entity("system"), forge.actor_entity(target),
                                  operation, message, **changes)
    answer = client.request(f"wasmbus.rpc.{ns}.{target}", forge.packed(invocation), timeout)
    return forge.read_response(answer.data)


main = harness.main
