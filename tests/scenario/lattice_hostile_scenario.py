#!/usr/bin/env python3
"""Hostile peers: whatever arrives on any subject a host listens on is refused, counted and told once,
and the host goes on (lattice.md 3.5, 4.3, 4.6, 6.5, 9)."""

import json
import os
import struct
import time

import forge
import lattice_harness
import msgpack
from harness import wait_until
from lattice_harness import LatticeScenario, call

REQUEST = {"method": "GET", "path": "/p", "queryString": "", "header": {}, "body": b""}


def deep_arrays(levels):
    return b"\x91" * levels + b"\xc0"


class Hostile(LatticeScenario):
    def setUp(self):
        super().setUp()
        self.target = self.host()
        self.actor = self.start_actor(self.target, "echo.wasm")
        self.provider = self.start_provider(self.target, "builtin:keyvalue")
        self.peer = self.client(headers=True, no_responders=True)
        self.key = forge.Key("N")

    def info(self):
        return self.ok("get", "inventory", "--json").json()["inventory"]["lattice"]

    def good_call(self):
        return call(self.peer, self.key, self.actor, "HandleRequest", msgpack.pack(REQUEST))

    def assert_well(self):
        message, error = self.good_call()
        self.assertIsNone(error)
        self.assertEqual(msgpack.unpack(message)["statusCode"], 200)
        self.assertEqual([host["id"] for host in self.ctl("get", "hosts")["hosts"]],
                         [self.target.id])
        self.assertEqual(len(self.inventory(self.target)["actors"]), 1)

    def send(self, fields, subject=None):
        """The error of a call that must be refused."""
        answer = self.peer.request(subject or self.subject(self.actor), forge.packed(fields))
        message, error = forge.read_response(answer.data)
        self.assertTrue(error, fields)
        self.assertFalse(message)
        return error

    def to_actor(self, operation="HandleRequest", **changes):
        return forge.invocation(self.key, forge.actor_entity("system"),
                                forge.actor_entity(self.actor), operation, msgpack.pack(REQUEST),
                                **changes)

    def test_forged_calls(self):
        system, target = forge.actor_entity("system"), forge.actor_entity(self.actor)
        message = msgpack.pack(REQUEST)

        def signed(key=self.key, **changes):
            return forge.invocation_token(key, system, target, "HandleRequest", message, "id",
                                          **changes)
        account, stranger = forge.Key("A"), forge.Key("N")
        good = signed()
        head, body, signature = good.split(".")
        cases = {
            "no token": {"encoded_claims": ""},
            "two parts": {"encoded_claims": "a.b"},
            "four parts": {"encoded_claims": good + ".x"},
            "a signature of zeros": {"encoded_claims": f"{head}.{body}.{'A' * 86}"},
            "a short signature": {"encoded_claims": f"{head}.{body}.{signature[:-2]}"},
            "another message": {"msg": message + b"x", "encoded_claims": good},
            "another operation": {"operation": "Other", "encoded_claims": good},
            "another origin": {"origin": forge.actor_entity(forge.Key("M").text),
                               "encoded_claims": good},
            "another id": {"id": "other", "encoded_claims": good},
            "another host": {"host_id": stranger.text, "encoded_claims": good},
            "the hash in lower case": {"encoded_claims": signed(
                hash=forge.invocation_hash("wasmbus://system",
                                           f"wasmbus://{self.actor}/HandleRequest",
                                           message).lower())},
            "another target in the token": {"encoded_claims": signed(target_url="wasmbus://x")},
            "signed by an account": {"host_id": account.text, "encoded_claims": signed(account)},
        }
        before = self.info()["calls_refused"]
        for name, changes in cases.items():
            with self.subTest(name):
                self.send({**self.to_actor(call="id"), **changes})
        for name, changes in {"expired": {"exp": 1}, "not yet valid": {"nbf": 4102444800}}.items():
            with self.subTest(name):
                claims = {"jti": "j", "iat": int(time.time()), "iss": self.key.text, "sub": "id",
                          "wascap": {"target_url": f"wasmbus://{self.actor}/HandleRequest",
                                     "origin_url": "wasmbus://system",
                                     "hash": forge.invocation_hash(
                                         "wasmbus://system",
                                         f"wasmbus://{self.actor}/HandleRequest", message)},
                          **changes}
                token = forge.token(self.key, claims).decode()
                self.send(self.to_actor(call="id", encoded_claims=token))
        self.assertEqual(self.info()["calls_refused"] - before, len(cases) + 2)
        self.assert_well()

    def test_a_repeated_call_is_executed_once(self):
        fields = forge.packed(self.to_actor())
        subject = self.subject(self.actor)
        first = forge.read_response(self.peer.request(subject, fields).data)
        self.assertIsNone(first[1])
        second = forge.read_response(self.peer.request(subject, fields).data)
        self.assertTrue(second[1])

    def test_calls_for_somebody_else_and_internal_operations(self):
        other = forge.Key("M").text
        entity = forge.provider_entity(self.provider, "wasmcloud:keyvalue")
        at_provider = self.subject(f"{self.provider}.default")
        system, me = forge.actor_entity("system"), forge.actor_entity(self.actor)

        def make(origin, target, operation):
            return forge.invocation(self.key, origin, target, operation, b"\x80")
        self.send(make(system, forge.actor_entity(other), "HandleRequest"))
        self.send(make(system, entity, "HandleRequest"))
        self.send(make(me, me, "__halt"))
        self.send(make(system, system, "__halt"))
        for operation in ("BindActor", "RemoveActor", "__anything"):
            self.send(make(system, me, operation))
            self.send(make(system, entity, operation), at_provider)
        self.send(make(system, entity, "HealthRequest"), at_provider)
        self.send(make(system, entity, "Get"), at_provider)  # system calls no provider (4.7)
        self.send(make(entity, entity, "Get"), at_provider)
        self.send(make(me, forge.provider_entity(self.provider, "wasmcloud:keyvalue", "x"), "Get"),
                  at_provider)
        self.send(make(me, forge.provider_entity(self.provider, "wasmcloud:other"), "Get"),
                  at_provider)
        # The echo actor's claims are known here, and do not list the contract.
        self.assertIn("denied", self.send(make(me, entity, "Get"), at_provider))
        self.assert_well()

    def subjects(self):
        """All that a host listens on."""
        control = [self.control(f"get.{tail}") for tail in
                   ("hosts", f"{self.target.id}.inv", "links", "claims")]
        control += [self.control(f"auction.{kind}") for kind in ("actor", "provider")]
        control += [self.control(f"cmd.{self.target.id}.{verb}")
                    for verb in ("la", "sa", "lp", "sp", "upd")]
        control += [f"trellis.ctl.default.{self.target.id}.{verb}" for verb in ("scale", "stop")]
        calls = [self.subject(tail) for tail in
                 (self.actor, f"{self.provider}.default", "links", "remlinks", "claims")]
        cache = ["lattice.state.events", "lattice.state.replay",
                 "lattice.state.events.trellis.sync"]
        return control + calls + cache

    def garbage(self):
        link = msgpack.pack({"actor_id": self.actor, "provider_id": self.provider,
                             "link_name": "default", "contract_id": "wasmcloud:keyvalue",
                             "values": {"A": "b"}})
        invocation = forge.packed(self.to_actor())
        yield from (b"", b"\xc1", b"\x00" * 1000, os.urandom(300), b"{", b"[]", b"null", b"\xff\xfe")
        yield deep_arrays(100_000)
        yield b"[" * 100_000
        yield b'{"actor_ref":' * 5_000
        yield b"\xdf\xff\xff\xff\xff"  # a map of four thousand million entries
        yield b"\xdd\xff\xff\xff\xff\x01"
        yield b"\x81\xdb\xff\xff\xff\xffx"
        yield b"\xc6\xff\xff\xff\xffx"
        for whole in (link, invocation):
            yield from (whole[:size] for size in range(1, len(whole), max(1, len(whole) // 20)))
        yield msgpack.pack({"actor_id": 1, "provider_id": [], "link_name": None})
        yield msgpack.pack({"actor_id": "x" * 5000, "provider_id": "*", "link_name": "a b",
                            "contract_id": ">", "values": {"k": "v" * 100_000}})
        yield msgpack.pack({"sub": self.actor, "iss": "A", "iat": 2**63, "jti": "", "wascap": 7})
        yield json.dumps({"host_id": "x" * 70_000, "actor_ref": "../../etc/passwd"}).encode()
        yield json.dumps({"host_id": "", "actor_ref": "\u0000", "provider_ref": "\u001b[2J",
                          "link_name": "*", "contract_id": "", "actor_id": ""}).encode()
        yield b"\x00" * 1_000_000

    def test_garbage_on_every_subject(self):
        pieces = list(self.garbage())
        for subject in self.subjects():
            for piece in pieces:
                self.peer.publish(subject, piece)
                self.peer.publish(subject, piece, "_INBOX.nobody")
        self.peer.flush()
        self.assert_well()
        info = self.info()
        self.assertGreater(info["calls_refused"], 2 * len(pieces))
        self.assertGreater(info["adverts_refused"], len(pieces))
        self.assertGreater(info["control_refused"], len(pieces))
        self.assertGreater(info["cache_refused"], 2 * len(pieces))
        told = [line for _, line in self.target.process.lines if " warn " in line]
        self.assertLess(len(told), 40, "\n".join(told))
        for plane in ("control: ", "lattice: a call without", "advertisement", "lattice cache: "):
            self.assertTrue(any(plane in line for line in told), (plane, told))
        self.assertEqual(self.target.stop(), 0)

    def test_an_answer_is_never_an_order(self):
        """Questions whose answers would be commands, invented claims or calls where they are sent to."""
        stop = f"trellis.ctl.default.{self.target.id}.stop"
        before = self.info()
        for reply in (stop, self.control(f"cmd.{self.target.id}.sa"), self.subject("claims"),
                      self.subject(self.actor), "lattice.state.events", "lattice.state.replay"):
            for question in (f"get.{self.target.id}.inv", "get.hosts", "get.links", "get.claims"):
                self.peer.publish(self.control(question), b"", reply)
            self.peer.publish(self.subject(self.actor), forge.packed(self.to_actor()), reply)
            self.peer.publish("lattice.state.replay", msgpack.pack({"hwm": 0}), reply)
        self.peer.flush()
        self.assert_well()
        after = self.info()
        self.assertEqual(after["control_refused"] - before["control_refused"], 24)
        self.assertEqual(after["calls_refused"] - before["calls_refused"], 6)

    def test_expired_claims_of_a_caller_stop_its_calls_to_actors(self):
        caller = forge.Key("M")
        claims = forge.claims(forge.Key("A"), caller, b"", "expired", exp=1000)
        self.peer.publish(self.subject("claims"), msgpack.pack(claims))
        self.peer.flush()
        wait_until(lambda: caller.text in self.ok("get", "claims").out, "the expired claims")
        error = self.send(forge.invocation(self.key, forge.actor_entity(caller.text),
                                           forge.actor_entity(self.actor), "HandleRequest",
                                           msgpack.pack(REQUEST)))
        self.assertEqual(error, "Invocation authorization denied")
        self.assert_well()

    def test_floods_delay_nothing_else(self):
        flood = self.client()
        piece = self.to_actor(encoded_claims="a.b.c")
        data = forge.packed(piece)
        requests = (f"PUB {self.subject(self.actor)} _INBOX.f {len(data)}\r\n".encode() + data +
                    b"\r\n") * 200
        hosts = f"PUB {self.control('get.hosts')} _INBOX.f 0\r\n\r\n".encode() * 200
        for _ in range(50):
            flood.send_raw(requests + hosts)
            start = time.monotonic()
            self.assertIsNone(self.good_call()[1])
            self.assertLess(time.monotonic() - start, 20)
        self.assert_well()
        self.assertGreaterEqual(self.info()["calls_refused"], 10_000)

    def test_no_subject_can_be_flooded(self):
        flood = self.client()
        bodies = (forge.packed(self.to_actor(encoded_claims="a.b.c")), b"{}", b"\xc1")
        for subject in self.subjects():
            with self.subTest(subject):
                for body in bodies:
                    flood.send_raw((f"PUB {subject} _INBOX.f {len(body)}\r\n".encode() + body +
                                    b"\r\n") * 2000)
                    start = time.monotonic()
                    self.assertIsNone(self.good_call()[1])
                    self.assertLess(time.monotonic() - start, 20)
                    flood.flush()
        self.assert_well()

    def test_the_wire_grants_nothing_to_a_running_actor(self):
        claims = {"jti": "x" * 22, "iat": 1, "iss": forge.Key("A").text, "sub": self.actor,
                  "wascap": {"name": "Echo", "hash": "0" * 64, "tags": [],
                             "caps": ["wasmcloud:keyvalue", "wasmcloud:httpserver"], "rev": 99,
                             "ver": "9", "call_alias": "mine", "prov": False}}
        self.peer.publish(self.subject("claims"), msgpack.pack(claims))
        self.peer.flush()
        refused = self.ctl("link", "put", self.actor, self.provider, "wasmcloud:keyvalue", ok=False)
        self.assertIn("claims do not list wasmcloud:keyvalue", refused.err)
        known = self.ctl("get", "claims")["claims"]["claims"]
        self.assertEqual([each["values"]["caps"] for each in known], ["wasmcloud:httpserver"])
        states = {link["contract_id"]: link["state"]
                  for link in self.ok("get", "links", "--json").json()["links"]}
        self.assertEqual(states, {"wasmcloud:keyvalue": "refused"})

    def test_claims_without_metadata_do_no_harm(self):
        claims = {"jti": "x", "iat": 1, "iss": forge.Key("A").text, "sub": forge.Key("M").text}
        self.peer.publish(self.subject("claims"), msgpack.pack(claims))
        link = {"actor_id": claims["sub"], "provider_id": self.provider, "link_name": "default",
                "contract_id": "wasmcloud:keyvalue", "values": {}}
        self.peer.publish(self.subject("links"), msgpack.pack(link))
        self.peer.flush()
        self.assert_well()

    def test_one_unreadable_cache_entry_hides_nothing_else(self):
        def change(kind, *arguments):
            # An enum variant by position with its content (lattice.md 8.4).
            self.peer.publish("lattice.state.events", msgpack.pack(
                {"origin_id": "somebody", "event": {kind: list(arguments)}}))
        change(2, "wclc:link_1", "no json")
        change(6, "wclc:links", "1")
        change(2, "wclc:claims_M", "{")
        change(6, "wclc:claims", "M")
        self.peer.flush()
        other = self.start_actor(self.target, "kvcounter.wasm")
        self.link(other, self.provider, "wasmcloud:keyvalue")
        late = self.host()
        wait_until(lambda: len(self.ok("get", "links", "--host", late.id, "--json").json()["links"]),
                   "the good link on a host that came later")

    def test_an_answer_over_the_payload_limit_becomes_an_error(self):
        self.server.stop()
        self.server.configure("max_payload: 65536")
        self.server.start()
        wait_until(lambda: self.ctl("get", "hosts")["hosts"], "the host")
        peer = self.client()
        request = msgpack.pack({**REQUEST, "body": b"c" * 25_000})
        message, error = call(peer, self.key, self.actor, "HandleRequest", request)
        self.assertFalse(message)
        self.assertIn("65536", error)
        message, error = call(peer, self.key, self.actor, "HandleRequest", msgpack.pack(REQUEST))
        self.assertIsNone(error)

    def test_only_hosts_on_the_list_are_served(self):
        strict = self.host("--allowed-host", self.key.text)
        actor = self.start_actor(strict, "kvcounter.wasm")
        _, error = call(self.peer, self.key, actor, "HealthRequest", msgpack.pack({}))
        self.assertNotIn("not allowed", error or "")
        _, error = call(self.peer, forge.Key("N"), actor, "HealthRequest", msgpack.pack({}))
        self.assertTrue(error)


if __name__ == "__main__":
    lattice_harness.main()
