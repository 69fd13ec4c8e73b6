#!/usr/bin/env python3
"""The acceptance scenarios of several hosts and of the control interface: host.md 15.2 and 15.3."""

import json
import queue
import shutil
import socket
import subprocess
from pathlib import Path

import forge
import lattice_harness
import msgpack
from harness import ACTORS, BINARY, PATIENCE, free_port, http_get, is_listening, wait_until
from lattice import NatsServer
from lattice_harness import LatticeScenario


SOURCE = Path(__file__).resolve().parents[2]


def url(port, path="/foo/bar"):
    return f"http://127.0.0.1:{port}{path}"


class Distributed(LatticeScenario):
    def test_b1_a_client_removes_a_link(self):
        host = self.host()
        actor = self.start_actor(host, "echo.wasm")
        port = self.http(host, actor)
        self.assertEqual(http_get(url(port))[0], 200)
        self.ctl("link", "del", actor, "wasmcloud:httpserver")
        wait_until(lambda: not is_listening(port), "the end of the HTTP address")
        again = self.ctl("link", "del", actor, "wasmcloud:httpserver", ok=False)
        self.assertIn("the lattice knows no link", again.err)
        self.ctl("link", "del", actor, "wasmcloud:httpserver", "--ignore-missing")

    def test_links_tell_what_became_of_them(self):
        """What the provider made of a link crosses the lattice: to who puts it, lists it, watches."""
        host, other = self.host(), self.host()
        actor = self.start_actor(other, "echo.wasm")
        provider = self.start_provider(host, "builtin:httpserver")
        http = (actor, provider, "wasmcloud:httpserver")
        watch = self.start("ctl", "watch", *self.connection(), "--namespace", self.ns, "--json")
        events = json.loads((SOURCE / "tests/vectors/events.json").read_text())["cases"]
        peer = self.client()

        def watches():
            peer.publish(events[0]["subject"], events[0]["text"].encode())
            return watch.text("out")
        wait_until(watches, "an event that is seen")
        unknown = self.ctl("link", "put", *http, "BIND=127.0.0.1:0", "COLOUR=red", ok=False)
        self.assertIn("unknown link value COLOUR", unknown.err)
        wrong = self.ctl("link", "put", actor, provider, "wasmcloud:keyvalue", "--wait-for", "1s",
                         ok=False)
        self.assertIn("no such provider runs", wrong.err)
        self.ctl("link", "del", actor, "wasmcloud:keyvalue")
        port = free_port()
        with socket.socket() as taken:
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            taken.bind(("127.0.0.1", port))
            taken.listen()
            refused = self.ctl("link", "put", *http, f"BIND=127.0.0.1:{port}", ok=False)
            self.assertIn(str(port), refused.err)
            (link,) = self.ctl("get", "links")["links"]
            self.assertEqual((link["state"], link["host_id"]), ("failed", host.id))
            self.assertIn(str(port), link["problem"])
        # By names, as people would say it.
        done = self.ctl("link", "put", "echo", "builtin:httpserver", "httpserver",
                        f"BIND=127.0.0.1:{free_port()}")
        self.assertEqual((done["state"], done["host_id"]), ("bound", host.id))
        self.assertIn("url", done)
        (link,) = self.ctl("get", "links")["links"]
        self.assertEqual((link["state"], link["problem"]), ("bound", ""))
        self.ctl("link", "del", "Echo", "httpserver")
        self.ctl("stop", "provider", "httpserver")
        unknown = self.ctl("stop", "actor", "nobody", ok=False)
        self.assertRegex(unknown.err, "no actor 'nobody' runs in the lattice")
        self.assertIn("there are: " + actor[:8], unknown.err)
        self.start_actor(host, "echo.wasm")
        twice = self.ctl("stop", "actor", "echo", ok=False)
        self.assertIn("runs on 2 hosts", twice.err)
        self.ctl("stop", "actor", "echo", "--host", host.id[:9])
        self.ctl("stop", "actor", "echo")

        def told():
            lines = [json.loads(line) for line in watch.text("out").splitlines()]
            return [(line["outcome"], line["failure"] is None) for line in lines
                    if line.get("outcome", "").endswith("_link")]
        wait_until(lambda: told() and told()[-1] == ("unbind_link", True), "the end of the link")
        self.assertIn(("bind_link", False), told())
        self.assertIn(("bind_link", True), told())

    def test_b2_a_host_that_comes_later_learns_claims_and_links(self):
        a = self.host()
        actor = self.start_actor(a, "echo.wasm")
        port = free_port()
        # Nobody has the provider yet: its key is the same on every host (identity.md 5.3).
        provider = self.start_provider(a, "builtin:httpserver")
        self.ctl("stop", "provider", a.id, provider, "default", "wasmcloud:httpserver", "--wait")
        values = (actor, provider, "wasmcloud:httpserver", f"BIND=127.0.0.1:{port}")
        nobody = self.ctl("link", "put", *values, "--wait-for", "1s", ok=False)
        self.assertIn("is defined, but no such provider runs", nobody.err)
        self.ctl("link", "put", *values, "--no-wait")
        b = self.host()
        self.start_provider(b, "builtin:httpserver")
        wait_until(lambda: is_listening(port), "the HTTP address on the second host")
        status, body = http_get(url(port))
        self.assertEqual(status, 200)
        seen = json.loads(body)
        self.assertEqual((seen["method"], seen["path"], seen["query_string"], seen["body"]),
                         ("GET", "/foo/bar", "", []))

    def test_b3_a_link_set_on_a_third_host(self):
        self.ns = "third"
        a, b, c = self.host(), self.host(), self.host()
        actor = self.start_actor(a, "echo.wasm")
        provider = self.start_provider(b, "builtin:httpserver")
        port = free_port()
        self.ok("link", "put", actor, provider, "wasmcloud:httpserver",
                f"BIND=127.0.0.1:{port}", "--host", c.id)
        wait_until(lambda: is_listening(port), "the HTTP address")
        self.assertEqual(http_get(url(port))[0], 200)

    def test_b5_an_actor_on_three_of_five_hosts(self):
        hosts = [self.host() for _ in range(5)]
        actors = {self.start_actor(host, "kvcounter.wasm") for host in hosts[:3]}
        self.assertEqual(len(actors), 1)
        actor = actors.pop()
        provider = self.start_provider(hosts[3], "builtin:keyvalue")
        self.ok("link", "put", actor, provider, "wasmcloud:keyvalue", "--host", hosts[1].id)
        port = self.http(hosts[4], actor)
        for count in range(1, 31):
            # The link reaches hosts one after the other; until then there is an error, not a count.
            wait_until(lambda: http_get(url(port, "/b5")) == (200, f'{{"counter":{count}}}'),
                       f"count {count}")
        calls = [self.inventory(host)["actors"] for host in hosts[:3]]
        self.assertTrue(all(calls))

    def test_lattices_of_two_namespaces_are_apart(self):
        a = self.host()
        self.start_actor(a, "echo.wasm")
        self.ns = "other"
        b = self.host()
        self.assertEqual([host["id"] for host in self.ctl("get", "hosts")["hosts"]], [b.id])
        self.assertEqual(self.inventory(b)["actors"], [])


