#!/usr/bin/env python3
"""Allocations of the host that fail while it serves calls: each is the failure of what needed it, and
the host goes on, and stops when it is asked to."""

import os
import struct
import threading
import unittest

import harness
import hostile
from hostile import PLUGINS, WITNESS

CALLS = 60


@unittest.skipIf(os.environ.get("TRELLIS_SANITIZED"), "sanitizers have allocators of their own")
class HostileMemory(hostile.HostileScenario):
    def start_host(self, port, every, least):
        """A host with an HTTP actor whose allocations from `least` bytes on fail, one in `every`,
        once the file `now` exists."""
        counter = harness.ACTORS / "kvcounter.wasm"
        link = f"  - {{actor: {counter}, contract_id: 'wasmcloud:%s', provider_id: 'builtin:%s', " \
               "values: {%s}}\n"
        text = (f"actors:\n  - ref: {self.witness}\n  - ref: {counter}\n"
                "capabilities:\n  - image_ref: builtin:httpserver\n  - image_ref: builtin:keyvalue\n"
                "links:\n" + link % ("httpserver", "httpserver", f"BIND: '127.0.0.1:{port}'")
                + link % ("keyvalue", "keyvalue", ""))
        self.now = self.work / "now"
        self.now.unlink(missing_ok=True)
        host = self.start("up", "-m", self.write("memory.yaml", text), env={
            "LD_PRELOAD": str(PLUGINS / "failing_new.so"),
            "FAILING_NEW": f"{every}:{least}:{self.now}"})
        host.wait_for("^Ctrl-C ends it$")
        return host

    def load(self, host, port, with_calls):
        """Calls from several sides at once; what becomes of them does not matter."""
        def call():
            for size in (100, 5000) * (CALLS // 2):
                try:
                    self.call(host, WITNESS, "Echo", b"x" * size, timeout_ms=3000)
                except (OSError, struct.error):
                    pass

        def visit():
            for at in range(CALLS):
                try:
                    harness.http_get(f"http://127.0.0.1:{port}/{at}", timeout=5)
                except OSError:
                    pass

        bodies = (visit, visit, call, call) if with_calls else (visit, visit)
        threads = [threading.Thread(target=body) for body in bodies]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def survive(self, every, least, with_calls=True):
        port = harness.free_port()
        host = self.start_host(port, every, least)
        self.now.touch()
        self.load(host, port, with_calls)
        self.assertIsNone(host.status(), host.text("err"))
        # 1: a step of the stop failed for want of memory, and the rest was left behind in time.
        self.assertIn(host.stop(), (0, 1), host.text("err"))

    def test_small_allocations(self):
        self.survive(41, 128)

    def test_allocations_of_all_sizes(self):
        # Without calls over the control socket: the JSON library needs a little memory to let a
        # value go, and ends the process without it.
        for every in (29, 101, 997):
            self.survive(every, 1, with_calls=False)

    def test_payloads(self):
        self.survive(7, 1000)

    def test_rare_failures(self):
        self.survive(499, 128)


if __name__ == "__main__":
    harness.main()
