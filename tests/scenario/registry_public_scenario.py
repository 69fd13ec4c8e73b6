#!/usr/bin/env python3
"""trellis reg with registries that answer as the large public ones do (docs/packaging.md)."""

import gzip
import io
import json
import os
import tarfile

import harness
import registries
from harness import ACTORS
from registries import PASSWORD, USER
from scripted_registry import BASIC, IDENTITY, ScriptedRegistry

OCI = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
DOCKER = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"
TAR_LAYER = "application/vnd.oci.image.layer.v1.tar"
FLAGS = ("-u", USER, "-p", PASSWORD)


def tar_of(**files):
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name.replace("__", "/").replace("_", "."))
            if content is None:
                entry.type, entry.linkname = tarfile.SYMTYPE, "/etc/passwd"
            else:
                entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content or b""))
    return made.getvalue()


class PublicRegistries(harness.Scenario):
    def setUp(self):
        super().setUp()
        self.module = (ACTORS / "echo.wasm").read_bytes()

    def registry(self, **dialect):
        made = ScriptedRegistry(**dialect)
        self.addCleanup(made.stop)
        return made

    def docker(self, content):
        """A config.json; the environment in which it is used."""
        self.write("docker/config.json", json.dumps(content))
        return {"DOCKER_CONFIG": str(self.work / "docker")}

    def push(self, registry, *flags, **how):
        return self.ok("reg", "push", f"{registry.host}/demo/x:1", ACTORS / "echo.wasm", "--insecure",
                       *flags, **how)

    def pull(self, registry, *flags, target=":1", run=None, **how):
        if run is None:
            flags = (*flags, "--json")
        return (run or self.ok)("reg", "pull", f"{registry.host}/demo/x{target}", "--insecure",
                                "--destination", "o.wasm", *flags, **how)

    def round_trip(self, registry, *flags, **how):
        pushed = self.push(registry, "--json", *flags, **how).json()
        pulled = self.pull(registry, *flags, **how).json()
        self.assertEqual(pulled["digest"], pushed["digest"])
        self.assertEqual((self.work / "o.wasm").read_bytes(), self.module)
        return pushed


class Statuses(PublicRegistries):
    def test_success_is_a_class_of_status(self):
        for dialect in ({"patch": 204}, {"patch": 200}, {"patch": 201}, {"put": 200}, {"put": 204},
                        {"post": 201}, {"post": 200}, {"manifest_put": 200},
                        {"manifest_put": 204}, {"manifest_put": 202}):
            with self.subTest(dialect):
                self.round_trip(self.registry(**dialect))

    def test_but_not_every_status_is_one(self):
        for dialect, words in (({"patch": 206}, "status 206"), ({"put": 203}, "status 203"),
                               ({"post": 203}, "status 203"), ({"manifest_put": 206}, "status 206"),
                               ({"needs_post_location": False}, "names no place for the upload"),
                               ({"says_digest": "sha256:" + "0" * 64}, "says it has stored sha256:0")):
            with self.subTest(dialect):
                registry = self.registry(**dialect)
                refused = self.refused("reg", "push", f"{registry.host}/demo/x:1",
                                       ACTORS / "echo.wasm", "--insecure")
                self.assertIn(words, refused.err)

    def test_places_are_relative_and_have_queries(self):
        for dialect in ({"relative": True}, {"query": True}, {"relative": True, "query": True}):
            with self.subTest(dialect):
                self.round_trip(self.registry(**dialect))

    def test_requests_with_a_body_are_redirected_within_the_registry(self):
        for status in (307, 308):
            with self.subTest(status):
                self.round_trip(self.registry(moved=status, query=True, challenge="basic"), *FLAGS)

    def test_but_nowhere_else_and_by_no_other_status(self):
        other = self.registry()
        for dialect, words in (({"moved": 307, "moved_to": other.origin}, other.origin),
                               ({"moved": 302}, "with status 302"),
                               ({"moved": 303}, "with status 303")):
            with self.subTest(dialect):
                registry = self.registry(challenge="basic", **dialect)
                refused = self.refused("reg", "push", f"{registry.host}/demo/x:1",
                                       ACTORS / "echo.wasm", "--insecure", *FLAGS)
                self.assertIn(words, refused.err)
        self.assertEqual(other.requests, [])

    def test_what_is_fetched_is_redirected_by_any(self):
        for status in (301, 302, 303, 307, 308):
            with self.subTest(status):
                self.round_trip(self.registry(get_moved=status))

    def test_push_tells_the_reference_that_stays(self):
        registry = self.registry()
        text = self.push(registry).out.splitlines()
        pushed = self.round_trip(registry)
        self.assertEqual(text, [f"Successfully validated and pushed to {registry.host}/demo/x:1",
                                f"{registry.host}/demo/x@{pushed['digest']}"])
        self.assertEqual(pushed["reference"], text[1])
        self.ok("reg", "pull", text[1], "--insecure")

    def test_ipv6(self):
        registry = self.registry(address="::1")
        self.assertTrue(registry.host.startswith("[::1]:"))
        self.round_trip(registry)
        self.ok("reg", "ping", registry.host, "--insecure")


