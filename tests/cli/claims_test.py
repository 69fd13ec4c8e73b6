"""trellis claims (cli.md 3) and the lookup of keys (cli.md 2.1)."""
import hashlib
import json
import os
import stat
import time
import unittest

from tool import EMPTY_MODULE, ToolTest, claims_of, token_in

DAY = 86400
CAPABILITIES = [  # short, long, contract; in the order `sign` writes them
    ("-k", "--keyvalue", "wasmcloud:keyvalue"), ("-g", "--msg", "wasmcloud:messaging"),
    ("-h", "--http_client", "wasmcloud:httpclient"), ("-q", "--http_server", "wasmcloud:httpserver"),
    ("-f", "--blob_store", "wasmcloud:blobstore"), ("-l", "--logging", "wasmcloud:logging"),
    ("-z", "--extras", "wasmcloud:extras"), ("-e", "--events", "wasmcloud:eventstreams")]


class ClaimsTest(ToolTest):
    def setUp(self):
        super().setUp()
        self.account = self.ok_json("keys", "gen", "account")
        self.module = self.ok_json("keys", "gen", "module")
        self.operator = self.ok_json("keys", "gen", "operator")
        self.service = self.ok_json("keys", "gen", "service")
        self.source = self.write("echo.wasm", EMPTY_MODULE)
        self.keys = ["-i", self.account["seed"], "-s", self.module["seed"]]

    def sign(self, *options, keys=None, **env):
        self.ok("claims", "sign", self.source, "-n", "echo", *(self.keys if keys is None else keys),
                *options, **env)
        return claims_of(token_in(self.read("echo_s.wasm")))

    def token(self, kind, *options, **env):
        return claims_of(self.ok_json("claims", "token", kind, "-n", "name", *options,
                                      **env)["token"])


