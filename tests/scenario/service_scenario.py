#!/usr/bin/env python3
"""The host as a service of the system: the real binary with what the shipped systemd unit gives it
(command, environment, folders, user, system calls), and who may administer it.

Switching users needs root; otherwise these tests say that they did not run. They use numbers that
belong to nobody, in folders of their own; with a mount namespace /run is a private one, so that the
socket is where it is on a real machine.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import harness
import unit_file
from harness import ACTORS, BINARY, PATIENCE, Process, Result, free_port, http_get, wait_until

SOURCE = Path(__file__).resolve().parents[2]
UNIT = SOURCE / "dist/systemd/trellis.service"
LOW_PORTS = SOURCE / "dist/systemd/low-ports.conf"
ARCHIVE = ACTORS.parent / "archives/logging.par"

# In the range of numbers that systemd gives to users of one service.
HOST, GROUP, MEMBER, OUTSIDER, ENEMY = 64101, 64102, 64103, 64104, 64105

ROOT = os.geteuid() == 0
PRIVATE_RUN = "TRELLIS_TEST_PRIVATE_RUN"  # set: /run is ours alone, and the group has a name


def in_private_namespace():
    """Starts this program again where /run and /etc/group are its own; returns if that cannot be."""
    if not ROOT or PRIVATE_RUN in os.environ or shutil.which("unshare") is None:
        return
    with tempfile.NamedTemporaryFile("w", prefix="trs-group-", dir="/tmp") as groups:
        groups.write(Path("/etc/group").read_text() + f"trellis:x:{GROUP}:\n")
        groups.flush()
        os.chmod(groups.name, 0o644)
        script = ('mount -t tmpfs -o mode=755 tmpfs /run && mount --bind "$1" /etc/group && '
                  'shift && exec "$@"')
        inside = ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, "sh",
                  groups.name]
        if "trellis:" in Path("/etc/group").read_text() or subprocess.run(
                [*inside, "true"], capture_output=True, check=False).returncode != 0:
            return
        done = subprocess.run([*inside, sys.executable, "-B", *sys.argv],
                              env={**os.environ, PRIVATE_RUN: "1"}, check=False)
    sys.exit(done.returncode)


def group_name():
    """How the group is called in messages."""
    return "trellis" if PRIVATE_RUN in os.environ else str(GROUP)


class UnitFile(harness.unittest.TestCase):
    """What systemd itself says about the unit; nothing is started."""

    def check(self, text, *command):
        self.assertIsNotNone(shutil.which("systemd-analyze"), "run scripts/setup.sh test")
        with tempfile.TemporaryDirectory() as folder:
            unit = Path(folder) / "trellis.service"
            unit.write_text(text.replace("/usr/bin/trellis", BINARY))
            return Result(subprocess.run(["systemd-analyze", *command, str(unit)], timeout=PATIENCE,
                                         capture_output=True, text=True, check=False))

    def test_verifies_cleanly(self):
        done = self.check(UNIT.read_text(), "verify")
        self.assertEqual((done.status, done.out, done.err), (0, "", ""))
        wrong = self.check(UNIT.read_text().replace("RestartSec=5", "RestartSec=soon"), "verify")
        self.assertIn("Failed to parse sec value", wrong.err, "what this test would say about a mistake")

    def test_is_shut_away(self):
        for name, text in (("alone", UNIT.read_text()),
                           ("low ports", UNIT.read_text() + LOW_PORTS.read_text())):
            with self.subTest(name):
                done = self.check(text, "security", "--offline=true", "--threshold=35", "--no-pager")
                self.assertEqual(done.status, 0, done)
                self.assertIn("Overall exposure level", done.out)
        bare = self.check("[Service]\nExecStart=/bin/true\n", "security", "--offline=true",
                          "--threshold=35", "--no-pager")
        self.assertNotEqual(bare.status, 0, "a unit that is not shut away is told apart")

    def test_has_what_an_administrator_expects(self):
        unit = unit_file.Unit(UNIT.read_text())
        self.assertEqual(unit.one("ConditionPathExists", "Unit"), "/etc/trellis/host.yaml")
        self.assertEqual(unit.one("After", "Unit").split(),
                         ["network-online.target", "nats-server.service"])
        self.assertEqual(unit.one("WantedBy", "Install"), "multi-user.target")
        self.assertEqual([(variable, path) for variable, path, _ in unit.folders()],
                         [("STATE_DIRECTORY", "/var/lib/trellis"),
                          ("CACHE_DIRECTORY", "/var/cache/trellis"),
                          ("RUNTIME_DIRECTORY", "/run/trellis")])


def manifest(port, *actors, extra=""):
    listed = "\n".join(f"  - {name}.wasm" for name in actors)
    links = "\n".join(f"""
  - actor: {name}.wasm
    contract_id: wasmcloud:httpserver
    provider_id: builtin:httpserver
    values: {{BIND: "127.0.0.1:{port + number}"}}""" for number, name in enumerate(actors))
    return f"""
