"""trellis completions and man, tried in the shells and by a linter for manual pages."""
import os
import pty
import re
import select
import shutil
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

from tool import ToolTest


class Terminal:
    """An interactive shell at the other end of a terminal."""

    def __init__(self, words, environment):
        self.pid, self.end = pty.fork()
        if self.pid == 0:
            os.execvpe(words[0], words, environment)
        self.seen = ""

    def type(self, text):
        os.write(self.end, text.encode())

    def until(self, pattern, patience=30):
        """What was shown until the pattern was; only a shell that never shows it fails."""
        end = time.monotonic() + patience
        while not re.search(pattern, self.seen):
            if time.monotonic() > end or not select.select([self.end], [], [], end - time.monotonic())[0]:
                raise AssertionError(f"{pattern!r} is not in {self.seen!r}")
            try:
                self.seen += os.read(self.end, 65536).decode(errors="replace")
            except OSError as gone:
                raise AssertionError(f"{pattern!r} is not in {self.seen!r}") from gone
        seen, self.seen = self.seen, ""
        return seen

    def close(self):
        os.kill(self.pid, 9)
        os.waitpid(self.pid, 0)
        os.close(self.end)


class Completions(ToolTest):
    def setUp(self):
        super().setUp()
        self.place = Path(self.folder.name)
        (self.place / "bin").mkdir()
        (self.place / "bin/trellis").symlink_to(Path(os.environ["TRELLIS_BIN"]).resolve())
        (self.place / "manifest.yaml").write_text("actors: []\n")
        self.environment = {"PATH": f"{self.place}/bin:/usr/bin:/bin", "HOME": str(self.place), "TERM": "dumb",
                            "XDG_RUNTIME_DIR": str(self.place), "PS1": "ready> ", "LC_ALL": "C.UTF-8"}

    def candidates(self, *words):
        lines = self.ok("complete", "--", *words).splitlines()
        return [line.split("\t")[0] for line in lines]

    def shell(self, name):
        if shutil.which(name) is None:
            self.fail(f"{name} is not installed; scripts/setup.sh test installs it")
        script = self.place / name
        script.write_text(self.ok("completions", name))
        return script

    def test_words_are_those_of_the_command_line(self):
        self.assertIn("claims", self.candidates(""))
        self.assertNotIn("run-provider", self.candidates(""))
        self.assertEqual(self.candidates("cla"), ["claims"])
        self.assertEqual(self.candidates("claims", "si"), ["sign"])
        self.assertEqual(self.candidates("up", "--mani"), ["--manifest"])
        self.assertEqual(self.candidates("up", "--provider-mode", ""), ["auto", "in-process", "process"])
        self.assertEqual(self.candidates("up", "--provider-mode=p"), ["--provider-mode=process"])
        self.assertEqual(self.candidates("up", "--manifest", ""), [":file"])
        self.assertEqual(self.candidates("claims", "sign", "x.wasm", "--", "-"), [])
        self.assertEqual(self.candidates("completions", "z"), ["zsh"])

    def test_nothing_runs_and_nothing_is_offered(self):
        self.assertEqual(self.candidates("stop", "actor", ""), [])

    def test_bash(self):
        script = self.shell("bash")
        terminal = Terminal(["bash", "--norc", "--noprofile", "-i"], self.environment)
        self.addCleanup(terminal.close)
        terminal.type(f"cd {self.place}; source {script}; bind 'set bell-style none'; echo so''urced\n")
        terminal.until("sourced")
        terminal.type("trellis complet\tzs\t --help\n")
        terminal.until("trellis completions zsh  ?--help")
        terminal.type("trellis up --provider-mode=pr\t -m man\t --help\n")
        terminal.until("--provider-mode=process  ?-m manifest.yaml  ?--help")

    def test_zsh(self):
        script = self.shell("zsh")
        terminal = Terminal(["zsh", "-f", "-i"], self.environment)
        self.addCleanup(terminal.close)
        terminal.type(f"cd {self.place}; autoload -U compinit; compinit -u -D; source {script}; "
                      "unsetopt beep; echo so''urced\n")
        terminal.until("sourced")
        terminal.type("trellis complet\tzs\t; echo \"[$?]\"\n")
        self.assertIn("#compdef trellis", terminal.until(r"\[0\]"))
        terminal.type("echo trellis; trellis up --strict -m man\t --help | head -3; echo \"[$?]\"\n")
        self.assertIn("manifest.yaml", terminal.until(r"\[0\]"))

    def test_fish(self):
        script = self.shell("fish")
        def offered(line):
            done = subprocess.run(["fish", "-N", "-c", f"source {script}; cd {self.place}; complete -C '{line}'"],
                                  env=self.environment, capture_output=True, text=True, timeout=60, check=True)
            return [one.split("\t")[0] for one in done.stdout.splitlines()]
        self.assertEqual(offered("trellis cla"), ["claims"])
        self.assertEqual(offered("trellis up --provider-mode "), ["auto", "in-process", "process"])
        self.assertIn("manifest.yaml", offered("trellis up -m man"))


