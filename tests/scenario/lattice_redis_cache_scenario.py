#!/usr/bin/env python3
"""A Redis database as the lattice's cache (host.md 15.2 B4, lattice.md 8.10), shared with hosts that
know only Redis and never speak of it on NATS: what they write are plain commands."""

import json
import socket

import lattice_harness
from harness import free_port, http_get, is_listening, wait_until
from lattice_harness import LatticeScenario
from packages_harness import RedisServer

HTTP = "wasmcloud:httpserver"
KEYVALUE = "wasmcloud:keyvalue"


class Database:
    """Database 1 of a server as another program sees it; one connection for each command."""

    def __init__(self, server):
        self.server = server

    def ask(self, *words):
        with socket.create_connection(("127.0.0.1", self.server.port), 20) as connection:
            stream = connection.makefile("rwb")
            for command in (("SELECT", "1"), words):
                parts = [word if isinstance(word, bytes) else str(word).encode() for word in command]
                stream.write(b"*%d\r\n" % len(parts))
                for part in parts:
                    stream.write(b"$%d\r\n%s\r\n" % (len(part), part))
                stream.flush()
                answer = self._read(stream)
            return answer

    def _read(self, stream):
        line = stream.readline().rstrip(b"\r\n")
        kind, rest = line[:1], line[1:]
        if kind in b"+:":
            return rest.decode()
        if kind == b"$":
            return stream.read(int(rest) + 2)[:-2].decode() if int(rest) >= 0 else None
        if kind == b"*":
            return [self._read(stream) for _ in range(int(rest))]
        raise AssertionError(f"Redis answers {line!r}")

    def links(self):
        """A link that is being removed has no text any more when it is still in the index."""
        texts = [self.ask("GET", f"wclc:link_{each}") for each in self.ask("SMEMBERS", "wclc:links")]
        return [json.loads(text) for text in texts if text is not None]


class RedisCache(LatticeScenario):
    def setUp(self):
        super().setUp()
        self.redis = RedisServer(self.folder / "redis")
        self.addCleanup(self.redis.kill)
        self.database = Database(self.redis)

    def sharing(self, *flags):
        return self.host(*flags, "--cache-poll", "50ms",
                         env={"KVCACHE_URL": f"redis://127.0.0.1:{self.redis.port}/1"})

    def test_b4_a_link_set_on_a_third_host(self):
        a, b, c = self.sharing(), self.sharing(), self.sharing()
        actor = self.start_actor(a, "echo.wasm")
        provider = self.start_provider(b, "builtin:httpserver")
        port = free_port()
        self.ok("link", "put", actor, provider, HTTP, f"BIND=127.0.0.1:{port}", "--host", c.id)
        wait_until(lambda: is_listening(port), "the HTTP address")
        status, body = http_get(f"http://127.0.0.1:{port}/foo/bar")
        self.assertEqual(status, 200)
        seen = json.loads(body)
        self.assertEqual((seen["method"], seen["path"], seen["query_string"], seen["body"]),
                         ("GET", "/foo/bar", "", []))
        wait_until(lambda: len(self.database.links()) == 1, "the link in Redis")
        self.assertEqual(self.database.links(), [
            {"actor_id": actor, "provider_id": provider, "contract_id": HTTP,
             "link_name": "default", "values": {"BIND": f"127.0.0.1:{port}"}}])
        self.assertEqual(self.database.ask("SMEMBERS", "wclc:claims"), [actor])
        claims = json.loads(self.database.ask("GET", f"wclc:claims_{actor}"))
        self.assertEqual((claims["sub"], claims["wascap"]["name"]), (actor, "echo"))
        for host in (a, b, c):
            self.assertEqual(self.lattice_of(host)["cache"], "connected")

    def lattice_of(self, host):
        return self.ok("get", "inventory", "--host", host.id, "--json").json()["inventory"]["lattice"]

    def write_link(self, actor, provider, hashed, **values):
        link = {"actor_id": actor, "provider_id": provider, "contract_id": HTTP,
                "link_name": "default", "values": values}
        self.database.ask("SET", f"wclc:link_{hashed}", json.dumps(link, separators=(",", ":")))
        self.database.ask("SADD", "wclc:links", hashed)

    def test_another_hosts_links_and_a_server_that_goes(self):
        """The other host has put a link and takes it away; meanwhile Redis is killed and comes back."""
        host = self.sharing()
        actor = self.start_actor(host, "echo.wasm")
        provider = self.start_provider(host, "builtin:httpserver")
        port = free_port()
        # Its number is the one under which our host files the same link.
        self.ctl("link", "put", actor, provider, HTTP, f"PORT={port}", "--wait")
        wait_until(lambda: len(self.database.links()) == 1, "the link in Redis")
        (hashed,) = self.database.ask("SMEMBERS", "wclc:links")
        other = free_port()
        self.write_link(actor, provider, hashed, PORT=str(other))
        wait_until(lambda: is_listening(other) and not is_listening(port), "the changed link")
        self.redis.kill()
        wait_until(lambda: self.lattice_of(host)["cache"] == "disconnected", "a host that says so")
        self.assertEqual(http_get(f"http://127.0.0.1:{other}/")[0], 200)
        # Set while it is away, and removed while it is away.
        counter = self.start_actor(host, "kvcounter.wasm")
        store = self.start_provider(host, "builtin:keyvalue")
        self.ok("link", "put", counter, store, KEYVALUE, "--host", host.id)
        self.redis.start()
        wait_until(lambda: len(self.database.links()) == 2, "what was set meanwhile")
        wait_until(lambda: self.lattice_of(host)["cache"] == "connected", "a host that is back")
        self.redis.kill()
        self.ok("link", "del", counter, KEYVALUE, "--host", host.id)
        self.redis.start()
        wait_until(lambda: len(self.database.links()) == 1, "what was removed meanwhile")
        # The other host takes its link away.
        self.database.ask("DEL", f"wclc:link_{hashed}")
        self.database.ask("SREM", "wclc:links", hashed)
        wait_until(lambda: not is_listening(other), "the end of the link")
        self.assertEqual(self.database.links(), [])
        log = host.process.text("err")
        self.assertIn("the host goes on with what it knows", log)
        self.assertIn(f"Redis at 127.0.0.1:{self.redis.port}, database 1", log)

    def test_a_new_host_learns_from_redis_alone(self):
        """The second host meets nobody: the first is gone before it starts."""
        first = self.sharing()
        actor = self.start_actor(first, "echo.wasm")
        provider = self.start_provider(first, "builtin:httpserver")
        port = free_port()
        self.ctl("link", "put", actor, provider, HTTP, f"PORT={port}", "--wait")
        wait_until(lambda: len(self.database.links()) == 1, "the link in Redis")
        first.stop()
        second = self.sharing()
        self.start_actor(second, "echo.wasm")
        self.start_provider(second, "builtin:httpserver")
        wait_until(lambda: is_listening(port), "the HTTP address on the second host")

    def test_secrets_of_the_address_are_shown_nowhere(self):
        refused = self.refused("up", *self.connection(),
                               env={"KVCACHE_URL": "redis://u:sesame@127.0.0.1:1/one"})
        self.assertIn("KVCACHE_URL", refused.err)
        self.assertNotIn("sesame", refused.err)
        away = free_port()
        host = self.host("--cache-redis", f"redis://u:sesame@127.0.0.1:{away}/1")
        self.assertEqual(self.lattice_of(host)["cache"], "disconnected")
        log = host.process.text("err")
        self.assertIn(f"127.0.0.1:{away}", log)
        self.assertNotIn("sesame", log)


if __name__ == "__main__":
    lattice_harness.main()