actors:
{listed}
capabilities:
  - image_ref: builtin:httpserver
  - image_ref: builtin:keyvalue
    mode: process
  - image_ref: logging.par
links:
  - actor: kvcounter.wasm
    contract_id: wasmcloud:keyvalue
    provider_id: builtin:keyvalue{links}
{extra}"""


def two_ports():
    """A port whose successor is free too."""
    while True:
        port = free_port()
        if not harness.is_listening(port + 1):
            return port


@harness.unittest.skipUnless(ROOT, "needs root, to switch users")
class AsUsers(harness.Scenario):
    """Commands of users that exist only as numbers."""

    def setUp(self):
        super().setUp()
        self.folder.chmod(0o755)
        self.binary = self.usable_binary()

    def usable_binary(self):
        """The binary where anybody may execute it; a checkout may be in somebody's own folder."""
        path = BINARY
        if self.may_run(path):
            return path
        stage = self.folder / "stage"
        stage.mkdir(mode=0o755)
        libraries = subprocess.run(["ldd", path], capture_output=True, text=True, check=True).stdout
        for line in libraries.splitlines():
            words = line.split()
            if "=>" in words and not words[2].startswith(("/lib", "/usr/lib")):
                shutil.copy(words[2], stage)
        self.env["LD_LIBRARY_PATH"] = str(stage)
        shutil.copy(path, stage / "trellis")
        self.assertTrue(self.may_run(stage / "trellis"), "a copy of the binary for everybody")
        return str(stage / "trellis")

    def may_run(self, path):
        try:
            return self.run_as(OUTSIDER, OUTSIDER, [], [path, "--version"]).status == 0
        except PermissionError:
            return False

    def base_environment(self):
        """What the harness keeps for sanitizers and libraries, and nothing else."""
        return {name: value for name, value in self.env.items()
                if name.endswith("_OPTIONS") or name == "LD_LIBRARY_PATH"}

    def run_as(self, user, group, groups, words, env=None):
        environment = {"PATH": "/usr/bin:/bin", **self.base_environment(), **(env or {})}
        return Result(subprocess.run(
            [str(word) for word in words], user=user, group=group, extra_groups=groups, cwd="/",
            env=environment, capture_output=True, text=True, errors="replace", timeout=PATIENCE,
            stdin=subprocess.DEVNULL, check=False))

    def tell(self, user, *arguments, env=None):
        """trellis as root, as a member of the group, or as an outsider."""
        groups = {"root": (0, 0, []), "member": (MEMBER, MEMBER, [GROUP]),
                  "main group": (MEMBER, GROUP, []), "outsider": (OUTSIDER, OUTSIDER, [4, 20])}
        environment = {**self.reach(), **(env or {})}
        if user == "root":  # whose own hosts are not of this test
            environment["XDG_RUNTIME_DIR"] = str(self.folder / "run")
        return self.run_as(*groups[user], [self.binary, *arguments], environment)

    def reach(self):
        """How commands find the service's folder when /run is not ours: as those of the unit do."""
        return {}

    def works(self, user, *arguments, **options):
        done = self.tell(user, *arguments, **options)
        self.assertEqual(done.status, 0, done)
        return done

    def is_refused(self, user, *arguments, **options):
        done = self.tell(user, *arguments, **options)
        self.assertEqual(done.status, 1, done)
        self.assertIn("Error: ", done.err)
        return done

    def start_as(self, user, group, groups, words, env, **how):
        process = Process([str(word) for word in words], {**self.base_environment(), **env},
                          how.pop("cwd", "/"), user=user, group=group, extra_groups=groups, **how)
        self.addCleanup(process.clean_up)
        return process


