#!/usr/bin/env python3
"""What somebody sees at a terminal: tables that fit its width, names first, short keys, states in
colour; and that a pipe gets all of it without colours."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
import unicodedata

import harness
import lattice_harness
from harness import ACTORS, PATIENCE, free_port

WIDTHS = (80, 120)
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
KEY = re.compile(r"\b[MNVA][A-Z2-7]{55}\b")
SHORT_KEY = re.compile(r"\b[MNV][A-Z2-7]{7}\b")
# The first column of each table, and of a line above one.
NAMES = {"hosts": "Name", "links": "Actor", "claims": "Actor", "inventory": "Host"}


def columns_of(line):
    """Cells of a terminal that the text takes."""
    wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in line)
    marks = sum(unicodedata.combining(letter) != 0 for letter in line)
    return len(line) + wide - marks


def ageless(text):
    """Ages go on meanwhile, and columns with them."""
    return re.sub(r"\d+", "N", re.sub(r" +", " ", text))


class TerminalScenario(harness.Scenario):
    def at_terminal(self, *words, columns=80, env=None):
        """What a command prints at a terminal, colours included; it must succeed."""
        ours, its = pty.openpty()
        fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
        with subprocess.Popen([harness.BINARY, *map(str, words)], cwd=self.work,
                              env={**self.env, "TERM": "xterm", **(env or {})},
                              stdin=subprocess.DEVNULL, stdout=its, stderr=its) as process:
            os.close(its)
            shown = b""
            try:
                while more := os.read(ours, 65536):
                    shown += more
            except OSError:  # nobody has the terminal open any more
                pass
            os.close(ours)
            status = process.wait(PATIENCE)
        text = shown.decode().replace("\r\n", "\n")
        self.assertEqual(status, 0, text)
        return text

    def check_width(self, text, columns):
        for line in COLOUR.sub("", text).splitlines():
            self.assertLessEqual(columns_of(line), columns, text)

    def check_table(self, name, words):
        """One command at both widths, and what a pipe gets of it."""
        coloured = self.check_widths(name, words)
        self.check_colours(words, coloured)
        self.check_pipe(name, words)

    def check_widths(self, name, words):
        """Whether it has colours."""
        coloured = False
        for columns in WIDTHS:
            with self.subTest(" ".join(words), columns=columns):
                text = self.at_terminal(*words, columns=columns)
                self.check_width(text, columns)
                plain = COLOUR.sub("", text)
                self.assertTrue(plain.startswith(NAMES[name]), text)
                self.assertNotRegex(plain, KEY)
                if name != "links":  # which has names and no keys
                    self.assertRegex(plain, SHORT_KEY)
                coloured = name in ("links", "inventory") and ("bound" in text or "healthy" in text)
                self.assertEqual(bool(COLOUR.search(text)), coloured, text)
                if "bound" in plain:
                    self.assertIn("\x1b[32mbound\x1b[0m", text)
        return coloured

    def check_colours(self, words, coloured):
        with self.subTest(" ".join(words), how="without colours"):
            for how in ({"env": {"NO_COLOR": "1"}}, {"env": {"TERM": "dumb"}}):
                self.assertNotRegex(self.at_terminal(*words, **how), COLOUR)
            self.assertNotRegex(self.at_terminal(*words, "--color=never"), COLOUR)
            # The user's word counts more than the variable.
            loud = self.at_terminal(*words, "--color=always", env={"NO_COLOR": "1"})
            self.assertEqual(bool(COLOUR.search(loud)), coloured, loud)

    def check_pipe(self, name, words):
        with self.subTest(" ".join(words), how="piped"):
            piped = self.ok(*words).out
            self.assertNotRegex(piped, COLOUR)
            self.assertRegex(piped, KEY)
            self.assertNotIn("…", piped)
            loud = COLOUR.sub("", self.ok(*words, "--color=always").out)
            self.assertEqual(ageless(loud), ageless(piped))
        with self.subTest(" ".join(words), how="wide"):
            wide = self.at_terminal(*words, "--wide")
            self.assertRegex(wide, KEY)
            self.assertNotIn("…", wide)
            self.assertTrue(COLOUR.sub("", wide).startswith(NAMES[name]), wide)
            self.assertEqual(*(KEY.findall(text) for text in (wide, self.ok(*words, "--wide").out)))


class OneHost(TerminalScenario):
    def setUp(self):
        super().setUp()
        self.up("--name", "cellar", "--label", "zone=a", "--label", "note=" + "long " * 40)
        self.ok("start", "actor", ACTORS / "kvcounter.wasm")
        self.ok("start", "actor", ACTORS / "echo.wasm")
        self.ok("start", "provider", "builtin:httpserver")
        self.ok("start", "provider", "builtin:keyvalue")
        # More columns than 80 have room for.
        self.ok("start", "provider", "builtin:keyvalue-file", "--mode", "process",
                "--link-name", "on-the-disk")
        self.ok("link", "put", "kvcounter", "builtin:keyvalue", "keyvalue",
                "NAMESPACE=" + "n" * 60)
        self.ok("link", "put", "kvcounter", "builtin:httpserver", "httpserver",
                f"BIND=127.0.0.1:{free_port()},127.0.0.1:{free_port()}")
        self.ok("link", "put", "echo", "builtin:httpserver", "httpserver",
                f"BIND=127.0.0.1:{free_port()}", "--link-name", "default")
        self.run_trellis("link", "put", "kvcounter", "builtin:keyvalue-file", "keyvalue",
                         f"DIRECTORY={self.write('a-file', '')}/is/no/folder",
                         "--link-name", "on-the-disk")

    def test_tables(self):
        for name in ("hosts", "inventory", "links", "claims"):
            self.check_table(name, ["get", name])

    def test_troubles_are_red(self):
        self.assertRegex(self.at_terminal("get", "links", columns=120),
                         "\x1b\\[31m(failed|refused)\x1b\\[0m")

    def test_errors(self):
        def said(*words, env=None):
            ours, its = pty.openpty()
            done = subprocess.run([harness.BINARY, *words], env={**self.env, **(env or {})},
                                  cwd=self.work, stdin=subprocess.DEVNULL, check=False,
                                  stdout=subprocess.DEVNULL, stderr=its, timeout=PATIENCE)
            os.close(its)
            shown = os.read(ours, 65536).decode()
            os.close(ours)
            self.assertEqual(done.returncode, 1, shown)
            return shown
        wrong = ("stop", "actor", "nobody")
        self.assertIn("\x1b[1;31mError:\x1b[0m ", said(*wrong))
        self.assertIn("\x1b[1;36mHint:\x1b[0m ", said(*wrong))
        self.assertRegex(said(*wrong, env={"NO_COLOR": "1"}), r"\AError: .*\s+Hint: ")
        self.assertNotRegex(said(*wrong, "--color=never"), COLOUR)

    def test_quiet_leaves_the_data_and_no_hints(self):
        for name in ("hosts", "inventory", "links", "claims"):
            done = self.ok("get", name, "-q")
            self.assertRegex(done.out, KEY)
            self.assertEqual(done.err, "")
        loud = self.refused("stop", "actor", "nobody")
        self.assertIn("Hint: ", loud.err)
        quiet = self.refused("stop", "actor", "nobody", "-q")
        self.assertEqual(quiet.err, "".join(line for line in loud.err.splitlines(True)
                                            if not line.startswith("Hint: ")))
        signed = self.ok("claims", "sign", ACTORS / "echo.unsigned.wasm", "-d", self.work / "x.wasm",
                         "-n", "x", "--http_server", "--quiet")
        self.assertEqual(signed.err, "", "keys were made, which is a note")
        # For programs a remedy is a part of the error.
        self.assertIn('"remedy":', self.run_trellis("stop", "actor", "nobody", "-q", "--json").err)


class Lattice(TerminalScenario, lattice_harness.LatticeScenario):
    def test_tables(self):
        front = self.host("--name", "front", "--label", "zone=a")
        back = self.host("--name", "back")
        actor = self.start_actor(back, "kvcounter.wasm")
        self.http(front, actor)
        self.link(actor, self.start_provider(front, "builtin:keyvalue"), "wasmcloud:keyvalue")
        server = f"nats://127.0.0.1:{self.server.port}"
        # Each of these waits for all hosts; what they do with colours is the same as above.
        for name in ("hosts", "inventory", "links", "claims"):
            self.check_widths(name, ["get", name, "--lattice", server])
        self.check_pipe("links", ["ctl", "get", "links", *self.connection()])


if __name__ == "__main__":
    harness.main()
