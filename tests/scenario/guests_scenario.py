#!/usr/bin/env python3
"""The example actors in every language: the same answers, for as long as one likes."""

import json
import uuid

import harness
from guests import GuestScenario, flavours
from harness import ACTORS, free_port

HTTP, KV = "wasmcloud:httpserver", "wasmcloud:keyvalue"
CALLS = 20000


class Guests(GuestScenario):
    def key_of(self, name):
        return self.ok("claims", "inspect", ACTORS / f"{name}.wasm", "--json").json()["module"]

    def test_every_echo_answers_alike(self):
        sites = self.serve(flavours("echo"))
        headers = {"Host": "example", "X-Odd": 'quote " and \\ and\ttab', "Accept": "*/*"}
        body = bytes(range(256))
        answers = set()
        for name, site in sites.items():
            status, answer = site.ask("/a%20b/%C3%A9?x=1&y=%22", body, "PUT", headers)
            self.assertEqual(status, 200, name)
            seen = json.loads(answer)
            self.assertEqual((seen["method"], seen["path"], seen["query_string"]),
                             ("PUT", "/a%20b/%C3%A9", "x=1&y=%22"), name)
            self.assertEqual(bytes(seen["body"]), body, name)
            self.assertEqual(seen["headers"]["x-odd"], headers["X-Odd"], name)
            self.assertEqual(list(seen["headers"]), sorted(seen["headers"]), name)
            answers.add(answer)
        self.assertEqual(len(answers), 1, answers)
        self.assertEqual(self.host.stop(), 0)

    def test_every_echo_gives_payloads_back(self):
        self.serve(flavours("echo"))
        for name in flavours("echo"):
            answer = self.ok("call", name, "Echo", '{"list":[1,-1,"é"],"none":null}', "--json").json()
            self.assertEqual(answer["response"], {"list": [1, -1, "é"], "none": None}, name)
            refused = self.refused("call", name, "Nope")
            self.assertIn('"Nope"', refused.err, name)
            health = self.ok("call", name, "HealthRequest", '{"placeholder":true}', "--json").json()
            self.assertEqual(health["response"], {"healthy": True, "message": ""}, name)

    def test_bad_payloads_are_errors_with_a_text(self):
        self.serve(flavours("echo"))
        for name in flavours("echo"):
            for payload, text in (('null', "expected"), ('{"method":"GET"}', "missing field `path`"),
                                  ('{"method":7}', "expected text")):
                error = self.refused("call", name, "HandleRequest", payload).err
                self.assertIn("Failed to de-serialize: ", error, name)
                self.assertIn(text, error, name)
                self.assertNotIn("[trap]", error, name)

    def test_every_counter_counts_under_the_same_keys(self):
        sites = self.serve(flavours("kvcounter"))
        count = 0
        for _ in range(3):
            for name, site in sites.items():
                count += 1
                self.assertEqual(site.text("/some/path"), f'{{"counter":{count}}}', name)
                status, _ = site.ask("/some/path?query=ignored")
                count += 1
                self.assertEqual(status, 200)
        for name, site in sites.items():
            self.assertEqual(site.text("/" + name), '{"counter":1}')

    def test_pinger_reaches_ponger_by_its_alias(self):
        """A7 of host.md; a ponger that comes and goes makes errors, not hangs."""
        path, ports = self.manifest(["pinger"])
        self.host = self.up("-m", path, "--strict")
        site = self.site(ports["pinger"])
        self.assertEqual(site.ask("/")[0], 500)
        self.ok("start", "actor", ACTORS / "ponger.wasm")
        self.assertEqual(site.text("/"), '{"value":53}')
        self.ok("stop", "actor", "ponger")
        self.assertEqual(site.ask("/")[0], 500)
        self.ok("start", "actor", ACTORS / "ponger.wasm")
        self.assertEqual(site.text("/"), '{"value":53}')

    def test_links_first_then_everything_else(self):
        """A9 of host.md: links into an empty host."""
        host = self.up()
        ports = {}
        for name in flavours("kvcounter"):
            ports[name] = free_port()
            self.ok("link", "put", self.key_of(name), "builtin:httpserver", HTTP,
                    f"BIND=127.0.0.1:{ports[name]}", "--no-wait")
            self.ok("link", "put", self.key_of(name), "builtin:keyvalue", KV, "--no-wait")
            self.ok("start", "actor", ACTORS / f"{name}.wasm")
        self.ok("start", "provider", "builtin:keyvalue")
        self.ok("start", "provider", "builtin:httpserver")
        for count, (name, port) in enumerate(ports.items(), 1):
            harness.wait_until(lambda port=port: harness.is_listening(port), f"the address of {name}")
            self.assertEqual(self.site(port).text("/first"), f'{{"counter":{count}}}', name)
        self.assertEqual(host.stop(), 0)

    def test_actors_and_servers_that_were_stopped_serve_again(self):
        """A8 of host.md: no link is set again."""
        sites = self.serve(flavours("kvcounter"))
        for count, (name, site) in enumerate(sites.items(), 1):
            self.assertEqual(site.text("/again"), f'{{"counter":{count}}}', name)
            site.close()
        for name in sites:
            self.ok("stop", "actor", name)
            self.ok("start", "actor", ACTORS / f"{name}.wasm")
        self.ok("stop", "provider", "builtin:httpserver")
        for site in sites.values():
            harness.wait_until(lambda site=site: not harness.is_listening(site.port), "the end of it")
        self.ok("start", "provider", "builtin:httpserver")
        for count, (name, site) in enumerate(sites.items(), len(sites) + 1):
            harness.wait_until(lambda site=site: harness.is_listening(site.port), name)
            self.assertEqual(site.text("/again"), f'{{"counter":{count}}}', name)

    def test_extras(self):
        """A10 of host.md."""
        site = self.serve(["extras"])["extras"]
        for sequence in (0, 1, 2):
            made = json.loads(site.text("/"))
            self.assertEqual(uuid.UUID(made["guid"]).version, 4)
            self.assertLess(made["random"], 100)
            self.assertEqual(made["sequence"], sequence)

    def test_logger(self):
        site = self.serve(["logger"])["logger"]
        self.assertEqual(site.text("/warn", b"the well is low"), "logged\n")
        line = self.host.wait_for(r"the well is low").string
        self.assertRegex(line, r"(?i)warn")
        self.assertIn(f"logger ({self.key_of('logger')[:8]})", line)

    def test_many_calls_do_not_exhaust_an_instance(self):
        """Each call takes some 30 KiB of the guest's memory, of which there are 128 MiB at most."""
        sites = self.serve(flavours("echo"))
        body = bytes(1024)
        for name, site in sites.items():
            expected = site.ask("/", body)
            self.assertEqual(expected[0], 200)
            for call in range(CALLS):
                answer = site.ask("/", body)
                if answer != expected:
                    self.fail(f"{name}, call {call}: {answer[0]} {answer[1][:200]}\n{self.host.text('err')}")
        self.assertNotIn("[trap]", self.host.text("err"))
        self.assertEqual(self.host.stop(), 0)


if __name__ == "__main__":
    harness.main()
