#!/usr/bin/env python3
"""Runs the real `trellis doctor` on a machine that is well and on ones made ill by limits.

    doctor_test.py BINARY [SANITIZERS]
"""

import json
import os
import resource
import socket
import stat
import subprocess
import sys
import tempfile
import unittest

BINARY = sys.argv[1]
SANITIZERS = sys.argv[2] if len(sys.argv) > 2 else ""


def doctor(*options, limits=(), hard_limits=(), runtime_folder=None):
    """Exit code, standard output and error of one run under limits, soft ones or both."""
    def apply_limits():
        for kind, value in limits:
            resource.setrlimit(kind, (value, resource.getrlimit(kind)[1]))
        for kind, value in hard_limits:
            resource.setrlimit(kind, (value, value))
    env = {**os.environ, "XDG_RUNTIME_DIR": runtime_folder or RUNTIME}
    run = subprocess.run([BINARY, "doctor", *options], capture_output=True, text=True, timeout=90,
                         check=False, env=env, preexec_fn=apply_limits)
    return run.returncode, run.stdout, run.stderr


def checks(*options, **how):
    """Exit code, and the checks of the JSON form by name."""
    code, out, err = doctor("--json", *options, **how)
    assert not err, err
    answer = json.loads(out)
    assert answer["ok"] == (code == 0), answer
    return code, {check["name"]: check for check in answer["checks"]}


class Doctor(unittest.TestCase):
    def test_engine_runs_here(self):
        _, found = checks()
        self.assertEqual(found["engine"]["status"], "ok", found["engine"])
        self.assertRegex(found["engine"]["finding"], r"^V8 \d+\.\d+.* starts and runs a guest$")

    def test_every_finding_names_a_remedy_and_text_agrees_with_json(self):
        code, found = checks()
        problems = [c for c in found.values() if c["status"] == "problem"]
        self.assertEqual(code, 1 if problems else 0, problems)
        for check in found.values():
            self.assertEqual(check["status"] == "ok", check["remedy"] == "", check)
        _, text, _ = doctor()
        for name, check in found.items():
            self.assertIn(f"{check['status']:<9}{name}", text)

    def test_low_open_files_are_a_problem(self):
        # A host raises its soft limit to the hard one by itself.
        _, found = checks(limits=[(resource.RLIMIT_NOFILE, 200)])
        self.assertEqual(found["open-files"]["status"], "ok")
        code, found = checks(hard_limits=[(resource.RLIMIT_NOFILE, 200)])
        self.assertEqual(code, 1)
        self.assertEqual(found["open-files"]["status"], "problem")
        self.assertIn("ulimit -n", found["open-files"]["remedy"])

    def test_a_port_in_use_is_seen(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = str(taken.getsockname()[1])
            _, found = checks("--port", port)
            self.assertEqual(found["port"]["status"], "warning")
            self.assertIn(port, found["port"]["finding"])
        self.assertEqual(doctor("--port", "99999")[0], 2)

    def test_a_state_folder_others_may_enter_is_a_problem(self):
        with tempfile.TemporaryDirectory() as folder:
            private = os.path.join(folder, "trellis")
            os.mkdir(private, 0o700)
            _, found = checks(runtime_folder=folder)
            self.assertEqual(found["state-folder"]["status"], "ok", found["state-folder"])
            os.chmod(private, stat.S_IRWXU | stat.S_IRWXO)
            code, found = checks(runtime_folder=folder)
            self.assertEqual((code, found["state-folder"]["status"]), (1, "problem"))
            self.assertIn("other users", found["state-folder"]["finding"])

    @unittest.skipIf("address" in SANITIZERS or "thread" in SANITIZERS,
                     "sanitizers need more address space than the limit leaves")
    def test_low_address_space_is_a_problem_and_not_a_crash(self):
        for mib in (1024, 4096):
            code, found = checks(limits=[(resource.RLIMIT_AS, mib << 20)])
            self.assertEqual(code, 1)
            for name in ("address-space", "reservation", "engine"):
                self.assertEqual(found[name]["status"], "problem", found[name])
                self.assertIn("ulimit -v", found[name]["remedy"])
            self.assertIn("room for 0 guests", found["address-space"]["finding"])


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as RUNTIME:
        unittest.main(argv=sys.argv[:1], verbosity=2)
