#!/usr/bin/env python3
"""A running host reads its manifest again: by `trellis reload` and by SIGHUP."""

import os
import pty
import signal
import subprocess

import harness
from harness import ACTORS, BINARY, PATIENCE, free_port, http_get, is_listening, wait_until


def http_link(name, port):
    return f"""
  - actor: {name}
    contract_id: wasmcloud:httpserver
    provider_id: builtin:httpserver
    values: {{BIND: "127.0.0.1:{port}"}}"""


def manifest(*links, actors=("kvcounter.wasm",), more=""):
    listed = ", ".join(actors)
    return f"""actors: [{listed}]
capabilities:
  - image_ref: builtin:httpserver
  - image_ref: builtin:keyvalue
links:
  - actor: kvcounter.wasm
    contract_id: wasmcloud:keyvalue
    provider_id: builtin:keyvalue{"".join(links)}
{more}"""


class Reload(harness.Scenario):
    def setUp(self):
        super().setUp()
        for name in ("kvcounter.wasm", "echo.wasm"):
            self.write(name, (ACTORS / name).read_bytes())
        self.port, self.other = free_port(), free_port()
        self.put(http_link("kvcounter.wasm", self.port))

    def put(self, *links, **how):
        self.path = self.write("host.yaml", manifest(*links, **how))

    def host(self, *arguments):
        return self.up("-m", self.path, *arguments)

    def deeds(self, done):
        return {(one["kind"], one["what"].split(" ")[0]): one["deed"]
                for one in done.json()["items"]}

    def get(self, port):
        return http_get(f"http://127.0.0.1:{port}/")

    def actors(self):
        inventory = self.ok("get", "inventory", "--json").json()["inventory"]
        return sorted(one["name"] for one in inventory["actors"])

    def test_only_what_differs_is_touched(self):
        host = self.host()
        self.ok("start", "actor", ACTORS / "ponger.wasm")  # by hand, of no concern to the manifest
        self.assertEqual(self.get(self.port), (200, '{"counter":1}'))
        self.put(http_link("kvcounter.wasm", self.port), http_link("echo.wasm", self.other),
                 actors=("kvcounter.wasm", "echo.wasm"))
        done = self.ok("reload", "--json")
        self.assertEqual(self.deeds(done), {
            ("actor", "kvcounter.wasm"): "kept", ("actor", "echo.wasm"): "started",
            ("provider", "builtin:httpserver"): "kept", ("provider", "builtin:keyvalue"): "kept",
            ("link", "kvcounter.wasm"): "kept", ("link", "echo.wasm"): "started"})
        wait_until(lambda: is_listening(self.other), "the new actor")
        self.assertEqual(self.ok("reload").out, "Reloaded: 7 kept\n")
        # A link with another port, an actor that is gone.
        self.put(http_link("kvcounter.wasm", self.other))
        done = self.ok("reload")
        self.assertRegex(done.out, r"stopped actor +echo\.wasm")
        self.assertRegex(done.out, r"changed link +kvcounter\.wasm -> builtin:httpserver")
        wait_until(lambda: is_listening(self.other), "the moved link")
        wait_until(lambda: not is_listening(self.port), "the end of its old place")
        self.assertEqual(self.get(self.other), (200, '{"counter":2}'))
        self.assertEqual(self.actors(), ["kvcounter", "ponger"])
        self.assertEqual(host.stop(), 0)

    def test_a_mistake_takes_nothing_away(self):
        host = self.host()
        for text, said in (("actors: [", "not valid YAML"), ("links:\n  - actor: x\n", "host.yaml:2"),
                           (None, "host.yaml")):
            if text is None:
                os.unlink(self.path)
            else:
                self.write("host.yaml", text)
            mark = host.mark()
            self.assertIn(said, self.refused("reload").err)
            host.wait_for("nothing was changed", after=mark)
            self.assertEqual(self.get(self.port)[0], 200)
        self.write("host.yaml", "actors: [missing.wasm]\n")
        done = self.refused("reload")
        self.assertIn("host.yaml:1:10: actor missing.wasm", done.err)
        self.assertIn("stays while something new fails to start", done.err)
        self.assertEqual(self.get(self.port)[0], 200)
        self.write("host.yaml", "actors: [echo.wasm]\n")
        self.ok("reload")
        self.assertEqual(self.actors(), ["echo"])
        self.assertFalse(is_listening(self.port))
        self.assertEqual(host.stop(), 0)

    def test_a_file_of_a_higher_revision_takes_the_place(self):
        for options, said in ((("--allow-live-updates",), "updated actor"), ((), "stopped actor")):
            with self.subTest(options):
                self.sign(1)
                host = self.host(*options)
                self.assertEqual(self.get(self.port)[0], 200)
                self.sign(2)
                mark = host.mark()
                done = self.ok("reload", "--json")
                self.assertEqual(self.deeds(done)["actor", "kvcounter.wasm"], "changed", done)
                host.wait_for(said, after=mark)
                listed = self.ok("get", "inventory", "--json").json()["inventory"]["actors"]
                self.assertEqual([one["revision"] for one in listed], [2])
                wait_until(lambda: is_listening(self.port), "the link to be bound again")
                self.assertEqual(self.get(self.port)[0], 200)
                self.assertEqual(host.stop(), 0)

    def sign(self, revision):
        self.ok("claims", "sign", ACTORS / "kvcounter.unsigned.wasm", "--destination",
                self.work / "kvcounter.wasm", "--name", "kvcounter", "--rev", revision, "--ver",
                f"0.{revision}.0", "-q", "-k")

    def test_settings_of_an_actor_and_labels(self):
        self.put(http_link("kvcounter.wasm", self.port), more="labels: {zone: a, rack: b}\n")
        host = self.host()
        self.put(http_link("kvcounter.wasm", self.port),
                 actors=("{ref: kvcounter.wasm, instances: serial}",), more="labels: {zone: c}\n")
        done = self.refused("reload")
        self.assertIn("label rack: a label cannot be taken away from a running host", done.err)
        self.assertIn("Hint: restart the host", done.err)
        self.assertRegex(done.out, r"changed actor +kvcounter\.wasm")
        labels = self.ok("get", "inventory", "--json").json()["inventory"]["labels"]
        self.assertEqual((labels["zone"], labels["rack"]), ("c", "b"))
        wait_until(lambda: is_listening(self.port), "the link to be bound again")
        self.assertEqual(self.get(self.port)[0], 200)
        self.assertEqual(host.stop(), 0)

    def test_a_hang_up_is_a_reload(self):
        host = self.host()
        self.put(http_link("kvcounter.wasm", self.other))
        host.send(signal.SIGHUP)
        host.wait_for(r"reload: changed link kvcounter\.wasm")
        wait_until(lambda: is_listening(self.other), "the moved link")
        self.assertEqual(host.stop(), 0)

    def test_without_a_manifest_there_is_nothing_to_read(self):
        host = self.up()
        self.assertIn("--manifest", self.refused("reload").err)
        host.send(signal.SIGHUP)
        host.wait_for("without a manifest: nothing to read again")
        self.ok("get", "inventory")
        self.assertEqual(host.stop(), 0)

    def test_a_hang_up_ends_dev(self):
        host = self.start("dev", ACTORS / "echo.wasm", "--port", "0")
        host.wait_for("^Watching ")
        self.assertEqual(host.stop(signal.SIGHUP), 0, host.text())

    def test_the_end_of_the_terminal_ends_the_host(self):
        master, terminal = pty.openpty()
        host = subprocess.Popen([BINARY, "up", "-m", self.path], env=self.env, cwd=self.work,
                                stdin=terminal, stdout=terminal, stderr=subprocess.DEVNULL,
                                start_new_session=True)
        self.addCleanup(host.wait)
        self.addCleanup(host.kill)
        os.close(terminal)
        text = b""
        while b"Ctrl-C ends it" not in text:
            text += os.read(master, 4096)
        self.put(http_link("kvcounter.wasm", self.other))
        os.kill(host.pid, signal.SIGHUP)  # by hand, while the terminal is there
        wait_until(lambda: is_listening(self.other), "the moved link")
        self.assertIsNone(host.poll())
        os.close(master)
        os.kill(host.pid, signal.SIGHUP)  # what the kernel and the shell send then
        self.assertEqual(host.wait(PATIENCE), 0)
        self.assertEqual(list(self.sockets.iterdir()), [])


if __name__ == "__main__":
    harness.main()
