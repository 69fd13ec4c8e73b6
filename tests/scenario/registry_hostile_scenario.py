#!/usr/bin/env python3
"""Registries that want a host's user and password, and commands of the lattice that send it to them
(docs/packaging.md, "Who is told user and password")."""

import base64
import http.server
import ssl
import threading

import lattice_harness
import registries
from harness import ACTORS, wait_until
from lattice_harness import LatticeScenario
from registries import PASSWORD, USER


class Thief:
    """An HTTPS server of localhost that asks everybody for credentials and remembers what it is told.
    `realm`: where tokens are to be had; `moved`: where every page is said to be."""

    def __init__(self, certificate, key, realm=None, moved=None):
        self.requests, self.told, self.realm, self.moved = [], [], realm, moved
        thief = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                thief.requests.append(self.path)
                given = self.headers.get("Authorization")
                if given:
                    thief.told.append(given)
                thief.answer(self, given)

            do_HEAD = do_GET

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.host = f"localhost:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def answer(self, handler, given):
        if self.moved and handler.path != "/v2/":
            handler.send_response(307)
            handler.send_header("Location", self.moved)
        elif given or (self.moved and handler.path == "/v2/"):
            handler.send_response(404 if not self.moved else 200)
        else:
            handler.send_response(401)
            handler.send_header("WWW-Authenticate", f'Bearer realm="{self.realm}",service="x"'
                                if self.realm else 'Basic realm="x"')
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def knows(self):
        """Whether it was told user and password."""
        return any(given.startswith("Basic ") and
                   base64.b64decode(given[6:]).decode() == f"{USER}:{PASSWORD}" for given in self.told)


class HostileRegistries(LatticeScenario):
    permissions = []

    def setUp(self):
        super().setUp()
        self.authority, self.certificate, self.key = registries.certificates(self.work)

    def thief(self, **options):
        made = Thief(self.certificate, self.key, **options)
        self.addCleanup(made.stop)
        return made

    def host_with_password(self, *flags, manifest=None):
        """A host in the lattice that has user and password for registries."""
        lines = [f"'{ACTORS}/echo.wasm'", *(f"'{each}'" for each in manifest or [])]
        path = self.write("registries.yaml", f"actors: [{', '.join(lines)}]\n")
        return self.host("-m", path, "--keep-going", "--registry-ca-file", self.authority, *flags,
                         env={"OCI_REGISTRY_USER": USER, "OCI_REGISTRY_PASSWORD": PASSWORD})

    def order(self, host, registry, ok=False):
        return self.ctl("start", "actor", f"{registry.host}/demo/x:1", "--host-id", host.id, "--wait",
                        ok=ok)

    def test_a_command_does_not_choose_whom_the_host_asks(self):
        thief = self.thief()
        host = self.host_with_password()
        refused = self.order(host, thief)
        self.assertIn(f"--control-registries {thief.host}", refused.err)
        provider = self.ctl("start", "provider", f"{thief.host}/demo/x:1", "--host-id", host.id,
                            ok=False)
        self.assertIn("--control-registries", provider.err)
        self.assertEqual(thief.requests, [])

    def test_nor_who_is_told_user_and_password(self):
        for flags in (["--control-registries", "*"],
                      ["--control-registries", "*", "--registry-user-for", "registry.example"]):
            with self.subTest(flags):
                thief = self.thief()
                host = self.host_with_password(*flags)
                self.assertIn("status 401", self.order(host, thief).err)
                self.assertTrue(thief.requests)
                self.assertEqual(thief.told, [])

    def test_registries_of_options_and_manifest_are_told(self):
        named = self.thief()
        host = self.host_with_password("--registry-user-for", named.host)
        self.order(host, named)
        self.assertTrue(named.knows())
        listed, other = self.thief(), self.thief()
        host = self.host_with_password(manifest=[f"{listed.host}/demo/y:1"])
        self.assertTrue(listed.knows())
        listed.told.clear()
        self.order(host, listed)  # a command may fetch from there, too
        self.assertTrue(listed.knows())
        self.order(host, other)
        self.assertEqual(other.requests, [])
        # What is named for user and password stays the whole list.
        strict = self.thief()
        self.host_with_password("--registry-user-for", named.host,
                                manifest=[f"{strict.host}/demo/y:1"])
        wait_until(lambda: strict.requests, "a request")
        self.assertEqual(strict.told, [])

    def test_a_registry_does_not_send_the_password_elsewhere(self):
        thief = self.thief()
        registry = self.thief(realm=f"https://{thief.host}/token")
        host = self.host_with_password("--registry-user-for", registry.host)
        refused = self.order(host, registry)
        self.assertIn(thief.host, refused.err)
        self.assertIn("--registry-user-for", refused.err)
        self.assertEqual(thief.requests, [])
        self.assertEqual(registry.told, [])
        both = self.host_with_password("--registry-user-for", registry.host, "--registry-user-for",
                                       thief.host)
        self.order(both, registry)
        self.assertTrue(thief.knows())

    def test_nor_does_where_it_sends_for_a_file(self):
        last = self.thief()
        thief = self.thief(realm=f"https://{last.host}/token")
        registry = self.thief(moved=f"https://{thief.host}/v2/demo/x/manifests/1")
        host = self.host_with_password("--registry-user-for", registry.host, "--registry-user-for",
                                       last.host)
        self.order(host, registry)
        self.assertTrue(thief.requests)
        self.assertEqual(thief.told, [])
        self.assertEqual(last.requests, [])

    def test_a_command_of_a_person_is_asked_the_same(self):
        thief = self.thief()
        registry = self.thief(realm=f"https://{thief.host}/token")
        words = ["reg", "pull", f"{registry.host}/demo/x:1", "--ca-file", self.authority, "-u", USER,
                 "-p", PASSWORD]
        self.assertIn("--token-server", self.refused(*words).err)
        self.assertEqual(thief.requests, [])
        self.refused(*words, "--token-server", thief.host)
        self.assertTrue(thief.knows())


if __name__ == "__main__":
    lattice_harness.main()
