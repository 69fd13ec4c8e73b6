#!/usr/bin/env python3
"""A peer with nothing but a NATS connection and a throw-away key tries to have a host act with its own
rights: start providers that reach files, read and write files through links, listen, use secrets
(docs/security.md, "Where a link comes from")."""

import json

import forge
import harness
import lattice_harness
import msgpack
from harness import free_port, wait_until
from lattice_harness import LatticeScenario

BLOBS = "wasmcloud:blobstore"
OUTSIDE = ("blobstore-fs", "blobstore-s3", "eventstreams-redis", "httpclient", "httpserver",
           "keyvalue-file", "keyvalue-redis", "messaging-nats", "telnet")


class HostileLinks(LatticeScenario):
    permissions = []

    def setUp(self):
        super().setUp()
        self.peer = self.client()
        self.key, self.account, self.actor = forge.Key("N"), forge.Key("A"), forge.Key("M")
        (self.work / "open").mkdir()
        (self.work / "home/keys").mkdir(parents=True)
        (self.work / "home/keys/seed").write_text("SECRET SEED")

    def order(self, host, verb, **fields):
        return self.peer.request(self.control(f"cmd.{host.id}.{verb}"),
                                 json.dumps(fields).encode()).json()

    def with_provider(self, reference, *flags, contract=BLOBS):
        """A host whose own user started a provider; the host and the provider's key."""
        path = self.write("own.yaml", f"capabilities: [{{image_ref: 'builtin:{reference}'}}]\n")
        host = self.host("-m", path, *flags)
        return host, next(each["id"] for each in self.local(host, "inventory")["providers"]
                          if each["contract_id"] == contract)

    def local(self, host, what):
        done = self.ok("get", what, "--json", "--host", host.id).json()
        return done.get(what, done)

    def invent_claims(self, *caps):
        self.peer.publish(self.subject("claims"), msgpack.pack(
            forge.claims(self.account, self.actor, b"", "invented", caps=caps)))

    def definition(self, provider, contract, values):
        return {"actor_id": self.actor.text, "provider_id": provider, "link_name": "default",
                "contract_id": contract, "values": values}

    def advertise(self, host, provider, contract=BLOBS, **values):
        """Claims and link as anybody can send them; what the host says of the link."""
        self.invent_claims(contract)
        self.peer.publish(self.subject("links"),
                          msgpack.pack(self.definition(provider, contract, values)))
        self.peer.flush()
        return self.link_with(host, values)

    def link_with(self, host, values):
        def found():
            return [each for each in self.local(host, "links") if each["values"] == values
                    and each["state"] not in ("binding", "waiting_for_actor")]
        wait_until(found, f"the link; {self.local(host, 'links')}")
        return found()[0]

    def call(self, provider, operation, contract=BLOBS, **fields):
        target = forge.provider_entity(provider, contract)
        fields = forge.invocation(self.key, forge.actor_entity(self.actor.text), target, operation,
                                  msgpack.pack(fields))
        answer = self.peer.request(self.subject(f"{provider}.default"), forge.packed(fields))
        return forge.read_response(answer.data)

    def steal(self, provider):
        return self.call(provider, "GetObjectInfo", blob_id="seed", container_id="keys")

    def assert_refused(self, link, *parts):
        self.assertEqual((link["state"], link["origin"]), ("refused", "lattice"), link)
        for part in parts:
            self.assertIn(part, link["problem"])

    def test_commands_start_only_what_keeps_to_memory(self):
        host = self.host()
        for name in OUTSIDE:
            with self.subTest(name):
                ack = self.order(host, "lp", host_id=host.id, provider_ref=f"builtin:{name}",
                                 link_name="default")
                self.assertIn(f"builtin:{name}", ack["failure"])
                self.assertIn("--control-providers", ack["failure"])
                self.assertIn(f"--control-builtin {name}", ack["failure"])
        for name in ("keyvalue", "logging"):
            self.start_provider(host, f"builtin:{name}")
        names = [each["image_ref"] for each in self.local(host, "inventory")["providers"]]
        self.assertEqual([each for each in names if each[8:] in OUTSIDE], [])

    def test_options_let_commands_start_more(self):
        host = self.host("--control-builtin", "telnet", "--control-builtin", "builtin:httpclient")
        self.start_provider(host, "builtin:telnet")
        self.start_provider(host, "builtin:httpclient")
        refused = self.ctl("start", "provider", "builtin:blobstore-fs", "--host-id", host.id, ok=False)
        self.assertIn("--control-builtin blobstore-fs", refused.err)
        every = self.host("--control-providers")
        self.start_provider(every, "builtin:blobstore-fs")
        self.misused("up", "--control-builtin", "nothing")
        self.misused("up", "--link-listen", "everywhere")
        self.refused("up", "--link-files", self.work / "missing")

    def test_no_file_of_the_host_is_read_or_written(self):
        host, provider = self.with_provider("blobstore-fs")
        for root in (self.work / "home", f"{self.work}/open/../home", ".", "/"):
            with self.subTest(root):
                link = self.advertise(host, provider, ROOT=str(root))
                self.assert_refused(link, "ROOT", "Trellis Blob Store (files)", "--link-files")
                message, error = self.steal(provider)
                self.assertTrue(error)
                self.assertFalse(message)
        # Who puts such a link is told why it is none.
        told = self.ctl("link", "put", self.actor.text, provider, BLOBS, "ROOT=/", ok=False)
        self.assertIn("is not made", told.err)
        self.assertIn("--link-files", told.err)
        chunk = {"sequenceNo": 0, "container": {"id": "keys"}, "id": "new", "totalBytes": 1,
                 "chunkSize": 1, "context": None, "chunkBytes": b""}
        self.call(provider, "StartUpload", chunk=chunk)
        self.call(provider, "UploadChunk", chunk={**chunk, "chunkBytes": b"x"})
        self.assertEqual([each.name for each in (self.work / "home/keys").iterdir()], ["seed"])
        lattice = self.local(host, "inventory")["lattice"]
        self.assertGreaterEqual(lattice["links_refused"], 4)
        told = [line for _, line in host.process.lines if "is not made" in line]
        self.assertIn("--link-files", told[0])
        self.assertLess(len(told), 4)

    def test_nor_when_the_link_comes_by_the_cache_or_before_the_provider(self):
        host = self.host()
        path = self.write("probe.yaml", "capabilities: [{image_ref: 'builtin:blobstore-fs'}]\n")
        probe = self.host("-m", path)
        provider = next(each["id"] for each in self.local(probe, "inventory")["providers"]
                        if each["contract_id"] == BLOBS)
        link = self.advertise(probe, provider, ROOT=str(self.work / "home"))
        self.assert_refused(link, "ROOT")
        # This host has it from the same advertisement, the next one from the cache.
        late = self.host()
        for each in (host, late):
            self.ok("start", "provider", "builtin:blobstore-fs", "--host", each.id)
            self.assert_refused(self.link_with(each, {"ROOT": str(self.work / "home")}), "ROOT")
        self.assertTrue(self.steal(provider)[1])

    def test_below_permitted_folders_it_works_and_nowhere_else(self):
        (self.work / "open/keys").mkdir()
        (self.work / "open/keys/seed").write_text("public")
        (self.work / "open/out").symlink_to(self.work / "home")
        host, provider = self.with_provider("blobstore-fs", "--link-files", self.work / "open")
        link = self.advertise(host, provider, ROOT=str(self.work / "open"))
        self.assertEqual(link["state"], "bound", link)
        message, error = self.steal(provider)
        self.assertIsNone(error)
        self.assertEqual(msgpack.unpack(message)["byteSize"], 6)
        for root in ("home", "open/out", "open/../home", "openly"):
            link = self.advertise(host, provider, ROOT=str(self.work / root))
            self.assert_refused(link, "--link-files")
            self.assertTrue(self.steal(provider)[1])

    def test_other_files_addresses_and_secrets(self):
        cases = [("keyvalue-file", "wasmcloud:keyvalue", {"DIRECTORY": str(self.work / "home")}),
                 ("httpclient", "wasmcloud:httpclient", {"CA_FILE": "/etc/passwd"}),
                 ("httpclient", "wasmcloud:httpclient", {"PROXY": "http://127.0.0.1:1"}),
                 ("httpclient", "wasmcloud:httpclient", {"ALLOW": "any"}),
                 ("httpclient", "wasmcloud:httpclient", {"DENY": "multicast"}),
                 ("telnet", "wasmcloud:telnet", {"MOTD_FILE": "/etc/passwd"}),
                 ("telnet", "wasmcloud:telnet", {"BIND": f"127.0.0.1:{free_port()}"}),
                 ("httpserver", "wasmcloud:httpserver", {"BIND": f"127.0.0.1:{free_port()}"}),
                 ("httpserver", "wasmcloud:httpserver", {"PORT": "81"}),
                 ("httpserver", "wasmcloud:httpserver", {"TLS_CERT": "/a", "TLS_KEY": "/b"}),
                 ("messaging-nats", "wasmcloud:messaging", {"CREDSFILE": "/etc/passwd"}),
                 ("messaging-nats", "wasmcloud:messaging", {"TLS_CA": "/etc/passwd"}),
                 ("blobstore-s3", BLOBS, {"HTTP_PROXY": "http://127.0.0.1:1"}),
                 ("blobstore-s3", BLOBS, {"CA_FILE": "/etc/passwd"}),
                 ("keyvalue-redis", "wasmcloud:keyvalue", {"URL": "secret:redis-url"}),
                 ("keyvalue", "wasmcloud:keyvalue", {"ANY": "secret:redis-url"})]
        (self.work / "redis-url").write_text("redis://:password@127.0.0.1:1")
        for mode in ("", "process"):
            host = self.host("--secrets-dir", self.work)
            keys = {}
            for name in dict.fromkeys(each[0] for each in cases):
                link_name = "default" if name != "keyvalue" else "default"
                self.ok("start", "provider", f"builtin:{name}", "--host", host.id,
                        "--link-name", link_name, *(["--mode", mode] if mode else []))
                keys[name] = next(each["id"] for each in self.local(host, "inventory")["providers"]
                                  if each["image_ref"] == f"builtin:{name}")
            for name, contract, values in cases:
                with self.subTest(name, values=values, mode=mode):
                    self.assert_refused(self.advertise(host, keys[name], contract, **values),
                                        next(iter(values)))
            self.assertEqual(host.stop(), 0)

    def test_a_port_is_what_links_are_made_of_every_day(self):
        host, provider = self.with_provider("httpserver", contract="wasmcloud:httpserver")
        port = free_port()
        link = self.advertise(host, provider, "wasmcloud:httpserver", PORT=str(port))
        self.assertEqual(link["state"], "bound", link)
        self.assertTrue(harness.is_listening(port))
        host = self.host("--link-listen", "127.0.0.1:1024-65535", "-m", self.work / "own.yaml")
        port = free_port()
        link = self.advertise(host, provider, "wasmcloud:httpserver", BIND=f"127.0.0.1:{port}")
        self.assertEqual(link["state"], "bound", link)

    def test_what_the_user_of_the_host_linked_stays(self):
        host, provider = self.with_provider("blobstore-fs")
        self.invent_claims(BLOBS)
        mine = {"ROOT": str(self.work / "open")}
        self.ok("link", "put", self.actor.text, provider, BLOBS, f"ROOT={mine['ROOT']}",
                "--host", host.id)
        self.assertEqual(self.link_with(host, mine)["state"], "bound")
        self.peer.publish(self.subject("links"), msgpack.pack(
            self.definition(provider, BLOBS, {"ROOT": str(self.work / "home")})))
        self.peer.flush()
        wait_until(lambda: self.local(host, "inventory")["lattice"]["links_refused"] == 1,
                   "the refusal")
        link = self.link_with(host, mine)
        self.assertEqual((link["state"], link["origin"]), ("bound", "local"))


if __name__ == "__main__":
    lattice_harness.main()
