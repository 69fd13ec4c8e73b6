#!/usr/bin/env python3
"""The mistakes of a first day, one by one: each is told as what the user did, with what to do, and
ends with the status that says so (1 failed, 2 not understood)."""

import re
import shutil

import harness
from harness import ACTORS

PLUGINS = ACTORS.parent / "lib"


class Mistakes(harness.Scenario):
    def mistake(self, words, status, *said, also_not=()):
        with self.subTest(" ".join(map(str, words))):
            done = self.run_trellis(*words)
            self.assertEqual(done.status, status, done)
            for part in said:
                self.assertRegex(done.err, part)
            for part in also_not:
                self.assertNotRegex(done.err + done.out, part)
            # One cause, one error.
            self.assertEqual(len(re.findall(r"^Error:", done.err, re.M)), 1, done)

    def manifest(self, text):
        return self.write("m.yaml", text)

    def host(self):
        host = self.start("up", "--keep-going")
        host.wait_for("^Ctrl-C ends it$")
        return host

    def test_words_that_are_none(self):
        self.mistake(["strat"], 2, "did you mean", "start")
        self.mistake(["get", "inventry"], 2, "did you mean", "inventory")
        self.mistake(["get", "inventory", "--hots", "x"], 2, "--hots")
        self.mistake(["link", "put", "a"], 2, "provider")
        self.mistake(["link", "put", "a", "b", "c", "--wait-for", "5x"], 2, "'5x' is no length of time",
                     "500ms")

    def test_nothing_runs(self):
        self.mistake(["get", "inventory"], 1, "no host is running|No host is running", "trellis up")
        self.mistake(["ctl", "get", "hosts", "--rpc-port", harness.free_port()], 1,
                     "no NATS server answers", "--rpc-host")

    def test_names_that_mean_nothing(self):
        self.host()
        self.ok("start", "actor", ACTORS / "echo.wasm")
        self.ok("start", "provider", "builtin:keyvalue")
        self.mistake(["call", "ecko", "Op"], 1, "no actor 'ecko' runs on this host", "there are: M")
        self.mistake(["stop", "provider", "keyvalu"], 1, "no provider 'keyvalu'", "builtin:keyvalue")
        self.mistake(["link", "del", "echo", "wasmcloud:keyvalue"], 1, "there is no link of echo")
        self.mistake(["link", "put", "echo", "keyvalue", "keyvalue"], 1,
                     "claims do not list wasmcloud:keyvalue")
        self.mistake(["link", "put", "echo", "builtin:keyvalue", "wasmcloud:httpserver"], 1,
                     "no such provider runs", "is the contract one that it serves")
        self.mistake(["start", "actor", "gone.wasm"], 1, "gone.wasm", also_not=["absolute path"])
        self.mistake(["start", "provider", "builtin:keyvalu"], 1, "builtin:keyvalue")

    def test_text_is_what_the_user_wrote(self):
        """`[1]` and `[{…}]` are JSON, not lists of an option library."""
        self.host()
        self.ok("start", "actor", ACTORS / "echo.wasm")
        for text in ("[]", "[1]", '[{"x":1}]'):
            done = self.run_trellis("call", "echo", "HandleRequest", text)
            self.assertEqual(done.status, 1, done)
            self.assertIn("de-serialize", done.err)

    def test_manifests(self):
        echo = f"actors: ['{ACTORS}/echo.wasm']\n"
        link = (echo + "links:\n  - {{actor: '" + str(ACTORS) + "/echo.wasm', "
                "contract_id: 'wasmcloud:httpserver', provider_id: 'builtin:httpserver', {}}}\n")
        up = ["up", "-m"]
        self.mistake([*up, self.manifest(link.format("value: {BIND: '127.0.0.1:0'}"))], 1,
                     r"m\.yaml:3:\d+", "did you mean `values`")
        self.mistake([*up, self.manifest(link.format('values: {BIND: "127.0.0.1:${PRT}"}'))], 1,
                     r"m\.yaml:3:\d+", "PRT", "not set")
        self.mistake([*up, self.manifest(link.format("values: {BIND: '127.0.0.1:0'}")
                                         .replace("builtin:httpserver", "builtin:httpsrver"))], 1,
                     r"m\.yaml:3:\d+", "did you mean builtin:httpserver", also_not=["key of the actor"])
        self.mistake([*up, self.manifest("actors:\n\t- a.wasm\n")], 1, r"m\.yaml:2", "[Tt]ab")
        self.mistake([*up, self.manifest("actors: [gone.wasm]\n")], 1, "gone.wasm", "no such file",
                     also_not=["absolute path"])
        self.mistake([*up, "gone.yaml"], 1, "gone.yaml")

    def test_keys_and_claims(self):
        source = ACTORS / "echo.unsigned.wasm"
        keys = ["--directory", self.work / "keys"]
        for name in ("hello", "shop"):
            (self.work / name).mkdir()
            shutil.copy(source, self.work / name / "actor.wasm")
            self.ok("claims", "sign", self.work / name / "actor.wasm", "--name", name, "-q", *keys,
                    env={"USER": "ann"})
        listed = self.ok("keys", "list", *keys).out
        self.assertIn("hello_module.nk", listed)
        self.assertIn("shop_module.nk", listed)
        signed = self.run_trellis("claims", "sign", self.work / "shop" / "actor.wasm", "--name", "third",
                                  "-q", "--cap", "keyvalu", *keys, env={"USER": "ann"})
        self.assertEqual(signed.status, 0, signed)
        self.assertIn("did you mean wasmcloud:keyvalue", signed.err)
        self.mistake(["up", "--allowed-issuer", "foo"], 2, "'foo' is no account's public key")

    def test_archives(self):
        shutil.copy(ACTORS / "echo.wasm", self.work / "echo.wasm")
        self.mistake(["par", "create", "--capid", "wasmcloud:keyvalue", "--vendor", "Me", "--name", "x",
                      "--binary", "echo.wasm", "--directory", self.work / "keys"], 1, "echo.wasm")


if __name__ == "__main__":
    harness.main()
