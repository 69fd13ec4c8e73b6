"""Runs the trellis binary for tests: TRELLIS_BIN names it. Every test case has a home of its own."""
import base64
import json
import os
import subprocess
import tempfile
import unittest

EMPTY_MODULE = b"\0asm\1\0\0\0"


def claims_of(token):
    """The claims of a token as a JSON object, unchecked."""
    segment = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4)))


def token_in(module):
    """The token that ends a module signed for the first time."""
    return module[module.rindex(b"\3jwt") + 4:].decode()


class ToolTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="trellis-cli-")
        self.addCleanup(self.folder.cleanup)
        self.home = os.path.join(self.folder.name, "home")
        os.mkdir(self.home)
        self.env = {"HOME": self.home, "USER": "ann", "PATH": os.environ["PATH"]}
        for name in ("ASAN_OPTIONS", "TSAN_OPTIONS", "UBSAN_OPTIONS", "LD_LIBRARY_PATH"):
            if name in os.environ:
                self.env[name] = os.environ[name]

    def path(self, *parts):
        return os.path.join(self.folder.name, *parts)

    def write(self, name, content):
        with open(self.path(name), "wb") as file:
            file.write(content)
        return self.path(name)

    def read(self, *parts):
        with open(self.path(*parts), "rb") as file:
            return file.read()

    def run_tool(self, *arguments, **env):
        return subprocess.run([os.environ["TRELLIS_BIN"], *arguments], cwd=self.folder.name,
                              env={**self.env, **env}, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=60)

    def ok(self, *arguments, **env):
        """Standard output of a run that must succeed."""
        done = self.run_tool(*arguments, **env)
        self.assertEqual(done.returncode, 0, f"{arguments}: {done.stderr}")
        return done.stdout

    def ok_json(self, *arguments, **env):
        out = self.ok(*arguments, "--json", **env)
        self.assertEqual(out.count("\n"), 1, "JSON is one line")
        value = json.loads(out)
        self.assertEqual(out.strip(), json.dumps(value, sort_keys=True, separators=(",", ":"),
                                                 ensure_ascii=False), "keys are sorted")
        return value

    def refused(self, *arguments, status=1, **env):
        """Standard error of a run that must fail with that exit code and no result."""
        done = self.run_tool(*arguments, **env)
        self.assertEqual(done.returncode, status, f"{arguments}: {done.stdout}")
        self.assertEqual(done.stdout, "")
        return done.stderr

    def misused(self, *arguments, **env):
        """Standard error of a command line that is not understood."""
        return self.refused(*arguments, status=2, **env)
