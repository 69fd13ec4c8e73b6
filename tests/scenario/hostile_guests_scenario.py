#!/usr/bin/env python3
"""Signed actors that misbehave: each gets a clear error, nobody else notices."""

import harness
import hostile
from harness import ACTORS
from hostile import GUESTS

MIB = 1024 * 1024
POINTERS = [(0xFFFFFFFF, 16), (0x7FFFFFFF, 4096), (0xFFFFFFF0, 0xFFFFFFFF), (0xFFFFFFFF, 0xFFFFFFFF)]
IMPORTS = {
    "request": "__guest_request", "response": "__guest_response", "error": "__guest_error",
    "log": "__console_log", "call": "__host_call", "host_response": "__host_response",
    "host_error": "__host_error"}


class HostileGuests(hostile.HostileScenario):
    def host_with_villain(self, settings="limits: {call_timeout_ms: 400, memory_mb: 32}"):
        """A host with the witness and the actor that misbehaves on demand."""
        probe = self.sign(ACTORS / "probe.unsigned.wasm", "villain", "--keyvalue")
        answers = self.sign(GUESTS / "echo.wasm", "answers", "--call-alias", "probe")
        return self.host_with([(probe, settings), (answers, "")])

    def assert_fails(self, host, operation, text, payload=b""):
        done, answer = self.call(host, "villain", operation, payload)
        self.assertFalse(done, answer)
        self.assertTrue(answer.startswith("Failed to invoke actor: Guest call failure: "), answer)
        self.assertIn(text, answer)
        self.assert_unharmed(host)

    def test_traps_loops_and_recursion(self):
        host = self.host_with_villain()
        for operation, text in (("Trap", "[trap] unreachable"), ("Spin", "at the deadline"),
                                ("Recurse", "[trap]"), ("Fail", "mine"),
                                ("NoSuch", 'No handler registered for function "NoSuch"')):
            for _ in range(3):
                self.assert_fails(host, operation, text, b"mine")
        # What failed was replaced; the constructors ran once in the new instance too.
        self.assertEqual(self.call(host, "villain", "Init"), (True, b"42"))
        actors = self.control(host, "inventory")["result"]["actors"]
        villain = next(a for a in actors if a["name"] == "villain")
        self.assertNotEqual(villain["health"]["state"], "unhealthy", villain)
        host.wait_for("was dropped")
        self.assert_ends_well(host)

    def test_memory_stays_below_the_cap(self):
        host = self.host_with_villain()
        pages = int(self.call(host, "villain", "Grow")[1])
        self.assertLess(pages, 32 * MIB // 65536)
        self.assert_ends_well(host)

    def test_floods_are_cut(self):
        host = self.host_with_villain("limits: {memory_mb: 64}")
        self.assert_fails(host, "FloodResponse", "responses of one call exceed")
        done, text = self.call(host, "villain", "FloodError")
        self.assertFalse(done)
        self.assertLess(len(text), 20_000)
        before = len(host.text("err"))
        self.assertEqual(self.call(host, "villain", "FloodLog"), (True, b"done"))
        self.assert_unharmed(host)
        self.assertLess(len(host.text("err")) - before, MIB, "log lines of one call are bounded")
        for _ in range(10):
            self.call(host, "villain", "FloodResponse")
            self.call(host, "villain", "FloodError")
        self.assertLess(hostile.rss_bytes(host.pid), 700 * MIB)
        self.assert_ends_well(host)

    def test_wild_pointers_in_every_import(self):
        host = self.host_with_villain()
        for short, name in IMPORTS.items():
            for pointer, size in POINTERS:
                with self.subTest(f"{name} {pointer:#x} {size:#x}"):
                    wild = f"{short} {pointer} {size}".encode()
                    self.assert_fails(host, "Wild", f"[trap] out of bounds memory access in {name}",
                                      wild)
        self.assert_ends_well(host)

    def test_tables_are_capped(self):
        bomb = self.sign(GUESTS / "table_bomb.wasm", "bomb")
        host = self.host_with([(bomb, "limits: {call_timeout_ms: 300}")])
        for _ in range(3):
            done, answer = self.call(host, "bomb", "go")
            self.assertFalse(done, answer)
            self.assertIn("Guest call failure: ", answer)
            self.assert_unharmed(host)
        self.assertLess(hostile.rss_bytes(host.pid), 400 * MIB)
        # Its health check loops too, and ends when any call of this actor must.
        took, _ = hostile.seconds(lambda: self.assert_ends_well(host))
        self.assertLess(took, 5)

    def test_all_instances_busy_with_loops_keep_nobody_else_waiting(self):
        host = self.host_with_villain("instances: {max: 2}\n    limits: {call_timeout_ms: 1000}")
        busy = [harness.threading.Thread(target=self.call, args=(host, "villain", "Spin"))
                for _ in range(8)]
        for thread in busy:
            thread.start()
        took = max(hostile.seconds(lambda: self.assert_unharmed(host))[0] for _ in range(20))
        for thread in busy:
            thread.join(harness.PATIENCE)
        self.assertLess(took, 10, "an actor that loops holds its own instances only")
        self.assertEqual(self.call(host, "villain", "Echo", b"x"), (True, b"x"))
        self.assert_ends_well(host)


if __name__ == "__main__":
    harness.main()
