#!/usr/bin/env python3
"""Options of hosts that decide whom they hear, and what of a lattice is seen from outside: caches kept
apart, callers nobody knows, links that only the cache forgets, references of images, calls by tools."""

import json
import queue

import forge
import lattice_harness
import msgpack
from harness import ACTORS, is_listening, wait_until
from lattice_harness import LatticeScenario
from packages_harness import PackagesScenario

EVENTS = "lattice.state.events"
REQUEST = '{"method":"GET","path":"/p","queryString":"","header":{},"body":""}'


class Heard:
    """What a client hears on a subject."""

    def __init__(self, client, subject):
        self._messages = queue.Queue()
        client.subscribe(subject, self._messages.put)
        client.flush()
        self.all = []

    def has(self, part):
        """Whether a message with these bytes has come by now."""
        while not self._messages.empty():
            self.all.append(self._messages.get())
        return any(part.encode() in message.data for message in self.all)


class Options(LatticeScenario):
    def test_isolated_caches_are_kept_apart(self):
        """First-party caches ignore the namespace (lattice.md 8.8); isolated ones are told on subjects
        of their own."""
        client = self.client()
        shared, own = Heard(client, EVENTS), Heard(client, f"{EVENTS}.{self.ns}")
        host = self.host("--isolate-cache")
        actor = self.start_actor(host, "echo.wasm")
        wait_until(lambda: own.has(f"claims_{actor}"), "claims in the cache of the namespace")
        self.assertFalse(shared.has(actor))
        plain = self.host()
        other = self.start_actor(plain, "kvcounter.wasm")
        wait_until(lambda: shared.has(f"claims_{other}"), "claims in the cache of all")
        self.assertFalse(shared.has(f"claims_{actor}"))
        self.assertEqual([host.stop(), plain.stop()], [0, 0])

    def test_callers_whose_claims_nobody_told_may_be_refused(self):
        careful, careless = self.host("--deny-unknown-origins"), self.host()
        client, key = self.client(headers=True, no_responders=True), forge.Key("N")
        known = self.start_actor(careless, "kvcounter.wasm")
        echo = self.start_actor(careful, "echo.wasm")
        request = msgpack.pack(json.loads(REQUEST) | {"body": b""})

        def answer_to(origin):
            fields = forge.invocation(key, forge.actor_entity(origin), forge.actor_entity(echo),
                                      "HandleRequest", request)
            data = client.request(f"wasmbus.rpc.{self.ns}.{echo}", forge.packed(fields)).data
            return forge.read_response(data)

        stranger = forge.Key("M").text
        self.assertEqual(answer_to(stranger)[1], "Invocation authorization denied")
        for origin in ("system", known):
            wait_until(lambda origin=origin: not answer_to(origin)[1], f"an answer to {origin}")
        self.assertEqual(answer_to(stranger)[1], "Invocation authorization denied")
        self.ctl("stop", "actor", careful.id, echo, "--wait")
        self.start_actor(careless, "echo.wasm")
        self.assertFalse(answer_to(stranger)[1], "refused only where the option says so")

    def test_a_link_that_only_the_cache_forgets_is_unbound(self):
        """The removal that everybody is told may be late or lost."""
        host = self.host()
        client = self.client()
        heard = Heard(client, EVENTS)
        actor = self.start_actor(host, "echo.wasm")
        port = self.http(host, actor)
        wait_until(lambda: heard.has("wclc:link_"), "the link in the cache")
        told = next(msgpack.unpack(each.data)["event"] for each in heard.all
                    if b"wclc:link_" in each.data)
        key = told[2][0]
        client.publish(EVENTS, msgpack.pack({"origin_id": "somebody", "event": {1: key}}))
        wait_until(lambda: not is_listening(port), "the end of the HTTP address")
        self.assertEqual(host.stop(), 0)

    def test_tools_call_actors_of_the_lattice(self):
        host = self.host()
        actor = self.start_actor(host, "echo.wasm")
        for words in (["call", actor, "HandleRequest", REQUEST, "-r", f"127.0.0.1:{self.server.port}"],
                      ["ctl", "call", actor, "HandleRequest", REQUEST, *self.connection()]):
            answer = json.loads(self.ok(*words, "--bin", "s").out)
            self.assertEqual(answer["statusCode"], 200)
            self.assertEqual(json.loads(answer["body"])["path"], "/p")


class Images(PackagesScenario):
    def test_the_cache_tells_what_an_image_became(self):
        client = self.client()
        heard = Heard(client, EVENTS)
        host = self.host()
        image = self.push(ACTORS / "echo.wasm", "echo:1.0")
        actor = self.ctl("start", "actor", image, "--host-id", host.id, "--wait")["actor_id"]
        wait_until(lambda: heard.has(f"wclc:oci_{image}"), "the reference in the cache")
        told = [msgpack.unpack(each.data)["event"] for each in heard.all
                if f"wclc:oci_{image}".encode() in each.data]
        self.assertIn({2: [f"wclc:oci_{image}", actor]}, told)
        self.ctl("stop", "actor", host.id, image, "--wait")  # found by it
        self.assertEqual(self.inventory(host)["actors"], [])


if __name__ == "__main__":
    lattice_harness.main()
