"""What scenarios about guest languages share: hosts full of actors, and requests to them.

Environment: TRELLIS_GUEST_LANGUAGES, the languages of this build ("cpp,rust,as"). Their actors must
be there; a language is only left out when the build was told so or had no compiler for it.
"""

import http.client
import json
import os
from pathlib import Path

import harness
from harness import ACTORS, free_port

LANGUAGES = os.environ.get("TRELLIS_GUEST_LANGUAGES", "cpp,rust,as").split(",")
VECTORS = Path(__file__).resolve().parent.parent / "vectors"
PROVIDERS = {"wasmcloud:httpserver": "builtin:httpserver", "wasmcloud:keyvalue": "builtin:keyvalue",
             "wasmcloud:logging": "builtin:logging", "wasmcloud:extras": "builtin:extras"}


def flavours(name):
    """The actor of that name in each language, as names of files without `.wasm`."""
    return [name if language == "cpp" else f"{name}-{language}" for language in LANGUAGES]


def sdk_actors():
    """The actor that tries an SDK, in each language."""
    return [f"sdk-{language}" for language in LANGUAGES]


class Site:
    """The HTTP address of one actor; one connection that is kept."""

    def __init__(self, port):
        self.port = port
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=harness.PATIENCE)

    def ask(self, path, body=None, method=None, headers=None):
        """(status, body as bytes)"""
        self._connection.request(method or ("GET" if body is None else "POST"), path, body, headers or {})
        answer = self._connection.getresponse()
        return answer.status, answer.read()

    def text(self, path, body=None):
        """The body of an answer that must be 200."""
        status, answer = self.ask(path, body)
        assert status == 200, f"{path}: status {status}: {answer[:300]}"
        return answer.decode()

    def close(self):
        self._connection.close()


class GuestScenario(harness.Scenario):
    def manifest(self, actors):
        """A manifest with these actors, each linked to everything its claims name; {name: port}."""
        ports, links = {}, []
        for name in actors:
            claims = json.loads((ACTORS / f"{name}.wasm.json").read_text())
            for contract in claims["capabilities"]:
                values = {}
                if contract == "wasmcloud:httpserver":
                    ports[name] = free_port()
                    values = {"BIND": f"127.0.0.1:{ports[name]}"}
                links.append({"actor": f"{ACTORS}/{name}.wasm", "contract_id": contract,
                              "provider_id": PROVIDERS[contract], "values": values})
        used = sorted({link["provider_id"] for link in links})
        document = {"actors": [f"{ACTORS}/{name}.wasm" for name in actors],
                    "capabilities": [{"image_ref": provider} for provider in used], "links": links}
        return self.write("guests.json", json.dumps(document)), ports

    def serve(self, actors, *options):
        """A host with these actors; {name: Site}. The host is in self.host."""
        path, ports = self.manifest(actors)
        self.host = self.up("-m", path, "--strict", *options)
        return {name: self.site(port) for name, port in ports.items()}

    def site(self, port):
        site = Site(port)
        self.addCleanup(site.close)
        return site
