#!/usr/bin/env python3
"""Every folder of examples: what its README promises works, with the manifest beside it."""

import json
import os
import re
import shutil
import socket
import tempfile
from pathlib import Path

import harness
import lattice
from guests import LANGUAGES, GuestScenario
from harness import ACTORS, free_port, wait_until
from packages_harness import RedisServer
from s3_server import S3Server

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
PLUGINS = Path(os.environ.get("TRELLIS_PLUGINS", "build/debug/lib/examples")).absolute()
# A program of its own, which the install test runs; two hosts, which the lattice scenarios run.
NO_MANIFEST = {"embed", "lattice"}


def counts(test, site):
    test.assertEqual([site.text("/visits") for _ in range(2)], ['{"counter":1}', '{"counter":2}'])


def echoes(test, site):
    seen = json.loads(site.text("/a/b?x=1", b"hi"))
    test.assertEqual((seen["method"], seen["path"], seen["query_string"], seen["body"]),
                     ("POST", "/a/b", "x=1", [104, 105]))


def logs(test, site):
    test.assertEqual(site.text("/warn", b"the well is low"), "logged\n")
    test.host.wait_for("the well is low")


def ponger(test, _site):
    answer = test.ok("call", "wasmcloud/examples/ponger", "Ping", '{"value":11}').out
    test.assertEqual(json.loads(answer), {"value": 53})


def extras(test, site):
    test.assertEqual(sorted(json.loads(site.text("/"))), ["guid", "random", "sequence"])


def fetches(test, site):
    own = f"http://127.0.0.1:{site.port}/"
    test.assertEqual(site.text(f"/?{own}"), "400 Bad Request, 15 bytes\n")
    status, text = site.ask("/?http://169.254.169.254/")
    test.assertEqual(status, 502)
    test.assertIn(b"not allowed", text)


def relays(test, site):
    test.assertEqual(site.text("/talk.me?hello"), "heard: hello\n")
    test.assertEqual(site.text("/talk.quietly", b"no answer, please"), "published\n")
    test.host.wait_for("on talk.quietly: no answer, please")
    test.assertEqual(site.ask("/nobody?there")[0], 504)


def stores(test, site):
    content = bytes(range(256)) * 3000
    store_and_copy(test, site, content)
    copied = (test.folder / "root" / "files" / "a.copy").read_bytes()
    test.assertEqual(copied, content)
    remove(test, site)


def store_and_copy(test, site, content):
    test.assertEqual(site.text("/a", content), "stored\n")
    test.assertEqual(site.ask("/a?copy", b"")[0], 202)
    wait_until(lambda: site.text("/") == "a 768000\na.copy 768000\n", "the copy")


def remove(test, site):
    test.assertEqual(site.ask("/a", method="DELETE"), (200, b"removed\n"))
    test.assertEqual(site.ask("/a", method="DELETE")[0], 404)


def journals(test, site):
    first = site.text("/", b"one")
    site.text("/", b"two")
    test.host.wait_for(f"event {first.strip()}: one")
    lines = site.text("/").splitlines()
    test.assertEqual([line.split(" ")[1] for line in lines], ["one", "two"])


def repeats(test, site):
    with socket.create_connection(("127.0.0.1", site.port), harness.PATIENCE) as terminal:
        # WILL TERMINAL-TYPE, and that it is an xterm.
        terminal.sendall(b"\xff\xfb\x18\xff\xfa\x18\x00xterm\xff\xf0")
        seen = b""

        def read_until(text):
            nonlocal seen
            while text not in seen:
                more = terminal.recv(4096)
                test.assertTrue(more, seen)
                seen += more
        read_until(b"Polly is here.\r\n> ")
        terminal.sendall(b"hello\r\n")
        read_until(b"hello! hello!\r\n")


def stores_on_s3(test, site):
    store_and_copy(test, site, bytes(range(256)) * 3000)
    test.assertEqual(site.ask("/a", method="DELETE"), (200, b"removed\n"))
    test.assertEqual(site.text("/"), "a.copy 768000\n")


# Manifests beside the first: the same actor over another provider.
OTHER_MANIFESTS = {"kvcounter/redis.yaml": counts, "kvcounter/file.yaml": counts,
                   "files/s3.yaml": stores_on_s3}

CHECKS = {
    "fetch": fetches, "relay": relays, "files": stores, "journal": journals, "parrot": repeats,
    "echo": echoes, "echo-rust": echoes, "echo-as": echoes,
    "kvcounter": counts, "kvcounter-rust": counts, "kvcounter-as": counts,
    "pinger": lambda test, site: test.assertEqual(site.text("/"), '{"value":53}'),
    "ponger": ponger, "extras": extras, "logger": logs,
    "provider": lambda test, site: test.assertEqual(site.text("/world"), "hello, world!\n"),
}


