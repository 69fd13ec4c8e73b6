#!/usr/bin/env python3
"""Modules that must not run (identity.md 9, contracts.md 1): each is refused with its reason, and a
refusal leaves no trace in the host."""

import base64
import random
import time

import forge
import harness
import hostile
from hostile import GUESTS

DAY = 86400


class HostileModules(hostile.HostileScenario):
    def setUp(self):
        super().setUp()
        self.issuer, self.subject = forge.Key("A"), forge.Key("M")
        self.module = (GUESTS / "relay.wasm").read_bytes()

    def forged(self, issuer=None, subject=None, module=None, header=None, **changes):
        """A module signed by hand, with claims changed."""
        module = self.module if module is None else module
        issuer = issuer or self.issuer
        claims = forge.claims(issuer, subject or self.subject, module, "forged", **changes)
        return forge.with_token(module, forge.token(issuer, claims, header))

    def refuse_all(self, cases):
        """Each of (what, bytes, words of the reason) is refused by a running host."""
        host = self.host_with([])
        before = self.control(host, "inventory")["result"]
        for what, module, reason in cases:
            with self.subTest(what):
                done = self.refused("start", "actor", self.write("bad.wasm", module))
                self.assertRegex(done.err.lower(), reason)
                self.assertNotIn("\x00", done.err)
                self.assert_unharmed(host)
        after = self.control(host, "inventory")["result"]
        self.assertEqual([a["id"] for a in after["actors"]], [a["id"] for a in before["actors"]])
        self.assert_ends_well(host)

    def test_a_forged_module_that_is_right_runs(self):
        """Or the refusals below would prove nothing."""
        host = self.host_with([])
        self.ok("start", "actor", self.write("good.wasm", self.forged()))
        self.assertEqual(self.call(host, self.subject.text, "Echo", b"x"), (True, b"x"))
        done = self.refused("start", "actor", self.write("twice.wasm", self.forged()))
        self.assertRegex(done.err, "(?i)already")
        self.assert_ends_well(host)

    def test_damaged_files(self):
        good = self.forged()
        noise = random.Random(7)
        rate = max(1, len(good) // 40)
        cases = [(f"cut at {n}", good[:n], ".") for n in range(0, len(good), rate)]
        cases += [(f"noise {n}", noise.randbytes(n), "webassembly") for n in (1, 8, 100, 100_000)]
        cases += [("noise after the header", b"\0asm\1\0\0\0" + noise.randbytes(5000), "."),
                  ("a component", b"\0asm\x0d\0\1\0" + good[8:], "."),
                  ("text", b"(module)", "webassembly"),
                  ("a byte too many", good + b"\0", "."),
                  ("unsigned", self.module, "claims|token|jwt|sign")]
        flipped = bytearray(good)
        flipped[len(self.module) // 2] ^= 0x10
        cases.append(("one bit", bytes(flipped), "hash|section|module"))
        self.refuse_all(cases)

    def test_oversized_files(self):
        host = self.host_with([])
        path = self.work / "huge.wasm"
        with open(path, "wb") as file:
            file.write(b"\0asm\1\0\0\0")
            file.truncate(200 << 20)
        done = self.refused("start", "actor", path)
        self.assertRegex(done.err.lower(), "large|bytes|limit")
        self.assertLess(hostile.rss_bytes(host.pid), 200 << 20)
        self.assert_ends_well(host)

    def test_tokens_that_lie(self):
        now = int(time.time())
        other = forge.Key("A")
        claims = forge.claims(self.issuer, self.subject, self.module, "x")
        right = forge.token(self.issuer, claims)
        stolen = right.rpartition(b".")[0] + b"." + forge.token(other, claims).rpartition(b".")[2]
        twice = self.forged() + forge.section(b"jwt", right)
        self.refuse_all([
            ("expired", self.forged(exp=now - DAY), "expired"),
            ("not yet", self.forged(nbf=now + DAY), "cannot be used yet"),
            ("wrong hash", self.forged(wascap={"hash": "0" * 64}), "hash"),
            ("lower-case hash", self.forged(wascap={"hash": "ab" * 32}), "hash"),
            ("subject is an account", self.forged(subject=forge.Key("A")), "module key|subject"),
            ("subject is a service", self.forged(subject=forge.Key("V")), "module key|subject"),
            ("issuer is a module", self.forged(issuer=forge.Key("M")), "account|issuer"),
            ("issuer is an operator", self.forged(issuer=forge.Key("O")), "account|issuer"),
            ("signed by another", forge.with_token(self.module, stolen), "signature"),
            ("two tokens", twice, "jwt|two|several|one"),
            ("code after signing", self.forged() + forge.section(b"more", b"x"), "hash"),
            ("alg none", self.forged(header={"typ": "jwt", "alg": "none"}), "alg|header"),
            ("alg EdDSA", self.forged(header={"typ": "jwt", "alg": "EdDSA"}), "alg|header"),
            ("no metadata", self.forged(wascap={"name": 7}), "."),
            ("not a token", forge.with_token(self.module, b"a.b"), "token|segment"),
            ("no signature", forge.with_token(self.module, right.rpartition(b".")[0] + b"."), "."),
            ("deep", forge.with_token(self.module, b".".join(
                [right.split(b".")[0], base64.urlsafe_b64encode(b"[" * 90_000).rstrip(b"="),
                 right.split(b".")[2]])), "."),
        ])

    def test_modules_the_engine_must_not_meet(self):
        names = {"atomics": ".", "big_memory": "memory|pages", "big_table": "table",
                 "imported_memory": "import", "imported_table": "import",
                 "imported_global": "import", "memory64": ".", "memory_misnamed": "memory",
                 "no_guest_call": "__guest_call", "no_memory": "memory", "shared_memory": ".",
                 "two_memories": ".", "unknown_import": "import", "unknown_wasi": "import",
                 "wrong_call_type": "__guest_call", "wrong_import_type": "import|type",
                 "wrong_init_type": "wapc_init|init", "init_trap": "init", "start_trap": "."}
        self.refuse_all([(name, self.forged(module=(GUESTS / f"{name}.wasm").read_bytes()), reason)
                         for name, reason in names.items()])

    def test_manifests_go_on_without_them(self):
        bad = self.write("bad.wasm", self.forged(wascap={"hash": "0" * 64}))
        host = self.host_with([(bad, "")])
        host.wait_for(r"hostile\.yaml:4:\d+: .*(?i:hash)")
        self.assert_ends_well(host)


if __name__ == "__main__":
    harness.main()
