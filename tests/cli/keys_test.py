"""trellis keys (cli.md 2) and what every command shares (cli.md 1)."""
import json
import os
import subprocess
import unittest

from tool import ToolTest

LETTERS = {"account": "A", "user": "U", "module": "M", "service": "V", "server": "N",
           "operator": "O", "cluster": "C"}


class General(ToolTest):
    def test_version(self):
        for option in ("-V", "--version"):
            self.assertRegex(self.ok(option), r"^trellis \d+\.\d+\.\d+\n")

    def test_help_of_every_command(self):
        self.assertIn("keys", self.ok("--help"))
        for command in (["keys"], ["keys", "gen"], ["keys", "get"], ["keys", "list"], ["claims"],
                        ["claims", "inspect"], ["claims", "token"], ["claims", "token", "operator"],
                        ["claims", "token", "account"], ["claims", "token", "provider"]):
            self.assertEqual(self.ok(*command, "-h"), self.ok(*command, "--help"))
        for command in (["claims", "sign"], ["claims", "token", "actor"]):
            self.assertIn("-h,--http_client", self.ok(*command, "--help"))

    def test_usage_errors(self):
        for arguments in (["keys", "gen"], ["nonsense"], ["keys", "gen", "--nonsense"],
                          ["claims", "sign"], ["keys", "gen", "account", "more"]):
            self.assertTrue(self.misused(*arguments).startswith("Error: "), arguments)
        self.assertIn("error parsing output type, see help for the list of accepted outputs",
                      self.misused("keys", "gen", "account", "-o", "xml"))

    def test_errors_are_json_when_json_is_asked_for(self):
        for options in (["--json"], ["-o", "json"], ["--output", "json"], ["--output=json"]):
            error = json.loads(self.refused("keys", "gen", "wrong", *options))
            self.assertEqual(sorted(error), ["code", "error", "remedy"])
            self.assertEqual(error["code"], "invalid_argument")
        self.assertIn("required", json.loads(self.misused("keys", "gen", "--json"))["error"])
        self.assertTrue(
            self.refused("keys", "gen", "wrong", "--json", "--no-strict").startswith("Error: "))

    def test_closed_output_is_an_error(self):
        with open("/dev/full", "w") as full:
            done = subprocess.run([os.environ["TRELLIS_BIN"], "keys", "gen", "user"], stdout=full,
                                  stderr=subprocess.PIPE, env=self.env, text=True, timeout=60)
        self.assertEqual(done.returncode, 1)
        self.assertIn("standard output", done.stderr)


class Generate(ToolTest):
    def test_every_type_in_any_case(self):
        for role, letter in LETTERS.items():
            for word in (role, role.upper(), role.capitalize()):
                key = self.ok_json("keys", "gen", word)
                self.assertEqual(sorted(key), ["public_key", "seed"])
                self.assertRegex(key["public_key"], f"^{letter}[A-Z2-7]{{55}}$")
                self.assertRegex(key["seed"], f"^S{letter}[A-Z2-7]{{56}}$")

    def test_text(self):
        self.assertRegex(self.ok("keys", "gen", "account"),
                         r"^Public Key: A\w{55}\nSeed: SA\w{56}\n\n"
                         r"Remember that the seed is private, treat it as a secret\.\n$")

    def test_stores_nothing(self):
        self.ok("keys", "gen", "account")
        self.assertEqual(os.listdir(self.home), [])

    def test_output_options(self):
        for options in (["-o", "json"], ["--output", "json"], ["--json"]):
            json.loads(self.ok("key", "gen", "user", *options))
        self.assertEqual(self.ok("keys", "gen", "user", "-o", "text")[:12], "Public Key: ")

    def test_unknown_type(self):
        self.assertIn("private", self.refused("keys", "gen", "private"))


class GetAndList(ToolTest):
    def setUp(self):
        super().setUp()
        os.mkdir(self.path("keys"))
        self.write("keys/b_module.nk", b"SEED-B\n")
        self.write("keys/a_account.nk", b" SEED-A ")
        self.write("keys/other.txt", b"no key")

    def test_get(self):
        for options in (["-d", self.path("keys")], ["--directory", self.path("keys")]):
            self.assertEqual(self.ok("keys", "get", "b_module.nk", *options), "SEED-B\n")
        self.assertEqual(self.ok_json("keys", "get", "a_account.nk", WASH_KEYS=self.path("keys")),
                         {"seed": "SEED-A"})

    def test_get_of_a_missing_file(self):
        error = self.refused("keys", "get", "x.nk", "-d", self.path("keys"))
        self.assertIn("No such file or directory.\nPlease ensure " + self.path("keys", "x.nk") +
                      " exists.", error)

    def test_list(self):
        folder = self.path("keys")
        key = self.ok_json("keys", "gen", "module")
        self.write("keys/my%2Fshop_module.nk", key["seed"].encode())
        self.write("keys/old_module.nk", key["seed"].encode())
        self.write("keys/old_module.nk.name", b"hello")
        for options in (["-d", folder], ["--directory", folder]):
            lines = self.ok("keys", "list", *options).splitlines()
            self.assertEqual(lines[0], f"====== Keys found in {folder} ======")
            self.assertEqual([line.split() for line in lines[1:]], [
                ["File", "Public", "key", "Name"], ["a_account.nk", "(no", "key)"],
                ["b_module.nk", "(no", "key)"],
                ["my%2Fshop_module.nk", key["public_key"], "my/shop"],
                ["old_module.nk", key["public_key"], "hello"]])
        shown = self.ok_json("keys", "list", WASH_KEYS=folder)
        self.assertEqual(shown["keys"], ["a_account.nk", "b_module.nk", "my%2Fshop_module.nk",
                                         "old_module.nk"])
        self.assertEqual(shown["entries"][3], {"file": "old_module.nk", "name": "hello",
                                               "public_key": key["public_key"]})
        self.assertNotIn(key["seed"], str(shown))

    def test_list_of_a_missing_folder(self):
        self.assertIn("No such file or directory, please ensure directory /nowhere exists",
                      self.refused("keys", "list", "-d", "/nowhere"))

    def test_default_folder(self):
        os.makedirs(os.path.join(self.home, ".wash", "keys"))
        self.assertEqual(self.ok_json("keys", "list"), {"keys": [], "entries": []})
        self.assertIn("$HOME not found, please set $HOME or $WASH_KEYS",
                      self.refused("keys", "list", HOME=""))


if __name__ == "__main__":
    unittest.main()
