#!/usr/bin/env python3
"""trellis inspect: what a file or a key is. Images are in the scenario of registries."""
import hashlib
import os
import unittest

from tool import EMPTY_MODULE, ToolTest


class Inspect(ToolTest):
    def test_modules(self):
        unsigned = self.write("echo.wasm", EMPTY_MODULE)
        about = self.ok_json("inspect", unsigned)
        self.assertEqual((about["kind"], about["signed"], about["bytes"]), ("actor", False, 8))
        self.assertEqual(about["sha256"], hashlib.sha256(EMPTY_MODULE).hexdigest())
        self.assertIn("trellis claims sign", self.ok("inspect", unsigned))
        signed = self.path("echo_s.wasm")
        self.ok("claims", "sign", unsigned, "--name", "echo", "--destination", signed)
        about = self.ok_json("inspect", signed)
        claims = self.ok_json("claims", "inspect", signed)
        self.assertEqual({key: about[key] for key in claims}, claims)
        self.assertEqual((about["signed"], about["imports"]), (True, {}))
        self.assertIn("echo", self.ok("inspect", signed))
        self.assertIn("digest", self.refused("inspect", signed, "-d", "0" * 64))
        # An import section of one function of the host, and a broken one.
        imports = b"\2\x0c\1\4wapc\3log\0\0"
        importing = self.write("i.wasm", EMPTY_MODULE + b"\1\4\1\x60\0\0" + imports)
        self.assertEqual(self.ok_json("inspect", importing)["imports"], {"wapc": ["log"]})
        broken = self.write("b.wasm", EMPTY_MODULE + b"\2\2\x7f\x7f")
        self.assertIn("problem", self.ok_json("inspect", broken))

    def test_keys(self):
        made = self.ok_json("keys", "gen", "module")
        about = self.ok_json("inspect", made["public_key"])
        self.assertEqual((about["kind"], about["type"], about["seeds"], about["running"]),
                         ("key", "module", [], []))
        folder = os.path.join(self.home, ".wash", "keys")
        unsigned = self.write("shop.wasm", EMPTY_MODULE)
        self.ok("claims", "sign", unsigned, "--name", "shop")
        key = self.ok_json("claims", "inspect", self.path("shop_s.wasm"))["module"]
        seeds = self.ok_json("inspect", key)["seeds"]
        self.assertEqual([(os.path.basename(one["file"]), one["name"]) for one in seeds],
                         [("shop_module.nk", "shop")], folder)
        self.assertNotIn(made["seed"], self.ok("inspect", made["seed"]))

    def test_what_is_neither(self):
        self.assertIn("no such file", self.refused("inspect", "nothing"))
        self.assertIn("no module, no provider archive and no library",
                      self.refused("inspect", self.write("text", b"hello")))
        self.assertIn("no module", self.refused("inspect", self.write("empty", b"")))


if __name__ == "__main__":
    unittest.main()
