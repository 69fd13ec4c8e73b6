"""What scenario tests share: they start the real binary, look at it from outside, and leave nothing.

    class Up(harness.Scenario):
        def test_it(self):
            host = self.start("up", "-m", self.write("demo.yaml", "..."))
            host.wait_for(r"Ctrl-C ends it")
            ...
            self.assertEqual(host.stop(), 0)

    if __name__ == "__main__":
        harness.main()

Each test has folders of its own for sockets, keys and files; every process that start() made ends
with the test. Waits are bounded by PATIENCE, which is far longer than anything takes: no test
depends on how fast the machine is.

Environment: TRELLIS_BIN (the binary), TRELLIS_ACTORS (folder of the signed example actors),
TRELLIS_EMULATOR (what runs the binary where it is another machine's, a command with arguments).
"""

import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.error
import urllib.request
from pathlib import Path

PATIENCE = float(os.environ.get("TRELLIS_TEST_PATIENCE", "120"))
BINARY = os.path.abspath(os.environ.get("TRELLIS_BIN", "build/debug/bin/trellis"))
COMMAND = [*shlex.split(os.environ.get("TRELLIS_EMULATOR", "")), BINARY]
ACTORS = Path(os.environ.get("TRELLIS_ACTORS", "build/debug/actors")).absolute()


def free_port():
    """A TCP port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def is_listening(port):
    with socket.socket() as probe:
        probe.settimeout(PATIENCE)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def http_get(url, timeout=PATIENCE):
    """(status, body as text); also for statuses that urllib takes for errors."""
    # No proxy of the environment may come between a test and loopback.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=timeout) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as problem:
        with problem:
            return problem.code, problem.read().decode()


def elf_head(machine=62, kind=3):
    """The first bytes of a shared library, by default for x86_64; nobody can load it."""
    return b"\x7fELF\2\1\1" + bytes(9) + kind.to_bytes(2, "little") + machine.to_bytes(2, "little")


AARCH64 = 183


def wait_until(condition, what, patience=PATIENCE):
    """Asks until the answer is true, and returns it."""
    end = time.monotonic() + patience
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > end:
            raise AssertionError(f"waited {patience} s in vain for: {what}")
        time.sleep(0.02)


class Process:
    """A running command whose output is collected line by line; `how` is for subprocess.Popen."""

    def __init__(self, arguments, env, cwd, **how):
        self.lines = []  # (stream, text without line end)
        self._changed = threading.Condition()
        self._process = subprocess.Popen(
            arguments, env=env, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, errors="replace", **how)
        self._readers = [
            threading.Thread(target=self._read, args=(name, stream), daemon=True)
            for name, stream in (("out", self._process.stdout), ("err", self._process.stderr))]
        for reader in self._readers:
            reader.start()

    def _read(self, name, stream):
        for line in stream:
            with self._changed:
                self.lines.append((name, line.rstrip("\n")))
                self._changed.notify_all()
        with self._changed:
            self._changed.notify_all()

    @property
    def pid(self):
        return self._process.pid

    def text(self, stream=None):
        with self._changed:
            return "\n".join(line for name, line in self.lines if stream in (None, name))

    def wait_for(self, pattern, after=0, patience=PATIENCE):
        """The match in the first line from number `after` on that fits the pattern."""
        end = time.monotonic() + patience
        with self._changed:
            at = after
            while True:
                while at < len(self.lines):
                    found = re.search(pattern, self.lines[at][1])
                    if found:
                        return found
                    at += 1
                left = end - time.monotonic()
                ended = not any(reader.is_alive() for reader in self._readers)
                if left <= 0 or ended:
                    why = "ended" if ended else f"said nothing of the kind for {patience} s"
                    output = "\n".join(line for _, line in self.lines)
                    raise AssertionError(f"process {why}; wanted /{pattern}/ in:\n{output}")
                self._changed.wait(min(left, 0.2))

    def mark(self):
        """A number of lines, for `after`."""
        with self._changed:
            return len(self.lines)

    def send(self, number):
        self._process.send_signal(number)

    def wait(self, patience=PATIENCE):
        """The exit status."""
        status = self._process.wait(patience)
        for reader in self._readers:
            reader.join(patience)
        return status

    def status(self):
        """The exit status; None while it runs."""
        return self._process.poll()

    def stop(self, number=signal.SIGTERM):
        """Asks it to end; the exit status."""
        self.send(number)
        return self.wait()

    def clean_up(self):
        if self._process.poll() is None:
            self._process.kill()
        self.wait()
        self._process.stdout.close()
        self._process.stderr.close()


class Result:
    """What a command that ended by itself gave back."""

    def __init__(self, done):
        self.status, self.out, self.err = done.returncode, done.stdout, done.stderr

    def json(self):
        return json.loads(self.out)

    def __str__(self):
        return f"status {self.status}\n--- out\n{self.out}\n--- err\n{self.err}"


class Scenario(unittest.TestCase):
    def setUp(self):
        # The names of sockets are short, so the folder is directly below the system's own.
        self.folder = Path(tempfile.mkdtemp(prefix="trs-", dir="/tmp"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        for name in ("run", "home", "work"):
            (self.folder / name).mkdir(mode=0o700)
        self.env = {
            "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
            "HOME": str(self.folder / "home"),
            "XDG_RUNTIME_DIR": str(self.folder / "run"),
            "LC_ALL": "C.UTF-8",
        }
        for name, value in os.environ.items():
            if name.endswith("_OPTIONS") and "SAN" in name:  # of the sanitizers
                self.env[name] = value
        self.work = self.folder / "work"
        self.sockets = self.folder / "run" / "trellis"

    def write(self, name, content):
        """A file in the test's working folder; its path."""
        path = self.work / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)

    def start(self, *arguments, env=None, **how):
        process = Process([*COMMAND, *map(str, arguments)], {**self.env, **(env or {})}, self.work,
                          **how)
        self.addCleanup(process.clean_up)
        return process

    def run_trellis(self, *arguments, env=None, stdin=""):
        return Result(subprocess.run(
            [*COMMAND, *map(str, arguments)], env={**self.env, **(env or {})}, cwd=self.work,
            input=stdin, capture_output=True, text=True, errors="replace", timeout=PATIENCE))

    def ok(self, *arguments, **options):
        """Runs a command that must succeed."""
        done = self.run_trellis(*arguments, **options)
        self.assertEqual(done.status, 0, done)
        return done

    def refused(self, *arguments, status=1, **options):
        """Runs a command that must fail with an error, not a crash."""
        done = self.run_trellis(*arguments, **options)
        self.assertEqual(done.status, status, done)
        self.assertIn("Error: ", done.err)
        return done

    def misused(self, *arguments, **options):
        """Runs a command line that must not be understood."""
        return self.refused(*arguments, status=2, **options)

    def up(self, *arguments, **options):
        """A host that has said it is running."""
        host = self.start("up", *arguments, **options)
        host.wait_for(r"^(No problems|\d+ problems?, listed above)$")
        return host


def main():
    unittest.main(verbosity=2)
