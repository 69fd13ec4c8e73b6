"""What the scenarios of hostile input share: signing anything, calls with raw bytes over the control
socket, and the check that must hold after each attack: the host lives and other actors answer.
"""

import base64
import json
import os
import socket
import struct
import time

import harness
from harness import ACTORS

GUESTS = ACTORS.parent / "guests"          # unsigned test modules
PLUGINS = ACTORS.parent / "lib" / "test-plugins"
WITNESS = "witness"                        # the actor that must answer whatever happens


def rss_bytes(pid):
    """Memory of a process that is not shared with files."""
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        for line in status:
            if line.startswith("RssAnon:"):
                return int(line.split()[1]) * 1024
    raise AssertionError("no RssAnon")


class HostileScenario(harness.Scenario):
    def setUp(self):
        super().setUp()
        self.account = self.new_seed("account")
        self.witness = self.sign(GUESTS / "relay.wasm", WITNESS)

    def new_seed(self, kind):
        return self.ok("keys", "gen", kind, "--json").json()["seed"]

    def sign(self, module, name, *options, subject=None, issuer=None):
        """A signed copy of a module; its path."""
        path = self.work / f"{name}.wasm"
        self.ok("claims", "sign", module, "--name", name, "--destination", path, "--issuer",
                issuer or self.account, "--subject", subject or self.new_seed("module"), *options)
        return str(path)

    def host_with(self, actors, rest="", *options):
        """A host with the witness and `actors`: (path, settings in YAML) each."""
        lines = "".join(f"  - ref: {path}\n    {settings or 'instances: {min: 1}'}\n"
                        for path, settings in [(self.witness, ""), *actors])
        path = self.write("hostile.yaml", f"actors:\n{lines}{rest}")
        # What misbehaves may fail, and the host stays.
        return self.up("--keep-going", "-m", path, *options)

    def control(self, host, op, **args):
        """One request on the control socket of a host; the answer as it came."""
        with socket.socket(socket.AF_UNIX) as link:
            link.settimeout(harness.PATIENCE)
            link.connect(str(self.sockets / f"{host.pid}.sock"))
            request = json.dumps({"v": 1, "op": op, "args": args}).encode()
            link.sendall(struct.pack(">I", len(request)) + request)
            with link.makefile("rb") as answer:
                (size,) = struct.unpack(">I", answer.read(4))
                return json.loads(answer.read(size))

    def call(self, host, target, operation, payload=b"", timeout_ms=None):
        """(True, bytes) or (False, error text)."""
        more = {} if timeout_ms is None else {"timeout_ms": timeout_ms}
        answer = self.control(host, "call", target=target, operation=operation,
                              payload=base64.b64encode(payload).decode(), **more)
        if answer["ok"]:
            return True, base64.b64decode(answer["result"]["payload"])
        return False, answer["error"]["message"]

    def relay(self, host, target, hops, operation, payload=b""):
        """A call through a chain of relay guests: `hops` are the keys or aliases on the way."""
        for at, hop in reversed(list(enumerate(hops))):
            inner = operation if at == len(hops) - 1 else "Relay"
            parts = (b"default", hop.encode(), inner.encode())
            payload = b"".join(bytes([len(p)]) + p for p in parts) + payload
        return self.call(host, target, "Relay" if hops else operation, payload)

    def key_of(self, host, name):
        actors = self.control(host, "inventory")["result"]["actors"]
        return next(a["id"] for a in actors if a["name"] == name)

    def assert_unharmed(self, host, witness=WITNESS):
        self.assertEqual(self.call(host, witness, "Echo", b"still here"), (True, b"still here"))

    def assert_ends_well(self, host):
        """The host stops when it is asked to, with status 0 and nothing left behind."""
        self.assert_unharmed(host)
        self.assertEqual(host.stop(), 0, host.text("err"))
        self.assertEqual(list(self.sockets.iterdir()), [])


def seconds(body):
    """How long a function takes, with its result."""
    start = time.monotonic()
    result = body()
    return time.monotonic() - start, result


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))