class Control(LatticeScenario):
    def test_c1_the_life_of_actors_and_providers(self):
        host = self.host("--label", "testing=test-one")
        unknown = forge.Key("M").text
        stop = self.ctl("stop", "actor", host.id, unknown, ok=False)
        self.assertIn("Actor is either not running on this host", stop.err)
        self.ctl("stop", "provider", host.id, forge.Key("V").text, "default", "wasmcloud:keyvalue",
                 ok=False)
        reference = str(ACTORS / "kvcounter.wasm")
        self.ctl("start", "actor", reference, "--host-id", host.id, "--wait")
        self.assertEqual(len(self.inventory(host)["actors"]), 1)
        self.assertEqual(len(self.ctl("get", "claims")["claims"]["claims"]), 1)
        again = self.ctl("start", "actor", reference, "--host-id", host.id, ok=False)
        self.assertIn(f"Actor with image ref '{reference}' is already running on this host",
                      again.err)
        self.ctl("stop", "actor", host.id, reference)
        self.assertEqual(self.inventory(host)["actors"], [])
        self.start_actor(host, "kvcounter.wasm")

        def providers():
            return len(self.inventory(host)["providers"])
        self.assertEqual(providers(), 2)
        key = self.start_provider(host, "builtin:keyvalue")
        self.assertEqual(providers(), 3)
        self.ctl("stop", "provider", host.id, key, "default", "wasmcloud:keyvalue", "--wait")
        self.assertEqual(providers(), 2)
        self.start_provider(host, "builtin:keyvalue")
        self.start_provider(host, "builtin:httpserver")
        self.assertEqual(providers(), 4)
        again = self.ctl("start", "provider", "builtin:httpserver", "--host-id", host.id, ok=False)
        self.assertIn("Provider with image ref 'builtin:httpserver' is already running on this "
                      "host.", again.err)
        wrong = self.ctl("stop", "provider", host.id, key, "default", "wasmcloud:other", ok=False)
        self.assertIn(f"Provider {key}/default is not running on this host", wrong.err)
        self.assertEqual([each["id"] for each in self.ctl("get", "hosts")["hosts"]], [host.id])
        inventory = self.inventory(host)
        self.assertEqual(inventory["host_id"], host.id)
        # Theirs of the machine and the test's own, and the name that `up` gives the host.
        self.assertEqual(len(inventory["labels"]), 5)
        self.assertIn("hostcore.hostname", inventory["labels"])
        self.assertEqual([actor["name"] for actor in inventory["actors"]], ["kvcounter"])

    def test_c3_a_live_update(self):
        host = self.host("--allow-live-updates")
        actor = self.start_actor(host, "echo.wasm")
        port = self.http(host, actor)
        before = self.inventory(host)["actors"][0]["revision"]
        newer = self.sign_newer(before + 1)
        events = self.client().collect(self.control("events"))
        self.ctl("update", "actor", host.id, actor, newer, "--wait")
        self.assertEqual(self.inventory(host)["actors"][0]["revision"], before + 1)
        self.assertEqual(http_get(url(port))[0], 200)
        names = [next(iter(events.get(timeout=PATIENCE).json()["event"])) for _ in range(2)]
        self.assertEqual(names, ["ActorUpdateBegan", "ActorUpdateCompleted"])
        older = self.ctl("update", "actor", host.id, actor, newer, "--wait", ok=False)
        self.assertIn("revision", older.err)

    def sign_newer(self, revision):
        # Keys are found by the user's name and the module's file name (cli.md 2.1).
        module = self.work / "echo.unsigned.wasm"
        shutil.copy(ACTORS / "echo.unsigned.wasm", module)
        newer = self.work / "newer.wasm"
        self.ok("claims", "sign", module, "--destination", newer, "--name", "echo", "--rev",
                str(revision), "--http_server", "--directory", ACTORS.parent / "keys",
                "--disable-keygen", env={"USER": "throwaway"})
        return newer

    def test_c4_a_client_calls_an_actor(self):
        host = self.host()
        actor = self.start_actor(host, "echo.wasm")
        request = msgpack.pack({"method": "GET", "path": "", "queryString": "", "header": {},
                                "body": b"NARF"})
        client, key = self.client(headers=True, no_responders=True), forge.Key("N")
        message, error = lattice_harness.call(client, key, actor, "HandleRequest", request)
        self.assertIsNone(error)
        answer = msgpack.unpack(message)
        self.assertEqual((answer["statusCode"], answer["status"]), (200, "OK"))
        body = json.loads(msgpack.to_bytes(answer["body"]))
        self.assertEqual(body["body"], [78, 65, 82, 70])
        self.ctl("stop", "actor", host.id, actor, "--wait")
        failed = self.ctl("call", actor, "HandleRequest", "{}", ok=False)
        self.assertIn("nobody on the lattice listens there", failed.err)

    def test_c5_auctions(self):
        h1 = self.host("--label", "kv-friendly=yes", "--label", "web-friendly=no")
        h2 = self.host("--label", "web-friendly=yes")
        client = self.client()

        def assert_bids(kind, request, *expected):
            bidders, inbox = queue.Queue(), "_INBOX.bids"
            sid = client.subscribe(inbox, bidders.put)
            client.publish(self.control(f"auction.{kind}"), json.dumps(request), inbox)
            wait_until(lambda: bidders.qsize() >= len(expected), "the bids")
            # Who should not bid and does has most likely done so before it answers this.
            for host in (h1, h2):
                client.request(self.control(f"get.{host.id}.inv"))
            client.flush()
            client.unsubscribe(sid)
            found = [bidders.get().json()["host_id"] for _ in range(bidders.qsize())]
            self.assertEqual(sorted(found), sorted(expected))
        reference = str(ACTORS / "echo.wasm")
        actor = {"actor_ref": reference, "constraints": {}}
        assert_bids("actor", actor, h1.id, h2.id)
        friendly = {"actor_ref": reference, "constraints": {"kv-friendly": "yes"}}
        assert_bids("actor", friendly, h1.id)
        self.start_actor(h1, "echo.wasm")
        assert_bids("actor", friendly)
        assert_bids("actor", actor, h2.id)
        web = {"provider_ref": "builtin:httpserver", "link_name": "default",
               "constraints": {"web-friendly": "yes"}}
        assert_bids("provider", web, h2.id)
        self.start_provider(h2, "builtin:httpserver")
        assert_bids("provider", web)

    def test_c6_events(self):
        host = self.host()
        events = self.client().collect(self.control("events"))
        actor = self.start_actor(host, "echo.wasm")

        def event():
            return events.get(timeout=PATIENCE).json()
        started = event()
        self.assertEqual(started["event"], {"ActorStarted": {"actor": actor, "image_ref": None}})
        self.assertEqual(started["header"]["host_origin"], host.id)
        self.ctl("stop", "actor", host.id, actor, "--wait")
        self.assertEqual(event()["event"], {"ActorStopped": {"actor": actor}})
        provider = self.start_provider(host, "builtin:keyvalue")
        self.assertEqual(next(iter(event()["event"])), "ProviderStarted")
        self.ctl("stop", "provider", host.id, provider, "default", "wasmcloud:keyvalue", "--wait")
        self.assertEqual(next(iter(event()["event"])), "ProviderStopped")
        self.assertEqual(host.stop(), 0)
        self.assertEqual(event()["event"], "HostStopped")

    def test_a_failed_start_is_told_and_leaves_no_trace(self):
        registry = f"127.0.0.1:{free_port()}"
        host = self.host("--control-registries", registry)
        bad = self.write("bad.wasm", b"not a module")
        failed = self.ctl("start", "actor", bad, "--host-id", host.id, "--wait", ok=False)
        self.assertIn("module", failed.err)
        self.assertEqual(self.inventory(host)["actors"], [])
        self.assertEqual(self.ctl("get", "claims")["claims"]["claims"], [])
        outside = self.ctl("start", "actor", "/etc/hostname", "--host-id", host.id, ok=False)
        self.assertIn("may start", outside.err)
        away = self.ctl("start", "actor", f"{registry}/a:1", "--host-id", host.id, "--wait", ok=False)
        self.assertIn("https://127.0.0.1", away.err)

    def test_scale_and_stop_over_the_lattice(self):
        host = self.host()
        actor = self.start_actor(host, "echo.wasm")
        self.ctl("scale", "actor", host.id, actor, "--min", "3", "--max", "4", "--wait")
        local = self.ok("get", "inventory", "--json").json()["inventory"]["actors"]
        self.assertEqual(local[0]["instances"], 3)
        self.ctl("stop", "host", host.id, "--wait")
        self.assertEqual(host.process.wait(), 0)

    def test_control_has_a_server_of_its_own(self):
        other = NatsServer(self)
        host = self.host("--control-host", "127.0.0.1", "--control-port", str(other.port))
        self.assertEqual(self.ctl("get", "hosts")["hosts"], [])
        found = self.ctl("get", "hosts", port=other.port)["hosts"]
        self.assertEqual([each["id"] for each in found], [host.id])


class Demo(LatticeScenario):
    def test_make_demo_lattice(self):
        """What `make demo-lattice` runs, up to the first look."""
        binary = Path(BINARY).resolve()
        env = {**self.env, "ONCE": "1", "NATS_PORT": str(free_port()),
               "COUNTER_PORT": str(free_port()), "TRELLIS_BUILD": str(binary.parents[1])}
        done = subprocess.run([SOURCE / "scripts/run-lattice-demo.sh"], env=env, text=True,
                              capture_output=True, timeout=PATIENCE)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r'\{"counter":\d+\}')
        self.assertIn("role=front", done.stdout)
        self.assertIn("role=back", done.stdout)
        self.assertFalse(is_listening(int(env["NATS_PORT"])))


if __name__ == "__main__":
    lattice_harness.main()