class Challenges(PublicRegistries):
    def test_basic_as_ecr(self):
        registry = self.registry(challenge="basic")
        self.round_trip(registry, *FLAGS)

    def test_tokens_as_the_hub_and_ghcr(self):
        registry = self.registry(challenge="token")
        self.round_trip(registry, *FLAGS)
        for method, path, headers in registry.requests:
            if not path.startswith("/token"):
                self.assertNotEqual(headers.get("Authorization"), BASIC, (method, path))
        self.round_trip(self.registry(challenge="token", anonymous=True))

    def test_both_as_artifactory(self):
        self.round_trip(self.registry(challenge="both"), *FLAGS)
        # Its tokens are given by somebody who is not to know the password; basic will do.
        other = self.registry()
        self.round_trip(self.registry(challenge="both", token_at=other.origin), *FLAGS)
        self.assertEqual(other.requests, [])

    def test_a_token_server_elsewhere_is_named(self):
        other = self.registry()
        registry = self.registry(challenge="token", token_at=other.origin)
        refused = self.pull(registry, *FLAGS, run=self.refused)
        self.assertIn("--token-server", refused.err)
        self.assertEqual(other.requests, [])
        self.round_trip(registry, *FLAGS, "--token-server", other.host)


class Logins(PublicRegistries):
    def login(self, registry):
        return {"auths": {registry.host: {"auth": BASIC.removeprefix("Basic ")}}}

    def helper(self, name, script):
        path = self.work / "bin" / f"docker-credential-{name}"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return {"PATH": f"{path.parent}:{self.env['PATH']}"}

    def test_docker_login_is_enough(self):
        for kind in ("basic", "token", "both"):
            with self.subTest(kind):
                registry = self.registry(challenge=kind)
                self.round_trip(registry, env=self.docker(self.login(registry)))
        registry = self.registry(challenge="basic")
        self.docker(self.login(registry))
        (self.folder / "home/.docker").mkdir()
        (self.work / "docker/config.json").rename(self.folder / "home/.docker/config.json")
        self.round_trip(registry)

    def test_options_and_environment_come_first(self):
        registry = self.registry(challenge="basic")
        docker = self.docker(self.login(registry))
        wrong = {"WASH_REG_USER": "wrong", "WASH_REG_PASSWORD": "wrong"}
        self.pull(registry, run=self.refused, env=docker | wrong)
        self.round_trip(registry, *FLAGS, env=docker | wrong)
        self.round_trip(registry, env={"OCI_REGISTRY_USER": USER, "OCI_REGISTRY_PASSWORD": PASSWORD})
        self.pull(registry, run=self.refused, env={"WASH_REG_USER": "wrong",
                                                   "WASH_REG_PASSWORD": "wrong",
                                                   "OCI_REGISTRY_USER": USER,
                                                   "OCI_REGISTRY_PASSWORD": PASSWORD})

    def test_nobody_else_is_told(self):
        registry, other = self.registry(challenge="basic"), self.registry(challenge="basic")
        docker = self.docker(self.login(registry))
        refused = self.pull(other, run=self.refused, env=docker)
        self.assertIn(f"looked in {self.work}/docker/config.json, which has none for {other.host}",
                      refused.err)
        self.assertFalse(other.knows_password())
        stranger = self.registry()
        lead = self.registry(challenge="token", token_at=stranger.origin)
        refused = self.pull(lead, run=self.refused, env=self.docker(self.login(lead)))
        self.assertIn("--token-server", refused.err)
        self.assertEqual(stranger.requests, [])

    def test_identity_tokens(self):
        registry = self.registry(challenge="token", identity=True)
        docker = self.docker({"auths": {registry.host: {"identitytoken": IDENTITY}}})
        self.round_trip(registry, env=docker)
        form = registry.forms[0]
        self.assertEqual((form["scope"], form["service"], form["client_id"]),
                         ("repository:demo/x:pull,push", "scripted", "trellis"))
        self.assertNotIn(IDENTITY, " ".join(path for _, path, _ in registry.requests))

    def test_programs_that_keep_logins(self):
        registry = self.registry(challenge="basic")
        path = self.helper("test", f"""read server
[ "$1 $server" = "get {registry.host}" ] || {{ echo credentials not found; exit 1; }}
echo '{{"ServerURL":"x","Username":"{USER}","Secret":"{PASSWORD}"}}'""")
        self.round_trip(registry, env=path | self.docker({"credsStore": "test"}))
        self.round_trip(registry, env=path | self.docker({"credHelpers": {registry.host: "test"},
                                                          "credsStore": "missing"}))
        token = self.registry(challenge="token", identity=True)
        path = self.helper("tok", f"""echo '{{"Username":"<token>","Secret":"{IDENTITY}"}}'""")
        self.round_trip(token, env=path | self.docker({"credsStore": "tok"}))
        # What has none leaves it to the file.
        other = self.registry(challenge="basic")
        self.round_trip(other, env=path | self.docker({"credsStore": "test"} | self.login(other)))

    def test_programs_that_fail(self):
        registry = self.registry(challenge="basic")
        for name, script, words in (
                ("fails", "echo locked; exit 1", "docker-credential-fails failed: locked"),
                ("none", "echo credentials not found in native keychain; exit 1",
                 f"docker-credential-none has none for {registry.host}"),
                ("garbage", "echo hello", "answer is no JSON object"),
                ("much", "while :; do echo aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; done",
                 "docker-credential-much says too much"),
                ("slow", "sleep 600", "gives no answer in time"),
                ("missing", None, "docker-credential-missing cannot be started")):
            with self.subTest(name):
                path = self.helper(name, script) if script else {}
                refused = self.pull(registry, "--timeout", "2", run=self.refused,
                                    env=path | self.docker({"credsStore": name}))
                self.assertIn(words, refused.err)

    def test_a_program_is_asked_for_a_login_only(self):
        registry = self.registry()
        path = self.helper("never", f"touch {self.work}/asked")
        self.round_trip(registry, env=path | self.docker({"credsStore": "never"}))
        self.assertFalse(os.path.exists(self.work / "asked"))

    def test_a_damaged_file_is_named(self):
        registry = self.registry(challenge="basic")
        docker = self.docker({})
        for content in ("{", "[]", "[" * 100000, '{"credsStore":"../x"}'):
            self.write("docker/config.json", content)
            refused = self.pull(registry, run=self.refused, env=docker)
            self.assertIn(f"looked in {self.work}/docker/config.json (", refused.err)

    def test_hosts_use_it_too(self):
        registry = self.registry(challenge="token")
        docker = self.docker(self.login(registry))
        self.push(registry, env=docker)
        self.write("m.yaml", f"actors: ['{registry.host}/demo/x:1']\n")
        host = self.up("-m", "m.yaml", "--allowed-insecure", registry.host, env=docker)
        self.assertIn("echo", host.text())
        self.assertNotIn(PASSWORD, host.text())
        self.assertNotIn(BASIC.removeprefix("Basic "), host.text())