class CommandLine(ToolTest):
    def test_what_is_not_understood_ends_with_status_2(self):
        self.assertIn("did you mean `trellis claims`?", self.misused("clams"))
        self.assertIn("did you mean `trellis up --manifest`?", self.misused("up", "--manifst", "x"))
        self.assertIn("did you mean `trellis ctl get hosts`?", self.misused("ctl", "get", "hots"))
        self.assertIn("required", self.misused("claims", "sign"))
        self.assertIn('"error"', self.misused("claims", "sign", "--json"))
        self.assertIn("did you mean `claims`?", self.misused("help", "claim"))

    def test_a_group_without_a_command_shows_its_help(self):
        for words in ((), ("get",), ("ctl",), ("ctl", "start")):
            self.assertEqual(self.ok(*words), self.ok(*words, "--help"))
            self.assertEqual(self.ok("help", *words), self.ok(*words, "--help"))
        for heading in ("Run:", "Look:", "Change:", "Lattice:", "Build and sign:", "Tools:"):
            self.assertIn(f"\n{heading}\n", self.ok())

    def test_the_connection_has_a_help_of_its_own(self):
        own = self.ok("ctl", "get", "hosts", "--help")
        self.assertIn("--rpc-host", own)
        self.assertNotIn("--rpc-tls-ca", own)
        self.assertIn("trellis help connection", own)
        shared = self.ok("help", "connection")
        for option in ("--rpc-host", "--rpc-tls-ca", "--ctl-user", "--control-host"):
            self.assertIn(option, shared)


    def test_colours_are_for_those_who_ask(self):
        self.assertNotIn("\x1b", self.misused("nonsense"))
        self.assertIn("\x1b[1;31mError:\x1b[0m", self.misused("nonsense", "--color=always"))
        self.assertIn("\x1b[1;31mError:\x1b[0m", self.misused("--color", "always", "nonsense", NO_COLOR="1"))


class Contexts(ToolTest):
    def test_the_one_in_use_is_where_commands_ask(self):
        config = {"XDG_CONFIG_HOME": self.folder.name}
        self.ok("ctx", "add", "far", "-r", "127.0.0.1", "-p", "1", "-n", "prod", "--use", **config)
        listed = self.ok_json("ctx", "list", **config)["contexts"]
        self.assertEqual([(one["name"], one["in_use"], one["namespace"]) for one in listed], [("far", True, "prod")])
        told = self.refused("ctl", "get", "hosts", "-v", **config)
        self.assertIn("context far\nlattice prod at nats://127.0.0.1:1\n", told)
        self.assertIn("there is no context 'near'", self.refused("ctl", "get", "hosts", "--context", "near", **config))
        self.ok("ctx", "use", "--none", **config)
        self.assertIn("no context is in use", self.refused("ctx", "show", **config))
        self.ok("ctx", "rm", "far", "-q", **config)
        self.assertEqual(self.ok_json("ctx", "list", **config), {"contexts": []})


class ManualPages(ToolTest):
    def test_pages_are_clean_and_complete(self):
        with tempfile.TemporaryDirectory() as folder:
            self.ok("man", folder)
            pages = sorted(Path(folder).iterdir())
            names = [page.name for page in pages]
            for name in ("trellis.1", "trellis-up.1", "trellis-claims-sign.1", "trellis-ctl-start-actor.1"):
                self.assertIn(name, names)
            self.assertNotIn("trellis-run-provider.1", names)
            up = (Path(folder) / "trellis-up.1").read_text()
            for option in re.findall(r"--([a-z-]+)", self.ok("up", "--help")):
                self.assertIn("\\-\\-" + option.replace("-", "\\-"), up)
            linted = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", *pages], capture_output=True, text=True)
            self.assertEqual((linted.returncode, linted.stdout), (0, ""))

    def test_a_folder_that_cannot_be_made_is_an_error(self):
        self.assertIn("/proc/", self.refused("man", "/proc/no/such"))


if __name__ == "__main__":
    unittest.main()
