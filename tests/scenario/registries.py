"""Registries for scenarios: Debian's docker-registry, and one that misbehaves on demand."""

import base64
import hashlib
import http.server
import json
import os
import shutil
import ssl
import subprocess
import threading
import time
import urllib.request
import warnings
from pathlib import Path

import harness

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import crypt

MODULE_TYPE = "application/vnd.module.wasm.content.layer.v1+wasm"
USER, PASSWORD = "somebody", "throwaway password of a test"


def find_program():
    unpacked = Path(__file__).parents[2] / "build/deps/servers/usr/bin/docker-registry"
    found = os.environ.get("DOCKER_REGISTRY") or shutil.which("docker-registry") or str(unpacked)
    if not os.access(found, os.X_OK):
        raise AssertionError("docker-registry is missing: run scripts/setup.sh test")
    return found


def certificates(folder, *names):
    """A private authority and a certificate of it for 127.0.0.1, localhost and those names."""
    def openssl(*words):
        subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem",
            "-subj", "/CN=test authority", "-days", "2")
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", "server.key", "-out", "server.csr",
            "-subj", "/CN=localhost")
    every = ["IP:127.0.0.1", *(f"DNS:{name}" for name in ("localhost", *names))]
    (folder / "names").write_text(f"subjectAltName={','.join(every)}\n")
    openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
            "-CAcreateserial", "-out", "server.pem", "-days", "2", "-extfile", "names")
    return folder / "ca.pem", folder / "server.pem", folder / "server.key"


class DockerRegistry:
    """The real thing, on a free port of loopback."""

    def __init__(self, folder, auth=False, tls=None, port=None):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = port or harness.free_port()
        self.host = f"localhost:{self.port}" if tls else f"127.0.0.1:{self.port}"
        lines = ["version: 0.1", "log: {level: warn}",
                 f"storage: {{filesystem: {{rootdirectory: {self.folder}/data}}}}",
                 "http:", f"  addr: 127.0.0.1:{self.port}"]
        self.authority = None
        if tls:
            self.authority, certificate, key = certificates(self.folder)
            lines.append(f"  tls: {{certificate: {certificate}, key: {key}}}")
        if auth:
            salted = crypt.crypt(PASSWORD, crypt.mksalt(crypt.METHOD_BLOWFISH, rounds=2**5))
            (self.folder / "users").write_text(f"{USER}:{salted}\n")
            lines.append(f"auth: {{htpasswd: {{realm: test, path: {self.folder}/users}}}}")
        (self.folder / "config.yml").write_text("\n".join(lines) + "\n")
        self.process = None
        self.start()

    def start(self):
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen(
                [find_program(), "serve", str(self.folder / "config.yml")], stdout=log, stderr=log,
                env={"PATH": os.environ.get("PATH", ""), "OTEL_TRACES_EXPORTER": "none"})
        harness.wait_until(self._answers, "docker-registry")

    def _answers(self):
        if self.process.poll() is not None:
            raise AssertionError((self.folder / "log").read_text())
        try:
            with harness.socket.create_connection(("127.0.0.1", self.port), 1):
                return True
        except OSError:
            return False

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
        if self.process:
            self.process.wait(harness.PATIENCE)
        self.process = None


def digest_of(content):
    return "sha256:" + hashlib.sha256(content).hexdigest()


def manifest_of(layer, **changes):
    made = {"schemaVersion": 2, "mediaType": None,
            "config": {"mediaType": "application/vnd.wasmcloud.actor.archive.config", "size": 2,
                       "digest": digest_of(b"{}")},
            "layers": [{"mediaType": MODULE_TYPE, "digest": digest_of(layer), "size": len(layer)}]}
    made.update(changes)
    return json.dumps(made).encode()


class StubRegistry:
    """Answers with what `behave(request, handler)` does; see registry_scenario.py. Remembers all
    requests as (method, path, headers)."""

    def __init__(self, layer):
        self.layer = layer
        self.requests = []
        self.routes = {}
        stub = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_GET(self):
                stub.requests.append((self.command, self.path, dict(self.headers)))
                try:
                    stub.handle(self)
                except (BrokenPipeError, ConnectionResetError):
                    pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.host = f"127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def answer(self, handler, status, body=b"", headers=()):
        handler.send_response(status)
        for name, value in dict(headers).items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    def times(self, path):
        return sum(1 for _, asked, _ in self.requests if asked == path)

    def handle(self, handler):
        path = handler.path.split("?")[0]
        for route, behave in self.routes.items():
            if path.startswith(route):
                return behave(handler)
        if path == "/v2/":
            return self.answer(handler, 200, b"{}")
        if "/manifests/" in path:
            return self.answer(handler, 200, manifest_of(self.layer))
        if "/blobs/" in path:
            return self.blob(handler)
        return self.answer(handler, 404)

    def blob(self, handler, content=None):
        content = self.layer if content is None else content
        asked = handler.headers.get("Range")
        if asked is None:
            return self.answer(handler, 200, content)
        start = int(asked.removeprefix("bytes=").split("-")[0])
        return self.answer(handler, 206, content[start:],
                           {"Content-Range": f"bytes {start}-{len(content) - 1}/{len(content)}"})

    def broken_off(self, handler, sent):
        """Promises the whole layer and hangs up after some of it."""
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(self.layer)))
        handler.end_headers()
        handler.wfile.write(self.layer[:sent])
        handler.wfile.flush()
        handler.close_connection = True
        handler.connection.shutdown(harness.socket.SHUT_RDWR)
