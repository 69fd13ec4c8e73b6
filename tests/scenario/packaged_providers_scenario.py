#!/usr/bin/env python3
"""The providers that the build ships as signed archives, started from files and from a registry."""

import json
import os
import signal

import harness
from harness import ACTORS, free_port, wait_until
from packages_harness import ARCHIVES, KEYVALUE, LIBRARIES, PackagesScenario, RedisServer

HTTP = "wasmcloud:httpserver"


class PackagedProviders(PackagesScenario):
    def test_each_archive_runs_in_both_modes(self):
        archives = sorted(ARCHIVES.glob("*.par"))
        self.assertGreaterEqual(len(archives), 7, archives)
        host = self.up("--provider-memory-mb", "256")
        for archive in archives:
            claims = self.ok("par", "inspect", archive, "--json").json()
            contract = "wasmcloud:" + archive.stem.split("-")[0]
            self.assertEqual((claims["capability_contract_id"], claims["vendor"]),
                             (contract, "Trellis"), claims)
            for mode in ("process", "in-process"):
                key = self.ok("start", "provider", archive, "--mode", mode, "--json").json()
                key = key["provider_id"]
                self.assertEqual(key, claims["service"])
                found = self.provider(key)
                self.assertEqual("process" in found, mode == "process", found)
                self.assertEqual((found["name"], found["contract_id"]), (claims["name"], contract))
                self.ok("stop", "provider", key)
        self.assertEqual(host.stop(), 0)

    def provider(self, key):
        inventory = self.ok("get", "inventory", "--json").json()["inventory"]
        return next(each for each in inventory["providers"] if each["id"] == key)


class Memory(PackagesScenario):
    def peak_mb(self, pid):
        with open(f"/proc/{pid}/status", encoding="ascii") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024

    @harness.unittest.skipIf(os.environ.get("TRELLIS_SANITIZED"), "sanitizers have memory of their own")
    def test_a_large_archive_is_pulled_in_bounded_memory(self):
        library = self.work / "large.so"
        library.write_bytes((LIBRARIES / "trellis-logging.so").read_bytes() + os.urandom(50 << 20))
        self.ok("par", "create", "-c", "wasmcloud:logging", "-v", "Trellis", "-n", "Large",
                "-b", library)
        image = self.push(self.work / "large.par", "large:1.0")
        host = self.host("--control-providers")
        self.start_actor(host, "echo.wasm")
        idle = self.peak_mb(host.process.pid)
        self.ctl("start", "provider", image, "--host-id", host.id, "--wait")
        grown = self.peak_mb(host.process.pid) - idle
        print(f"50 MB pulled, verified and started: {grown:.1f} MB above {idle:.0f} MB")
        self.assertLess(grown, 32)
        self.assertEqual(host.stop(), 0)


class Secrets(PackagesScenario):
    def test_the_provider_is_told_and_nobody_else(self):
        folder = self.work / "secrets"
        folder.mkdir()
        redis = RedisServer(self.folder / "redis")
        self.addCleanup(redis.kill)
        (folder / "redis-url").write_text(f"redis://127.0.0.1:{redis.port}/3\n")
        host = self.host("--secrets-dir", folder, "--control-builtin", "keyvalue-redis",
                         "--link-secret", "redis-url", "--link-secret", "other")
        actor = self.start_actor(host, "kvcounter.wasm")
        store = self.start_provider(host, "builtin:keyvalue-redis")
        failed = self.ctl("link", "put", actor, store, KEYVALUE, "URL=secret:other", ok=False)
        self.assertIn("there is no secret other", failed.err)
        self.assertIn("there is no secret other", self.ok("get", "links", "--json").out)
        self.ctl("link", "put", actor, store, KEYVALUE, "URL=secret:redis-url", "--wait")
        port = self.http(host, actor)
        self.assertEqual(self.counter(port), 1)
        links = self.ok("get", "links", "--json").out
        self.assertIn("secret:redis-url", links)
        for shown in (links, host.process.text(), json.dumps(self.ctl("link", "query"))):
            self.assertNotIn(f":{redis.port}/3", shown)
        self.assertEqual(host.stop(), 0)


class Killed(PackagesScenario):
    """kvcounter on host A, its HTTP server on B, Redis behind C: all from the registry, started by
    commands; each process is killed in turn and the count goes on."""

    def setUp(self):
        super().setUp()
        self.redis = RedisServer(self.folder / "redis")
        self.addCleanup(self.redis.kill)
        self.images = {name: self.push(file, f"{name}:1.0") for name, file in (
            ("kvcounter", ACTORS / "kvcounter.wasm"), ("httpserver", ARCHIVES / "httpserver.par"),
            ("keyvalue-redis", ARCHIVES / "keyvalue-redis.par"))}
        self.running = {}

    def bring_up(self, letter):
        """A host and what is to run on it, as somebody's service manager would."""
        kind, name = {"A": ("actor", "kvcounter"), "B": ("provider", "httpserver"),
                      "C": ("provider", "keyvalue-redis")}[letter]
        host = self.host("--control-providers", "--label", f"is={letter}")
        self.running[letter] = host
        return self.ctl("start", kind, self.images[name], "--host-id", host.id, "--wait")[f"{kind}_id"]

    def expect_more(self, what):
        """Whatever was killed: the next answers count on, and the address is the same."""
        wait_until(lambda: self.answers(self.port), f"answers after {what}")
        count = self.counter(self.port)
        self.assertGreater(count, self.last, what)
        self.assertEqual(self.counter(self.port), count + 1, what)
        self.last = count + 1

    def test_the_count_survives_each_process(self):
        self.port = free_port()
        actor, http, store = (self.bring_up(letter) for letter in "ABC")
        self.link(actor, http, HTTP, f"BIND=127.0.0.1:{self.port}")
        self.link(actor, store, KEYVALUE, f"URL=redis://127.0.0.1:{self.redis.port}/0")
        self.last = 0
        self.expect_more("the start")

        for letter in "BC":
            child = self.child_of(self.running[letter])
            os.kill(child, signal.SIGKILL)
            self.child_of(self.running[letter], not_this=child)
            self.expect_more(f"the provider's process on {letter}")
        self.redis.restart()
        self.expect_more("Redis")
        self.server.restart()
        self.expect_more("NATS")
        for letter in "ABC":
            old = self.running[letter]
            if letter == "A":
                old.kill()
            else:
                child = self.child_of(old)
                old.kill()
                wait_until(lambda: not os.path.exists(f"/proc/{child}"), "the provider's end")
            self.bring_up(letter)  # and no link is put again
            self.expect_more(f"host {letter}")
        for letter in "ABC":
            self.assertEqual(self.running[letter].stop(), 0)


if __name__ == "__main__":
    harness.main()
