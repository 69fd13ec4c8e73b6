#!/usr/bin/env python3
"""Every operation of every contract, from each guest language, over every provider in every form.

The actors contracts, contracts-rust and contracts-as do the same (tests/guests/contracts.*), so one
expected text holds for all languages and all providers of a contract. Servers are real ones.
"""

import gzip
import http.server
import json
import re
import socket
import threading
import unittest
from pathlib import Path

import harness
import lattice
from guests import GuestScenario, flavours
from harness import ACTORS, free_port, wait_until
from packages_harness import ARCHIVES, LIBRARIES, RedisServer
from s3_server import S3Server


ROOT = Path(__file__).resolve().parents[2]
SOURCES = [ROOT / "tests/guests" / f"contracts.{ending}" for ending in ("cpp", "rs", "ts")]


class Mirror(http.server.BaseHTTPRequestHandler):
    """Answers what it was asked."""

    protocol_version = "HTTP/1.1"

    def _answer(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
        text = "|".join((self.command, self.path, self.headers.get("x-a", "-"), body)).encode()
        self.send_response(404 if self.command == "GET" else 200)
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _answer

    def log_message(self, *_):
        pass


# Contract, its providers as (link name, name).
KEYVALUE = [("default", "keyvalue"), ("file", "keyvalue-file"), ("redis", "keyvalue-redis")]
BLOBSTORE = [("default", "blobstore-fs"), ("s3", "blobstore-s3")]
OTHERS = {"httpserver": "httpserver", "httpclient": "httpclient", "messaging": "messaging-nats",
          "eventstreams": "eventstreams-redis", "logging": "logging", "extras": "extras", "telnet": "telnet"}


class EveryOperation:
    """With providers in the form, and where, the class says that this is mixed into."""

    mode = "in-process"

    def setUp(self):
        super().setUp()
        self.redis = RedisServer(self.folder / "redis")
        self.addCleanup(self.redis.kill)
        self.nats = lattice.NatsServer(self)
        self.s3 = S3Server(self)
        self.web = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Mirror)
        threading.Thread(target=self.web.serve_forever, daemon=True).start()
        self.addCleanup(self.web.server_close)
        self.addCleanup(self.web.shutdown)
        self.telnet_ports, self.sites = {}, {}
        self.serve_all()

    def values(self, name, contract, link):
        """The values of a link of one actor."""
        redis = f"redis://127.0.0.1:{self.redis.port}/"
        if contract == "keyvalue":
            return {"default": {}, "file": {"DIRECTORY": str(self.folder_of("kv"))},
                    "redis": {"URL": redis}}[link]
        if contract == "blobstore":
            s3 = {"ENDPOINT": self.s3.url, "AWS_ACCESS_KEY": S3Server.key,
                  "AWS_SECRET_ACCESS_KEY": S3Server.key}
            return {"default": {"ROOT": str(self.folder_of("blobs-" + name))}, "s3": s3}[link]
        if contract == "telnet":
            self.telnet_ports[name] = free_port()
            return {"BIND": f"127.0.0.1:{self.telnet_ports[name]}", "REQUIRE_ANSI": "false"}
        return {"httpclient": {"ALLOW": "loopback"}, "logging": {}, "extras": {},
                "messaging": {"URL": f"nats://{self.nats.address}", "SUBSCRIPTION": f"{name}.>"},
                "eventstreams": {"URL": redis, "SUBSCRIBE": f"events-{name}"}}[contract]

    def folder_of(self, name):
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        return folder

    def serve_all(self):
        """A host with the actor of each language, linked to every provider there is."""
        providers = [("keyvalue", *each) for each in KEYVALUE] + [("blobstore", *each) for each in BLOBSTORE]
        providers += [(contract, "default", name) for contract, name in OTHERS.items()]
        # Each host has its own extras, built in, under the name that is nobody else's.
        providers = [(contract, link, "builtin:extras" if name == "extras" else str(self.reference(name)))
                     for contract, link, name in providers]
        links, ports = [], {}
        for name in flavours("contracts"):
            for contract, link, reference in providers:
                if contract == "httpserver":
                    ports[name] = free_port()
                    values = {"BIND": f"127.0.0.1:{ports[name]}"}
                else:
                    values = self.values(name, contract, link)
                links.append({"actor": f"{ACTORS}/{name}.wasm", "contract_id": f"wasmcloud:{contract}",
                              "provider_id": reference, "link_name": link, "values": values})
        document = {"actors": [f"{ACTORS}/{name}.wasm" for name in ports],
                    "capabilities": [{"image_ref": reference, "link_name": link,
                                      **({} if contract == "extras" else {"mode": self.mode})}
                                     for contract, link, reference in providers],
                    "links": links}
        path = self.write("contracts.json", json.dumps(document))
        self.host = self.up("-m", path, "--strict", "--log-level", "info,actor=trace,provider=trace")
        self.assert_form()
        self.sites = {name: self.site(port) for name, port in ports.items()}

    def assert_form(self):
        """All but extras run as they should, none as something else."""
        inventory = self.ok("get", "inventory", "--json").json()["inventory"]
        ours = [each for each in inventory["providers"] if not each["of_host"]]
        self.assertEqual(len(ours), len(KEYVALUE) + len(BLOBSTORE) + len(OTHERS) - 1)
        for each in ours:
            self.assertEqual("process" in each, self.mode == "process", each)

    def each(self, path, body, expected):
        """Asks the actor of each language; `{name}` in the body is that of the actor."""
        for name, site in self.sites.items():
            with self.subTest(actor=name, path=path):
                self.assertEqual(site.text(path, body.format(name=name).encode()), expected.format(name=name))

    def received(self, key, expected):
        """What the handlers have put away, newest first, as `received` of the actor tells it."""
        for name, site in self.sites.items():
            with self.subTest(actor=name, key=key):
                self.assertEqual(self.put_away(site, key.format(name=name), expected.count(",") + 1), expected)

    @staticmethod
    def put_away(site, key, entries):
        """The list of a key, once it has so many entries."""
        def there():
            text = site.text("/received/", key.encode())
            return text if text.count(",") + 1 >= entries and text else None
        return wait_until(there, f"{entries} entries of {key}")

    def test_every_operation_of_every_contract(self):
        stored = "hé hé true false 300 -1 1 2 3 a,b,a 2 false 1 1 0 1 1 x,y,z y 1 x refused"
        for link, _ in KEYVALUE:
            self.each(f"/keyvalue/{link}", f"{{name}}-{link}", stored)
        for link, _ in BLOBSTORE:
            box = f"{{name}}-{link}"
            self.each(f"/blobstore/{link}", box, "made done done done done a:5,b:6 5 none done refused done")
            self.received(box, "1/6:ef,0/6:abcd")
            self.each(f"/blobstore-end/{link}", box, "done done")
        self.each("/messaging/default", "{name}", "true true re: how? refused")
        for name, site in self.sites.items():
            notes = self.put_away(site, f"{name}.note", 2).split(",")
            self.assertEqual(sorted(notes), ["hi", "re: once"], name)
        self.each("/eventstreams/default", "events-{name}", "a=1,b=two c=3 same 1 0")
        self.received("events-{name}", "c=3,a=1,b=two")
        url = f"http://127.0.0.1:{self.web.server_address[1]}/p"
        answers = " ".join(f"200 {method}|/p?q|1|data" for method in ("POST", "PUT", "PATCH", "DELETE"))
        self.each("/httpclient/default", url, f"404 GET|/p|-| {answers} refused")
        self.each("/extras/default", "", "36 7 1")
        self.logs_at_every_level()
        self.serves_http()
        self.talks_over_telnet()
        self.assertEqual(self.host.stop(), 0)

    def logs_at_every_level(self):
        self.each("/logging/default", "{name} says", "done done done done done")
        for name in self.sites:
            for level in ("error", "warn", "info", "debug", "trace"):
                line = self.host.wait_for(f"{name} says {level}").string
                self.assertRegex(line, f"(?i){level}")

    def serves_http(self):
        for name, site in self.sites.items():
            status, body = site.ask("/httpserver/a%20b?x=1", b"hi", "PUT", {"X-A": "v"})
            self.assertEqual((status, body), (201, b"PUT /httpserver/a%20b x=1 v hi"), name)

    def talks_over_telnet(self):
        self.each("/telnet/default", "nobody", "refused")
        for name, port in self.telnet_ports.items():
            with socket.create_connection(("127.0.0.1", port), harness.PATIENCE) as terminal:
                seen = b""
                for typed, text in ((b"", b"Welcome.\r\n"), (b"hello\r\n", b"You said: hello\r\n")):
                    terminal.sendall(typed)
                    while text not in seen:
                        more = terminal.recv(4096)
                        self.assertTrue(more, (name, seen))
                        seen += more


