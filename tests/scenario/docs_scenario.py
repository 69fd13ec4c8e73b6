#!/usr/bin/env python3
"""What the documentation shows is run: the commands of its console blocks, in their order, on a fresh
HOME, and what they print is compared with what is shown (keys, numbers that differ and what stands for
`…` left aside). In a network of its own where that can be had, so that the ports are those shown.

Comments in the documents steer it, each before the block it is about:

  <!-- docs-test: skip WHY -->            not run
  <!-- docs-test: copy FILE… -->          files of the build into the working folder
  <!-- docs-test: edit FILE /OLD/NEW/ --> what the text says to change, then the block's output
"""

import fcntl
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time
import unittest
from pathlib import Path

import harness
from harness import ACTORS, BINARY, PATIENCE

SOURCE = Path(__file__).resolve().parents[2]
BUILD = ACTORS.parent
PORTS = (8080, 8089)
KEY = re.compile(r"\b[MNVASX][A-Z2-7]{6,55}(?:…|\b)")
FOREVER = re.compile(r"(^|&& *)trellis (dev|up)\b")


def own_network():
    """Starts over in a network namespace; without the right to, ports may be taken."""
    if os.environ.get("TRELLIS_DOCS_NETWORK"):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
            request = bytearray(struct.pack("16sh22x", b"lo", 0))
            fcntl.ioctl(any_socket, 0x8913, request)             # SIOCGIFFLAGS
            flags = struct.unpack("16sh22x", request)[1] | 1      # IFF_UP
            fcntl.ioctl(any_socket, 0x8914, struct.pack("16sh22x", b"lo", flags))
        return
    words = ["unshare", "-n"] if os.geteuid() == 0 else ["unshare", "-rn"]
    if subprocess.run([*words, "true"], check=False, capture_output=True).returncode == 0:
        os.environ["TRELLIS_DOCS_NETWORK"] = "1"
        os.execvp(words[0], [*words, sys.executable, *sys.argv])


def ports_are_free():
    for port in PORTS:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return False
    return True


class Block:
    def __init__(self, language, line, lines, before, directives):
        self.language, self.line, self.lines = language, line, lines
        self.before, self.directives = before, directives

    def file(self):
        """The name that the text gives it: "(`hello.yaml`):"."""
        found = re.search(r"\(`([\w.-]+)`\):\s*$", self.before)
        return found and found[1]

    def steps(self):
        """(command, lines shown); the command is None where output goes on."""
        steps = []
        for line in self.lines:
            if line.startswith("$ "):
                steps.append((line[2:], []))
            elif steps and steps[-1][0] is not None and steps[-1][0].endswith("\\"):
                steps[-1] = (steps[-1][0] + "\n" + line, [])
            else:
                if not steps:
                    steps.append((None, []))
                steps[-1][1].append(line)
        return steps


def blocks_of(path):
    blocks, block, before, directives = [], None, [], []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if block is not None:
            if line.startswith("```"):
                blocks.append(block)
                block, before, directives = None, [], []
            else:
                block.lines.append(line)
        elif line.startswith("```"):
            block = Block(line[3:].strip(), number, [], "\n".join(before[-4:]).rstrip(), directives)
        elif found := re.fullmatch(r"<!-- docs-test: (.*) -->", line):
            directives.append(found[1])
        else:
            before.append(line)
    return blocks


def plain(line):
    """Without what differs from run to run."""
    line = KEY.sub("KEY", line)
    line = re.sub(r"process \d+", "process N", line)
    line = re.sub(r"\d+(\.\d+)? ms", "N ms", line)
    return re.sub(r"  +", "  ", line).rstrip()


def pattern(line):
    return re.compile(re.escape(plain(line)).replace("…", ".*"))


def missing(shown, printed):
    """The first line shown that was not printed in its place; None when all were. Lines that are a
    mere `…` allow any number of others."""
    at, gap = 0, False
    printed = [plain(line) for line in printed]
    for line in shown:
        if line.strip() in ("…", "..."):
            gap = True
            continue
        if not line.strip():
            continue
        while at < len(printed) and not printed[at].strip():
            at += 1
        if gap:
            while at < len(printed) and not pattern(line).fullmatch(printed[at]):
                at += 1
        if at >= len(printed) or not pattern(line).fullmatch(printed[at]):
            return line
        at, gap = at + 1, False
    return None


