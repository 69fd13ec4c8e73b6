#!/usr/bin/env python3
"""Actors and providers from registries and archives: in manifests, by commands of the lattice, and
live updates under load (host.md 7 and 8, identity.md 4 to 6)."""

import json
import os
import shutil
import signal

import harness
from harness import ACTORS, free_port, wait_until
from lattice_harness import PATIENCE, Load
from packages_harness import KEYVALUE, LIBRARIES, PackagesScenario


class Packages(PackagesScenario):
    def archive(self):
        self.ok("par", "create", "-c", KEYVALUE, "-v", "Trellis", "-n", "Archived KV", "-r", "2",
                "--version", "1.0", "-b", LIBRARIES / "trellis-keyvalue.so", "--compress")
        return self.work / "trellis-keyvalue.par.gz"

    def provider(self, reference):
        inventory = self.ok("get", "inventory", "--json").json()["inventory"]
        return next(each for each in inventory["providers"] if each["image_ref"] == reference)

    def test_a_manifest_of_images(self):
        port = free_port()
        actor = self.push(ACTORS / "kvcounter.wasm", "kvcounter:1.0")
        provider = self.push(self.archive(), "keyvalue:1.0")
        manifest = self.write("m.yaml", f"""
actors: ['{actor}']
capabilities: [{{image_ref: 'builtin:httpserver'}}, {{image_ref: '{provider}'}}]
links:
  - {{actor: '{actor}', contract_id: 'wasmcloud:httpserver', provider_id: 'builtin:httpserver',
     values: {{BIND: '127.0.0.1:{port}'}}}}
  - {{actor: '{actor}', contract_id: '{KEYVALUE}', provider_id: '{provider}'}}
""")
        start = ("-m", manifest, "--allowed-insecure", self.registry.host)
        host = self.up(*start)
        self.assertEqual([self.counter(port) for _ in range(3)], [1, 2, 3])
        found = self.provider(provider)
        self.assertEqual((found["name"], found["revision"], found["version"]),
                         ("Archived KV", 2, "1.0"))
        self.assertRegex(found["id"], "^V[A-Z2-7]{55}$")
        self.assertGreater(found["process"]["pid"], 0, "files run in processes of their own")
        self.assertEqual(host.stop(), 0)
        self.registry.stop()  # what is on disk is enough
        host = self.up(*start)
        self.assertEqual(self.counter(port), 1)
        self.assertEqual(host.stop(), 0)

    def test_archives_that_are_not_what_they_say_do_not_run(self):
        good = self.archive().read_bytes()
        host = self.up()
        middle = len(good) // 2
        for name, content in (("cut.par.gz", good[:5000]), ("damaged.par.gz", good[:middle] + bytes(
                [good[middle] ^ 1]) + good[middle + 1:])):
            self.refused("start", "provider", self.write(name, content))
        for name, head, reason in (
                ("other", harness.elf_head(), "cannot be loaded"),
                ("arm", harness.elf_head(harness.AARCH64), "only for aarch64-linux")):
            self.write(f"{name}.so", head + b"no library for this machine")
            self.ok("par", "create", "-c", "test:x", "-v", "v", "-n", name, "-b", f"{name}.so")
            self.assertIn(reason, self.refused("start", "provider", f"{name}.par").err)
        left = self.ok("get", "inventory", "--json").json()["inventory"]["providers"]
        self.assertEqual(len(left), 2, "what every host has")
        self.assertEqual(host.stop(), 0)

    def test_archives_of_others_do_not_run_where_issuers_are_named(self):
        archive = self.archive()
        issuer = self.ok("par", "inspect", archive, "--json").json()["issuer"]
        other = self.ok("keys", "gen", "account", "--json").json()["public_key"]
        host = self.up("--allowed-issuer", other)
        self.assertIn("not trusted", self.refused("start", "provider", archive).err)
        self.assertEqual(host.stop(), 0)
        host = self.up("--allowed-issuer", issuer)
        self.ok("start", "provider", archive)
        self.assertEqual(host.stop(), 0)

    def test_commands_fetch_images(self):
        actor = self.push(ACTORS / "kvcounter.wasm", "kvcounter:1.0")
        provider = self.push(self.archive(), "keyvalue:1.0")
        host = self.host()
        self.ctl("start", "actor", actor, "--host-id", host.id, "--wait")
        refused = self.ctl("start", "provider", provider, "--host-id", host.id, ok=False)
        self.assertIn("no providers from registries", refused.err)
        for reference in (f"{self.registry.host}/kvcounter:latest", f"{self.registry.host}/kvcounter"):
            refused = self.ctl("start", "actor", reference, "--host-id", host.id, ok=False)
            self.assertIn("latest", refused.err)
        missing = self.ctl("start", "actor", f"{self.registry.host}/kvcounter:7", "--host-id", host.id,
                           "--wait", ok=False)
        self.assertIn("status 404", missing.err)
        again = self.ctl("start", "actor", actor, "--host-id", host.id, ok=False)
        self.assertIn("already running", again.err)
        self.ctl("stop", "actor", host.id, actor, "--wait")  # by its image, as everybody knows it
        self.assertEqual(self.inventory(host)["actors"], [])
        self.assertEqual(host.stop(), 0)

    def test_three_hosts_and_a_process_that_is_killed(self):
        actor = self.push(ACTORS / "kvcounter.wasm", "kvcounter:1.0")
        provider = self.push(self.archive(), "keyvalue:1.0")
        a, b, c = (self.host("--control-providers") for _ in range(3))
        key = self.ctl("start", "actor", actor, "--host-id", a.id, "--wait")["actor_id"]
        store = self.ctl("start", "provider", provider, "--host-id", c.id, "--wait")["provider_id"]
        self.link(key, store, KEYVALUE)
        port = self.http(b, key)
        wait_until(lambda: self.answers(port), "the first answer")
        first = self.counter(port)
        self.assertEqual(self.counter(port), first + 1)
        events = self.client().collect(self.control("events"))
        for _ in range(3):
            os.kill(self.child_of(c), signal.SIGKILL)
            wait_until(lambda: self.answers(port), "answers again")
        names = [next(iter(events.get(timeout=PATIENCE).json()["event"])) for _ in range(2)]
        self.assertEqual(names, ["ProviderStopped", "ProviderStarted"])
        for host in (a, b, c):
            self.assertEqual(host.stop(), 0)

    def revision(self, number, *words):
        """The echo actor in another revision, in the registry."""
        unsigned = self.work / "echo.unsigned.wasm"
        shutil.copy(ACTORS / "echo.unsigned.wasm", unsigned)
        signed = self.work / f"echo{number}.wasm"
        self.ok("claims", "sign", unsigned, "-n", "echo", "-q", "-r", number, "-v", f"0.{number}.0",
                "--destination", signed, *words)
        return self.push(signed, f"echo:0.{number}.0")

    def test_live_updates_under_load_lose_nothing(self):
        host = self.host("--allow-live-updates")
        actor = self.ctl("start", "actor", self.revision(1), "--host-id", host.id,
                         "--wait")["actor_id"]
        port = self.http(host, actor)
        load = Load(port)
        load.wait_for(500)
        for number in range(2, 8):
            reference = self.revision(number)
            self.ctl("update", "actor", host.id, actor, reference, "--wait")
            found = self.inventory(host)["actors"][0]
            self.assertEqual((found["revision"], found["image_ref"]), (number, reference))
            load.wait_for(load.total() + 500)
        load.wait_for(5000)
        counts = load.end()
        print(f"live updates: {dict(counts)}")
        self.assertEqual(set(counts), {"answered"}, counts)

        older = self.ctl("update", "actor", host.id, actor, self.revision(3), "--wait", ok=False)
        self.assertIn("revision", older.err)
        wider = self.revision(20, "--cap", "test:other")
        self.assertIn("capabilit", self.ctl("update", "actor", host.id, actor, wider, "--wait",
                                            ok=False).err)
        another = self.push(ACTORS / "kvcounter.wasm", "kvcounter:99")
        self.assertIn("keys do not match", self.ctl("update", "actor", host.id, actor, another,
                                                    "--wait", ok=False).err)
        self.assertEqual(self.inventory(host)["actors"][0]["revision"], 7)
        self.assertEqual(host.stop(), 0)

    def test_updates_are_off_unless_asked_for(self):
        host = self.host()
        actor = self.ctl("start", "actor", self.revision(1), "--host-id", host.id,
                         "--wait")["actor_id"]
        refused = self.ctl("update", "actor", host.id, actor, self.revision(2), ok=False)
        self.assertIn("updates are not enabled", refused.err)
        self.assertEqual(host.stop(), 0)


if __name__ == "__main__":
    harness.main()
