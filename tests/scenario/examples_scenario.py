#!/usr/bin/env python3
"""Every folder of examples: what its README promises works, with the manifest beside it."""

import json
import os
import re
from pathlib import Path

import harness
from guests import LANGUAGES, GuestScenario
from harness import ACTORS, free_port

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


CHECKS = {
    "echo": echoes, "echo-rust": echoes, "echo-as": echoes,
    "kvcounter": counts, "kvcounter-rust": counts, "kvcounter-as": counts,
    "pinger": lambda test, site: test.assertEqual(site.text("/"), '{"value":53}'),
    "ponger": ponger, "extras": extras, "logger": logs,
    "provider": lambda test, site: test.assertEqual(site.text("/world"), "hello, world!\n"),
}


class Examples(GuestScenario):
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
                port = free_port()
                env = {"ACTORS": str(ACTORS), "PLUGINS": str(PLUGINS), "PORT": str(port)}
                self.host = self.up("--strict", "-m", EXAMPLES / name / "manifest.yaml", env=env)
                site = self.site(port)
                check(self, site)
                site.close()
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
