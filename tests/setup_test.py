#!/usr/bin/env python3
"""scripts/setup.sh on a machine that has nothing: programs of the package system that only remember."""

import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[1] / "scripts/setup.sh"


class SetUp(unittest.TestCase):
    def installed_by(self, profile, dpkg_query):
        """What apt-get was told, with such a dpkg-query."""
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            programs = {"dpkg-query": dpkg_query, "id": "echo 0",
                        "apt-get": f'echo "$*" >> {folder}/told'}
            for program, body in programs.items():
                (folder / program).write_text(f"#!/bin/sh\n{body}\n")
                (folder / program).chmod(0o755)
            done = subprocess.run(
                ["bash", SCRIPT, profile], check=False, capture_output=True, text=True, timeout=60,
                env={**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"})
            self.assertEqual(done.returncode, 0, done.stderr)
            told = folder / "told"
            return told.read_text() if told.exists() else ""

    def test_what_was_never_installed_is_installed(self):
        # As the real one: it fails where it does not know a package.
        told = self.installed_by("format", "exit 1")
        self.assertIn("update", told)
        self.assertRegex(told, "install .*clang-format-19")

    def test_what_was_removed_is_installed_again(self):
        told = self.installed_by("format", "echo 'clang-format-19=config-files'")
        self.assertRegex(told, "install .*clang-format-19")

    def test_what_is_there_is_left_alone(self):
        told = self.installed_by("format", "printf 'clang-format-19=installed '")
        self.assertNotIn("clang-format-19", told)

    @unittest.skipIf(any(Path("/usr/lib").glob("*/libnode.so")), "this machine has a system package of V8")
    def test_what_would_remove_a_package_of_the_user_is_not_installed(self):
        # The simulation says so at once and goes on talking: nobody may stop listening to it.
        apt = ('case "$*" in *--simulate*) echo "Remv nodejs [20]"; seq 200000 ;; '
               '*download*) : > libnode.deb ;; esac')
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            (folder / "scripts").mkdir()
            for file in SCRIPT.parent.glob("*.sh"):
                shutil.copy(file, folder / "scripts")
            programs = {"dpkg-query": "exit 1", "dpkg": "exit 0", "id": "echo 0",
                        "apt-get": f'echo "$*" >> {folder}/told\n{apt}'}
            for program, body in programs.items():
                (folder / program).write_text(f"#!/bin/sh\n{body}\n")
                (folder / program).chmod(0o755)
            done = subprocess.run(
                ["bash", folder / "scripts/setup.sh", "run"], check=False, capture_output=True,
                text=True, timeout=60, env={**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"})
            told = (folder / "told").read_text()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(told, "download .*libnode-dev")
        self.assertNotRegex(told, r"(?m)^(?!.*--simulate)(?!.*download).*install .*libnode-dev")


if __name__ == "__main__":
    unittest.main()