class Sign(ClaimsTest):
    def test_results(self):
        text = self.ok("claims", "sign", self.source, "--name", "echo", "-k", "-l", *self.keys)
        made = self.path("echo_s.wasm")
        self.assertEqual(text, f"Successfully signed {made} with capabilities: "
                               "wasmcloud:keyvalue,wasmcloud:logging\n")
        self.assertEqual(self.ok_json("claims", "sign", self.source, "-n", "e", "-k", *self.keys),
                         {"capabilities": ["wasmcloud:keyvalue"], "destination": made,
                          "result": "success"})

    def test_relative_source(self):
        self.ok("claims", "sign", "echo.wasm", "-n", "echo", *self.keys)
        self.assertTrue(os.path.exists(self.path("echo_s.wasm")))

    def test_destination(self):
        for i, option in enumerate(("-d", "--destination")):
            made = self.path(f"made{i}.wasm")
            self.ok("claims", "sign", self.source, "-n", "echo", option, made, *self.keys)
            self.assertTrue(self.read(f"made{i}.wasm").startswith(EMPTY_MODULE))
        self.assertEqual([n for n in os.listdir(self.folder.name) if ".part" in n], [])

    def test_every_capability_short_and_long(self):
        for short, long, contract in CAPABILITIES:
            self.assertEqual(self.sign(short)["wascap"]["caps"], [contract])
            self.assertEqual(self.sign(long)["wascap"]["caps"], [contract])

    def test_order_of_capabilities(self):
        flags = [short for short, _, _ in reversed(CAPABILITIES)]
        caps = self.sign("-c", "b:b", "--cap", "a:a", *flags)["wascap"]["caps"]
        self.assertEqual(caps, [c for _, _, c in CAPABILITIES] + ["b:b", "a:a"])
        caps = self.token("actor", *flags, "-c", "b:b", *self.keys)["wascap"]["caps"]
        self.assertEqual(caps[-3:], ["wasmcloud:eventstreams", "wasmcloud:extras", "b:b"])

    def test_members(self):
        before = int(time.time())
        claims = self.sign()
        self.assertEqual(list(claims), ["jti", "iat", "iss", "sub", "wascap"])
        self.assertRegex(claims["jti"], "^[0-9A-Za-z]{22}$")
        self.assertTrue(before <= claims["iat"] <= time.time())
        self.assertEqual(claims["iss"], self.account["public_key"])
        self.assertEqual(claims["sub"], self.module["public_key"])
        self.assertEqual(claims["wascap"], {
            "name": "echo", "tags": [], "caps": [], "prov": False,
            "hash": "93A44BBB96C751218E4C00D479E4C14358122A389ACCA16205B1E4D0DC5F9476"})

    def test_other_options_short_and_long(self):
        short = self.sign("-t", "serial", "-t", "x", "-r", "-3", "-v", "1.0", "-a", "a/b_1", "-p")
        long = self.sign("--tag", "serial", "--tag", "x", "--rev", "-3", "--ver", "1.0",
                         "--call-alias", "a/b_1", "--prov", keys=[
                             "--issuer", self.account["seed"], "--subject", self.module["seed"]])
        self.assertEqual(short["wascap"], long["wascap"])
        self.assertEqual(short["wascap"]["tags"], ["serial", "x"])
        self.assertEqual(short["wascap"]["rev"], -3)
        self.assertEqual(short["wascap"]["ver"], "1.0")
        self.assertEqual(short["wascap"]["call_alias"], "a/b_1")
        self.assertIs(short["wascap"]["prov"], True)

    def test_dates_short_and_long(self):
        for command in (self.sign, lambda *o: self.token("actor", *o, *self.keys)):
            for expires, nbf in (("-x", "-b"), ("--expires", "--nbf")):
                claims = command(expires, "3")
                self.assertEqual(claims["exp"], claims["iat"] + 3 * DAY)
                self.assertNotIn("nbf", claims)
                claims = command(nbf, "2")
                self.assertEqual(claims["nbf"], claims["iat"] + 2 * DAY)
                self.assertNotIn("exp", claims)
        self.assertIn("fewer days", self.refused("claims", "sign", self.source, "-n", "e",
                                                 "-x", "18446744073709551615", *self.keys))
        self.refused("claims", "sign", self.source, "-n", "e", "-x", "-1", *self.keys)
        for bad in ("1.5", "x"):
            self.misused("claims", "sign", self.source, "-n", "e", "-x", bad, *self.keys)
        for bad in ("2147483648", "1.0"):
            self.misused("claims", "sign", self.source, "-n", "e", "-r", bad, *self.keys)

    def test_provider_has_one_capability(self):
        self.sign("-p", "-k")
        self.assertIn("Capability providers cannot provide multiple capabilities at once.",
                      self.refused("claims", "sign", self.source, "-n", "e", "-p", "-k", "-l",
                                   *self.keys))

    def test_alias_rules(self):
        for alias, says in (("", "Call alias cannot be empty"),
                            (self.module["public_key"], "Public key cannot be used as a call alias"),
                            ("A" * 56, "Public key cannot be used as a call alias"),
                            ("Upper", "invalid characters"), ("a:b", "invalid characters"),
                            ("a b", "invalid characters"), ("a.b", "invalid characters"),
                            ("ü", "invalid characters")):
            for command in (["claims", "sign", self.source], ["claims", "token", "actor"]):
                self.assertIn(says, self.refused(*command, "-n", "e", "-a", alias, *self.keys))

    def test_signing_again_replaces_the_token(self):
        self.sign()
        once = self.read("echo_s.wasm")
        self.ok("claims", "sign", self.path("echo_s.wasm"), "-n", "echo", "-d", self.path("again.wasm"),
                *self.keys)
        again = self.read("again.wasm")
        self.assertEqual(again.count(b"\3jwt"), 1)
        self.assertEqual(claims_of(token_in(again))["wascap"], claims_of(token_in(once))["wascap"])

    def test_bad_sources(self):
        self.assertIn("nowhere.wasm", self.refused("claims", "sign", "nowhere.wasm", "-n", "e",
                                                   *self.keys))
        self.refused("claims", "sign", self.folder.name, "-n", "e", *self.keys)
        text = self.write("text.wasm", b"hello")
        self.assertIn("not a WebAssembly module", self.refused("claims", "sign", text, "-n", "e",
                                                               *self.keys))
        twice = self.write("twice.wasm", EMPTY_MODULE + b"\0\4\3jwt" * 2)
        self.assertIn("jwt sections", self.refused("claims", "sign", twice, "-n", "e", *self.keys))
        self.assertFalse(os.path.exists(self.path("twice_s.wasm")))

    def test_destination_that_cannot_be_written(self):
        self.assertIn("cannot write", self.refused("claims", "sign", self.source, "-n", "e", "-d",
                                                   self.path("no", "such", "x.wasm"), *self.keys))


