#!/usr/bin/env python3
"""What the documentation shows is run: the commands of its console blocks, in their order, on a fresh
HOME, and what they print is compared with what is shown (keys, numbers that differ and what stands for
`…` left aside). In a network of its own where that can be had, so that the ports are those shown.

Comments in the documents steer it, each before the block it is about:

  <!-- docs-test: skip WHY -->            not run
  <!-- docs-test: copy FILE… -->          files of the build into the working folder
  <!-- docs-test: edit FILE /OLD/NEW/ --> what the text says to change, then the block's output
  <!-- docs-test: run COMMAND -->         what the text takes for granted; with `&` it stays
  <!-- docs-test: registry PORT -->       an OCI registry, until the document ends
  <!-- docs-test: end -->                 what such commands left running ends
  <!-- docs-test: terminal [COLUMNS] -->  the block is what a terminal shows (100 columns)
  <!-- docs-test: eventually -->          commands are repeated until they print what is shown
  <!-- docs-test: any order -->           its lines come in any order (what is sorted by keys is)
  <!-- docs-test: redis PORT -->          a Redis server
  <!-- docs-test: shows COMMAND -->       the block, of any language, is what that prints and goes on

JSON that is shown is compared member by member: the same ones, of the same types, texts alike.
"""

import fcntl
import json
import os
import pty
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import termios
import threading
import time
import unittest
from pathlib import Path

import harness
from harness import ACTORS, BINARY, PATIENCE
from lattice import find_nats_server
from packages_harness import RedisServer, find_redis_server
from registries import DockerRegistry

SOURCE = Path(__file__).resolve().parents[2]
BUILD = ACTORS.parent
PORTS = (4222, 5000, 6379, 8080, 8081, 8082, 8089, 8091)
KEY = re.compile(r"\b[MNVASX][A-Z2-7]{6,55}(?:…|\b)")
HEALTH = {"state", "reason", "checked_ms_ago", "since_ms_ago"}
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
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
        os.execvp(words[0], [*words, sys.executable, "-B", *sys.argv])


def one_after_the_other(test):
    """Without networks of their own the documents want the same ports."""
    if os.environ.get("TRELLIS_DOCS_NETWORK"):
        return
    lock = open(f"/tmp/trellis-docs-{os.geteuid()}.lock", "w")
    test.addCleanup(lock.close)
    fcntl.flock(lock, fcntl.LOCK_EX)


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
        self.columns = None  # of the terminal that shows it
        self.sorted = self.eventually = False

    def file(self):
        """The name that the text gives it: "(`hello.yaml`):"."""
        found = re.search(r"\(`([\w.-]+)`\):\s*$", self.before)
        return found and found[1]

    def skipped(self):
        return any(one.startswith("skip") for one in self.directives)

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
    line = re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)", "TIME", line)
    line = re.sub(r"process \d+", "process N", line)
    line = re.sub(r"\d+(\.\d+)? ms\b", "N ms", line)
    line = re.sub(r"\b\d+ ?s\b", "N s", line)              # ages and times since a start
    line = re.sub(r"^\d+$", "N", line)                      # dice
    line = re.sub(r"(?<=  )\d{2,}(?=  |$)", "N", line)     # counts and processes in tables
    return re.sub(r"  +", "  ", line).rstrip()


def pattern(line):
    return re.compile(re.escape(plain(line)).replace("…", ".*"), re.DOTALL)


def terminal(columns):
    """Our end of a new one, and that of programs."""
    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    return ours, its


def json_of(lines):
    """The object that is shown in these lines; None when they are something else."""
    try:
        found = json.loads("".join(line.strip() for line in lines))
    except ValueError:
        return None
    return found if isinstance(found, (dict, list)) else None


