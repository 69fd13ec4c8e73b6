#!/usr/bin/env python3
"""The binary of another machine, run under emulation, does what the native one does: it serves signed
actors, meets other hosts over a real NATS server, a native one among them, and starts its own part of
an archive for several machines.

Providers in processes of their own are left out: under emulation a program that starts another needs
the kernel to know how to run it (binfmt_misc), which not every machine has.

Environment besides harness.py's: TRELLIS_NATIVE (this machine's binary), TRELLIS_ARCHITECTURE (what
the other machine is called), TRELLIS_GREETINGS (folder of greeting.par and its libraries)."""

import os
import sys
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scenario"))

import harness  # noqa: E402
from harness import ACTORS, PATIENCE, free_port, http_get, wait_until  # noqa: E402
from lattice_harness import LatticeScenario  # noqa: E402

NATIVE = os.environ["TRELLIS_NATIVE"]
ARCHITECTURE = os.environ["TRELLIS_ARCHITECTURE"]
GREETINGS = Path(os.environ["TRELLIS_GREETINGS"])
LIBRARIES = {"x86_64": "cc", "aarch64": "aarch64-linux-gnu-gcc", "arm": "arm-linux-gnueabihf-gcc"}
HTTP, KEYVALUE, GREETING = "wasmcloud:httpserver", "wasmcloud:keyvalue", "example:greeting"


def url(port, path="/visits"):
    return f"http://127.0.0.1:{port}{path}"