class Tags(PublicRegistries):
    def tags(self, registry, *flags, run=None, name="demo/x", **how):
        flags = flags if run else (*flags, "--json")
        return (run or self.ok)("reg", "ls", f"{registry.host}/{name}", "--insecure", *flags, **how)

    def with_tags(self, count, **dialect):
        registry = self.registry(**dialect)
        for i in range(count):
            registry.manifests["demo/x", f"v{i:05}"] = b"{}"
        return registry

    def test_all_pages_are_read(self):
        registry = self.with_tags(5, challenge="token")
        listed = self.tags(registry, *FLAGS).json()
        self.assertEqual(listed, {"repository": f"{registry.host}/demo/x", "complete": True,
                                  "tags": ["v00000", "v00001", "v00002", "v00003", "v00004"]})
        self.assertEqual(len(registry.sent("GET", "/v2/demo/x/tags/list")), 3)
        text = self.ok("reg", "ls", f"{registry.host}/demo/x", "--insecure", *FLAGS).out
        self.assertEqual(text, "v00000\nv00001\nv00002\nv00003\nv00004\n")

    def test_a_list_without_end_has_one(self):
        registry = self.with_tags(10_500, page=1000)
        done = self.tags(registry)
        self.assertEqual((len(done.json()["tags"]), done.json()["complete"]), (10_000, False))
        self.assertIn("more tags than the 10000 shown", done.err)
        registry = self.with_tags(3, page=3)
        registry.link = '</v2/demo/x/tags/list?n=3>; rel="next"'  # leads to itself
        self.assertFalse(self.tags(registry, "--timeout", "100").json()["complete"])

    def test_pages_elsewhere_are_not_read(self):
        other = self.registry()
        registry = self.with_tags(3, challenge="basic")
        registry.link = f'<{other.origin}/v2/demo/x/tags/list>; rel="next"'
        self.assertIn(other.origin, self.tags(registry, *FLAGS, run=self.refused).err)
        self.assertEqual(other.requests, [])

    def test_what_is_no_repository_or_no_tag(self):
        registry = self.registry()
        registry.manifests["demo/x", "\x1b[31m"] = b"{}"
        refused = self.tags(registry, run=self.refused)
        self.assertIn("is no tag", refused.err)
        self.assertNotIn("\x1b", refused.err)
        self.assertIn("status 404", self.tags(registry, run=self.refused, name="none").err)
        self.assertIn("leave out what follows", self.tags(registry, run=self.refused,
                                                          name="demo/x:1").err)