class Service(AsUsers):
    """The unit, as systemd would start it."""

    def setUp(self):
        super().setUp()
        self.unit = unit_file.Unit(UNIT.read_text())
        self.private = PRIVATE_RUN in os.environ
        self.port = two_ports()
        self.system = {}
        for path in ("/etc/trellis", "/var/lib", "/var/cache", "/run"):
            if path == "/run" and self.private:
                self.system[path] = Path("/run")
                continue
            self.system[path] = self.folder / "system" / path[1:]
            self.system[path].mkdir(parents=True)
        self.env_of_unit = {"PATH": unit_file.DEFAULT_PATH, "USER": self.unit.one("User"),
                            "LOGNAME": self.unit.one("User"), "LANG": "C.UTF-8"}
        for variable, path, mode in self.unit.folders():
            folder = self.real(path)
            folder.mkdir(mode=0o700)
            self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
            os.chown(folder, HOST, GROUP)
            folder.chmod(mode)
            self.env_of_unit[variable] = str(folder)
        for name in ("kvcounter", "echo", "ponger"):
            self.install(ACTORS / f"{name}.wasm")
        self.install(ARCHIVE)
        self.put_manifest(manifest(self.port, "kvcounter"))

    def real(self, text):
        """A path of the unit as it is here."""
        for path, here in self.system.items():
            if text == path or text.startswith(path + "/"):
                return here / text[len(path) + 1:]
        return Path(text)

    def install(self, file):
        shutil.copy(file, self.system["/etc/trellis"])
        (self.system["/etc/trellis"] / file.name).chmod(0o644)

    def put_manifest(self, text):
        path = self.system["/etc/trellis"] / "host.yaml"
        path.write_text(text)
        path.chmod(0o644)
        return path

    def words(self, setting, **variables):
        words = [str(self.real(word)) for word in self.unit.command(setting, variables)]
        self.assertEqual(words[0], "/usr/bin/trellis")
        return [self.binary, *words[1:]]

    def confine(self):
        """Only what the unit permits; sanitizers need more."""
        if os.environ.get("TRELLIS_SANITIZED"):
            return {}
        return {"preexec_fn": unit_file.Filter(self.unit).load}

    def serve(self, env=None):
        self.assertIn(self.unit.one("KillMode"), ("mixed",), "the signal goes to the host alone")
        options = "" if self.private else f"--socket-group {GROUP}"
        host = self.start_as(
            HOST, GROUP, [], self.words("ExecStart", TRELLIS_OPTIONS=options),
            {**self.env_of_unit, **(env or {})}, umask=int(self.unit.one("UMask"), 8),
            cwd=self.real(self.unit.one("WorkingDirectory")), **self.confine())
        host.wait_for(r"^Ctrl-C ends it$")
        return host

    def reload(self, host):
        """ExecReload as systemd runs it: the service's user and environment."""
        return self.run_as(HOST, GROUP, [], self.words("ExecReload", MAINPID=str(host.pid)),
                           self.env_of_unit)

    def reach(self):
        return {} if self.private else {"RUNTIME_DIRECTORY": self.env_of_unit["RUNTIME_DIRECTORY"]}

    def get(self, port=None, path="/"):
        return http_get(f"http://127.0.0.1:{port or self.port}{path}")

    def test_serves_with_what_the_unit_gives_and_ends_cleanly(self):
        for home in ({}, {"HOME": "/"}):
            with self.subTest(home):
                host = self.serve(home)
                self.assertEqual(self.get(), (200, '{"counter":1}'))
                self.assertEqual(self.get(), (200, '{"counter":2}'))
                providers = self.works("root", "get", "inventory", "--json").json()
                providers = providers["inventory"]["providers"]
                self.assertEqual(sorted(one["contract_id"] for one in providers if "process" in one),
                                 ["wasmcloud:keyvalue", "wasmcloud:logging"])
                self.assertEqual(host.stop(signal.SIGTERM), 0, host.text())
                self.assertNotIn("warn", host.text("err"))
        unpacked = self.real("/var/cache/trellis") / "providers"
        self.assertTrue(list(unpacked.iterdir()), "what archives hold is in the cache directory")
        self.assertEqual(unpacked.stat().st_uid, HOST)
        self.assertEqual(list(self.real("/run/trellis").iterdir()), [], "no socket is left")

    def test_root_and_members_administer_it(self):
        host = self.serve()
        listed = self.works("root", "get", "hosts", "--json").json()["hosts"]
        self.assertEqual([one["pid"] for one in listed], [host.pid])
        self.assertEqual(Path(listed[0]["socket"]).parent, self.real("/run/trellis"))
        for user in ("root", "member", "main group"):
            with self.subTest(user):
                self.assertIn(str(host.pid), self.works(user, "get", "hosts").out)
                self.assertIn("kvcounter", self.works(user, "get", "inventory").out)
                self.works(user, "get", "links")
                answer = self.works(user, "call", "kvcounter", "HandleRequest",
                                    '{"method":"GET","path":"/p","queryString":"","header":{},'
                                    '"body":""}', "--json").json()
                self.assertEqual(answer["response"]["statusCode"], 200)
                self.works(user, "start", "actor", self.real("/etc/trellis/ponger.wasm"))
                self.works(user, "stop", "actor", "ponger")
        self.works("member", "down")
        self.assertEqual(host.wait(), 0, host.text())
        self.assertIn("no host is running", self.is_refused("member", "get", "inventory").err)

    def test_an_outsider_is_refused_with_the_remedy(self):
        host = self.serve()
        group = group_name()
        for arguments in (("get", "hosts"), ("get", "inventory"), ("call", "kvcounter", "x"),
                          ("reload",), ("down",)):
            with self.subTest(arguments):
                done = self.is_refused("outsider", *arguments)
                self.assertIn("cannot reach the host", done.err)
                self.assertIn(f"neither root nor in the group {group}", done.err)
                self.assertIn(f"Hint: be root (sudo), or join: usermod -aG {group}", done.err)
                self.assertNotIn("no host is running", done.err)
        # The host itself asks the kernel too: were the modes wrong, it would still say no.
        folder = self.real("/run/trellis")
        folder.chmod(0o755)
        (folder / f"{host.pid}.sock").chmod(0o666)
        done = self.is_refused("outsider", "get", "hosts")
        self.assertIn(f"its user, root and the group {group} only", done.err)
        host.wait_for(f"refused a connection of user {OUTSIDER}")
        self.assertEqual(host.stop(), 0)

    def test_a_reload_makes_it_look_like_the_changed_manifest(self):
        host = self.serve()
        self.assertEqual(self.get(), (200, '{"counter":1}'))
        self.put_manifest(manifest(self.port, "kvcounter", "echo"))
        done = self.reload(host)
        self.assertEqual(done.status, 0, done)
        self.assertRegex(done.out, r"started +actor +echo\.wasm")
        self.assertIn("Reloaded: 2 started", done.out)
        wait_until(lambda: harness.is_listening(self.port + 1), "the new actor")
        self.assertEqual(json.loads(self.get(self.port + 1, "/x")[1])["path"], "/x")
        self.assertEqual(self.get(), (200, '{"counter":2}'), "what was listed before was not touched")

        self.put_manifest("actors: [\n")
        done = self.reload(host)
        self.assertEqual(done.status, 1, done)
        self.assertIn("host.yaml:", done.err)
        host.wait_for("nothing was changed")
        self.assertEqual(self.get(), (200, '{"counter":3}'))

        mark = host.mark()
        self.put_manifest(manifest(self.port, "kvcounter"))
        host.send(signal.SIGHUP)
        host.wait_for(r"reload: stopped actor echo\.wasm", after=mark)
        host.wait_for(r"reloaded .*host\.yaml", after=mark)
        wait_until(lambda: not harness.is_listening(self.port + 1), "the end of the link")
        self.assertEqual(self.get(), (200, '{"counter":4}'))
        actors = self.works("root", "get", "inventory", "--json").json()["inventory"]["actors"]
        self.assertEqual([one["name"] for one in actors], ["kvcounter"])
        self.assertEqual(host.stop(), 0)


