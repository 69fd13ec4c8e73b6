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

    def serve(self, *arguments, env=None):
        self.dev = self.start("dev", *arguments, "--port", "0", env=env)
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
        dev = self.start("dev", "app.wasm", "--port", "0")
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
        self.dev.wait_for(r"^The last good revision 2 still serves", mark)
        self.assertIn("method", http_get(url)[1])

    def test_a_save_during_a_build_is_built_too(self):
        self.write("src/main.txt", "1")
        # Slow, and it reads what it builds at once; what is saved afterwards it does not see.
        command = "cat src/main.txt >> built; touch began; while test -e hold; do sleep 0.02; done; " \
                  f"cp {ECHO} out.tmp && mv out.tmp app.wasm"
        self.serve("app.wasm", "--build", command, "--source", "src")
        for hold in ("2", "3"):
            mark = self.dev.mark()
            self.write("hold", "")
            (self.work / "began").unlink()
            self.write("src/main.txt", hold)
            harness.wait_until((self.work / "began").exists, "the build to begin")
            self.write("src/main.txt", hold + "!")
            (self.work / "hold").unlink()
            self.dev.wait_for(r"^Changed meanwhile: main\.txt", mark)
            self.dev.wait_for(r"Reloaded as revision", mark)
        harness.wait_until(lambda: (self.work / "built").read_text() == "122!33!", "all four saves")
        self.assertEqual(self.dev.stop(), 0)

    def test_what_a_build_writes_among_the_sources_does_not_start_it_for_ever(self):
        self.write("src/main.txt", "1")
        command = "echo >> builds; cp src/main.txt src/generated.txt; touch src/log; " \
                  "date +%N >> src/noise.txt; touch src/gone && rm src/gone; " \
                  f"cp {ECHO} out.tmp && mv out.tmp src/app.wasm"
        self.serve("src/app.wasm", "--build", command, "--source", "src")
        self.dev.wait_for(r"^Note: .*src/noise\.txt becomes another in every build")
        mark = self.dev.mark()
        self.write("src/main.txt", "2")
        self.dev.wait_for(r"Reloaded as revision", mark)
        builds = (self.work / "builds").read_text()
        mark = self.dev.mark()
        self.write("src/main.txt", "3")
        self.dev.wait_for(r"Reloaded as revision", mark)
        more = len((self.work / "builds").read_text()) - len(builds)
        self.assertLessEqual(more, 3, "the save, and a look at what the build generated")

    def test_requests_are_logged_and_errors_are_shown(self):
        self.write("app.wasm", COUNTER.read_bytes())
        url = self.serve("app.wasm", "--cap", "httpserver", env={"TZ": "XYZ-5:30"})
        status, body = http_get(url + "/page?x=1")
        self.assertEqual(status, 500)
        self.assertIn("wasmcloud:keyvalue", body, "the reason is in the body")
        self.dev.wait_for(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+05:30 info +"
                          r"provider: GET /page 500 \d+\.\d ms ")

    def test_a_taken_port_is_said_once(self):
        self.write("app.wasm", ECHO.read_bytes())
        with harness.socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            dev = self.start("dev", "app.wasm", "--port", port)
            self.assertEqual(dev.wait(), 1)
        self.assertEqual(dev.text().count(f"port {port} is taken"), 1, dev.text())
        self.assertIn("--port 0", dev.text())

    def test_several_modules(self):
        self.write("a.wasm", COUNTER.read_bytes())
        self.write("b.wasm", ECHO.read_bytes())
        self.serve("a.wasm", "b.wasm")
        urls = [line.strip() for line in self.dev.text("out").split("\n") if line.startswith("  http://")]
        bodies = sorted(http_get(url + "/x")[1][:9] for url in urls)
        self.assertEqual(bodies, ['{"counter', '{"method"'])
        mark = self.dev.mark()
        self.replace("b.wasm", COUNTER.read_bytes())
        self.dev.wait_for(r"^Reloaded b\.wasm as revision 2", mark)
        mark = self.dev.mark()
        self.write("a.wasm", b"nonsense")
        self.dev.wait_for(r"^Revision 1 of a\.wasm keeps serving", mark)
        self.refused("dev", "a.wasm", "b.wasm", "--name", "both")

    def test_links_with_values(self):
        self.write("app.wasm", COUNTER.read_bytes())
        (self.work / "store").mkdir()
        self.serve("app.wasm", "--link", f"builtin:keyvalue-file,DIRECTORY={self.work}/store",
                   "--link", "httpserver,CORS_ORIGINS=https://a.example,https://b.example")
        links = {link["contract_id"]: link["values"] for link in
                 self.ok("get", "links", "--json").json()["links"]}
        self.assertEqual(links["wasmcloud:keyvalue"], {"DIRECTORY": f"{self.work}/store"})
        self.assertEqual(links["wasmcloud:httpserver"]["CORS_ORIGINS"],
                         "https://a.example,https://b.example")
        self.assertEqual(self.dev.stop(), 0)

    def test_wrong_links_are_refused(self):
        self.write("app.wasm", ECHO.read_bytes())
        for link, reason in (("", "names no contract"), ("keyvalue,SHARED", "no KEY=VALUE"),
                             ("builtin:messaging", "builtin:messaging-nats"),
                             ("./nothing.so", "nothing.so")):
            self.assertIn(reason, self.refused("dev", "app.wasm", "--port", "0", "--link", link).err)
        self.assertIn("two --link", self.refused("dev", "app.wasm", "--link", "keyvalue", "--link",
                                                 "builtin:keyvalue").err)
        self.assertIn("nothing to serve", self.refused("dev").err)
        self.assertIn("--build", self.refused("dev", "app.wasm", "--source", "..").err)

    def test_every_contract_has_a_provider(self):
        self.write("app.wasm", ECHO.read_bytes())
        contracts = ("blobstore", "httpclient", "logging", "extras", "keyvalue", "httpserver")
        caps = [word for name in contracts for word in ("--cap", name)]
        self.serve("app.wasm", *caps)
        links = self.ok("get", "links", "--json").json()["links"]
        self.assertEqual(sorted(link["contract_id"] for link in links if link["state"] == "bound"),
                         sorted("wasmcloud:" + name for name in contracts))
        self.assertNotIn("Warning", self.dev.text())
        self.assertEqual(self.dev.stop(), 0)

    def test_what_needs_a_server_says_so(self):
        self.write("app.wasm", ECHO.read_bytes())
        port = harness.free_port()
        self.serve("app.wasm", "--cap", "httpserver", "--cap", "messaging", "--cap", "eventstreams",
                   "--link", f"messaging,URL=nats://127.0.0.1:{port}",
                   "--link", f"eventstreams,URL=redis://127.0.0.1:{port}")
        self.dev.wait_for(r"needs a NATS server: .*--link messaging,URL=nats://HOST:PORT")
        self.dev.wait_for(r"needs a Redis server")
        mark = self.dev.mark()
        self.replace("app.wasm", COUNTER.read_bytes())
        self.dev.wait_for(r"Reloaded as revision 2", mark)
        self.assertEqual(self.dev.text().count("needs a NATS server"), 1, "told once")

    def test_a_contract_of_nobody(self):
        self.write("app.wasm", ECHO.read_bytes())
        self.serve("app.wasm", "--cap", "httpserver", "--cap", "example:dice")
        self.dev.wait_for(r"nobody serves example:dice; .*--link \./provider\.so")

    def test_a_manifest(self):
        self.write("app.wasm", ECHO.read_bytes())
        self.write("more/second.wasm", COUNTER.read_bytes())
        port = harness.free_port()
        manifest = """
actors: [second.wasm, late.wasm]
capabilities:
  - image_ref: builtin:httpserver
  - image_ref: builtin:keyvalue
links:
  - {actor: second.wasm, contract_id: "wasmcloud:keyvalue", provider_id: "builtin:keyvalue",
     values: {SHARED: "%s"}}
  - actor: second.wasm
    contract_id: wasmcloud:httpserver
    provider_id: builtin:httpserver
    values: {BIND: "127.0.0.1:%d"}
"""
        self.write("more/app.yaml", manifest % ("false", port))
        self.serve("app.wasm", "-m", "more/app.yaml")
        self.assertEqual(http_get(f"http://127.0.0.1:{port}/x"), (200, '{"counter":1}'))
        mark = self.dev.mark()
        self.write("more/second.wasm", ECHO.read_bytes())
        self.dev.wait_for(r"Reloaded .*second\.wasm as revision 2", mark)
        self.assertIn("method", http_get(f"http://127.0.0.1:{port}/x")[1])
        self.write("more/app.yaml", manifest % ("true", port))
        self.dev.wait_for(r"The manifest was read again", mark)
        values = [link["values"] for link in self.ok("get", "links", "--json").json()["links"]]
        self.assertIn({"SHARED": "true"}, values)
        mark = self.dev.mark()
        self.write("more/app.yaml", "actors: {")
        self.dev.wait_for(r"What the manifest said before stays", mark)
        self.assertEqual(self.dev.stop(), 0)

    def test_keys_are_of_a_path(self):
        keys = []
        for folder in ("one", "two", "one"):
            self.write(f"{folder}/actor.wasm", ECHO.read_bytes())
            self.serve(f"{folder}/actor.wasm")
            actor = self.ok("get", "inventory", "--json").json()["inventory"]["actors"][0]
            keys.append(actor["id"])
            self.assertEqual(self.dev.stop(), 0)
        self.assertNotEqual(keys[0], keys[1])
        self.assertEqual(keys[0], keys[2])

    def test_a_key_of_older_versions_goes_on_for_one_path(self):
        folder = self.folder / "home/.local/state/trellis/dev"
        folder.mkdir(parents=True)
        key = self.ok("keys", "gen", "module", "--json").json()
        (folder / "actor_module.nk").write_text(key["seed"])
        for path, same in (("one", True), ("two", False), ("one", True)):
            self.write(f"{path}/actor.wasm", ECHO.read_bytes())
            self.serve(f"{path}/actor.wasm")
            actor = self.ok("get", "inventory", "--json").json()["inventory"]["actors"][0]
            self.assertEqual(actor["id"] == key["public_key"], same, path)
            self.assertEqual(self.dev.stop(), 0)


if __name__ == "__main__":
    harness.main()