class Keys(ClaimsTest):
    def keygen(self, *arguments, **env):
        done = self.run_tool(*arguments, **env)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done

    def test_keys_are_made_and_used_again(self):
        done = self.keygen("claims", "sign", self.source, "-n", "any", "--json")
        json.loads(done.stdout)
        folder = os.path.join(self.home, ".wash", "keys")
        self.assertEqual(sorted(os.listdir(folder)), ["ann_account.nk", "any_module.nk"])
        self.assertIn(f'No keypair found in "{folder}/ann_account.nk".\n'
                      "We will generate one for you and place it there.\n"
                      "If you'd like to use alternative keys, you can supply them as a flag.\n\n",
                      done.stderr)
        for name in os.listdir(folder):
            info = os.stat(os.path.join(folder, name))
            self.assertEqual(stat.S_IMODE(info.st_mode), 0o600)
            self.assertEqual(info.st_size, 58)
        for directory in (folder, os.path.dirname(folder)):
            self.assertEqual(stat.S_IMODE(os.stat(directory).st_mode), 0o700)
        first = claims_of(token_in(self.read("echo_s.wasm")))
        done = self.keygen("claims", "sign", self.source, "-n", "any")
        self.assertEqual(done.stderr, "")
        second = claims_of(token_in(self.read("echo_s.wasm")))
        self.assertEqual((first["iss"], first["sub"]), (second["iss"], second["sub"]))

    def test_file_names(self):
        folder = self.path("keys")
        self.keygen("claims", "token", "actor", "-n", "my.actor", "--directory", folder)
        self.keygen("claims", "token", "operator", "-n", "op", WASH_KEYS=folder)
        self.keygen("claims", "token", "account", "-n", "op", "--directory", folder)
        self.keygen("claims", "token", "provider", "-n", "dir/kv", "-c", "a:b", "-v", "me",
                    "--directory", folder, USER="")
        self.assertEqual(sorted(os.listdir(folder)),
                         ["ann_account.nk", "dir%2Fkv_service.nk", "my.actor_module.nk",
                          "op_operator.nk", "user_account.nk"])

    def test_user_name_does_not_leave_the_folder(self):
        self.keygen("claims", "token", "actor", "-n", "a", USER="../../x")
        self.assertEqual(sorted(os.listdir(os.path.join(self.home, ".wash", "keys"))),
                         ["a_module.nk", "user_account.nk"])

    def test_disable_keygen(self):
        error = self.refused("claims", "sign", self.source, "-n", "e", "--disable-keygen")
        self.assertIn("No keypair found in " + os.path.join(self.home, ".wash/keys/ann_account.nk") +
                      ", please ensure key exists or supply one as a flag", error)
        self.assertFalse(os.path.exists(os.path.join(self.home, ".wash")))

    def test_without_home(self):
        self.assertIn("$HOME not found", self.refused("claims", "sign", self.source, "-n", "e",
                                                      HOME=""))

    def test_values_files_and_variables(self):
        file = self.write("account.nk", self.account["seed"].encode() + b"\n")
        expected = (self.account["public_key"], self.module["public_key"])
        for keys, env in (
                (["-i", file, "-s", self.module["seed"]], {}),
                ([], {"WASH_ISSUER_KEY": file, "WASH_SUBJECT_KEY": self.module["seed"]}),
                (["-s", self.module["seed"]], {"WASH_ISSUER_KEY": self.account["seed"]}),
                (["-i", file], {"WASH_ISSUER_KEY": "broken",
                                "WASH_SUBJECT_KEY": self.module["seed"]})):
            claims = self.sign(keys=keys, **env)
            self.assertEqual((claims["iss"], claims["sub"]), expected)

    def test_bad_keys_are_refused_and_not_shown(self):
        bad = self.account["seed"][:-1] + ("A" if self.account["seed"][-1] != "A" else "E")
        error = self.refused("claims", "sign", self.source, "-n", "e", "-i", bad,
                             "-s", self.module["seed"])
        self.assertIn("issuer key", error)
        self.assertNotIn(bad[:20], error)
        self.assertIn("of type module instead of account",
                      self.refused("claims", "sign", self.source, "-n", "e", "-i",
                                   self.module["seed"], "-s", self.module["seed"]))

    def test_name_without_a_file_stem(self):
        for name in ("", "..", "/"):
            self.assertIn("no key file can be named",
                          self.refused("claims", "token", "operator", "-n", name))


