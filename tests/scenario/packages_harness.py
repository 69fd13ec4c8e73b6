"""What scenarios with registries and archives share: a registry beside the NATS server, and Redis."""

import json
import os
import shutil
import socket
import subprocess
import urllib.request
from pathlib import Path

import lattice_harness
import registries
from harness import ACTORS, PATIENCE, free_port, wait_until

LIBRARIES = ACTORS.parent / "lib"
ARCHIVES = ACTORS.parent / "archives"
KEYVALUE = "wasmcloud:keyvalue"


def find_redis_server():
    unpacked = Path(__file__).resolve().parents[2] / "build/deps/servers/usr/bin/redis-server"
    found = os.environ.get("REDIS_SERVER") or shutil.which("redis-server") or str(unpacked)
    if not os.access(found, os.X_OK):
        raise AssertionError("redis-server is missing: run scripts/setup.sh test")
    return found


class RedisServer:
    """On a free port of loopback; keeps what it was told over kill -9, as `appendfsync always`
    promises."""

    def __init__(self, folder, port=None):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = port or free_port()
        self.process = None
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            [find_redis_server(), "--port", str(self.port), "--bind", "127.0.0.1", "--save", "",
             "--dir", str(self.folder), "--appendonly", "yes", "--appendfsync", "always"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(self._answers, "redis-server")

    def _answers(self):
        try:
            with socket.create_connection(("127.0.0.1", self.port), 5) as probe:
                probe.sendall(b"PING\r\n")
                return probe.recv(5) == b"+PONG"
        except OSError:
            return False

    def kill(self):
        if self.process:
            self.process.kill()
            self.process.wait(PATIENCE)
        self.process = None

    def restart(self):
        self.kill()
        self.start()


class PackagesScenario(lattice_harness.LatticeScenario):
    def setUp(self):
        super().setUp()
        self.registry = registries.DockerRegistry(self.folder / "registry")
        self.addCleanup(self.registry.stop)

    def host(self, *flags, **options):
        return super().host("--allowed-insecure", self.registry.host, *flags, **options)

    def push(self, file, name):
        reference = f"{self.registry.host}/{name}"
        self.ok("reg", "push", reference, file, "--insecure")
        return reference

    def counter(self, port):
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=PATIENCE) as answer:
            return json.loads(answer.read())["counter"]

    def answers(self, port):
        try:
            return self.counter(port) > 0
        except OSError:
            return False

    def child_of(self, host, not_this=None):
        """The process of the host's one provider from an archive, once it is there (again)."""
        found = []

        def look():
            inventory = self.ok("get", "inventory", "--host", host.id, "--json").json()["inventory"]
            found[:] = [each["process"]["pid"] for each in inventory["providers"]
                        if "process" in each and each["process"]["pid"] not in (0, not_this)]
            return found
        wait_until(look, "the provider's process")
        return found[0]