def unlike(shown, printed, where=""):
    """Where two JSON values have other members, types or texts; None when they are alike. Of lists
    each printed element must be like one that is shown."""
    if isinstance(shown, bool) or isinstance(printed, bool) or shown is None or printed is None:
        return None if shown is printed else f"{where}: {shown!r}, printed {printed!r}"
    if isinstance(shown, dict) and isinstance(printed, dict):
        if where.endswith(".health"):  # what is known of it depends on when it is asked
            shown = {name: printed[name] for name in HEALTH & set(printed)}
        if set(shown) != set(printed):
            return f"{where}: members differ: {sorted(set(shown) ^ set(printed))}"
        found = (unlike(shown[name], printed[name], f"{where}.{name}") for name in shown)
        return next(filter(None, found), None)
    if isinstance(shown, list) and isinstance(printed, list):
        if bool(shown) != bool(printed):
            return f"{where}: {shown!r}, printed {printed!r}"
        for one in printed:
            found = [unlike(like, one, f"{where}[]") for like in shown]
            if all(found):
                return found[0]
        return None
    if isinstance(shown, str) and isinstance(printed, str):
        fits = pattern(shown).fullmatch(plain(printed))
        return None if fits else f"{where}: {shown!r}, printed {printed!r}"
    if isinstance(shown, (int, float)) and isinstance(printed, (int, float)):
        return None
    return f"{where}: {shown!r}, printed {printed!r}"


def missing(shown, printed):
    """The first line shown that was not printed in its place; None when all were. Lines that are a
    mere `…` allow any number of others."""
    at, gap = 0, False
    printed = [plain(line) for line in printed]
    if (like := json_of(shown)) is not None:
        is_printed = next(filter(None, (json_of([line]) for line in printed)), None)
        return unlike(like, is_printed)
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