class Identity(ClaimsTest):
    """Which key an actor gets when none is named."""

    def setUp(self):
        super().setUp()
        self.store = os.path.join(self.home, ".wash", "keys")

    def signs(self, name, *options, source="actor.wasm", code=EMPTY_MODULE):
        """(key, what was said about it)"""
        os.makedirs(os.path.dirname(self.path(source)), exist_ok=True)
        source = self.write(source, code)
        done = self.run_tool("claims", "sign", source, "-n", name, *options)
        self.assertEqual(done.returncode, 0, done.stderr)
        return claims_of(token_in(self.read(source[:-5] + "_s.wasm")))["sub"], done.stderr

    def stored(self, file):
        """A key as older versions made it: named after the source."""
        os.makedirs(self.store, exist_ok=True)
        key = self.ok_json("keys", "gen", "module")
        with open(os.path.join(self.store, file), "w", encoding="ascii") as out:
            out.write(key["seed"])
        return key["public_key"]

    def test_two_projects_with_one_file_name_do_not_share_a_key(self):
        hello, _ = self.signs("hello", source="hello/actor.wasm")
        shop, _ = self.signs("shop", source="shop/actor.wasm")
        self.assertNotEqual(hello, shop)
        self.assertEqual(self.signs("hello", source="elsewhere/built.wasm")[0], hello)

    def test_every_name_has_a_file_of_its_own(self):
        names = ["a", "a.b", "a.c", "a/b", "a_b", "a%2Fb", "A", "ä", "a b", ".a", "a" * 300,
                 "a" * 301, "漢" * 150, "漢" * 151]
        keys = {self.signs(name)[0] for name in names}
        self.assertEqual(len(keys), len(names))
        files = os.listdir(self.store)
        self.assertEqual(len(files), len(names) + 1, files)
        self.assertEqual([file for file in files if file.startswith(".")], [])

    def test_the_key_of_an_older_version_goes_on_for_one_name(self):
        old = self.stored("actor_module.nk")
        key, said = self.signs("hello")
        self.assertEqual(key, old)
        self.assertIn("named as older versions did", said)
        self.assertIn("--new-key", said)
        self.assertEqual(self.signs("hello"), (old, ""))
        shop, said = self.signs("shop", source="shop/actor.wasm")
        self.assertNotEqual(shop, old)
        self.assertIn('actor_module.nk is not used, it is the key of "hello"', said)
        self.assertEqual(self.signs("hello"), (old, ""), "nothing changed for it")

    def test_the_key_of_an_older_version_is_the_one_that_the_module_has(self):
        old = self.stored("actor_module.nk")
        self.ok("claims", "sign", self.write("actor.wasm", EMPTY_MODULE), "-n", "hello", "-s",
                os.path.join(self.store, "actor_module.nk"))
        key, said = self.signs("shop")
        self.assertNotEqual(key, old)
        self.assertIn('it is the key of "hello"', said)
        self.assertIn("another actor to every host", said)

    def test_a_key_of_its_own_on_request(self):
        old = self.stored("actor_module.nk")
        key, _ = self.signs("hello", "--new-key")
        self.assertNotEqual(key, old)
        self.assertEqual(self.signs("hello"), (key, ""))

    def test_a_file_that_is_named_after_another_source_is_not_taken_over(self):
        old = self.stored("echo_module.nk")
        self.assertEqual(self.signs("greeter", source="echo.wasm")[0], old)
        error = self.refused("claims", "sign", self.write("x.wasm", EMPTY_MODULE), "-n", "echo")
        self.assertIn('signed "greeter" before, and not "echo"', error)
        self.assertIn("--rename", error)
        self.assertEqual(self.signs("echo", "--rename", source="x.wasm")[0], old)
        self.assertEqual(self.signs("echo", source="x.wasm"), (old, ""))

    def test_the_remedy_of_that_works(self):
        old = self.stored("echo_module.nk")
        self.signs("greeter", source="echo.wasm")
        error = self.refused("claims", "sign", self.write("x.wasm", EMPTY_MODULE), "-n", "echo")
        command = error[error.index("mv '"):].splitlines()[0]
        self.assertEqual(os.system(command), 0)
        self.assertEqual(self.signs("greeter", source="echo.wasm"), (old, ""))
        self.assertNotEqual(self.signs("echo", source="x.wasm")[0], old)

    def test_a_note_goes_with_its_key(self):
        old = self.stored("actor_module.nk")
        _, said = self.signs("hello")
        self.assertEqual(os.system(said[said.index("mv '"):].splitlines()[0]), 0)
        self.assertEqual(self.signs("hello"), (old, ""))
        own, _ = self.signs("actor")
        self.assertNotEqual(own, old)
        self.assertEqual(self.signs("actor"), (own, ""))

    def test_another_key_for_the_same_file_is_told(self):
        before, _ = self.signs("hello")
        after, said = self.signs("hola")
        self.assertIn(f"was hello ({before}) and is hola ({after}) now", said)
        self.assertNotIn("Warning", self.signs("hola", "-s", self.module["seed"])[1], "on purpose")

    def test_providers_and_tokens_too(self):
        folder = self.path("k")
        for name in ("one", "two"):
            self.ok("claims", "token", "provider", "-n", name, "-c", "a:b", "-v", "me", "--directory",
                    folder)
        self.assertEqual(sorted(os.listdir(folder)),
                         ["ann_account.nk", "one_service.nk", "two_service.nk"])


