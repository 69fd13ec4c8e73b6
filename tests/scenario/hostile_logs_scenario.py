#!/usr/bin/env python3
"""Guests that make the host write: refused calls, log lines through a provider and their own, again
and again until their deadline. A log stays readable, and a disk stays free."""

import forge
import harness
import hostile
import msgpack
from hostile import GUESTS

LINES = 2500  # of one call of two seconds, whatever a guest does
BYTES = 2 << 20
SECONDS = 2


def host_call(namespace, operation, payload=b""):
    parts = (b"default", namespace.encode(), operation.encode())
    return b"".join(bytes([len(part)]) + part for part in parts) + payload


class HostileLogs(hostile.HostileScenario):
    def start_talker(self, capabilities):
        module = (GUESTS / "talker.wasm").read_bytes()
        issuer, subject = forge.Key("A"), forge.Key("M")
        claims = forge.claims(issuer, subject, module, "talker", caps=capabilities)
        path = self.write("talker.wasm", forge.with_token(module, forge.token(issuer, claims)))
        rest = ("capabilities:\n"
                "  - image_ref: builtin:logging\n"
                "links:\n"
                f"  - {{actor: {path}, contract_id: 'wasmcloud:logging', "
                "provider_id: 'builtin:logging', values: {}}\n")
        return self.host_with([(path, "")], rest, "--log-level", "info"), subject.text

    def flood(self, operation, payload, capabilities=("wasmcloud:logging",)):
        host, key = self.start_talker(capabilities)
        self.assertEqual(self.call(host, key, "echo", b"x"), (True, b"x"))
        before, length = host.mark(), len(host.text())
        done, why = self.call(host, key, operation, payload, timeout_ms=SECONDS * 1000)
        self.assertFalse(done)
        self.assertRegex(why, "deadline")
        self.assertLess(host.mark() - before, LINES)
        self.assertLess(len(host.text()) - length, BYTES)
        self.assert_ends_well(host)
        return host

    def test_refused_calls(self):
        host = self.flood("loop", host_call("wasmcloud:logging", "WriteLog"), ())
        host.wait_for("[0-9]{3,} lines like this were left out")
        self.assertLess(host.text().count("claims do not list"), 100)

    def test_calls_of_contracts_without_a_provider(self):
        self.flood("loop", host_call("no:such", "Get"))

    def test_calls_of_actors_that_are_not_there(self):
        self.flood("loop", host_call("some_alias", "Get"))

    def test_lines_through_a_provider(self):
        line = msgpack.pack({"target": "x", "level": "info", "text": "y" * 15000})
        host = self.flood("loop", host_call("wasmcloud:logging", "WriteLog", line))
        host.wait_for("[0-9]{3,} lines like this were left out")

    def test_short_lines_through_a_provider(self):
        line = msgpack.pack({"target": "x", "level": "error", "text": "y"})
        self.flood("loop", host_call("wasmcloud:logging", "WriteLog", line))

    def test_lines_of_its_own(self):
        self.flood("glog", b"z" * 100)


if __name__ == "__main__":
    harness.main()