class BuiltIn(EveryOperation, GuestScenario):
    def reference(self, name):
        return f"builtin:{name}"

    def test_messages_are_those_of_the_specification(self):
        chunk = ("87aa73657175656e63654e6f01a9636f6e7461696e657281a26964a163a26964a166aa746f74616c427974657303"
                 "a96368756e6b53697a6502a7636f6e74657874c0aa6368756e6b4279746573c4020102")
        missing = "83a26964a46e6f6e65a9636f6e7461696e657281a26964a46e6f6e65a86279746553697a6500"
        event = b"\x83\xa7eventId\xa31-0\xa8streamId\xa1s\xa6values\x81\xa1a\xa11"
        cases = {
            "BrokerMessage": "83a77375626a656374a174a77265706c79546fa85f494e424f582e31a4626f6479c40178",
            "PublishResponse": "81a97075626c6973686564c3",
            "RequestArgs": "83a77375626a656374a174a4626f6479c40178a774696d656f7574cd03e8",
            "FileChunk": chunk, "ChunkArgs": "81a56368756e6b" + chunk, "Blob": missing,
            "BlobList": "81a5626c6f627392" + missing * 2, "BlobstoreResult": "82a773756363657373c3a56572726f72c0",
            "DownloadArgs": "84a7626c6f625f6964a166ac636f6e7461696e65725f6964a163aa6368756e6b5f73697a65ce00080000"
                            "a7636f6e74657874c0",
            "WriteEventArgs": "82a873747265616d4964a173a676616c75657381a161a131",
            "EventAck": "82a76576656e744964a3312d30a56572726f72c0",
            "StreamQuery": "83a873747265616d4964a173a572616e6765c0a5636f756e7400",
            "EventList": (b"\x81\xa6events\x92" + event * 2).hex(),
            "ClientRequest": "84a66d6574686f64a3474554a375726ca9687474703a2f2f612fa76865616465727380a4626f6479c400",
            "Text": "82a773657373696f6ea178a474657874a26869",
            "TelnetResult": "82a773756363657373c3a56572726f72c0",
        }
        ranged = "83a873747265616d4964a173a572616e676582a76d696e54696d6501a76d617854696d65cd03e8a5636f756e7405"
        for name, site in self.sites.items():
            for kind, text in [*cases.items(), ("StreamQuery", ranged)]:
                message = bytes.fromhex(text)
                self.assertEqual(site.ask(f"/recode/{kind}", message), (200, message), (name, kind))
                for size in range(len(message)):
                    status, problem = site.ask(f"/recode/{kind}", message[:size])
                    self.assertEqual(status, 400, (name, kind, size))
                    self.assertIn(b"Failed to de-serialize: ", problem)
            for bomb in (b"\x81\xa5blobs\xdd\x7f\xff\xff\xff", b"\x81\xa5blobs\x91" + b"\x91" * 5000):
                self.assertEqual(site.ask("/recode/BlobList", bomb)[0], 400, name)