class Examples(GuestScenario):
    def servers(self, name):
        """What an example needs beside the host, as variables of its manifest."""
        if name == "kvcounter/file.yaml":
            (self.folder / "counts").mkdir()
            return {"DIRECTORY": str(self.folder / "counts")}
        if name == "files/s3.yaml":
            server = S3Server(self)
            return {"ENDPOINT": server.url, "AWS_ACCESS_KEY_ID": server.key, "AWS_SECRET_ACCESS_KEY": server.key}
        if name == "relay":
            return {"NATS": f"127.0.0.1:{lattice.NatsServer(self).port}"}
        if name in ("journal", "kvcounter/redis.yaml"):
            redis = RedisServer(tempfile.mkdtemp(dir=self.folder))
            self.addCleanup(redis.kill)
            return {"REDIS": f"127.0.0.1:{redis.port}"}
        if name == "files":
            shutil.rmtree(self.folder / "root", ignore_errors=True)  # what another language left
            (self.folder / "root").mkdir()
            return {"ROOT": str(self.folder / "root")}
        return {}

    def test_each_has_a_readme_and_a_check(self):
        folders = {path.name for path in EXAMPLES.iterdir() if path.is_dir()}
        self.assertEqual(folders - NO_MANIFEST, set(CHECKS))
        for name in folders:
            text = (EXAMPLES / name / "README.md").read_text()
            self.assertLess(len(text.splitlines()), 20, name)
            for path in re.findall(r"-m (examples/\S+)", text):
                self.assertTrue((EXAMPLES.parent / path).is_file(), f"{name}: {path}")

    def test_each_manifest_runs(self):
        for name, check in CHECKS.items():
            language = name.partition("-")[2]
            if language and language not in LANGUAGES:
                continue  # not in this build, which CMake has said
            with self.subTest(name):
                self.run_manifest(name, EXAMPLES / name / "manifest.yaml", check)

    def test_each_runs_in_the_other_languages(self):
        for name in self.translated():
            for language in set(LANGUAGES) - {"cpp"}:
                with self.subTest(name, language=language):
                    self.run_manifest(name, EXAMPLES / name / "manifest.yaml", CHECKS[name], f"-{language}")

    @staticmethod
    def translated():
        """The examples whose manifest asks for a language: sources in all three lie beside it."""
        names = [name for name in CHECKS if "${LANGUAGE:}" in (EXAMPLES / name / "manifest.yaml").read_text()]
        assert len(names) >= 9
        return names

    def run_manifest(self, name, path, check, language=""):
        port = free_port()
        env = {"ACTORS": str(ACTORS), "PLUGINS": str(PLUGINS), "PORT": str(port),
               "LANGUAGE": language, **self.servers(name)}
        self.host = self.up("--strict", "-m", path, env=env)
        site = self.site(port)
        check(self, site)
        site.close()
        self.assertEqual(self.host.stop(), 0)
        return env

    def test_the_same_actor_over_other_providers(self):
        for name, check in OTHER_MANIFESTS.items():
            with self.subTest(name):
                self.run_manifest(name, EXAMPLES / name, check)

    def test_each_manifest_is_run(self):
        there = {str(path.relative_to(EXAMPLES)) for path in EXAMPLES.glob("*/*.yaml")}
        run = {f"{name}/manifest.yaml" for name in CHECKS} | set(OTHER_MANIFESTS)
        self.assertEqual({path for path in there if path.split("/")[0] not in NO_MANIFEST}, run)

    def test_counts_on_disk_outlive_the_host(self):
        name = "kvcounter/file.yaml"
        env = self.run_manifest(name, EXAMPLES / name, counts)
        self.host = self.up("--strict", "-m", EXAMPLES / name, env=env)
        self.assertEqual(self.site(int(env["PORT"])).text("/visits"), '{"counter":3}')
        self.assertEqual(self.host.stop(), 0)

    def test_the_demo_manifest_runs(self):
        ports = free_port(), free_port()
        env = {"ACTORS": str(ACTORS), "COUNTER_PORT": str(ports[0]), "ECHO_PORT": str(ports[1])}
        self.host = self.up("--strict", "-m", EXAMPLES / "demo.yaml", env=env)
        counts(self, self.site(ports[0]))
        echoes(self, self.site(ports[1]))
        self.assertEqual(self.host.stop(), 0)


if __name__ == "__main__":
    harness.main()
