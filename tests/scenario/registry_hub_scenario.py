#!/usr/bin/env python3
"""Images of docker.io, in a network of its own where the names of its servers lead here: which server
is asked for what, and who is told user and password (docs/packaging.md)."""

import fcntl
import json
import os
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import unittest

import harness
import registries
from harness import ACTORS
from registries import PASSWORD, USER
from scripted_registry import BASIC, ScriptedRegistry

HUB, TOKENS = "registry-1.docker.io", "auth.docker.io"
FLAGS = ("-u", USER, "-p", PASSWORD)
INSIDE = "TRELLIS_HUB_NETWORK"


def own_network():
    """Starts over with a network and mounts of its own; the test is skipped without the right to."""
    if os.environ.get(INSIDE):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
            request = bytearray(struct.pack("16sh22x", b"lo", 0))
            fcntl.ioctl(any_socket, 0x8913, request)             # SIOCGIFFLAGS
            flags = struct.unpack("16sh22x", request)[1] | 1      # IFF_UP
            fcntl.ioctl(any_socket, 0x8914, struct.pack("16sh22x", b"lo", flags))
        with tempfile.NamedTemporaryFile("w") as hosts:
            hosts.write(f"127.0.0.1 localhost\n127.0.0.2 {HUB}\n127.0.0.3 {TOKENS}\n")
            hosts.flush()
            os.chmod(hosts.name, 0o644)
            subprocess.run(["mount", "--bind", hosts.name, "/etc/hosts"], check=True)
        return
    words = ["unshare", "-nm"] if os.geteuid() == 0 else ["unshare", "-rnm"]
    tried = subprocess.run([*words, "mount", "--bind", "/etc/hosts", "/etc/hosts"], check=False,
                           capture_output=True)
    if tried.returncode == 0:
        os.environ[INSIDE] = "1"
        os.execvp(words[0], [*words, sys.executable, "-B", *sys.argv])


@unittest.skipUnless(os.environ.get(INSIDE), "no right to a network namespace")
class Hub(harness.Scenario):
    def setUp(self):
        super().setUp()
        self.authority, certificate, key = registries.certificates(self.folder, HUB, TOKENS)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self.hub = self.server("127.0.0.2", HUB, context, challenge="token",
                               token_at=f"https://{TOKENS}")
        self.tokens = self.server("127.0.0.3", TOKENS, context)

    def server(self, address, name, context, **dialect):
        made = ScriptedRegistry(address, context=context, port=443, name=name, **dialect)
        made.host, made.origin = name, f"https://{name}"
        self.addCleanup(made.stop)
        return made

    def reg(self, *words, run=None, **how):
        return (run or self.ok)("reg", *words, "--ca-file", self.authority, **how)

    def test_its_names_mean_one_registry(self):
        pushed = self.reg("push", "docker.io/echo:1", ACTORS / "echo.wasm", *FLAGS)
        self.assertIn("pushed to docker.io/echo:1\n", pushed.out)
        self.assertIn(("library/echo", "1"), self.hub.manifests)
        for name in ("docker.io/echo:1", "index.docker.io/echo:1", f"{HUB}/library/echo:1"):
            self.reg("pull", name, *FLAGS)
        self.reg("push", "docker.io/team/echo:1", ACTORS / "echo.wasm", *FLAGS)
        self.assertIn(("team/echo", "1"), self.hub.manifests)

    def test_user_and_password_go_to_its_token_server_alone(self):
        self.reg("push", "docker.io/echo:1", ACTORS / "echo.wasm", *FLAGS)
        self.assertTrue(self.tokens.knows_password())
        self.assertFalse(self.hub.knows_password())
        asked = next(path for _, path, _ in self.tokens.requests)
        self.assertIn("scope=repository%3Alibrary%2Fecho%3Apull%2Cpush", asked)
        self.assertIn("service=scripted", asked)

    def test_docker_login_files_it_under_its_old_address(self):
        self.write("docker/config.json", json.dumps(
            {"auths": {"https://index.docker.io/v1/": {"auth": BASIC.removeprefix("Basic ")}}}))
        docker = {"DOCKER_CONFIG": str(self.work / "docker")}
        self.reg("push", "docker.io/echo:1", ACTORS / "echo.wasm", env=docker)
        self.reg("pull", "index.docker.io/echo:1", env=docker)
        refused = self.reg("push", "docker.io/echo:1", ACTORS / "echo.wasm", run=self.refused)
        self.assertIn("status 401", refused.err)

    def test_a_program_is_asked_for_it_by_that_address(self):
        program = self.work / "bin/docker-credential-hub"
        program.parent.mkdir()
        program.write_text(f"""#!/bin/sh
read server
[ "$server" = https://index.docker.io/v1/ ] || exit 1
echo '{{"Username":"{USER}","Secret":"{PASSWORD}"}}'
""")
        program.chmod(0o755)
        self.write("docker/config.json", '{"credsStore":"hub"}')
        self.reg("push", "docker.io/echo:1", ACTORS / "echo.wasm",
                 env={"DOCKER_CONFIG": str(self.work / "docker"),
                      "PATH": f"{program.parent}:{self.env['PATH']}"})

    def test_what_everybody_may_have_needs_no_login(self):
        self.tokens.dialect.anonymous = True
        self.reg("push", "docker.io/echo:1", ACTORS / "echo.wasm")
        self.reg("pull", "docker.io/echo:1")


if __name__ == "__main__":
    own_network()
    harness.main()