class Docs(harness.Scenario):
    def setUp(self):
        super().setUp()
        if not ports_are_free():
            self.skipTest(f"no network of its own here, and one of the ports {PORTS} is taken")
        tools = self.folder / "bin"
        tools.mkdir()
        (tools / "trellis").symlink_to(BINARY)
        self.env["PATH"] = f"{tools}:{self.env['PATH']}"
        self.env["TRELLIS_SDK"] = str(SOURCE / "sdk")
        self.env["USER"] = "ann"
        self.place = self.work
        self.background = None  # the last one
        self.seen = 0           # bytes of its output that were compared

    def shell(self, command):
        """What a command printed on both, and on its standard output alone: notes that a terminal
        shows between are not always worth a line of the text."""
        where = self.folder / "where"
        done = subprocess.run(
            ["bash", "-c", f"{command}\npwd > {where}"], cwd=self.place, env=self.env,
            stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace",
            timeout=PATIENCE, check=False)
        if where.exists():
            self.place = Path(where.read_text().strip())
        home = self.env["HOME"]
        out, err = (text.replace(home, "~").splitlines() for text in (done.stdout, done.stderr))
        return out + err, out

    def start_forever(self, command):
        if found := re.match(r"cd (\S+) && ", command):
            self.place = self.place / found[1]
            command = command[found.end():]
        self.output = self.folder / f"background-{time.monotonic_ns()}"
        with open(self.output, "wb") as out:
            process = subprocess.Popen(
                ["bash", "-c", "exec " + command.rstrip("& ")], cwd=self.place, env=self.env,
                stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
                start_new_session=True)
        self.addCleanup(self.end, process)
        self.background, self.seen = process, 0

    def end(self, process):
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGINT)
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    def end_background(self):
        if self.background is not None:
            self.end(self.background)
            self.background = None

    def expect_from_background(self, shown, where):
        def lines():
            return self.output.read_text(errors="replace")[self.seen:].splitlines()
        end = time.monotonic() + PATIENCE
        # Lines of the log come between what is shown.
        shown = [part for line in shown for part in ("…", line)]
        while missing(shown, lines()) is not None:
            if time.monotonic() > end or self.background.poll() is not None:
                self.fail(f"{where}: not printed: {missing(shown, lines())!r}\n"
                          + "\n".join(lines()))
            time.sleep(0.05)
        self.seen = len(self.output.read_text(errors="replace"))

    def obey(self, block, where):
        """The directives before a block; False when it is to be left out."""
        for directive in block.directives:
            word, _, rest = directive.partition(" ")
            if word == "skip":
                return False
            if word == "copy":
                for name in rest.split():
                    shutil.copy(next(BUILD.glob(f"**/{name}")), self.place)
            elif word == "edit":
                name, change = rest.split(" ", 1)
                _, old, new, _ = change.split(change[0])
                path = self.place / name
                self.assertIn(old, path.read_text(), where)
                path.write_text(path.read_text().replace(old, new))
            else:
                self.fail(f"{where}: unknown directive {word}")
        return True

    def run_block(self, block, where):
        if block.file() and block.language == "yaml":
            (self.place / block.file()).write_text("\n".join(block.lines) + "\n")
        if block.language != "console" or not self.obey(block, where):
            return 0
        for command, shown in block.steps():
            if command is None:
                self.expect_from_background(shown, where)
            elif FOREVER.search(command) and "--help" not in command:
                self.end_background()
                self.start_forever(command.split("  #")[0])
                self.expect_from_background(shown or ["Ctrl-C ends it"], f"{where}: {command}")
            else:
                both, out = self.shell(command)
                wrong = missing(shown, both) and missing(shown, out)
                self.assertIsNone(wrong, f"{where}: $ {command}\nshown, not printed: {wrong!r}\n"
                                         "printed:\n" + "\n".join(both))
        return 1

    def run_document(self, name, least):
        ran = sum(self.run_block(block, f"{name}:{block.line}") for block in blocks_of(SOURCE / name))
        self.assertGreaterEqual(ran, least, "blocks of the document that were run")
        self.end_background()

    def test_actors(self):
        self.run_document("docs/actors.md", 6)

    def test_readme(self):
        self.run_document("README.md", 1)

    def test_packaging(self):
        self.run_document("docs/packaging.md", 2)

    def test_what_is_shown_must_be_printed(self):
        """Or the others would prove nothing."""
        self.assertIsNone(missing(["a", "…", "c KEY"], ["a", "b", "b", "c MDSHY7UCYOW2"]))
        for shown, printed in ((["a"], ["b"]), (["a", "b"], ["a"]), (["a", "c"], ["a", "b", "c"]),
                               (["a", "…", "d"], ["a", "b"]), (["x… y"], ["x z"])):
            self.assertIsNotNone(missing(shown, printed), (shown, printed))


if __name__ == "__main__":
    own_network()
    harness.main()
