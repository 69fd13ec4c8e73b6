#!/usr/bin/env python3
"""trellis up: from a manifest to served requests and to a clean end."""

import json
import os
import pty
import signal
import subprocess

import harness
from harness import ACTORS, free_port, http_get, is_listening


def manifest(counter_port, echo_port, keyvalue="builtin:keyvalue"):
    return f"""
labels: {{zone: test}}
actors:
  - {ACTORS}/kvcounter.wasm
  - {ACTORS}/echo.wasm
capabilities:
  - image_ref: builtin:httpserver
  - image_ref: {keyvalue}
links:
  - actor: {ACTORS}/kvcounter.wasm
    contract_id: wasmcloud:httpserver
    provider_id: builtin:httpserver
    values: {{BIND: "127.0.0.1:{counter_port}"}}
  - actor: {ACTORS}/kvcounter.wasm
    contract_id: wasmcloud:keyvalue
    provider_id: {keyvalue}
  - actor: {ACTORS}/echo.wasm
    contract_id: wasmcloud:httpserver
    provider_id: builtin:httpserver
    values: {{BIND: "127.0.0.1:{echo_port}"}}
"""


class Up(harness.Scenario):
    def setUp(self):
        super().setUp()
        self.port, self.echo_port = free_port(), free_port()
        self.demo = self.write("demo.yaml", manifest(self.port, self.echo_port))

    def test_serves_what_the_manifest_lists(self):
        host = self.up("-m", self.demo, "--strict", "-l", "rack=7")
        self.assertIn(f"http://127.0.0.1:{self.port}", host.text("out"))
        url = f"http://127.0.0.1:{self.port}/a/b"
        for count in (1, 2, 3):
            self.assertEqual(http_get(url), (200, f'{{"counter":{count}}}'))
        status, body = http_get(f"http://127.0.0.1:{self.echo_port}/x?y=z")
        self.assertEqual(status, 200)
        self.assertEqual(json.loads(body)["query_string"], "y=z")
        labels = self.ok("get", "inventory", "--json").json()["inventory"]["labels"]
        self.assertEqual((labels["zone"], labels["rack"], labels["hostcore.os"]),
                         ("test", "7", "linux"))
        self.assertEqual(host.stop(), 0)

    def test_both_signals_end_it_cleanly(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(number):
                host = self.up("-m", self.demo)
                self.assertTrue(is_listening(self.port))
                self.assertEqual(host.stop(number), 0, host.text())
                self.assertFalse(is_listening(self.port))
                self.assertEqual(list(self.sockets.iterdir()), [])

    def test_a_signal_that_comes_twice_at_once_is_one_stop(self):
        host = self.up("-m", self.demo)
        host.send(signal.SIGINT)  # as from `timeout`, which signals a process and then its group
        self.assertEqual(host.stop(signal.SIGTERM), 0, host.text())
        self.assertNotIn("interrupted", host.text())

    def test_a_missing_manifest_is_an_error_before_anything_else(self):
        done = self.refused("up", "-m", self.work / "nothing.yaml")
        self.assertIn("nothing.yaml", done.err)
        self.assertFalse(self.sockets.exists())

    def test_a_broken_manifest_names_its_line(self):
        done = self.refused("up", "-m", self.write("bad.yaml", "links:\n  - actor: x\n"))
        self.assertIn("bad.yaml:2", done.err)

    def test_failures_are_listed_and_the_rest_works(self):
        path = self.write("part.yaml", f"""actors:
  - {ACTORS}/echo.wasm
  - missing.wasm
  - part.yaml
capabilities:
  - image_ref: builtin:httpserver
  - image_ref: builtin:nonsense
links:
  - actor: {ACTORS}/echo.wasm
    contract_id: wasmcloud:httpserver
    provider_id: builtin:httpserver
    values: {{BIND: "127.0.0.1:{self.port}"}}
  - actor: missing.wasm
    contract_id: wasmcloud:httpserver
    provider_id: builtin:httpserver
""")
        host = self.up("-m", path, "--keep-going")
        for line in (3, 4, 7):
            host.wait_for(rf"Error: {path}:{line}:\d+: ")
        self.assertEqual(host.text("err").count("Error: "), 3, "one cause, one error")
        self.assertEqual(host.text("out").splitlines()[-1], "3 problems, listed above")
        self.assertEqual(http_get(f"http://127.0.0.1:{self.port}/")[0], 200)
        self.assertEqual(host.stop(), 0)
        for options in ((), ("--strict",)):  # no terminal: nobody would see what is missing
            done = self.refused("up", *options, "-m", path)
            self.assertEqual(done.err.splitlines()[-1], "3 problems, listed above; the host stopped "
                             "(--keep-going goes on with what works)")
            self.assertEqual(done.err.count("Error: "), 3, done)

    def test_a_person_at_a_terminal_sees_problems_last_and_the_host_stays(self):
        path = self.write("part.yaml", f"actors: ['{ACTORS}/echo.wasm', missing.wasm]\n")
        for options, stays in (((), True), (("--strict",), False)):
            master, terminal = pty.openpty()
            host = self.start_at(terminal, "up", "-m", path, *options)
            os.close(terminal)
            text = self.read_until(master, b"1 problem, listed above" if stays else b"--keep-going")
            if stays:
                self.assertLess(text.index(b"Ctrl-C ends it"), text.index(b"missing.wasm"))
                host.send_signal(signal.SIGTERM)
            self.assertEqual(host.wait(harness.PATIENCE), 0 if stays else 1)
            os.close(master)

    def start_at(self, terminal, *arguments):
        host = subprocess.Popen([harness.BINARY, *arguments], env=self.env, cwd=self.work,
                                stdin=terminal, stdout=terminal, stderr=terminal)
        self.addCleanup(host.wait)
        self.addCleanup(host.kill)
        return host

    @staticmethod
    def read_until(master, wanted):
        text = b""
        while wanted not in text:
            text += os.read(master, 4096)
        return text

    def test_files_and_links_need_no_manifest(self):
        host = self.up(ACTORS / "kvcounter.wasm", "--link", f"httpserver,BIND=127.0.0.1:{self.port}",
                       "--link", "keyvalue")
        self.assertEqual(http_get(f"http://127.0.0.1:{self.port}/"), (200, '{"counter":1}'))
        self.assertEqual(host.stop(), 0)
        done = self.refused("up", ACTORS / "echo.wasm", "--link", "keyvlaue")
        self.assertIn("did you mean wasmcloud:keyvalue?", done.err)
        self.refused("up", "--link", "keyvalue")
        self.refused("up", ACTORS / "echo.wasm", "--link", "httpserver,=8080")

    def test_short_forms(self):
        path = self.write("short.yaml", f"""actors:
  - ref: {ACTORS}/kvcounter.wasm
    links:
      httpserver: {{BIND: ":{self.port}"}}
      keyvalue:
""")
        host = self.up("-m", path)
        self.assertIn(f"http://0.0.0.0:{self.port}  (every interface; here http://127.0.0.1:{self.port})",
                      host.text("out"))
        self.assertEqual(http_get(f"http://127.0.0.1:{self.port}/"), (200, '{"counter":1}'))
        self.assertEqual(host.stop(), 0)

    def test_nothing_started_is_an_error(self):
        done = self.refused("up", "-m", self.write("none.yaml", "actors: [missing.wasm]\n"))
        self.assertIn("1 problem, listed above; nothing of the manifest could be started", done.err)
        self.assertEqual(done.err.count("Error: "), 1, done)

    def test_strict_minds_links_that_do_not_bind(self):
        with harness.socket.socket() as taken:
            taken.bind(("127.0.0.1", self.port))
            taken.listen()
            done = self.refused("up", "--strict", "-m", self.demo)
        self.assertIn(str(self.port), done.err)
        self.assertIn("1 problem, listed above; the host stopped", done.err)

    def test_paths_are_looked_for_here_and_then_beside_the_manifest(self):
        self.write("deep/echo.wasm", (ACTORS / "echo.wasm").read_bytes())
        path = self.write("deep/m.yaml", "actors: [./echo.wasm]\n")
        host = self.up("-m", path)
        self.assertIn(str(self.work / "deep" / "echo.wasm"), host.text("out"))
        self.assertEqual(host.stop(), 0)

    def test_variables_are_replaced(self):
        path = self.write("env.yaml", "actors: ['${FOLDER}/${NAME:echo}.wasm']\n")
        host = self.up("-m", path, env={"FOLDER": str(ACTORS)})
        self.assertEqual(host.stop(), 0)

    def test_a_variable_that_is_not_set_is_one_error(self):
        path = self.write("env.yaml", "labels:\n  # ${COMMENTED}\n  zone: {a: ${X_PORT}}\n")
        done = self.refused("up", "-m", path)
        self.assertIn("env.yaml:3:13: expected a value for ${X_PORT}", done.err)
        self.assertEqual(done.err.count("Error: "), 1, done)

    def test_a_typo_in_a_link_is_an_error_unless_lenient(self):
        path = self.write("typo.yaml", f"""actors: ["{ACTORS}/echo.wasm"]
capabilities: [image_ref: builtin:httpserver]
links:
  - actor: {ACTORS}/echo.wasm
    contract_id: wasmcloud:httpserver
    provider_id: builtin:httpserver
    values: {{BIND: "127.0.0.1:{self.port}"}}
    value: {{PATH_PREFIX: /x}}
""")
        done = self.refused("up", "-m", path)
        self.assertIn("typo.yaml:8:5: links[0].value: unknown key; did you mean `values`?", done.err)
        host = self.up("-m", path, "--lenient")
        self.assertIn("Warning: ", host.text("err"))
        self.assertEqual(host.stop(), 0)

    def test_usage_errors(self):
        self.assertIn("KEY=VALUE", self.misused("up", "-l", "novalue").err)
        self.assertIn("loopback", self.refused("up", "--health-addr", "0.0.0.0:0").err)
        self.refused("up", "--log-level", "loud")
        self.refused("up", env={"HEARTBEAT_INTERVAL_S": "soon"})

    def test_issuers_must_be_accounts(self):
        account = self.ok("keys", "gen", "account", "--json").json()["public_key"]
        actor = self.ok("keys", "gen", "module", "--json").json()["public_key"]
        for wrong in ("foo", "", actor, account[:-1], f"[{account}]"):
            said = self.misused("up", "--allowed-issuer", account, "--allowed-issuer", wrong).err
            self.assertIn("is no account's public key", said)

    def test_health_addresses_tell_the_truth(self):
        host = self.up("-m", self.demo, "--health-addr", "127.0.0.1:0")
        base = host.wait_for(r"(http://127.0.0.1:\d+)/livez").group(1)
        self.assertEqual(http_get(base + "/livez")[0], 200)
        self.assertEqual(http_get(base + "/readyz"), (200, '{"ready":true,"reasons":[]}\n'))
        status, figures = http_get(base + "/metrics")
        self.assertEqual(status, 200)
        self.assertRegex(figures, r'(?m)^trellis_provider_calls_total\{provider="V\w{55}",'
                         r'contract="wasmcloud:keyvalue",link_name="default",name="[^"]+"\} \d+$')
        self.ok("stop", "provider", "builtin:keyvalue")
        status, body = http_get(base + "/readyz")
        self.assertEqual(status, 503)
        self.assertIn("waiting_for_provider", json.loads(body)["reasons"][0])
        self.ok("start", "provider", "builtin:keyvalue")
        harness.wait_until(lambda: http_get(base + "/readyz")[0] == 200, "readiness")
        self.assertEqual(host.stop(), 0)

    def test_ready_file_comes_and_goes(self):
        ready = self.work / "ready.json"
        host = self.up("-m", self.demo, "--ready-file", ready)
        harness.wait_until(ready.exists, "the ready file")
        content = json.loads(ready.read_text())
        self.assertEqual(content["pid"], host.pid)
        self.assertEqual(sorted(content["urls"]), sorted(
            f"http://127.0.0.1:{port}" for port in (self.port, self.echo_port)))
        self.assertEqual(host.stop(), 0)
        self.assertFalse(ready.exists())

    def test_logs_as_json(self):
        host = self.up("-m", self.demo, "--log-format", "json")
        self.assertEqual(host.stop(), 0)
        for line in host.text("err").splitlines():
            self.assertIn("level", json.loads(line))


if __name__ == "__main__":
    harness.main()
