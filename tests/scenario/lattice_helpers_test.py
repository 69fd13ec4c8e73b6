"""The helpers of scenario tests do what they say: MessagePack and tokens byte for byte (vectors),
and server, client and proxy together.
"""

import json
import threading
import time
import unittest
from pathlib import Path

import forge
import harness
import lattice
import msgpack

VECTORS = json.loads(
    (Path(__file__).resolve().parents[1] / "vectors/invocation.json").read_text())


def entity(given):
    if "Actor" in given:
        return forge.actor_entity(given["Actor"])
    provider = given["Capability"]
    return forge.provider_entity(provider["id"], provider["contract_id"], provider["link_name"])


class Packing(unittest.TestCase):
    def test_values_come_back(self):
        for value in (None, True, False, 0, 127, 128, 255, 256, 65535, 65536, 2**32, 2**64 - 1, -1,
                      -32, -33, -128, -129, -32769, -2**63, 1.5, "", "ä" * 40, "x" * 300,
                      "x" * 70000, [], [1, "a", None], list(range(20)), [0] * 70000, {},
                      {"a": {"b": [1]}}, {i: i for i in range(20)}, msgpack.Bin(b"\0\xff")):
            self.assertEqual(msgpack.unpack(msgpack.pack(value)), value)

    def test_bytes_are_arrays_of_integers(self):
        self.assertEqual(msgpack.pack(b"\x00\x7f\x80\xff").hex(), "94007fcc80ccff")
        self.assertEqual(msgpack.to_bytes(msgpack.unpack(msgpack.pack(b"\x00\x80"))), b"\x00\x80")

    def test_what_is_cut_short_is_refused(self):
        whole = msgpack.pack({"key": ["text", 70000, b"\x80" * 20, 1.5]})
        for size in range(len(whole)):
            with self.assertRaises(ValueError):
                msgpack.unpack(whole[:size])
        with self.assertRaises(ValueError):
            msgpack.unpack(b"\xc1")


class Forging(unittest.TestCase):
    def test_keys_of_the_vectors(self):
        for key in VECTORS["keys"].values():
            made = forge.Key.from_text(key["seed"])
            self.assertEqual((made.text, made.seed_text()), (key["public"], key["seed"]))

    def test_entities_responses_and_invocations_of_the_vectors(self):
        host = forge.Key.from_text(VECTORS["keys"]["server"]["seed"])
        count = 0
        for case in VECTORS["cases"]:
            given = case.get("input")
            if not isinstance(given, dict) or "bytes_hex" not in case:
                continue
            with self.subTest(case["name"]):
                if case["type"] == "WasmCloudEntity":
                    self.assertEqual(forge.entity_url(entity(given)), case["url"])
                    fields = entity(given)
                elif case["type"] == "InvocationResponse":
                    fields = forge.response(bytes.fromhex(given["msg_hex"]), given["error"],
                                            given["invocation_id"])
                elif given.get("jti") and given["host_id"] == host.text:
                    fields = self.invocation(host, given)
                else:
                    continue
                self.assertEqual(forge.packed(fields).hex(), case["bytes_hex"])
                count += 1
        self.assertGreaterEqual(count, 15)

    def invocation(self, host, given):
        origin, target = entity(given["origin"]), entity(given["target"])
        message = bytes.fromhex(given["msg_hex"])
        text = forge.invocation_token(host, origin, target, given["operation"], message,
                                      given["id"], given["jti"], given["iat"])
        self.assertEqual(text, given["encoded_claims"])
        return forge.invocation(host, origin, target, given["operation"], message, given["id"],
                                encoded_claims=text)


class Nats(unittest.TestCase):
    def setUp(self):
        self.server = lattice.NatsServer(self)

    def client(self, port=None, **options):
        client = lattice.NatsClient(port or self.server.port, **options)
        self.addCleanup(client.close)
        return client

    def echo_on(self, client, subject, group=""):
        client.subscribe(subject, lambda m: client.publish(m.reply, m.data), group)
        client.flush()

    def test_publish_request_and_unsubscribe(self):
        one, two = self.client(), self.client()
        messages = two.collect("a.*")
        one.publish("a.b", b"\x00\r\nhello", "back")
        got = messages.get(timeout=harness.PATIENCE)
        self.assertEqual((got.subject, got.reply, got.data), ("a.b", "back", b"\x00\r\nhello"))
        self.echo_on(two, "echo")
        self.assertEqual(one.request("echo", "question").data, b"question")
        silent = two.subscribe("silent", lambda message: None)
        two.flush()
        with self.assertRaises(TimeoutError):
            one.request("silent", timeout=0.05)
        two.unsubscribe(silent)

    def test_no_responders(self):
        with self.assertRaises(lattice.NoResponders):
            self.client(headers=True, no_responders=True).request("nobody")

    def test_queue_groups_share(self):
        clients = [self.client() for _ in range(2)]
        both = [client.collect("work", "group") for client in clients]
        for _ in range(100):
            clients[0].publish("work", b"x")
        harness.wait_until(lambda: sum(each.qsize() for each in both) == 100, "100 messages")
        self.assertTrue(all(each.qsize() for each in both))

    def test_the_server_dies_and_comes_back_on_its_port(self):
        client = self.client()
        self.server.kill()
        self.assertTrue(client.closed.wait(harness.PATIENCE))
        with self.assertRaises(OSError):
            lattice.NatsClient(self.server.port)
        self.server.configure('authorization { token: "t" }')
        self.server.start()
        self.client(auth_token="t").flush()
        with self.assertRaises(AssertionError):
            lattice.NatsClient(self.server.port, auth_token="wrong")

    def test_freezing(self):
        client = self.client()
        self.server.freeze()
        with self.assertRaises(AssertionError):
            client.flush(timeout=0.1)
        self.server.thaw()
        self.assertTrue(client._pongs.get(timeout=harness.PATIENCE))

    def test_the_proxy_cuts_and_restores(self):
        proxy = lattice.Proxy(self, self.server.port)
        through = self.client(proxy.port)
        self.echo_on(self.client(), "echo")
        self.assertEqual(through.request("echo", b"1").data, b"1")
        proxy.cut()
        self.assertTrue(through.closed.wait(harness.PATIENCE))
        with self.assertRaises((OSError, AssertionError)):
            lattice.NatsClient(proxy.port)
        proxy.restore()
        self.assertEqual(self.client(proxy.port).request("echo", b"2").data, b"2")

    def test_the_proxy_delays_and_throttles(self):
        proxy = lattice.Proxy(self, self.server.port)
        through = self.client(proxy.port)
        proxy.delay(0.1)
        before = time.monotonic()
        through.flush()
        self.assertGreaterEqual(time.monotonic() - before, 0.2)
        proxy.delay(0)
        proxy.throttle(100_000)
        before = time.monotonic()
        through.publish("big", b"x" * 20_000)
        through.flush()
        self.assertGreaterEqual(time.monotonic() - before, 0.2)

    def test_nothing_is_left(self):
        before = threading.active_count()
        proxy = lattice.Proxy(self, self.server.port)
        client = lattice.NatsClient(proxy.port)
        client.close()
        proxy.end()
        harness.wait_until(lambda: threading.active_count() <= before, "threads to end")
        pid = self.server.pid
        self.server.stop()
        self.assertFalse(Path(f"/proc/{pid}").exists())


if __name__ == "__main__":
    harness.main()
