#!/usr/bin/env python3
"""The templates for newcomers: copied, built with their own scripts, served by `trellis dev`."""

import os
import shutil
import subprocess
from pathlib import Path

import harness
from guests import LANGUAGES, GuestScenario

SOURCE = Path(__file__).resolve().parents[2]
AS_TOOLS = Path(os.environ.get("TRELLIS_AS_TOOLS", "build/debug/assemblyscript")).absolute()


class Templates(GuestScenario):
    def copy(self, sdk):
        folder = self.work / sdk
        ignore = shutil.ignore_patterns("out", "actor.wasm", "node_modules", "target")
        shutil.copytree(SOURCE / "sdk" / sdk / "template", folder, ignore=ignore)
        return folder

    def build(self, folder, *command):
        done = subprocess.run(list(map(str, command)), cwd=folder, env=self.env, text=True,
                              capture_output=True, timeout=harness.PATIENCE)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def greets(self, folder):
        dev = self.start("dev", folder / "actor.wasm")
        port = int(dev.wait_for(r"^  http://127\.0\.0\.1:(\d+)$").group(1))
        site = self.site(port)
        self.assertEqual(site.text("/"), "Hello, world! Visit 1.\n")
        self.assertEqual(site.text("/Ada"), "Hello, Ada! Visit 1.\n")
        self.assertEqual(site.text("/Ada"), "Hello, Ada! Visit 2.\n")
        dev.wait_for("Ada was here")
        self.assertEqual(dev.stop(), 0)

    def test_cpp(self):
        folder = self.copy("cpp")
        self.build(folder, "./build.sh", SOURCE / "include")
        self.greets(folder)

    @harness.unittest.skipUnless("rust" in LANGUAGES, "no Rust in this build")
    def test_rust(self):
        folder = self.copy("rust")
        self.build(folder, "./build.sh", SOURCE / "sdk" / "rust")
        self.greets(folder)

    @harness.unittest.skipUnless("as" in LANGUAGES, "no AssemblyScript in this build")
    def test_assemblyscript(self):
        folder = self.copy("assemblyscript")
        # What `npm install` makes, from what the build has installed already.
        shutil.copytree(AS_TOOLS / "node_modules", folder / "node_modules", symlinks=True)
        (folder / "node_modules" / "trellis-actor").symlink_to(SOURCE / "sdk" / "assemblyscript")
        self.build(folder, "npm", "run", "build")
        self.greets(folder)


if __name__ == "__main__":
    harness.main()