class Documented(harness.Scenario):
    """A place to run what a document shows."""

    def setUp(self):
        super().setUp()
        one_after_the_other(self)
        if not ports_are_free():
            self.skipTest(f"no network of its own here, and one of the ports {PORTS} is taken")
        tools = self.folder / "bin"
        tools.mkdir()
        (tools / "trellis").symlink_to(BINARY)
        servers = os.path.dirname(find_nats_server())
        servers += ":" + os.path.dirname(find_redis_server())
        self.env["PATH"] = f"{tools}:{self.env['PATH']}:{servers}"
        self.env["TRELLIS_SDK"] = str(SOURCE / "sdk")
        self.env["USER"] = "ann"
        self.env["SOURCE"] = str(SOURCE)
        self.env["TRELLIS_BUILD"] = str(BUILD)
        self.place = self.work
        self.background = None  # the last one that the text shows
        self.seen = 0           # bytes of its output that were compared
        self.hidden = []        # those of `run`

    def shell(self, command, columns=None):
        """What a command printed on both, and on its standard output alone: notes that a terminal
        shows between are not always worth a line of the text."""
        where = self.folder / "where"
        words = ["bash", "-c", f"{command}\npwd > {where}"]
        out, err = self.on_terminal(words, columns) if columns else self.piped(words)
        if where.exists():
            self.place = Path(where.read_text().strip())
        out, err = self.readable(out), self.readable(err)
        return out + err, out

    def readable(self, text):
        """Its lines without colours, with the folders that the documents speak of."""
        text = COLOUR.sub("", text.replace("\r\n", "\n"))
        for folder, name in (
                (self.env["HOME"], "~"), (self.env["XDG_RUNTIME_DIR"], "/run/user/1000"),
                (str(self.work), "/srv"), (str(BUILD), "build/release")):
            text = text.replace(folder, name)
        return text.splitlines()

    def piped(self, words):
        done = subprocess.run(
            words, cwd=self.place, env=self.env, stdin=subprocess.DEVNULL, capture_output=True,
            text=True, errors="replace", timeout=PATIENCE, check=False)
        return done.stdout, done.stderr

    def on_terminal(self, words, columns):
        """Its lines as somebody reads them, which has no colours."""
        ours, its = terminal(columns)
        with subprocess.Popen(words, cwd=self.place, env=self.env, stdin=subprocess.DEVNULL,
                              stdout=its, stderr=its, start_new_session=True) as process:
            os.close(its)
            shown = b""
            try:
                while more := os.read(ours, 65536):
                    shown += more
            except OSError:  # the last one that had the terminal open has ended
                pass
            os.close(ours)
            process.wait(PATIENCE)
        return shown.decode(errors="replace"), ""

    def start_forever(self, command, columns=None):
        if found := re.match(r"cd (\S+) && ", command):
            self.place = self.place / found[1]
            command = command[found.end():]
        output = self.folder / f"background-{time.monotonic_ns()}"
        out = self.terminal_into(output, columns) if columns else os.open(
            output, os.O_WRONLY | os.O_CREAT)
        process = subprocess.Popen(
            ["bash", "-c", "exec " + command.rstrip("& ")], cwd=self.place, env=self.env,
            stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, start_new_session=True)
        os.close(out)
        self.addCleanup(self.end, process)
        return process, output

    def terminal_into(self, path, columns):
        """A terminal, all that is shown on which goes into a file."""
        ours, its = terminal(columns)

        def copy():
            with open(path, "wb", buffering=0) as file, open(ours, "rb", buffering=0) as shown:
                try:
                    while more := shown.read(65536):
                        file.write(more)
                except OSError:  # the last one that had the terminal open has ended
                    pass
        path.touch()
        reader = threading.Thread(target=copy)
        reader.start()
        self.addCleanup(reader.join)
        return its

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

    def start_shown(self, command, columns=None):
        self.end_background()
        self.background, self.output = self.start_forever(command, columns)
        self.seen = 0

    def run_hidden(self, command, where):
        """A command of a directive; the text shows nothing of it."""
        if command.endswith("&"):
            process, output = self.start_forever(command)
            self.hidden.append(process)
            harness.wait_until(lambda: "Ctrl-C ends " in output.read_text(errors="replace")
                               or process.poll() is not None, command)
            self.assertIsNone(process.poll(), f"{where}: {command}\n{output.read_text()}")
        else:
            done = subprocess.run(
                ["bash", "-e", "-c", command], cwd=self.place, env=self.env, check=False,
                stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE)
            self.assertEqual(done.returncode, 0, f"{where}: {command}\n{done.stdout}{done.stderr}")

    def end_hidden(self):
        while self.hidden:  # the last first: the first one may have brought the NATS server
            self.end(self.hidden.pop())

    def expect_from_background(self, block, shown, where):
        def lines():
            return self.readable(self.output.read_text(errors="replace")[self.seen:])

        def not_printed():
            if block.sorted:
                return next(filter(None, (missing(["…", line], lines()) for line in shown)), None)
            # Lines of the log come between what is shown.
            return missing([part for line in shown for part in ("…", line)], lines())
        end = time.monotonic() + PATIENCE
        while not_printed() is not None:
            if time.monotonic() > end or self.background.poll() is not None:
                self.fail(f"{where}: not printed: {not_printed()!r}\n" + "\n".join(lines()))
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
            elif word == "run":
                self.run_hidden(rest, where)
            elif word == "eventually":
                block.eventually = True
            elif directive == "any order":
                block.sorted = True
            elif word == "registry":
                registry = DockerRegistry(self.folder / "registry", port=int(rest))
                self.addCleanup(registry.stop)
            elif word == "redis":
                redis = RedisServer(self.folder / "redis", int(rest))
                self.addCleanup(redis.kill)
            elif word == "shows":
                self.start_shown(rest, block.columns)
            elif word == "end":
                self.end_background()
                self.end_hidden()
            elif word == "terminal":
                block.columns = int(rest or 100)
            else:
                self.fail(f"{where}: unknown directive {word}")
        return True

    def run_block(self, block, where):
        if block.file() and block.language == "yaml":
            (self.place / block.file()).write_text("\n".join(block.lines) + "\n")
        steers = any(one.startswith("shows") for one in block.directives)
        if not (block.language == "console" or steers) or not self.obey(block, where):
            return 0
        if steers:
            self.expect_from_background(block, block.lines, where)
            return 1
        for command, shown in block.steps():
            if command is None:
                self.expect_from_background(block, shown, where)
            elif FOREVER.search(command) and "--help" not in command:
                self.start_shown(command.split("  #")[0])
                self.expect_from_background(block, shown or ["Ctrl-C ends it"],
                                            f"{where}: {command}")
            else:
                self.expect_from(command, shown, block, where)
        return 1

    def expect_from(self, command, shown, block, where):
        end = time.monotonic() + PATIENCE
        while True:
            both, out = self.shell(command, block.columns)
            if block.sorted:
                shown, both, out = (sorted(map(plain, lines)) for lines in (shown, both, out))
            wrong = missing(shown, both) and missing(shown, out)
            if wrong is None or not block.eventually or time.monotonic() > end:
                break
            time.sleep(0.1)
        self.assertIsNone(wrong, f"{where}: $ {command}\nshown, not printed: {wrong!r}\n"
                                 "printed:\n" + "\n".join(both))

    def run_document(self, name, least):
        ran = sum(self.run_block(block, f"{name}:{block.line}") for block in blocks_of(SOURCE / name))
        self.assertGreaterEqual(ran, least, "blocks of the document that were run")
        self.end_background()
        self.end_hidden()