class BuiltInProcess(BuiltIn):
    mode = "process"
    test_messages_are_those_of_the_specification = None  # no provider has to do with it


class Library(EveryOperation, GuestScenario):
    def reference(self, name):
        return LIBRARIES / f"trellis-{name.replace('-', '_')}.so"


class LibraryProcess(Library):
    mode = "process"


class Archive(EveryOperation, GuestScenario):
    def reference(self, name):
        """Compressed, as `trellis par create` makes them."""
        packed = self.work / f"{name}.par.gz"
        if not packed.exists():
            packed.write_bytes(gzip.compress((ARCHIVES / f"{name}.par").read_bytes(), 1))
        return packed


class ArchiveProcess(Archive):
    mode = "process"


class Document(unittest.TestCase):
    """docs/actors.md shows every operation in three languages, in the words of the actors above."""

    def test_calls_are_those_of_the_actors(self):
        sources = [re.sub(r"\s+", " ", path.read_text()) for path in SOURCES]
        sources = [re.sub(r"(, )?\blink\)", ")", text) if path.suffix != ".rs" else text
                   for path, text in zip(SOURCES, sources)]
        shown = set()
        section = (ROOT / "docs/actors.md").read_text().split("### Every call\n")[1].split("\n## ")[0]
        for line in section.splitlines():
            cells = line.strip("|").split(" | ")
            if len(cells) != 4 or "`" not in cells[1]:
                continue
            shown.update(re.findall(r"[A-Z][A-Za-z]+", cells[0]))
            for cell, source in zip(cells[1:], sources):
                self.assertIn(cell.strip(" `"), source, line)
        spec = (ROOT / "docs/spec/contracts.md").read_text().split("## 3. ")[1].split("## 4. ")[0]
        graphs = {"QueryGraph", "DeleteGraph"}  # no provider serves wasmcloud:graphdb
        operations = set(re.findall(r"^\| `([A-Z]\w+)` \|", spec, re.MULTILINE)) - graphs
        operations = {name for name in operations if not name.isupper() and "_" not in name}
        self.assertGreater(len(operations), 30)
        self.assertEqual(operations - shown, set())


if __name__ == "__main__":
    harness.main()
