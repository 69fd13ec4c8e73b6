#!/usr/bin/env python3
"""trellis dev: sign, serve, watch, reload, survive broken builds."""

import os
import stat

import harness
from harness import ACTORS, http_get

COUNTER = ACTORS / "kvcounter.unsigned.wasm"
ECHO = ACTORS / "echo.unsigned.wasm"


class Dev(harness.Scenario):
    def replace(self, name, content):
        """As compilers that are careful do it: a new file under the old name."""
        self.write(name + ".new", content)
        os.replace(self.work / (name + ".new"), self.work / name)

    def serve(self, *arguments):
        self.dev = self.start("dev", *arguments)
        url = self.dev.wait_for(r"^  (http://127\.0\.0\.1:\d+)$").group(1)
        self.dev.wait_for(r"^Watching ")
        return url

    def test_reloads_and_keeps_serving_over_a_broken_build(self):
        self.write("app.wasm", COUNTER.read_bytes())
        url = self.serve("app.wasm")
        self.assertEqual(http_get(url + "/x"), (200, '{"counter":1}'))

        mark = self.dev.mark()
        self.replace("app.wasm", ECHO.read_bytes())
        self.dev.wait_for(r"Reloaded as revision 2", mark)
        self.assertIn('"method":"GET"', http_get(url + "/x")[1])

        mark = self.dev.mark()
        self.write("app.wasm", b"\0asm\1\0\0\0 this is no module")
        self.dev.wait_for(r"^Error: ", mark)
        self.dev.wait_for(r"Revision 2 keeps serving", mark)
        self.assertIn('"method":"GET"', http_get(url + "/x")[1])

        mark = self.dev.mark()
        self.write("app.wasm", COUNTER.read_bytes())
        self.dev.wait_for(r"Reloaded as revision 3", mark)
        self.assertEqual(http_get(url + "/x"), (200, '{"counter":2}'), "same provider, same link")
        self.assertEqual(self.dev.stop(), 0)

    def test_waits_for_a_first_module_that_works(self):
        self.write("app.wasm", b"garbage")
        dev = self.start("dev", "app.wasm")
        dev.wait_for(r"Nothing is served yet")
        self.write("app.wasm", ECHO.read_bytes())
        url = dev.wait_for(r"^  (http://127\.0\.0\.1:\d+)$").group(1)
        self.assertEqual(http_get(url)[0], 200)
        self.assertEqual(dev.stop(harness.signal.SIGINT), 0)

    def test_keys_are_private_and_stay_the_same(self):
        self.write("app.wasm", ECHO.read_bytes())
        keys = []
        for _ in range(2):
            self.serve("app.wasm", "--name", "mine", "--cap", "httpserver")
            actor = self.ok("get", "inventory", "--json").json()["inventory"]["actors"][0]
            keys.append(actor["id"])
            self.assertEqual((actor["name"], actor["capabilities"]),
                             ("mine", ["wasmcloud:httpserver"]))
            self.assertEqual(self.dev.stop(), 0)
        self.assertEqual(keys[0], keys[1])
        folder = self.folder / "home/.local/state/trellis/dev"
        self.assertEqual(stat.S_IMODE(folder.stat().st_mode), 0o700)
        for file in folder.iterdir():
            self.assertEqual(stat.S_IMODE(file.stat().st_mode), 0o600, file)

    def test_signed_modules_keep_their_claims(self):
        self.write("app.wasm", (ACTORS / "kvcounter.wasm").read_bytes())
        self.serve("app.wasm")
        actor = self.ok("get", "inventory", "--json").json()["inventory"]["actors"][0]
        self.assertEqual(actor["name"], "kvcounter")
        self.assertEqual(sorted(actor["capabilities"]),
                         ["wasmcloud:httpserver", "wasmcloud:keyvalue"])

    def test_the_build_command_runs_at_the_start_and_on_changes(self):
        self.write("which", "kvcounter")
        self.write("src/main.txt", "1")
        command = f"cp {ACTORS}/$(cat which).unsigned.wasm out.tmp && mv out.tmp app.wasm"
        url = self.serve("app.wasm", "--build", command, "--source", "src")
        self.assertIn("counter", http_get(url)[1])
        self.write("which", "echo")
        mark = self.dev.mark()
        self.write("src/new/deep.txt", "2")
        self.dev.wait_for(r"Reloaded", mark)
        self.assertIn("method", http_get(url)[1])
        self.write("which", "nothing")
        mark = self.dev.mark()
        self.write("src/main.txt", "3")
        self.dev.wait_for(r"Error: .* failed with status 1", mark)
        self.assertIn("method", http_get(url)[1])


if __name__ == "__main__":
    harness.main()