class Contracts(ClaimsTest):
    def said(self, *options):
        done = self.run_tool("claims", "sign", self.source, "-n", "e", *options, *self.keys)
        self.assertEqual(done.returncode, 0, done.stderr)
        return claims_of(token_in(self.read("echo_s.wasm")))["wascap"]["caps"], done.stderr

    def test_short_names(self):
        self.assertEqual(self.said("-c", "keyvalue", "--cap", "httpserver"),
                         (["wasmcloud:keyvalue", "wasmcloud:httpserver"], ""))
        claims = self.token("provider", "-c", "keyvalue", "-v", "me", "-i", self.account["seed"], "-s",
                            self.service["seed"])
        self.assertEqual(claims["wascap"]["capid"], "wasmcloud:keyvalue")

    def test_contracts_that_nobody_serves(self):
        for wrong, hint in (("keyvaleu", "did you mean wasmcloud:keyvalue?"),
                            ("wasmcloud:http_server", "did you mean wasmcloud:httpserver?"),
                            ("wascc:key_value", "did you mean wasmcloud:keyvalue?"),
                            ("dice", "example:dice")):
            caps, said = self.said("-c", wrong)
            self.assertIn("Warning: no provider is known for the contract", said)
            self.assertIn(hint, said)
        for right in ("example:dice", "wasmcloud:telnet", "my:store"):
            self.assertEqual(self.said("-c", right), ([right], ""))

    def test_a_list_is_one_word(self):
        self.assertEqual(self.said("-c", "[a:b,c:d]")[0], ["[a:b,c:d]"])


