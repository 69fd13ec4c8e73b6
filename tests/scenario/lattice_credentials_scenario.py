#!/usr/bin/env python3
"""Hosts and tools that prove who they are, to a real nats-server: user tokens with seeds, credentials
files, nkeys, tokens, and TLS with a private authority and client certificates (host.md 12)."""

import json
import time

import forge
import harness
import lattice
import registries
from harness import wait_until
from lattice_harness import Host


def user_token(issuer, subject, kind, **nats):
    """A JWT as NATS wants it, version 2."""
    limits = {"subs": -1, "data": -1, "payload": -1}
    claims = {"jti": kind, "iat": int(time.time()) - 10, "iss": issuer.text, "name": kind,
              "sub": subject.text, "nats": {"type": kind, "version": 2, **limits, **nats}}
    return forge.token(issuer, claims, {"typ": "JWT", "alg": "ed25519-nkey"}).decode()


class Credentials(harness.Scenario):
    def server(self, config):
        server = lattice.NatsServer(self, config)
        self.server_port = server.port
        self.address = ("--rpc-host", "127.0.0.1", "--rpc-port", server.port)
        return server

    def works(self, *flags):
        """A host with these flags joins, and a client with the same ones finds it."""
        ready = self.work / f"ready{time.monotonic_ns()}.json"
        host = self.up(*self.address, *flags, "--ready-file", ready)
        wait_until(ready.exists, "the ready file")
        host = Host(host, json.loads(ready.read_text()))
        wait_until(lambda: host.id in self.ok("ctl", "get", "hosts", *self.address, *flags,
                                              "--timeout", "1", "--json").out, "the host")
        self.assertEqual(host.stop(), 0)

    def fails(self, *flags):
        """A host with these flags goes on alone, and says why; a client fails."""
        host = self.up(*self.address, *flags)
        host.wait_for(r"(?i)authori[sz]ation|not trusted|certificate|refuse|TLS")
        self.assertEqual(host.stop(), 0)
        self.refused("ctl", "get", "hosts", *self.address, *flags, "--timeout", "1",
                     "--rpc-timeout", "1")

    def test_tokens(self):
        self.server("authorization { token: throwaway-token }\n")
        self.works("--rpc-token", "throwaway-token")
        self.works("--rpc-token", self.write("token", "throwaway-token\n"))
        self.fails("--rpc-token", "wrong")
        self.fails()

    def test_an_inbox_of_ones_own(self):
        """What the server does not permit is said, and --inbox-prefix names what it does."""
        self.server("""authorization { users: [
            { user: host, password: pw }
            { user: tool, password: pw, permissions: {
              publish: ["wasmbus.ctl.default.get.hosts", "trellis.ctl.>"], subscribe: ["_TOOL.>"] } } ] }
            """)
        ready = self.work / "ready.json"
        self.up(*self.address, "--rpc-user", "host", "--rpc-password", "pw", "--ready-file", ready)
        wait_until(ready.exists, "the ready file")
        tool = ("--rpc-user", "tool", "--rpc-password", "pw", *self.address, "--timeout", "2")
        deaf = self.refused("get", "hosts", *tool)
        self.assertIn("does not permit this user to subscribe to _INBOX.", deaf.err)
        self.assertIn("--inbox-prefix", deaf.err)
        mute = self.refused("get", "claims", *tool, "--inbox-prefix", "_TOOL")
        self.assertIn("does not permit this user to publish to wasmbus.ctl.default.get.claims",
                      mute.err)
        unseen = self.refused("watch", *tool[:-2], "--inbox-prefix", "_TOOL", "--for", "20s")
        self.assertIn("does not permit this user to subscribe to ", unseen.err)

        def found(*words):
            return [host["id"] for host in self.ok("get", "hosts", *words, "--json").json()["hosts"]]

        mine = [json.loads(ready.read_text())["host_id"]]
        self.assertEqual(found(*tool, "--inbox-prefix", "_TOOL"), mine)
        login = f"nats://tool:p%77@127.0.0.1:{self.server_port}"
        self.ok("ctx", "add", "own", "-r", f"nats://127.0.0.1:1,{login}", "--inbox-prefix", "_TOOL")
        self.assertEqual(found("--context", "own"), mine)

    def test_nkeys(self):
        user = forge.Key("U")
        self.server(f"authorization {{ users: [ {{ nkey: {user.text} }} ] }}\n")
        self.works("--rpc-seed", user.seed_text())
        self.works("--rpc-seed", self.write("user.nk", user.seed_text()))
        self.fails("--rpc-seed", forge.Key("U").seed_text())

    def test_user_tokens_and_credentials_files(self):
        operator, account, user = forge.Key("O"), forge.Key("A"), forge.Key("U")
        account_limits = {"imports": -1, "exports": -1, "wildcards": True, "conn": -1, "leaf": -1}
        trusted = user_token(operator, operator, "operator")
        known = user_token(operator, account, "account",
                           limits={"subs": -1, "data": -1, "payload": -1, **account_limits})
        self.server(f"operator: {trusted}\nresolver: MEMORY\n"
                    f"resolver_preload: {{ {account.text}: {known} }}\n")
        token = user_token(account, user, "user")
        self.works("--rpc-jwt", token, "--rpc-seed", user.seed_text())
        creds = self.write("user.creds", f"-----BEGIN NATS USER JWT-----\n{token}\n"
                           "------END NATS USER JWT------\n\n-----BEGIN USER NKEY SEED-----\n"
                           f"{user.seed_text()}\n------END USER NKEY SEED------\n")
        self.works("--rpc-credsfile", creds)
        stranger = forge.Key("U")
        self.fails("--rpc-jwt", user_token(forge.Key("A"), stranger, "user"),
                   "--rpc-seed", stranger.seed_text())

    def test_tls_with_a_private_authority_and_client_certificates(self):
        folder = self.folder / "tls"
        folder.mkdir()
        authority, certificate, key = registries.certificates(folder)
        both = f"cert_file: '{certificate}', key_file: '{key}'"
        server = self.server(f"tls {{ {both} }}\n")
        self.works("--rpc-tls-ca", authority, "--rpc-tls")
        self.fails("--rpc-tls")
        server.stop()
        self.server(f"tls {{ {both}, ca_file: '{authority}', verify: true }}\n")
        ours = ("--rpc-tls-cert", certificate, "--rpc-tls-key", key)
        self.works("--rpc-tls-ca", authority, *ours)
        self.fails("--rpc-tls-ca", authority)  # which the server tells by ending the connection
        # And a server without TLS is none for who insists on it.
        self.server("")
        self.fails("--rpc-tls-ca", authority, "--rpc-tls")


if __name__ == "__main__":
    harness.main()