class Images(PublicRegistries):
    def assert_pulled(self, registry, *flags, **how):
        pulled = self.pull(registry, *flags, **how).json()
        self.assertEqual((self.work / "o.wasm").read_bytes(), self.module)
        return pulled

    def test_types_of_todays_tools(self):
        registry = self.registry()
        for kind in ("application/wasm", "application/vnd.wasm.content.layer.v1+wasm",
                     registries.MODULE_TYPE, TAR_LAYER):
            with self.subTest(kind):
                registry.put_image("demo/x", "1", self.module, kind)
                self.assert_pulled(registry)

    def test_images_of_files(self):
        registry = self.registry()
        tar = tar_of(README_md=b"read me", link=None, opt__echo_wasm=self.module)
        for kind, layer, manifest in ((DOCKER_LAYER, gzip.compress(tar), DOCKER),
                                      ("application/vnd.docker.image.rootfs.diff.tar", tar, DOCKER),
                                      (TAR_LAYER + "+gzip", gzip.compress(tar), OCI),
                                      (TAR_LAYER, tar, OCI)):
            with self.subTest(kind):
                registry.requests.clear()
                digest = registry.put_image("demo/x", "1", layer, kind, mediaType=manifest)
                pulled = self.assert_pulled(registry, "--cache", self.work / kind.replace("/", "-"))
                self.assertEqual((pulled["digest"], pulled["source"]), (digest, "registry"))
                again = self.assert_pulled(registry, "--cache", self.work / kind.replace("/", "-"))
                self.assertEqual(again["source"], "cache")
                self.assertEqual(len(registry.sent("GET", "/v2/demo/x/blobs/" +
                                                   registries.digest_of(layer))), 1)

    def test_images_of_other_files(self):
        registry = self.registry()
        other = (ACTORS / "kvcounter.wasm").read_bytes()
        bomb = gzip.compress(tar_of(big=bytes(600 << 20)), 1)
        for layer, words in (
                (tar_of(a_txt=b"text"), "holds no WebAssembly module"),
                (tar_of(a_wasm=self.module, b_wasm=other), "several modules: 'a.wasm' and 'b.wasm'"),
                (tar_of(**{f"f{i}": b"" for i in range(1100)}), "more than 1024 entries"),
                (bomb, "unpacks to more than 512 MiB"),
                (gzip.compress(tar_of(a_wasm=b"\0asm" + bytes(80 << 20)), 1), "MiB"),
                (b"neither module nor tar" * 100, "damaged")):
            with self.subTest(words):
                registry.put_image("demo/x", "1", layer, DOCKER_LAYER)
                self.assertIn(words, self.pull(registry, run=self.refused).err)

    def test_archives_in_layers_of_files_are_the_artifact(self):
        self.write("lib.so", harness.elf_head() + b"no real library")
        self.ok("par", "create", "-c", "test:archive", "-v", "Trellis", "-n", "Test", "-r", "3",
                "--version", "1.0", "-b", "lib.so", "--compress")
        archive = (self.work / "lib.par.gz").read_bytes()
        registry = self.registry()
        registry.put_image("demo/x", "1", archive, TAR_LAYER + "+gzip")
        self.pull(registry)
        self.assertEqual((self.work / "o.wasm").read_bytes(), archive)

    def test_the_fitting_image_of_an_index(self):
        registry = self.registry()
        wasm = registry.put_image("demo/x", "w", self.module, "application/wasm")
        other = registry.put_image("demo/x", "o", b"a system", DOCKER_LAYER)

        def entry(digest, kind, os_name, architecture):
            return {"mediaType": kind, "digest": digest, "size": 1,
                    "platform": {"os": os_name, "architecture": architecture}}
        for kind, image in ((OCI_INDEX, OCI), (DOCKER_LIST, DOCKER)):
            with self.subTest(kind):
                index = registry.put_manifest("demo/x", "1", {
                    "schemaVersion": 2, "mediaType": kind,
                    "manifests": [entry(other, image, "linux", "amd64"),
                                  entry(wasm, image, "wasip1", "wasm")]})
                self.assertEqual(self.assert_pulled(registry)["digest"], index)
                self.assert_pulled(registry, "-d", index)
                self.assert_pulled(registry, target="@" + index)
        registry.put_manifest("demo/x", "1", {
            "schemaVersion": 2, "mediaType": OCI_INDEX,
            "manifests": [entry(wasm, OCI, "plan9", "mips"), entry(other, OCI, "windows", "amd64")]})
        self.assertIn("there are plan9/mips, windows/amd64", self.pull(registry, run=self.refused).err)
        # What an index lists is checked, and is no index itself.
        registry.manifests["demo/x", wasm] += b" "
        registry.put_manifest("demo/x", "1", {"schemaVersion": 2, "mediaType": OCI_INDEX,
                                              "manifests": [entry(wasm, OCI, "wasi", "wasm")]})
        self.assertIn("has the digest", self.pull(registry, run=self.refused).err)
        inner = registry.put_manifest("demo/x", "i", {"schemaVersion": 2, "mediaType": OCI_INDEX,
                                                      "manifests": []})
        registry.put_manifest("demo/x", "1", {"schemaVersion": 2, "mediaType": OCI_INDEX,
                                              "manifests": [entry(inner, OCI, "wasi", "wasm")]})
        self.assertIn("index of several images", self.pull(registry, run=self.refused).err)

    def test_what_is_refused_names_what_is_taken(self):
        registry = self.registry()
        registry.put_image("demo/x", "1", self.module, "text/plain")
        refused = self.pull(registry, run=self.refused)
        self.assertIn("incompatible layer media type: text/plain (taken are", refused.err)
        for kind in ("application/wasm", registries.MODULE_TYPE, DOCKER_LAYER):
            self.assertIn(kind, refused.err)


if __name__ == "__main__":
    harness.main()
