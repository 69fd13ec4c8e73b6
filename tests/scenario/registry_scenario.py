#!/usr/bin/env python3
"""trellis reg and par: real registries, and one that does everything wrong (identity.md 4 and 6)."""

import base64
import hashlib
import json
import time

import harness
import registries
from harness import ACTORS
from registries import PASSWORD, USER, DockerRegistry, StubRegistry


class Registry(harness.Scenario):
    def registry(self, **options):
        made = DockerRegistry(self.folder / "registry", **options)
        self.addCleanup(made.stop)
        return made

    def push_and_pull(self, registry, *flags, env=None):
        reference = f"{registry.host}/test/echo:1.0"
        module = ACTORS / "echo.wasm"
        pushed = self.ok("reg", "push", reference, module, "--json", *flags, env=env).json()
        self.assertEqual(pushed["result"], "success")
        pulled = self.ok("reg", "pull", reference, "--json", *flags, env=env).json()
        self.assertEqual(pulled["file"], "echo.wasm")
        self.assertEqual(pulled["digest"], pushed["digest"])
        self.assertEqual((self.work / "echo.wasm").read_bytes(), module.read_bytes())
        return reference, pushed["digest"]

    def test_plain(self):
        registry = self.registry()
        reference, digest = self.push_and_pull(registry, "--insecure")
        again = self.ok("reg", "push", reference, ACTORS / "echo.wasm", "--insecure", "--json").json()
        self.assertTrue(again["existed"], "content that is there is not sent again")
        self.ok("reg", "push", f"{registry.host}/test/echo:2.0", ACTORS / "echo.wasm", "--insecure")
        tags = self.ok("reg", "ls", f"{registry.host}/test/echo", "--insecure").out
        self.assertEqual(sorted(tags.split()), ["1.0", "2.0"])
        by_digest = f"{registry.host}/test/echo@{digest}"
        self.ok("reg", "pull", by_digest, "--insecure", "--destination", "other.wasm")
        self.ok("reg", "pull", reference, "--insecure", "-d", digest)
        wrong = self.refused("reg", "pull", reference, "--insecure", "-d", "0" * 64)
        self.assertIn("has the digest", wrong.err)
        self.assertIn("status 404", self.refused("reg", "pull", f"{registry.host}/test/echo:2",
                                                 "--insecure").err)
        self.assertIn("authorization: none", self.ok("reg", "ping", registry.host, "--insecure").out)
        claims = self.ok("claims", "inspect", reference, "--insecure", "--json").json()
        self.assertEqual(claims["name"], "echo")
        self.refused("claims", "inspect", reference, "--insecure", "-d", "0" * 64)
        about = self.ok("inspect", reference, "--insecure", "--json").json()
        self.assertEqual((about["kind"], about["module"]), ("actor", claims["module"]))
        # Nobody falls back to plain HTTP by itself.
        self.assertIn("--insecure", self.refused("reg", "pull", f"{registry.host}/test/echo:3").err)

    def test_the_rule_of_latest(self):
        registry = self.registry()
        for reference in (f"{registry.host}/e:latest", f"{registry.host}/e"):
            refused = self.refused("reg", "pull", reference, "--insecure")
            self.assertIn("Pulling artifacts with tag 'latest' is prohibited", refused.err)
            refused = self.refused("reg", "push", reference, ACTORS / "echo.wasm", "--insecure")
            self.assertIn("Pushing artifacts with tag 'latest' is prohibited", refused.err)
        allowed = ("--insecure", "--allow-latest")
        self.ok("reg", "push", f"{registry.host}/e:latest", ACTORS / "echo.wasm", *allowed)
        self.ok("reg", "pull", f"{registry.host}/e", *allowed)

    def test_user_and_password(self):
        registry = self.registry(auth=True)
        refused = self.refused("reg", "ping", registry.host, "--insecure")
        self.assertIn("give a user and a password", refused.err)
        self.push_and_pull(registry, "--insecure", "-u", USER, "-p", PASSWORD)
        by_environment = {"WASH_REG_USER": USER, "WASH_REG_PASSWORD": PASSWORD}
        ping = self.ok("reg", "ping", registry.host, "--insecure", env=by_environment)
        self.assertIn("authorization: basic", ping.out)
        login = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        self.write("docker/config.json", json.dumps({"auths": {registry.host: {"auth": login}}}))
        self.push_and_pull(registry, "--insecure", env={"DOCKER_CONFIG": str(self.work / "docker")})
        wrong = self.refused("reg", "pull", f"{registry.host}/x:1", "--insecure", "-u", USER, "-p",
                             "wrong secret")
        self.assertIn("refuses this user and password", wrong.err)
        self.assertNotIn("wrong secret", wrong.err)

    def test_a_private_authority(self):
        registry = self.registry(tls=True, auth=True)
        flags = ("-u", USER, "-p", PASSWORD)
        refused = self.refused("reg", "ping", registry.host, *flags)
        self.assertIn("certificate is not trusted", refused.err)
        self.push_and_pull(registry, "--ca-file", registry.authority, *flags)

    def test_what_is_on_disk_serves_while_the_registry_is_away(self):
        registry = self.registry()
        reference, digest = self.push_and_pull(registry, "--insecure")
        latest = f"{registry.host}/test/echo:latest"
        self.ok("reg", "push", latest, ACTORS / "echo.wasm", "--insecure", "--allow-latest")
        self.ok("reg", "pull", latest, "--insecure", "--allow-latest")
        again = self.ok("reg", "pull", reference, "--insecure", "--json").json()
        self.assertEqual(again["source"], "cache")
        registry.stop()
        away = self.ok("reg", "pull", reference, "--insecure", "--json").json()
        self.assertEqual(away["source"], "stale cache")
        self.refused("reg", "pull", latest, "--insecure", "--allow-latest")

    def test_archives(self):
        registry = self.registry()
        self.write("lib.so", harness.elf_head() + b"no real library")
        made = self.ok("par", "create", "-c", "test:archive", "-v", "Trellis", "-n", "Test", "-r", "3",
                       "--version", "1.0", "-b", "lib.so", "--compress", "--json").json()
        self.assertEqual(made["file"], "lib.par.gz")
        self.write("lib-arm.so", harness.elf_head(harness.AARCH64))
        self.write("module.so", b"\0asm\1\0\0\0" + bytes(20))
        for words, reason in ((("-b", "lib-arm.so", "-a", "x86_64-linux"),
                               "lib-arm.so is built for aarch64-linux, and not for x86_64-linux"),
                              (("-b", "lib.so", "-a", "aarch64-linux"),
                               "lib.so is built for x86_64-linux, and not for aarch64-linux"),
                              (("-b", "module.so"), "is a WebAssembly module")):
            self.assertIn(reason, self.refused("par", "insert", "lib.par.gz", *words).err)
            self.assertIn(reason, self.refused("par", "create", "-c", "a:b", "-v", "v", "-n", "n",
                                               *words).err)
        self.ok("par", "insert", "lib.par.gz", "-a", "aarch64-linux", "-b", "lib-arm.so")
        before = self.ok("par", "inspect", "lib.par.gz", "--json").json()
        self.assertEqual(sorted(before["targets"]), ["aarch64-linux", "x86_64-linux"])
        self.assertEqual((before["rev"], before["ver"], before["valid"]), ("3", "1.0", True))
        reference = f"{registry.host}/test/provider:1"
        digest = hashlib.sha256((self.work / "lib.par.gz").read_bytes()).hexdigest()
        self.ok("par", "inspect", "lib.par.gz", "-d", digest)
        self.ok("par", "inspect", "lib.par.gz", "--digest", "sha256:" + digest)
        wrong = self.refused("par", "inspect", "lib.par.gz", "-d", "0" * 64)
        self.assertIn("Image digest did not match provided digest", wrong.err)
        pushed = self.ok("reg", "push", reference, "lib.par.gz", "--insecure", "--json").json()
        self.ok("par", "inspect", reference, "--insecure", "-d", pushed["digest"])
        self.refused("par", "inspect", reference, "--insecure", "-d", "0" * 64)
        self.assertEqual(self.ok("par", "inspect", reference, "--insecure", "--json").json(), before)
        self.assertEqual(self.ok("inspect", reference, "--insecure", "--json").json(),
                         before | {"kind": "provider"})
        self.assertIn("aarch64-linux", self.ok("inspect", "lib-arm.so").out)
        self.ok("reg", "pull", reference, "--insecure")
        self.assertEqual((self.work / "provider.par.gz").read_bytes(),
                         (self.work / "lib.par.gz").read_bytes())
        text = self.ok("par", "inspect", "lib.par.gz").out
        for words in ("Test - Provider Archive", "test:archive", "Supported Architecture Targets"):
            self.assertIn(words, text)

    def test_what_is_neither_actor_nor_provider_is_not_pushed(self):
        registry = self.registry()
        cases = [("notes.txt", b"some text"), ("unsigned.wasm", b"\0asm\1\0\0\0"),
                 ("cut.par.gz", b"\x1f\x8b\x08\0\0\0")]
        for name, content in cases:
            self.write(name, content)
            self.refused("reg", "push", f"{registry.host}/x:1", name, "--insecure")