class Sockets(AsUsers):
    """Sockets that are named, private ones, and those that somebody planted."""

    def own_host(self, user, group, *arguments, env=None, **how):
        host = self.start_as(user, group, how.pop("groups", []), [self.binary, "up", *arguments],
                             {"PATH": "/usr/bin:/bin", **(env or {})}, **how)
        host.wait_for(r"^Ctrl-C ends it$")
        return host

    def test_a_users_own_host_is_private_and_root_may_name_it(self):
        session = self.folder / "session"
        session.mkdir(mode=0o700)
        os.chown(session, HOST, HOST)
        host = self.own_host(HOST, HOST, env={"XDG_RUNTIME_DIR": str(session)})
        path = session / "trellis" / f"{host.pid}.sock"
        self.assertEqual(self.works("root", "get", "hosts", "--socket", path, "--json").json()
                         ["hosts"][0]["pid"], host.pid)
        self.works("root", "get", "inventory", env={"TRELLIS_SOCKET": str(path)})
        self.assertIn("No hosts found", self.works("root", "get", "hosts").out)
        done = self.is_refused("member", "get", "inventory", "--socket", path)
        self.assertIn("cannot reach the host", done.err)
        self.assertIn("be root, or the user the host runs as", done.err)
        self.works("root", "down", "--socket", path)
        self.assertEqual(host.wait(), 0)

    def test_a_socket_that_is_named_is_made_and_found(self):
        place = self.folder / "place"
        place.mkdir(mode=0o750)
        os.chown(place, HOST, GROUP)
        path = place / "host.sock"
        host = self.own_host(HOST, HOST, "--socket", path, "--socket-group", GROUP, groups=[GROUP])
        status = path.stat()
        self.assertEqual((status.st_mode & 0o7777, status.st_uid, status.st_gid),
                         (0o660, HOST, GROUP))
        for user in ("root", "member", "main group"):
            self.works(user, "get", "inventory", "--socket", path)
            self.works(user, "get", "inventory", env={"TRELLIS_SOCKET": str(path)})
        self.assertIn(f"in the group {group_name()}",
                      self.is_refused("outsider", "get", "inventory", "--socket", path).err)
        second = self.run_as(HOST, HOST, [GROUP], [self.binary, "up", "--socket", path])
        self.assertEqual(second.status, 1, second)
        self.assertIn("a host listens there already", second.err)
        self.works("member", "down", "--socket", path)
        self.assertEqual(host.wait(), 0)
        done = self.is_refused("member", "get", "inventory", "--socket", path)
        self.assertIn("no host listens at", done.err)
        self.assertIn("trellis up --socket", done.err)

    def test_a_group_that_cannot_be_is_an_error(self):
        for arguments, said in (
                (("--socket-group", GROUP), "nobody else may enter"),
                (("--socket", self.work / "a.sock", "--socket-group", "no-such-group"),
                 "no group 'no-such-group'"),
                (("--socket", self.folder / "missing" / "a.sock"), "make the folder")):
            with self.subTest(said):
                self.assertIn(said, self.is_refused("root", "up", *arguments).err)
        place = self.folder / "place"
        place.mkdir(mode=0o755)
        os.chown(place, HOST, HOST)
        done = self.run_as(HOST, HOST, [], [self.binary, "up", "--socket", place / "a.sock",
                                            "--socket-group", GROUP])
        self.assertEqual(done.status, 1, done)
        self.assertIn(f"handed to the group {group_name()}: this user is not in it", done.err)
        self.assertEqual(list(place.iterdir()), [])

    def test_a_planted_host_is_not_believed(self):
        common = self.folder / "common"
        common.mkdir()
        common.chmod(0o1777)
        fake = common / "host.sock"
        listener = socket.socket(socket.AF_UNIX)
        self.addCleanup(listener.close)
        ready, report = os.pipe()
        child = os.fork()
        if child == 0:  # whoever calls listen() is who the kernel names
            os.setgid(ENEMY)
            os.setuid(ENEMY)
            listener.bind(str(fake))
            fake.chmod(0o777)
            listener.listen()
            os.write(report, b"x")
            signal.pause()
        self.addCleanup(os.waitpid, child, 0)
        self.addCleanup(os.kill, child, signal.SIGKILL)
        self.assertEqual(os.read(ready, 1), b"x")
        for user in ("member", "root"):
            done = self.is_refused(user, "get", "inventory", "--socket", fake)
            self.assertIn(f"user {ENEMY} listens there", done.err)
        # A whole folder of somebody's making, where the victim's own would be.
        planted = common / "trellis"
        planted.mkdir(mode=0o755)
        os.chown(planted, ENEMY, ENEMY)
        os.rename(fake, planted / "1.sock")
        done = self.is_refused("member", "get", "inventory", "--socket", planted / "1.sock")
        self.assertIn(f"user {ENEMY} made it where everybody may", done.err)
        done = self.is_refused("member", "get", "hosts", env={"RUNTIME_DIRECTORY": str(planted)})
        self.assertIn(f"user {ENEMY} made it where everybody may", done.err)


if __name__ == "__main__":
    in_private_namespace()
    harness.main()
