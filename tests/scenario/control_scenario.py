#!/usr/bin/env python3
"""Commands that talk to a running host, and hostile talk on its control socket."""

import json
import os
import socket
import struct

import harness
from harness import ACTORS, free_port, http_get


class Control(harness.Scenario):
    def host(self, *more):
        self.port = free_port()
        path = self.write("m.yaml", f"""
actors: ['{ACTORS}/kvcounter.wasm', '{ACTORS}/ponger.wasm', '{ACTORS}/pinger.wasm']
capabilities: [{{image_ref: 'builtin:httpserver'}}, {{image_ref: 'builtin:keyvalue'}}]
links:
  - actor: '{ACTORS}/kvcounter.wasm'
    contract_id: wasmcloud:httpserver
    provider_id: builtin:httpserver
    values: {{BIND: '127.0.0.1:{self.port}'}}
  - {{actor: '{ACTORS}/kvcounter.wasm', contract_id: 'wasmcloud:keyvalue', provider_id: 'builtin:keyvalue'}}
""")
        return self.up("-m", path, *more)

    REQUEST = '{"method":"GET","path":"/p","queryString":"","header":{},"body":""}'

    def test_calls_by_each_name(self):
        self.host()
        inventory = self.ok("get", "inventory", "--json").json()["inventory"]
        key = next(a["id"] for a in inventory["actors"] if a["name"] == "kvcounter")
        for count, name in enumerate((key, key[:12], "kvcounter", str(ACTORS / "kvcounter.wasm"))):
            answer = self.ok("call", name, "HandleRequest", self.REQUEST, "--json", "--bin",
                             "b").json()
            self.assertEqual(answer["response"]["statusCode"], 200)
            body = bytes(answer["response"]["body"])
            self.assertEqual(json.loads(body), {"counter": count + 1})
        alias = self.run_trellis("call", "wasmcloud/examples/ponger", "NoSuchOperation")
        self.assertEqual(alias.status, 1)
        self.assertNotIn("no actor", alias.err, "the alias was found; the operation was not")

    def test_shows_answers_in_each_form(self):
        self.host()
        call = ("call", "kvcounter", "HandleRequest", self.REQUEST)
        self.assertEqual(json.loads(self.ok(*call, "--bin", "s").out)["body"], '{"counter":1}')
        self.assertEqual(json.loads(self.ok(*call, "--bin", "2").out)["body"]["text"],
                         '{"counter":2}')
        self.ok(*call, "--save", "answer.bin")
        self.assertIn(b"statusCode", (self.work / "answer.bin").read_bytes())
        self.assertIn("statusCode", self.ok(*call, "--raw").out)
        self.write("request.json", self.REQUEST)
        self.ok("call", "kvcounter", "HandleRequest", "--data", "request.json")
        self.ok("call", "kvcounter", "HandleRequest", "--data", "-", stdin=self.REQUEST)
        words = self.REQUEST.replace("/p", "/x y").split(" ")
        self.ok("call", "kvcounter", "HandleRequest", *words)

    def test_requests_need_no_message_by_hand(self):
        self.host()
        shown = self.ok("call", "kvcounter", "GET", "/p?x=1", "-H", "Accept: text/plain")
        self.assertEqual(shown.out, '{"counter":1}')
        self.assertIn("200 OK", shown.err)
        self.assertTrue(self.ok("call", "kvcounter", "POST", "/p", "-d", "body", "-i", "-q")
                        .out.startswith("200 OK\n"))
        answer = self.ok("call", "kvcounter", "GET", "/p", "--json").json()
        self.assertEqual((answer["status"], answer["body"]), (200, '{"counter":3}'))
        self.assertIn("-H", self.refused("call", "kvcounter", "Op", "-H", "a: b").err)
        self.assertEqual(self.ok("stop", "actor", "kvcounter", "-q").out, "")

    def test_errors_of_calls_say_what_to_do(self):
        self.assertIn("trellis up", self.refused("call", "x", "Op").err)
        self.host()
        self.assertIn("kvcounter", self.refused("call", "nobody", "Op").err)
        self.assertIn("quote", self.refused("call", "kvcounter", "Op", "{bad").err)
        self.refused("call", "kvcounter", "HandleRequest", '"no request"')
        error = self.run_trellis("call", "nobody", "Op", "--json")
        self.assertIn("error", json.loads(error.err))

    def test_starts_stops_links_and_updates(self):
        self.host("--allow-live-updates")
        url = f"http://127.0.0.1:{self.port}/p"
        self.assertEqual(http_get(url), (200, '{"counter":1}'))
        self.ok("stop", "actor", "kvcounter")
        self.refused("stop", "actor", "kvcounter")
        self.ok("start", "actor", os.path.relpath(ACTORS / "kvcounter.wasm", self.work))
        harness.wait_until(lambda: http_get(url)[0] == 200, "the actor to serve again")
        other = free_port()
        self.ok("start", "actor", ACTORS / "echo.wasm")
        self.ok("link", "put", "echo", "builtin:httpserver", "httpserver",  # short for wasmcloud:…
                f"BIND=127.0.0.1:{other}")
        harness.wait_until(lambda: harness.is_listening(other), "the link")
        states = {link["state"] for link in self.ok("link", "query", "--json").json()["links"]}
        self.assertEqual(states, {"bound"})
        self.ok("link", "del", "echo", "httpserver")
        harness.wait_until(lambda: not harness.is_listening(other), "the end of the link")
        self.assertIn("revision", self.refused("update", "actor", "echo", ACTORS / "echo.wasm").err)
        claims = self.ok("get", "claims", "--json").json()["claims"]["claims"]
        self.assertIn("echo", [one["values"]["name"] for one in claims])

    def test_down_waits_for_the_end(self):
        host = self.host()
        self.ok("down")
        self.assertEqual(host.wait(), 0)
        self.assertFalse(harness.is_listening(self.port))
        self.assertEqual(self.ok("get", "hosts", "--json").json(), {"hosts": []})

    def test_several_hosts_need_a_choice(self):
        one, two = self.up(), self.up()
        hosts = self.ok("get", "hosts", "--json").json()["hosts"]
        self.assertEqual({host["pid"] for host in hosts}, {one.pid, two.pid})
        self.assertIn("--host", self.refused("get", "inventory").err)
        self.ok("get", "inventory", "--host", one.pid)
        key = next(host["id"] for host in hosts if host["pid"] == two.pid)
        inventory = self.ok("get", "inventory", "--host", key[:20], "--json").json()
        self.assertEqual(inventory["inventory"]["host_id"], key)
        self.refused("get", "inventory", "--host", "999999999")

    def test_a_killed_host_leaves_a_socket_that_is_cleared_away(self):
        host = self.up()
        path = self.sockets / f"{host.pid}.sock"
        self.assertTrue(path.exists())
        host.send(harness.signal.SIGKILL)
        host.wait()
        self.assertTrue(path.exists())
        self.assertEqual(self.ok("get", "hosts", "--json").json(), {"hosts": []})
        self.assertFalse(path.exists())

    def test_a_folder_of_somebody_elses_making_is_not_used(self):
        self.sockets.mkdir(mode=0o777)
        self.sockets.chmod(0o777)
        host = self.start("up")
        host.wait_for(r"no control socket.*chmod 700")
        host.wait_for(r"Ctrl-C ends it")
        self.assertIn("chmod 700", self.refused("get", "hosts").err)
        self.assertEqual(host.stop(), 0)

    def exchange(self, host, raw):
        """Sends bytes, reads until the host closes or a frame is complete; the decoded frame."""
        with socket.socket(socket.AF_UNIX) as peer:
            peer.settimeout(harness.PATIENCE)
            peer.connect(str(self.sockets / f"{host.pid}.sock"))
            peer.sendall(raw)
            header = peer.recv(4, socket.MSG_WAITALL)
            return json.loads(peer.recv(struct.unpack(">I", header)[0], socket.MSG_WAITALL))

    def test_hostile_talk_is_refused_and_hurts_nobody(self):
        host = self.up()

        def frame(text):
            return struct.pack(">I", len(text)) + text

        for raw, code in (
                (b"\xff\xff\xff\xff", "limit"), (b"\0\0\0\0", "limit"),
                (frame(b"GET / HTTP/1.1"), "malformed"), (frame(b"\xff\xfe"), "malformed"),
                (frame(b"[" * 100000), "limit"),
                (frame(b"[" + b"1," * 600000 + b"1]"), "limit"),
                (frame(b'{"v":9,"op":"ping"}'), "unsupported"),
                (frame(b'{"v":1,"op":"format_disk"}'), "unsupported"),
                (frame(b'{"v":1,"op":"start_actor","args":{"path":"relative"}}'),
                 "invalid_argument"),
                (frame(b'{"v":1,"op":"start_actor","args":{"path":"/dev/zero"}}'),
                 "invalid_argument"),
                (frame(b'{"v":1,"op":"call","args":{"target":7,"operation":"x"}}'),
                 "invalid_argument"),
                (frame(b'{"v":1,"op":"call","args":{"target":"x","operation":"x","payload":"%"}}'),
                 "invalid_argument"),
                (frame(b'{"v":1,"op":"set_link","args":{"actor":"x","provider":"y",'
                       b'"contract_id":"z","values":{"a":1}}}'), "invalid_argument")):
            with self.subTest(raw[:60]):
                answer = self.exchange(host, raw)
                self.assertEqual((answer["ok"], answer["error"]["code"]), (False, code), answer)
        crowd = []
        for _ in range(40):
            peer = socket.socket(socket.AF_UNIX)
            self.addCleanup(peer.close)
            peer.connect(str(self.sockets / f"{host.pid}.sock"))
            crowd.append(peer)
        for peer in crowd:
            peer.close()
        harness.wait_until(lambda: self.run_trellis("get", "inventory").status == 0,
                           "the host to answer after the crowd")
        self.assertEqual(host.stop(), 0)

    def test_stopping_does_not_wait_for_silent_connections(self):
        host = self.up()
        with socket.socket(socket.AF_UNIX) as peer:
            peer.connect(str(self.sockets / f"{host.pid}.sock"))
            peer.sendall(b"\0\0")
            self.assertEqual(host.stop(), 0)


if __name__ == "__main__":
    harness.main()