class Emulated(LatticeScenario):
    permissions = LatticeScenario.permissions + [
        "--control-builtin", "keyvalue", "--control-files", str(GREETINGS), "--provider-mode", "in-process"]

    def on_this_machine(self, work, *arguments, **options):
        """work(*arguments) with the native binary instead of the emulated one."""
        emulated, harness.COMMAND = harness.COMMAND, [NATIVE]
        try:
            return work(*arguments, **options)
        finally:
            harness.COMMAND = emulated

    def test_one_host_counts_visits(self):
        port = free_port()
        manifest = self.write("counter.yaml", f"""
actors: [{ACTORS}/kvcounter.wasm]
capabilities: [{{image_ref: "builtin:httpserver"}}, {{image_ref: "builtin:keyvalue"}}]
links:
  - {{actor: {ACTORS}/kvcounter.wasm, contract_id: "{KEYVALUE}", provider_id: "builtin:keyvalue"}}
  - actor: {ACTORS}/kvcounter.wasm
    contract_id: "{HTTP}"
    provider_id: "builtin:httpserver"
    values: {{BIND: "127.0.0.1:{port}"}}
""")
        host = self.up("--strict", "-m", manifest)
        for count in range(1, 4):
            self.assertEqual(http_get(url(port)), (200, f'{{"counter":{count}}}'))
        labels = self.ok("get", "inventory", "--json").json()["inventory"]["labels"]
        self.assertEqual(labels["hostcore.arch"], ARCHITECTURE)
        self.assertEqual(host.stop(), 0)

    def test_hosts_of_two_kinds_share_a_lattice(self):
        """Actor, key-value store and HTTP server, each on another host; the store's is native."""
        front, back = self.host(), self.host()
        store = self.on_this_machine(self.host)
        actor = self.on_this_machine(self.start_actor, back, "kvcounter.wasm")
        provider = self.on_this_machine(self.start_provider, store, "builtin:keyvalue")
        self.on_this_machine(self.link, actor, provider, KEYVALUE)
        port = self.on_this_machine(self.http, front, actor)
        for count in range(1, 4):
            wait_until(lambda: http_get(url(port)) == (200, f'{{"counter":{count}}}'), f"count {count}")
        # And the command line of the other machine sees them all.
        hosts = {host["id"] for host in self.ctl("get", "hosts")["hosts"]}
        self.assertEqual(hosts, {front.id, back.id, store.id})
        for host in (store, back, front):
            self.assertEqual(host.stop(), 0)

    def test_an_archive_for_three_machines_starts_on_each(self):
        archive = GREETINGS / "greeting.par"
        targets = self.ok("par", "inspect", archive, "--json").json()["targets"]
        self.assertEqual(set(targets), {f"{machine}-linux" for machine in LIBRARIES})
        for start in (self.host, lambda: self.on_this_machine(self.host)):
            host = start()
            run = self.on_this_machine
            actor = run(self.start_actor, host, "greeter.wasm")
            provider = run(self.start_provider, host, archive)
            run(self.link, actor, provider, GREETING, "GREETING=hello")
            port = run(self.http, host, actor)
            wait_until(lambda: http_get(url(port, "/world"))[0] == 200, "the greeting")
            self.assertIn("hello, world!", http_get(url(port, "/world"))[1])
            self.assertEqual(host.stop(), 0)

    def test_limits_above_4_gib_are_not_cut(self):
        """Each limit is 4 GiB and one: cut to its lower 32 bits it would let nothing through."""
        beyond = (1 << 32) + 1
        root = self.work / "root"
        root.mkdir()
        ports = free_port(), free_port()
        manifest = self.write("limits.yaml", f"""
actors:
  - {ACTORS}/kvcounter.wasm
  - {ACTORS}/files.wasm
capabilities: [{{image_ref: "builtin:httpserver"}}, {{image_ref: "builtin:keyvalue"}},
               {{image_ref: "builtin:blobstore-fs"}}]
links:
  - actor: {ACTORS}/kvcounter.wasm
    contract_id: "{KEYVALUE}"
    provider_id: "builtin:keyvalue"
    values: {{MAX_KEYS: "{beyond}", MAX_TOTAL_BYTES: "{beyond}"}}
  - actor: {ACTORS}/files.wasm
    contract_id: "wasmcloud:blobstore"
    provider_id: "builtin:blobstore-fs"
    values: {{ROOT: "{root}", MAX_BLOB_BYTES: "{beyond}", MAX_TOTAL_BYTES: "{beyond * 4}"}}
  - actor: {ACTORS}/kvcounter.wasm
    contract_id: "{HTTP}"
    provider_id: "builtin:httpserver"
    values: {{BIND: "127.0.0.1:{ports[0]}"}}
  - actor: {ACTORS}/files.wasm
    contract_id: "{HTTP}"
    provider_id: "builtin:httpserver"
    values: {{BIND: "127.0.0.1:{ports[1]}"}}
""")
        # A budget of 4096 MiB has no lower 32 bits at all.
        host = self.up("--strict", "-m", manifest, "--memory-budget-mb", "4096")
        self.assertEqual(http_get(url(ports[0])), (200, '{"counter":1}'))
        self.assertEqual(http_get(url(ports[0])), (200, '{"counter":2}'))
        name = url(ports[1], "/note")
        with urllib.request.urlopen(name, data=b"a few bytes", timeout=PATIENCE) as answer:
            self.assertIn(answer.status, (200, 201))
        self.assertEqual(http_get(name), (200, "note 11\n"))
        # Files have offsets of 64 bits: this one is all hole, and listed with its whole size.
        (note,) = (file for file in root.rglob("*")
                   if file.is_file() and file.read_bytes() == b"a few bytes")
        os.truncate(note, 5 << 30)
        self.assertEqual(http_get(name), (200, f"note {5 << 30}\n"))
        self.assertEqual(host.stop(), 0)

    def test_a_library_for_another_machine_is_refused_by_the_names_of_both(self):
        host = self.up("--nsprefix", "alone")
        for machine, compiler in LIBRARIES.items():
            library = GREETINGS / f"greeting-{compiler}.so"
            if machine == ARCHITECTURE:
                self.ok("start", "provider", library, "--mode", "in-process")
                continue
            refused = self.refused("start", "provider", library, "--mode", "in-process")
            self.assertIn(f"is built for {machine}", refused.err)
            self.assertIn(f"this host is {ARCHITECTURE}", refused.err)
        self.assertEqual(host.stop(), 0)


if __name__ == "__main__":
    harness.main()
