#!/usr/bin/env python3
"""Hostile HTTP clients, and actors that are slow to answer: others are served meanwhile."""

import concurrent.futures
import select
import socket
import time

import harness
import hostile
from harness import ACTORS, free_port, http_get
from hostile import GUESTS

GOOD = b"GET /x?y=1 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
POST = (b"POST /p HTTP/1.1\r\nHost: h\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"5\r\nhello\r\n6;a=b\r\n world\r\n0\r\nTrailer: t\r\n\r\n")


def link(actor, port, **values):
    more = "".join(f", {key}: '{value}'" for key, value in values.items())
    return f"""  - actor: {actor}
    contract_id: wasmcloud:httpserver
    provider_id: builtin:httpserver
    values: {{BIND: '127.0.0.1:{port}'{more}}}
"""


class HostileHttp(hostile.HostileScenario):
    def serve(self, **values):
        """A host whose echo actor answers HTTP at self.port."""
        self.port = free_port()
        echo = str(ACTORS / "echo.wasm")
        rest = ("capabilities: [{image_ref: 'builtin:httpserver'}]\nlinks:\n"
                + link(echo, self.port, **values))
        return self.host_with([(echo, "")], rest)

    def connect(self, port=None):
        client = socket.create_connection(("127.0.0.1", port or self.port), harness.PATIENCE)
        self.addCleanup(client.close)
        return client

    def answer(self, client):
        """All that comes until the server closes."""
        got = b""
        try:
            while piece := client.recv(65536):
                got += piece
        except ConnectionResetError:
            pass
        return got

    def exchange(self, *pieces):
        client = self.connect()
        try:
            for piece in pieces:
                client.sendall(piece)
        except (BrokenPipeError, ConnectionResetError):
            pass
        return self.answer(client)

    def assert_served(self):
        self.assertEqual(http_get(f"http://127.0.0.1:{self.port}/fine")[0], 200)

    def test_requests_split_at_every_byte(self):
        host = self.serve()
        for request in (GOOD, POST):
            whole = self.exchange(request).split(b"\r\n\r\n", 1)[1]
            self.assertGreater(len(whole), 10)

            def split(at, request=request):
                client = self.connect()
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                client.sendall(request[:at])
                time.sleep(0.002)
                client.sendall(request[at:])
                return self.answer(client)

            with concurrent.futures.ThreadPoolExecutor(8) as pool:
                for at, got in enumerate(pool.map(split, range(1, len(request))), 1):
                    self.assertTrue(got.startswith(b"HTTP/1.1 200 "), (at, got))
                    self.assertEqual(got.split(b"\r\n\r\n", 1)[1], whole, at)
        one_by_one = self.connect()
        for byte in GOOD:
            one_by_one.sendall(bytes([byte]))
        self.assertIn(b" 200 ", self.answer(one_by_one))
        self.assert_ends_well(host)

    def test_what_is_no_http_is_refused(self):
        host = self.serve()
        head = b"Host: h\r\n"
        bad = {
            "noise": bytes(range(256)) * 4,
            "no version": b"GET /\r\n\r\n",
            "version 3": b"GET / HTTP/3.0\r\n" + head + b"\r\n",
            "method of control characters": b"G\x01T / HTTP/1.1\r\n" + head + b"\r\n",
            "NUL in the target": b"GET /a\0b HTTP/1.1\r\n" + head + b"\r\n",
            "NUL in a header": b"GET / HTTP/1.1\r\n" + head + b"X: a\0b\r\n\r\n",
            "bare line feeds in a value": b"GET / HTTP/1.1\r\n" + head + b"X: a\rb\r\n\r\n",
            "no colon": b"GET / HTTP/1.1\r\n" + head + b"nonsense\r\n\r\n",
            "space before the colon": b"GET / HTTP/1.1\r\n" + head + b"X : a\r\n\r\n",
            "two lengths": b"POST / HTTP/1.1\r\n" + head
                           + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
            "length and chunks": b"POST / HTTP/1.1\r\n" + head + b"Content-Length: 5\r\n"
                                 b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "negative length": b"POST / HTTP/1.1\r\n" + head + b"Content-Length: -1\r\n\r\n",
            "absurd length": b"POST / HTTP/1.1\r\n" + head
                             + b"Content-Length: 99999999999999999999\r\n\r\n",
            "length above the limit": b"POST / HTTP/1.1\r\n" + head
                                      + b"Content-Length: 9999999999\r\n\r\n",
            "unknown coding": b"POST / HTTP/1.1\r\n" + head
                              + b"Transfer-Encoding: gzip\r\n\r\n",
            "bad chunk size": b"POST / HTTP/1.1\r\n" + head
                              + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n",
            "chunk size above 64 bits": b"POST / HTTP/1.1\r\n" + head
                                        + b"Transfer-Encoding: chunked\r\n\r\n" + b"f" * 20 + b"\r\n",
            "one header of 1 MB": b"GET / HTTP/1.1\r\n" + head + b"X: " + b"a" * 1_000_000
                                  + b"\r\n\r\n",
            "20 000 headers": b"GET / HTTP/1.1\r\n" + head + b"X: a\r\n" * 20_000 + b"\r\n",
            "a target of 1 MB": b"GET /" + b"a" * 1_000_000 + b" HTTP/1.1\r\n" + head + b"\r\n",
        }
        for what, request in bad.items():
            with self.subTest(what):
                got = self.exchange(request)
                self.assertRegex(got[:200], rb"^$|^HTTP/1.1 (4\d\d|501|505) ")
                self.assert_served()
        self.assert_unharmed(host)
        self.assert_ends_well(host)

    def test_clients_that_leave_in_the_middle(self):
        host = self.serve()
        open_before = hostile.descriptors(host.pid)
        for at in range(1, len(POST), 3):
            client = self.connect()
            client.sendall(POST[:at])
            client.close()
        for _ in range(20):  # asks for an answer and does not wait for it
            client = self.connect()
            client.sendall(GOOD)
            client.close()
        self.assert_served()
        harness.wait_until(lambda: hostile.descriptors(host.pid) <= open_before + 2,
                           "connections to be closed")
        self.assert_ends_well(host)

    def test_silent_and_slow_clients_hold_up_nobody(self):
        host = self.serve()
        silent = [self.connect() for _ in range(200)]
        slow = [self.connect() for _ in range(50)]
        for client in slow:
            client.sendall(b"GET / HTTP/1.1\r\nHost: h\r\nX-Slow: ")
        for _ in range(5):
            for client in slow:
                client.sendall(b"a")
            self.assertLess(hostile.seconds(self.assert_served)[0], 5)
        self.assertEqual(len(silent), 200)
        self.assert_unharmed(host)
        # They do not keep it from stopping either: ten seconds would be its limit.
        took, status = hostile.seconds(host.stop)
        self.assertEqual(status, 0)
        self.assertLess(took, 9)

    def test_pipelined_requests_are_answered_in_order(self):
        host = self.serve()
        client = self.connect()
        keep = b"GET /%d HTTP/1.1\r\nHost: h\r\n\r\n"
        client.sendall(b"".join(keep % i for i in range(20)) + GOOD)
        got = self.answer(client)
        self.assertEqual(got.count(b"HTTP/1.1 200 "), 21)
        at = [got.index(b'"/%d"' % i) for i in range(20)]
        self.assertEqual(at, sorted(at))
        self.assert_ends_well(host)

    def test_sleeping_actors_hold_up_nobody(self):
        """32 requests sleep in an actor, side by side; those to another are answered meanwhile."""
        sleeper = self.sign(GUESTS / "sleeper.wasm", "sleeper", "--http_server")
        echo = str(ACTORS / "echo.wasm")
        self.port, slow_port = free_port(), free_port()
        rest = ("capabilities: [{image_ref: 'builtin:httpserver'}]\nlinks:\n"
                + link(echo, self.port) + link(sleeper, slow_port))
        host = self.host_with([(sleeper, "instances: {max: 32}"), (echo, "")], rest)
        # Where the machine takes longer for this than they sleep, they sleep longer.
        for sleep_ms in (1500, 4000, 8000):
            if self.answered_beside_sleepers(host, slow_port, sleep_ms):
                break
        else:
            self.fail("never answered before those that slept")
        self.assert_ends_well(host)

    def answered_beside_sleepers(self, host, slow_port, sleep_ms):
        """Whether 32 requests were in the actor at one time, and others came back before each."""
        clients = [self.connect(slow_port) for _ in range(32)]
        for client in clients:
            client.sendall(GOOD.replace(b"y=1", b"ms=%d" % sleep_ms))

        def are_asleep():
            actors = self.control(host, "inventory")["result"]["actors"]
            return next(each["busy"] for each in actors if each["name"] == "sleeper") == 32

        def has_woken():
            return bool(select.select(clients, [], [], 0)[0])

        harness.wait_until(lambda: are_asleep() or has_woken(), "32 sleeping requests")
        took = [hostile.seconds(self.assert_served)[0] for _ in range(5)]
        in_time = not has_woken()
        if in_time:
            print(f"beside 32 sleeping requests: {sorted(took)[2] * 1000:.1f} ms in the median")
        for client in clients:
            self.assertTrue(self.answer(client).endswith(b"slept"))
        return in_time

    def test_a_taken_port_is_a_failed_link(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            echo = str(ACTORS / "echo.wasm")
            rest = ("capabilities: [{image_ref: 'builtin:httpserver'}]\nlinks:\n"
                    + link(echo, taken.getsockname()[1]))
            host = self.host_with([(echo, "")], rest)
            (found,) = self.control(host, "links")["result"]["links"]
            self.assertEqual(found["state"], "failed")
            self.assertIn(str(taken.getsockname()[1]), found["problem"])
        bound = harness.wait_until(
            lambda: self.control(host, "links")["result"]["links"][0]["state"] == "bound",
            "the link to be tried again once the port is free")
        self.assertTrue(bound)
        self.assert_ends_well(host)


if __name__ == "__main__":
    harness.main()