class Docs(Documented):
    def test_actors(self):
        self.run_document("docs/actors.md", 6)

    def test_readme(self):
        self.run_document("README.md", 3)

    def test_packaging(self):
        self.run_document("docs/packaging.md", 4)

    def test_lattice(self):
        self.run_document("docs/lattice.md", 5)

    def test_operations(self):
        self.run_document("docs/operations.md", 2)

    def test_providers(self):
        self.run_document("docs/providers.md", 2)

    def test_json(self):
        self.run_document("docs/json.md", 1)


# A manifest for each row of the table of errors in docs/manifest.md, and what it needs.
IN_A_LINK = """actors: [kvcounter.wasm]
capabilities:
  - image_ref: builtin:httpserver
links:
  - actor: kvcounter.wasm
    contract_id: wasmcloud:httpserver
    provider_id: builtin:httpserver
    value: {PORT: 1}
"""
LINK = """actors: [kvcounter.wasm]
links:
  - {actor: %s, contract_id: 'wasmcloud:httpserver', provider_id: '%s'}
"""
MANIFEST_ERRORS = [
    ("value: {PORT: 1}", IN_A_LINK, {}),
    ('zone: "${ZONE}"', 'labels: {zone: "${ZONE}"}', {}),
    ('zone: "${ZONE:?say which}"', 'labels: {zone: "${ZONE:?say which}"}', {}),
    ("zone: ${P}", "labels: {zone: ${P}}", {"P": "a}b"}),
    ("a tab", "actors:\n\t- a.wasm\n", {}),
    ("[a.wasm", "labels: {}\nactors: [a.wasm\n", {}),
    ("<<: text", "labels: {<<: text}", {}),
    ("instances: {min: 4, max: 2}",
     "actors: [{ref: kvcounter.wasm, instances: {min: 4, max: 2}}]", {}),
    ("mode: own", "capabilities: [{image_ref: ./greeting.so, mode: own}]", {}),
    ("no `provider_id`", "links:\n  - {actor: a.wasm, contract_id: 'wasmcloud:keyvalue'}", {}),
    ("missing.wasm", "actors: [missing.wasm]", {}),
    ("a link of `kvcuonter.wasm`", LINK % ("kvcuonter.wasm", "builtin:httpserver"), {}),
    ("provider_id: builtin:httpsrver", LINK % ("kvcounter.wasm", "builtin:httpsrver"), {}),
    ("links: [blobstore]", "actors: [{ref: kvcounter.wasm, links: [blobstore]}]", {}),
    ("two modules of one key", "actors: [a.wasm, b.wasm]", {}),
    ("actor: [a.wasm]", "actor: [a.wasm]", {}),
]


