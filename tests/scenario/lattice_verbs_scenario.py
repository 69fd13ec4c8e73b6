#!/usr/bin/env python3
"""The same verbs, positions and words on this machine and on a lattice (cli.md 6): options or the
context in use choose, `ctl` and the spellings of first-party tools mean the same."""

import harness
from harness import ACTORS, free_port
from lattice_harness import LatticeScenario


class Verbs(LatticeScenario):
    def lattice(self, port=None):
        return ["--lattice", f"nats://127.0.0.1:{port or self.server.port}", "--timeout", "5"]

    def test_options_choose_between_this_machine_and_the_lattice(self):
        near, far = self.host("--name", "near"), self.host("--name", "far")
        where = self.lattice()
        hosts = self.ok("get", "hosts", *self.lattice()[:2], "--json").json()["hosts"]
        self.assertEqual({host["id"] for host in hosts}, {near.id, far.id})
        started = self.ok("start", "actor", ACTORS / "kvcounter.wasm", *where, "--host", "far",
                          "--json").json()
        self.assertEqual((started["host_id"], started["done"]), (far.id, True))
        key = started["actor_id"]
        self.ok("start", "provider", "builtin:httpserver", *where, "--host", "far")
        self.ok("start", "provider", "builtin:keyvalue", "--host", "near")
        port = free_port()
        self.ok("link", "put", "kvcounter", "builtin:httpserver", "httpserver",
                f"BIND=127.0.0.1:{port}", *where)
        self.ok("link", "put", key, "builtin:keyvalue", "keyvalue", *where)
        self.assertIn('"counter":1', self.ok("call", "kvcounter", "GET", "/verbs", *where[:2]).out)
        self.assertIn('"counter":2', self.ok("call", "kvcounter", "GET", "/verbs", "--host",
                                             "far").out)
        for words in (where, ["--host", "far"]):
            links = self.ok("get", "links", *words, "--json").json()["links"]
            self.assertEqual({link["contract_id"] for link in links},
                             {"wasmcloud:httpserver", "wasmcloud:keyvalue"})
        for words in (["far", *where], ["far"], ["--host", "far"]):
            inventory = self.ok("get", "inventory", *words, "--json").json()["inventory"]
            self.assertEqual([actor["id"] for actor in inventory["actors"]], [key])
        self.ok("scale", "actor", "kvcounter", "--max", "3", *where)
        self.ok("scale", "actor", "far", "kvcounter", "--max", "2")
        self.ok("link", "del", "kvcounter", "keyvalue", *where)
        missing = self.refused("link", "del", "kvcounter", "keyvalue", "--host", "far")
        self.assertIn("link", missing.err)
        self.ok("stop", "provider", "builtin:keyvalue", "--host", "near")
        self.ok("stop", "actor", "far", "kvcounter", *where)
        self.refused("stop", "actor", key, "--host", "far")
        self.assertIn("not running", self.refused("stop", "actor", "far", key, *where).err)
        self.ok("stop", "host", "far", *where)
        self.ok("stop", "host", "near")
        self.assertEqual(far.process.wait(), 0)
        self.assertEqual(near.process.wait(), 0)

    def test_the_context_in_use_chooses(self):
        host = self.host("--name", "edge")
        self.ok("ctx", "add", "prod", "-r", f"127.0.0.1:{self.server.port}", "--use")
        answer = self.ok("get", "hosts", "--json").json()["hosts"][0]
        self.assertNotIn("socket", answer)
        self.assertIn("socket", self.ok("get", "hosts", "--local", "--json").json()["hosts"][0])
        key = self.ok("start", "actor", ACTORS / "echo.wasm", "--json").json()["actor_id"]
        self.assertIn(key, self.ok("get", "inventory").out)
        both = self.refused("get", "hosts", "--local", "--lattice")
        self.assertIn("--local", both.err)
        self.ok("ctx", "use", "--none")
        self.assertIn("socket", self.ok("get", "hosts", "--json").json()["hosts"][0])
        self.assertEqual(host.stop(), 0)

    def test_first_party_spelling_of_a_link(self):
        host = self.host()
        actor = self.start_actor(host, "kvcounter.wasm")
        provider = self.start_provider(host, "builtin:keyvalue")
        done = self.ctl("link", actor, provider, "wasmcloud:keyvalue", "A=1")
        self.assertEqual((done["actor_id"], done["provider_id"]), (actor, provider))
        self.assertEqual(len(self.ctl("get", "links")["links"]), 1)


if __name__ == "__main__":
    harness.main()