class Tokens(ClaimsTest):
    def test_actor(self):
        text = self.ok("claims", "token", "actor", "--name", "x", *self.keys)
        self.assertEqual(len(text.strip().split(".")), 3)
        claims = self.token("actor", "-q", *self.keys)
        self.assertEqual(claims["wascap"], {"name": "name", "hash": "", "tags": [],
                                            "caps": ["wasmcloud:httpserver"], "prov": False})

    def test_operator(self):
        for issuer, additional in (("-i", "-a"), ("--issuer", "--additional-key")):
            claims = self.token("operator", issuer, self.operator["seed"],
                                additional, self.operator["public_key"])
            self.assertEqual(claims["iss"], self.operator["public_key"])
            self.assertEqual(claims["sub"], claims["iss"])
            self.assertEqual(claims["wascap"], {"name": "name", "valid_signers": [claims["iss"]]})

    def test_account(self):
        for issuer, subject, additional in (("-i", "-s", "-a"),
                                            ("--issuer", "--subject", "--additional-key")):
            claims = self.token("account", issuer, self.operator["seed"], subject,
                                self.account["seed"], additional, self.account["public_key"])
            self.assertEqual(claims["iss"], self.operator["public_key"])
            self.assertEqual(claims["sub"], self.account["public_key"])
            self.assertEqual(claims["wascap"]["valid_signers"], [self.account["public_key"]])

    def test_additional_keys_are_checked(self):
        self.assertIn("--additional-key", self.refused("claims", "token", "account", "-n", "n", "-i",
                                                       self.operator["seed"], "-s",
                                                       self.account["seed"], "-a", "nonsense"))

    def test_provider(self):
        short = ["-c", "wasmcloud:testing", "-v", "me", "-r", "4", "-e", "0.1", "-i",
                 self.account["seed"], "-s", self.service["seed"]]
        long = ["--capid", "wasmcloud:testing", "--vendor", "me", "--revision", "4", "--version",
                "0.1", "--issuer", self.account["seed"], "--subject", self.service["seed"]]
        for options in (short, long):
            claims = self.token("provider", *options)
            self.assertEqual(claims["iss"], self.account["public_key"])
            self.assertEqual(claims["sub"], self.service["public_key"])
            self.assertEqual(claims["wascap"], {
                "name": "name", "capid": "wasmcloud:testing", "vendor": "me", "rev": 4,
                "ver": "0.1", "target_hashes": {}})
        self.misused("claims", "token", "provider", "-n", "n", "-v", "me")
        self.misused("claims", "token", "provider", "-n", "n", "-c", "a:b")

    def test_dates_of_every_kind(self):
        keys = {"operator": ["-i", self.operator["seed"]],
                "account": ["-i", self.operator["seed"], "-s", self.account["seed"]],
                "provider": ["-i", self.account["seed"], "-s", self.service["seed"], "-c", "a:b",
                             "-v", "me"]}
        for kind, options in keys.items():
            for expires, nbf in (("-x", "-b"), ("--expires", "--nbf")):
                claims = self.token(kind, *options, expires, "30", nbf, "1")
                self.assertEqual(claims["exp"], claims["iat"] + 30 * DAY)
                self.assertEqual(claims["nbf"], claims["iat"] + DAY)


