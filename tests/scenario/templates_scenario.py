#!/usr/bin/env python3
"""Projects for newcomers: made by `trellis new`, built in place, served by `trellis dev`, signed."""

import os
import shutil
import subprocess
from pathlib import Path

import harness
from guests import LANGUAGES, GuestScenario

SOURCE = Path(__file__).resolve().parents[2]
AS_TOOLS = Path(os.environ.get("TRELLIS_AS_TOOLS", "build/debug/assemblyscript")).absolute()


class Templates(GuestScenario):
    def setUp(self):
        super().setUp()
        self.env["TRELLIS"] = harness.BINARY  # what build.sh asks for the SDK
        self.env["USER"] = "ann"

    def new(self, name, *options):
        said = self.ok("new", name, *options).out
        self.assertIn(f"cd {name}\n", said)
        self.assertIn("trellis dev", said)
        return self.work / name

    def build(self, folder):
        done = subprocess.run([folder / "build.sh"], cwd=self.work, env=self.env, text=True,
                              capture_output=True, timeout=harness.PATIENCE)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def dev(self, folder, *options):
        dev = harness.Process([harness.BINARY, "dev", *options], self.env, folder)
        self.addCleanup(dev.clean_up)
        return dev

    def greets(self, site, before=0):
        self.assertEqual(site.text("/Ada"), f"Hello, Ada! Visit {before + 1}.\n")
        self.assertEqual(site.text("/Ada"), f"Hello, Ada! Visit {before + 2}.\n")

    def whole_way(self, folder, source):
        """Served while it is written, then signed and run as on a server."""
        dev = self.dev(folder, "--port", "0")
        port = int(dev.wait_for(r"^  http://127\.0\.0\.1:(\d+)$").group(1))
        self.greets(self.site(port))
        dev.wait_for("Ada was here")
        mark = dev.mark()
        text = (folder / source).read_text()
        (folder / source).write_text(text.replace("Hello, ", "Good day, "))
        dev.wait_for("Reloaded as revision 2", mark)
        self.assertEqual(self.site(port).text("/Ada"), "Good day, Ada! Visit 3.\n")
        self.assertEqual(dev.stop(), 0)

        (folder / source).write_text(text)
        self.build(folder)
        name = folder.name
        self.ok("claims", "sign", folder / f"{name}.wasm", "--name", name, "--http_server",
                "--keyvalue")
        port = harness.free_port()
        manifest = self.write(f"{name}.yaml", f"""
actors: [{folder}/{name}_s.wasm]
capabilities: [{{image_ref: "builtin:httpserver"}}, {{image_ref: "builtin:keyvalue"}}]
links:
  - {{actor: "{folder}/{name}_s.wasm", contract_id: "wasmcloud:keyvalue",
     provider_id: "builtin:keyvalue"}}
  - actor: {folder}/{name}_s.wasm
    contract_id: wasmcloud:httpserver
    provider_id: builtin:httpserver
    values: {{BIND: "127.0.0.1:{port}"}}
""")
        host = self.up("-m", manifest, "--strict")
        self.greets(self.site(port))
        self.assertEqual(host.stop(), 0)

    def test_cpp(self):
        self.whole_way(self.new("hello"), "actor.cpp")

    @harness.unittest.skipUnless("rust" in LANGUAGES, "no Rust in this build")
    def test_rust(self):
        folder = self.new("hello-rust", "--lang", "rust")
        self.assertIn(f'path = "{SOURCE}/sdk/rust"', (folder / "Cargo.toml").read_text())
        self.whole_way(folder, "actor.rs")

    @harness.unittest.skipUnless("as" in LANGUAGES, "no AssemblyScript in this build")
    def test_assemblyscript(self):
        folder = self.new("hello_as", "--lang", "assemblyscript")
        # What `npm install` makes, from what the build has installed already.
        shutil.copytree(AS_TOOLS / "node_modules", folder / "node_modules", symlinks=True)
        self.whole_way(folder, "assembly/index.ts")

    def test_provider(self):
        folder = self.new("lucky", "--provider")
        self.build(folder)
        archive = self.ok("par", "inspect", folder / "out/dice.par", "--json").json()
        self.assertEqual((archive["name"], archive["capability_contract_id"], archive["valid"]),
                         ("lucky", "example:dice", True))
        port = harness.free_port()
        dev = harness.Process([harness.BINARY, "dev"], {**self.env, "PORT": str(port)}, folder)
        self.addCleanup(dev.clean_up)
        dev.wait_for(r"^Watching ")
        self.assertEqual(len(self.site(port).text("/3").split()), 3)
        mark = dev.mark()
        text = (folder / "provider.cpp").read_text()
        (folder / "provider.cpp").write_text(text.replace("std::to_string(die(random_))", '"seven"'))
        dev.wait_for(r"^Restarted dice\.par", mark)
        self.assertEqual(self.site(port).text("/2"), "seven\nseven\n")
        self.assertEqual(dev.stop(), 0)

        (folder / "provider.cpp").write_text(text)
        self.build(folder)
        dev = self.dev(folder, "out/actor.wasm", "--port", "0", "--link", "out/dice.so,SIDES=1000")
        port = int(dev.wait_for(r"^  http://127\.0\.0\.1:(\d+)$").group(1))
        self.assertGreater(max(map(int, self.site(port).text("/100").split())), 6)
        self.assertEqual(dev.stop(), 0)

    def test_two_projects_have_two_keys(self):
        keys = []
        for name in ("one", "two"):
            folder = self.new(name)
            self.build(folder)
            self.ok("claims", "sign", folder / f"{name}.wasm", "--name", name, "--http_server")
            keys.append(self.ok("claims", "inspect", folder / f"{name}_s.wasm", "--json").json()["module"])
        self.assertNotEqual(*keys)

    def test_what_cannot_be_made_is_refused(self):
        (self.work / "there").mkdir()
        (self.work / "link").symlink_to("nowhere")
        for words, reason in ((["there"], "is there already"), (["link"], "is there already"),
                              (["../x y"], "cannot be the name"), (["1st"], "a letter first"),
                              (["a" * 65], "at most 64"), (["."], ""), (["no/such/folder"], ""),
                              (["x", "--provider", "--lang", "rust"], "providers are written in C++")):
            self.assertIn(reason, self.refused("new", *words).err)
        for words, reason in ((["-n"], "-n"), (["x", "--lang", "cobol"], "cobol")):
            self.assertIn(reason, self.misused("new", *words).err)
        self.assertEqual(sorted(path.name for path in self.work.iterdir()), ["link", "there"])
        self.assertIn("no SDK is", self.refused("new", "x", env={"TRELLIS_SDK": "/nowhere"}).err)

    def test_where_the_sdk_is(self):
        for part, path in (("cpp", "include"), ("rust", "sdk/rust"), ("cmake", "sdk/cmake"),
                           ("assemblyscript", "sdk/assemblyscript")):
            self.assertEqual(self.ok("sdk", part).out.strip(), str(SOURCE / path))
        self.assertEqual(self.ok("sdk", "--json").json(), {"path": str(SOURCE / "sdk")})


if __name__ == "__main__":
    harness.main()
