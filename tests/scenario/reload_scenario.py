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
        self.assertIn("Nothing was changed: 1 failed", done.out)
        self.assertEqual(self.get(self.port)[0], 200)
        self.write("unsigned.wasm", (ACTORS / "echo.unsigned.wasm").read_bytes())
        self.put(http_link("kvcounter.wasm", self.other), actors=("kvcounter.wasm", "unsigned.wasm"))
        done = self.run_trellis("reload", "--json")
        self.assertEqual((done.status, done.json()["untouched"]), (1, True), done)
        self.assertEqual(self.get(self.port)[0], 200)
        self.assertFalse(is_listening(self.other))
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

    def test_a_dry_run_says_what_would_be_done(self):
        host = self.host()
        self.put(http_link("kvcounter.wasm", self.other), http_link("echo.wasm", self.port),
                 actors=("kvcounter.wasm", "{ref: echo.wasm, instances: {max: 3}}"))
        done = self.ok("reload", "--dry-run")
        self.assertRegex(done.out, r"started actor +echo\.wasm")
        self.assertRegex(done.out, r"changed link +kvcounter\.wasm .*\(BIND\)")
        self.assertIn("Dry run, nothing was done: 2 started, 1 changed, 4 kept", done.out)
        self.assertEqual(self.actors(), ["kvcounter"])
        self.assertEqual(self.get(self.port), (200, '{"counter":1}'))
        self.assertEqual(host.stop(), 0)

    def test_instances_are_scaled_without_a_stop(self):
        self.put(http_link("kvcounter.wasm", self.port),
                 actors=("{ref: kvcounter.wasm, instances: {max: 2}}",))
        host = self.host()
        self.put(http_link("kvcounter.wasm", self.port),
                 actors=("{ref: kvcounter.wasm, instances: {max: 5}}",))
        mark = host.mark()
        done = self.ok("reload")
        self.assertRegex(done.out, r"changed +actor +kvcounter\.wasm +\(instances\)")
        host.wait_for("has 1 to 5 instances now", after=mark)
        self.assertNotIn("stopped actor", host.text())
        self.assertEqual(host.stop(), 0)

    def test_apply_takes_any_manifest(self):
        host = self.up()
        name = self.write("elsewhere/other.yaml", manifest(
            http_link("kvcounter.wasm", "${PORT}"), more="x-zone: ${ZONE:-a}\n"))
        self.write("elsewhere/kvcounter.wasm", (ACTORS / "kvcounter.wasm").read_bytes())
        self.assertIn("${PORT}", self.refused("apply", "-f", name).err)
        env = {"PORT": str(self.port)}
        done = self.ok("apply", "-f", name, "--dry-run", env=env)
        self.assertIn("Dry run", done.out)
        self.assertEqual(self.actors(), [])
        self.ok("apply", "-f", name, env=env)
        wait_until(lambda: is_listening(self.port), "the link")
        self.assertEqual(self.get(self.port), (200, '{"counter":1}'))
        self.ok("start", "actor", ACTORS / "ponger.wasm")
        self.write("elsewhere/other.yaml", "actors: [echo.wasm]\n")
        self.ok("apply", "-f", name, env=env)
        self.assertEqual(self.actors(), ["echo", "ponger"])
        self.ok("apply", "-f", name, "--prune", env=env)
        self.assertEqual(self.actors(), ["echo"])
        self.assertIn("other.yaml:1:10: actor gone.wasm",
                      self.refused("apply", "-f", self.write("elsewhere/other.yaml",
                                                             "actors: [gone.wasm]\n")).err)
        self.assertEqual(host.stop(), 0)

    def test_an_export_starts_the_same_host(self):
        self.put(http_link("kvcounter.wasm", self.port), more="labels: {zone: 'a: b'}\n",
                 actors=("{ref: kvcounter.wasm, instances: {max: 3}, limits: {memory_mb: 32}}",))
        first = self.host()
        self.ok("start", "actor", ACTORS / "echo.wasm")
        self.ok("start", "provider", "builtin:keyvalue-redis", "--link-name", "second")
        self.ok("link", "put", "kvcounter", "builtin:keyvalue-redis", "wasmcloud:keyvalue",
                "--link-name", "second", "--no-wait", "URL=redis://user:secret@127.0.0.1:1/0")
        self.assertNotIn("secret@", self.ok("export").out)
        exported = self.ok("export", "--show-secrets").out
        before = self.state()
        self.assertEqual(first.stop(), 0)
        second = self.up("-m", self.write("export.yaml", exported), "--keep-going")
        self.assertEqual(self.state(), before, exported)
        self.assertEqual(self.ok("export", "--show-secrets").out, exported)
        self.assertEqual(second.stop(), 0)
        done = self.refused("up", "-m", self.write("masked.yaml", exported.replace(
            "\"redis://user:secret@127.0.0.1:1/0\"", "${KEYVALUE_URL:?left out}")))
        self.assertIn("${KEYVALUE_URL}", done.err)

    def state(self):
        """The inventory without what differs from start to start."""
        inventory = self.ok("get", "inventory", "--json").json()["inventory"]
        links = self.ok("get", "links", "--json", "--show-secrets").json()["links"]
        keys = ("id", "image_ref", "name", "revision", "link_name", "contract_id", "options", "mode")
        part = {kind: [{key: one.get(key) for key in keys} for one in inventory[kind]]
                for kind in ("actors", "providers")}
        part["labels"] = {k: v for k, v in inventory["labels"].items() if not k.startswith("hostcore")}
        part["links"] = sorted(
            ([one[key] for key in ("actor_id", "contract_id", "link_name", "provider_id", "values")]
             for one in links), key=str)
        return part

    def test_what_the_command_line_asks_for_stays(self):
        host = self.host("echo.wasm", "--link", f"httpserver,BIND=127.0.0.1:{self.other}")
        self.assertEqual(self.ok("reload").out, "Reloaded: 7 kept\n")
        self.assertTrue(is_listening(self.other))
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