class Inspect(ClaimsTest):
    def inspect(self, *options):
        return self.ok_json("claims", "inspect", self.path("echo_s.wasm"), *options)

    def test_json(self):
        self.sign("-q", "-c", "my:own", "-t", "a", "-t", "b", "-r", "2", "-v", "0.2.0")
        self.assertEqual(self.inspect(), {
            "account": self.account["public_key"], "module": self.module["public_key"],
            "call_alias": "(Not set)", "can_be_used": "immediately", "expires": "never",
            "capabilities": ["HTTP Server", "my:own"], "revision": 2, "tags": "a,b",
            "version": "0.2.0", "name": "echo", "capability_ids": ["wasmcloud:httpserver", "my:own"],
            "tag_list": ["a", "b"], "expires_at": None, "not_before": None, "valid": True})

    def test_json_of_a_provider_with_dates(self):
        claims = self.sign("-p", "-k", "-x", "10", "-b", "5", "-a", "al")
        shown = self.inspect()
        self.assertEqual(shown["capability_provider"], ["K/V Store"])
        self.assertNotIn("capabilities", shown)
        self.assertEqual((shown["expires_at"], shown["not_before"]), (claims["exp"], claims["nbf"]))
        self.assertEqual(shown["can_be_used"][:3], "in ")
        self.assertEqual((shown["tags"], shown["version"], shown["call_alias"]),
                         ("None", "None", "al"))
        self.assertIs(shown["valid"], False)

    def test_text(self):
        self.sign(*[short for short, _, _ in CAPABILITIES], "-r", "2", "-v", "0.2.0")
        text = self.ok("claims", "inspect", self.path("echo_s.wasm"))
        for part in ("echo - Module", "Account", self.account["public_key"], "Expires", "never",
                     "Can Be Used", "immediately", "0.2.0 (2)", "(Not set)", "Capabilities",
                     "K/V Store", "Messaging", "HTTP Client", "HTTP Server", "Blob Store", "Logging",
                     "Extras", "Event Streams", "Tags", "None"):
            self.assertIn(part, text)

    def test_terminal_escapes_in_names_are_not_printed(self):
        self.ok("claims", "sign", self.source, "-n", "\x1b[2J", *self.keys)
        self.assertNotIn("\x1b", self.ok("claims", "inspect", self.path("echo_s.wasm")))

    def test_jwt_only(self):
        self.sign()
        token = token_in(self.read("echo_s.wasm"))
        self.assertEqual(self.ok("claims", "inspect", self.path("echo_s.wasm"), "--jwt-only"),
                         token + "\n")

    def test_digest_and_registry_options(self):
        self.sign()
        digest = hashlib.sha256(self.read("echo_s.wasm")).hexdigest()
        for options in (["-d", digest], ["--digest", "sha256:" + digest],
                        ["-u", "me", "-p", "secret"], ["--user", "me", "--password", "secret"],
                        ["--insecure"], ["--allow-latest"]):
            self.inspect(*options)
        self.assertIn("Image digest did not match provided digest, aborting",
                      self.refused("claims", "inspect", self.path("echo_s.wasm"), "-d", "0" * 64))
        self.assertIn("64 hex digits",
                      self.refused("claims", "inspect", self.path("echo_s.wasm"), "-d", "00"))

    def test_failures(self):
        self.assertIn("No capabilities discovered in : " + self.source,
                      self.refused("claims", "inspect", self.source))
        self.assertIn("No capabilities discovered",
                      self.ok("claims", "inspect", self.source, "--no-strict"))
        self.assertIn("no such file", self.refused("claims", "inspect", "nowhere.wasm"))
        self.sign()
        changed = self.write("changed.wasm", self.read("echo_s.wasm") + b"\0\2\1x")
        self.assertIn("Invalid module hash", self.refused("claims", "inspect", changed))


if __name__ == "__main__":
    unittest.main()