class Errors(Documented):
    """The table of errors in docs/manifest.md: what is written, and what is said about it."""

    def setUp(self):
        super().setUp()
        self.up()
        shutil.copy(ACTORS / "kvcounter.wasm", self.work)
        for revision, name in ((1, "a"), (2, "b")):
            self.ok("claims", "sign", ACTORS / "echo.unsigned.wasm",
                    "-d", self.work / f"{name}.wasm", "-n", "echo", "--http_server",
                    "--rev", revision)

    def test_manifest_table(self):
        table = (SOURCE / "docs/manifest.md").read_text().split("| Written | Error |")[1]
        rows = re.findall(r"^\| (.*?) \| (.*) \|$", table, re.M)
        self.assertEqual(len(rows), len(MANIFEST_ERRORS), "a manifest for each row")
        for (written, said), (begin, manifest, env) in zip(rows, MANIFEST_ERRORS):
            with self.subTest(written):
                self.assertTrue(written.replace("`", "").startswith(begin.replace("`", "")), begin)
                self.write("demo.yaml", manifest)
                done = self.run_trellis("apply", "--dry-run", "-f", "demo.yaml", env=env)
                printed = "\n".join(self.readable(done.err))
                for quoted in re.findall(r"``(.+?)``|(?<!`)`([^`]+)`(?!`)", said):
                    wanted = pattern(next(filter(None, quoted)))
                    self.assertRegex(plain(printed), wanted)


class Rules(unittest.TestCase):
    def test_no_document_is_left_out(self):
        """One that shows what is typed and printed has a test, and each test is in ctest."""
        cmake = (SOURCE / "tests/scenario/CMakeLists.txt").read_text()
        found = re.search(r"set\(documents ([^)]*)\)", cmake)[1].split()
        tests = {name[5:] for name in dir(Docs) if name.startswith("test_")}
        self.assertEqual(tests, set(found))
        for path in (SOURCE / "README.md", *(SOURCE / "docs").glob("*.md")):
            if any(block.language == "console" and not block.skipped()
                   for block in blocks_of(path)):
                self.assertIn(path.stem.lower().replace("-", "_"), tests)

    def test_a_block_that_shows_commands_says_so(self):
        for path in (SOURCE / "README.md", *(SOURCE / "docs").glob("*.md")):
            for block in blocks_of(path):
                if any(line.startswith("$ ") for line in block.lines):
                    self.assertEqual(block.language, "console", f"{path.name}:{block.line}")

    def test_what_is_not_run_says_why(self):
        for path in (SOURCE / "README.md", *(SOURCE / "docs").glob("*.md")):
            for block in blocks_of(path):
                for directive in block.directives:
                    if directive.startswith("skip"):
                        self.assertGreater(len(directive), 20, f"{path.name}:{block.line}")

    def test_what_is_shown_must_be_printed(self):
        """Or the others would prove nothing."""
        self.assertIsNone(missing(["a", "…", "c KEY"], ["a", "b", "b", "c MDSHY7UCYOW2"]))
        for shown, printed in ((["a"], ["b"]), (["a", "b"], ["a"]), (["a", "c"], ["a", "b", "c"]),
                               (["a", "…", "d"], ["a", "b"]), (["x… y"], ["x z"])):
            self.assertIsNotNone(missing(shown, printed), (shown, printed))

    def test_json_that_is_shown_must_be_printed(self):
        self.assertIsNone(missing(['{"a": 1,', ' "b": ["x…"]}'], ['{"a":7,"b":["xy","xz"]}']))
        for shown in ('{"a":1}', '{"a":"1","b":["x"]}', '{"a":1,"b":["y"]}', '{"a":1,"b":[]}'):
            self.assertIsNotNone(missing([shown], ['{"a":7,"b":["x"]}']), shown)


if __name__ == "__main__":
    own_network()
    harness.main()