class Misbehaving(harness.Scenario):
    def setUp(self):
        super().setUp()
        self.module = (ACTORS / "echo.wasm").read_bytes()
        self.stub = StubRegistry(self.module)
        self.addCleanup(self.stub.stop)
        self.blob = "/v2/r/blobs/" + registries.digest_of(self.module)

    def pull(self, *flags, reference=None):
        reference = reference or f"{self.stub.host}/r:1"
        return self.run_trellis("reg", "pull", reference, "--insecure", "--json", *flags)

    def assert_pulled(self, *flags):
        done = self.pull(*flags)
        self.assertEqual(done.status, 0, done)
        self.assertEqual((self.work / "r.wasm").read_bytes(), self.module)
        return done.json()

    def assert_refused(self, *words, flags=()):
        done = self.pull(*flags)
        self.assertEqual(done.status, 1, done)
        for word in words:
            self.assertIn(word, done.err)
        return done

    def behave(self, path, *answers):
        """The first answers in turn, the last for ever."""
        left = list(answers)
        self.stub.routes[path] = lambda handler: (left.pop(0) if len(left) > 1 else left[0])(handler)

    def status(self, status, headers=(), body=b""):
        return lambda handler: self.stub.answer(handler, status, body, headers)

    def test_a_download_that_breaks_off_goes_on_where_it_was(self):
        self.behave(self.blob, lambda handler: self.stub.broken_off(handler, 1000), self.stub.blob)
        self.assert_pulled()
        ranges = [headers.get("Range") for _, path, headers in self.stub.requests
                  if path == self.blob]
        self.assertEqual(ranges, [None, "bytes=1000-"])

    def test_a_server_without_ranges_starts_over(self):
        self.behave(self.blob, lambda handler: self.stub.broken_off(handler, 1000),
                    self.status(200, body=self.module))
        self.assert_pulled()

    def test_other_content_is_refused(self):
        other = bytes(len(self.module))
        self.behave(self.blob, self.status(200, body=other))
        self.assert_refused("other content than the manifest says")
        self.assertFalse((self.work / "r.wasm").exists())

    def test_a_damaged_download_is_fetched_anew(self):
        def half_wrong(handler):
            content, self.stub.layer = self.stub.layer, bytes(len(self.module))
            self.stub.broken_off(handler, 1000)
            self.stub.layer = content
        self.behave(self.blob, half_wrong, self.stub.blob)
        self.assert_pulled()

    def test_a_busy_registry_is_asked_again(self):
        self.behave("/v2/r/manifests/", self.status(429, {"Retry-After": "1"}), self.status(503),
                    self.status(200, body=registries.manifest_of(self.module)))
        self.assert_pulled()

    def test_one_that_stays_busy_is_given_up(self):
        self.behave("/v2/r/manifests/", self.status(503))
        self.assert_refused("status 503")
        self.assertEqual(self.stub.times("/v2/r/manifests/1"), 4)

    def test_tokens(self):
        challenge = f'Bearer realm="http://{self.stub.host}/token",service="test"'

        def needs_token(otherwise):
            def behave(handler):
                if handler.headers.get("Authorization") == "Bearer let-me-in":
                    return otherwise(handler)
                return self.stub.answer(handler, 401, b"", {"WWW-Authenticate": challenge})
            return behave
        for path, otherwise in (("/v2/r/manifests/",
                                 self.status(200, body=registries.manifest_of(self.module))),
                                (self.blob, self.stub.blob), ("/v2/", self.status(200, body=b"{}"))):
            self.behave(path, needs_token(otherwise))
        self.behave("/token", self.status(200, body=b'{"access_token":"let-me-in"}'))
        self.assert_pulled("-u", USER, "-p", PASSWORD)
        for _, path, headers in self.stub.requests:
            given = headers.get("Authorization", "")
            if path.startswith("/token"):
                self.assertEqual(given.split()[0], "Basic")
                self.assertIn("scope=repository%3Ar%3Apull&service=test", path)
            else:
                self.assertFalse(given.startswith("Basic"), "the registry itself asked for a token")

    def test_credentials_stay_with_the_registry(self):
        other = StubRegistry(self.module)
        self.addCleanup(other.stop)
        basic = self.status(401, {"WWW-Authenticate": "Basic realm=test"})
        seen = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        self.stub.routes["/v2/"] = lambda handler: (
            basic(handler) if seen not in handler.headers.get("Authorization", "") else
            self.stub.answer(handler, 200, b"{}") if handler.path == "/v2/" else
            self.stub.answer(handler, 200, registries.manifest_of(self.module))
            if "/manifests/" in handler.path else
            self.stub.answer(handler, 307, b"", {"Location": f"http://{other.host}{self.blob}"}))
        self.assert_pulled("-u", USER, "-p", PASSWORD)
        self.assertEqual([headers.get("Authorization") for *_, headers in other.requests], [None])

    def test_manifests_of_other_things(self):
        layer = self.module
        cases = [
            (registries.manifest_of(layer, layers=[]), "no layers to pull"),
            (registries.manifest_of(layer, schemaVersion=1), "schema version"),
            (registries.manifest_of(layer, manifests=[]), "index of several images"),
            (registries.manifest_of(layer, layers=[
                {"mediaType": "text/plain", "digest": registries.digest_of(layer), "size": 1}]),
             "incompatible layer media type"),
            (registries.manifest_of(layer, layers=[
                {"mediaType": registries.MODULE_TYPE, "digest": registries.digest_of(layer),
                 "size": 10 << 40}]), "are allowed"),
            (b"<html>", "manifest"), (b"[" * 100000, "manifest"), (b"", "manifest")]
        for body, reason in cases:
            with self.subTest(reason):
                self.behave("/v2/r/manifests/", self.status(200, body=body))
                self.assert_refused(reason)

    def test_statuses_are_named(self):
        for status, words in ((401, "give a user"), (403, "status 403"), (404, "status 404")):
            body = b'{"errors":[{"code":"NOPE","message":"because \\u001b[31m of this"}]}'
            self.behave("/v2/r/manifests/", self.status(status, body=body))
            done = self.assert_refused(words, "NOPE: because")
            self.assertNotIn("\x1b", done.err)

    def test_answers_without_end(self):
        def endless(handler):
            handler.send_response(200)
            handler.end_headers()
            while True:
                handler.wfile.write(b" " * 65536)
        self.behave("/v2/r/manifests/", endless)
        self.assert_refused("longer than")

        def headers(handler):
            handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
            while True:
                handler.wfile.write(b"x: " + b"y" * 1000 + b"\r\n")
        self.behave("/v2/r/manifests/", headers)
        self.pull("--timeout", "5")

    def test_silence_ends_at_the_timeout(self):
        self.behave("/v2/r/manifests/", lambda handler: time.sleep(20))
        begun = time.monotonic()
        self.assert_refused("time allowed ran out", flags=("--timeout", "2"))
        self.assertLess(time.monotonic() - begun, 15)

    def test_a_false_digest_of_the_manifest(self):
        self.behave("/v2/r/manifests/",
                    self.status(200, {"Docker-Content-Digest": "sha256:" + "0" * 64},
                                registries.manifest_of(self.module)))
        self.assert_refused("names the digest")
        asked = "sha256:" + hashlib.sha256(b"another").hexdigest()
        done = self.pull(reference=f"{self.stub.host}/r@{asked}")
        self.assertEqual(done.status, 1, done)

    def test_redirects_without_end(self):
        self.behave("/v2/r/manifests/", lambda handler: self.stub.answer(
            handler, 302, b"", {"Location": handler.path + "x"}))
        self.assert_refused("more redirects than")
        self.behave("/v2/r/manifests/", self.status(302, {"Location": "file:///etc/passwd"}))
        self.assert_refused("not an http or https address")


if __name__ == "__main__":
    harness.main()
