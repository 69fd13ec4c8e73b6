#!/usr/bin/env python3
"""Providers (tests/plugins) that throw, hang, answer garbage, or are no providers: they cost their
own callers an error, and never the host."""

import concurrent.futures
import os
import subprocess

import harness
import hostile
from hostile import GUESTS, PLUGINS

DEADLINE = "limits: {call_timeout_ms: 1500}\n    instances: {max: 8}"


class InProcess(hostile.HostileScenario):
    mode = "in-process"

    def host_beside(self, plugin):
        """A host with the provider, linked to an actor that relays calls to it."""
        self.contract = f"test:{plugin}"
        self.user = self.sign(GUESTS / "relay.wasm", "user", "--cap", self.contract)
        file = PLUGINS / f"{plugin}.so"
        return self.host_with([(self.user, DEADLINE)], f"""capabilities: [{{image_ref: {file}, mode: {self.mode}}}]
links:
  - {{actor: {self.user}, contract_id: '{self.contract}', provider_id: {file}}}
""")

    def calls_of(self, host):
        """Calls of actors that the provider was given so far."""
        providers = self.control(host, "inventory")["result"]["providers"]
        return next(each["calls"] for each in providers if each["contract_id"] == self.contract)

    def ask(self, host, operation, payload=b"payload"):
        return self.relay(host, "user", [self.contract], operation, payload)

    def assert_fails(self, host, operation, *words):
        took, (done, answer) = hostile.seconds(lambda: self.ask(host, operation))
        self.assertFalse(done, answer)
        for word in words:
            self.assertIn(word, answer)
        self.assertLess(took, 15, "the caller has an error at its deadline at the latest")
        self.assert_unharmed(host)
        return answer

    def test_exceptions_stay_in_the_adapter(self):
        host = self.host_beside("throws")
        for _ in range(3):
            self.assert_fails(host, "Anything", "out of cheese")
            self.assert_fails(host, "Number")
        host.wait_for("Test throws")
        self.assert_ends_well(host)

    def test_hanging_calls_end_for_their_callers(self):
        host = self.host_beside("hang")
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            hanging = [pool.submit(self.ask, host, "Hang") for _ in range(8)]
            self.assertEqual([call.result(harness.PATIENCE)[0] for call in hanging], [False] * 8)
        self.assert_unharmed(host)
        took, (done, _) = hostile.seconds(lambda: self.ask(host, "Hang"))
        self.assertFalse(done)
        self.assertLess(took, 15)
        host.wait_for("Test hang")  # the log names the provider
        self.assert_unharmed(host)
        took, status = hostile.seconds(host.stop)
        self.assertEqual(status, 0, host.text("err"))
        self.assertLess(took, 60)

    def test_garbage(self):
        host = self.host_beside("garbage")
        self.assertEqual(self.ask(host, "Twice"), (True, b"first"))
        self.assertEqual(self.ask(host, "Thread"), (True, b"from a thread"))
        self.assertEqual(self.ask(host, "Invented"), (True, b"real"))
        self.assertEqual(self.ask(host, "NoContext"), (True, b"survived"))
        for operation in ("Status", "NullData", "Text", "EmptyText", "Large", "Keep"):
            answer = self.assert_fails(host, operation)
            self.assertLess(len(answer), 20_000)
        self.assertEqual(self.ask(host, "AnswerKept"), (True, b"fresh"))
        self.assert_ends_well(host)

    def test_one_that_ignores_stop(self):
        host = self.host_beside("ignores_stop")
        self.assertEqual(self.ask(host, "Echo"), (True, b"payload"))
        took, status = hostile.seconds(host.stop)
        self.assertEqual(status, 0, host.text("err"))
        self.assertLess(took, 60)

    def test_files_that_are_no_providers(self):
        host = self.host_with([])
        junk = self.write("junk.so", b"\x7fELF" + b"x" * 5000)
        cases = [(PLUGINS / "no_entry.so", "trellis_provider_v1"), (PLUGINS / "wrong_abi.so", "(?i)abi"),
                 (PLUGINS / "declines.so", "."), (PLUGINS / "create_fails.so", "."),
                 (PLUGINS / "small_table.so", "."), (junk, "."), (self.witness, "."),
                 ("builtin:nothing", "(?i)builtin"), (self.work / "missing.so", "missing.so")]
        for file, reason in cases:
            with self.subTest(str(file)):
                self.assertRegex(self.refused("start", "provider", file).err, reason)
                self.assert_unharmed(host)
        left = self.control(host, "inventory")["result"]["providers"]
        self.assertEqual([each["contract_id"] for each in left],  # what every host has
                         ["wasmcloud:keyvalue", "wasmcloud:extras"])
        self.assert_ends_well(host)

    def test_providers_are_stopped_and_started_while_they_are_called(self):
        host = self.host_beside("slow")
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            calls = [pool.submit(self.ask, host, "Echo", b"%d" % i) for i in range(100)]
            for _ in range(3):
                self.ok("stop", "provider", PLUGINS / "slow.so")
                self.ok("start", "provider", PLUGINS / "slow.so")
            answers = [call.result(harness.PATIENCE) for call in calls]
        for at, (done, answer) in enumerate(answers):
            self.assertTrue(not done or answer == b"%d" % at, answer)
        harness.wait_until(lambda: self.ask(host, "Echo") == (True, b"payload"), "the link again")
        self.assert_ends_well(host)


class OwnProcess(InProcess):
    """The same, and worse, with each provider in a process of its own."""
    mode = "process"

    def process_of(self, host):
        found = [each["process"] for each in self.control(host, "inventory")["result"]["providers"]
                 if "process" in each]
        self.assertEqual(len(found), 1, found)
        return found[0]

    def wait_until_back(self, host, restarts):
        harness.wait_until(lambda: self.process_of(host)["restarts"] == restarts
                           and self.process_of(host)["pid"] != 0, f"restart {restarts}")

    def test_crashes_cost_one_call_each(self):
        host = self.host_beside("naughty")
        self.assertEqual(self.ask(host, "Echo"), (True, b"payload"))
        for restart, way in enumerate(("Crash", "Exit", "GarbageAnswer"), 1):
            self.ask(host, way)
            self.wait_until_back(host, restart)
            # The link is there again without anybody asking for it.
            harness.wait_until(lambda: self.ask(host, "Echo") == (True, b"payload"), "the link")
        host.wait_for("the process of provider Test naughty")
        self.assertIn("process", host.text("err"))
        self.assert_ends_well(host)

    def test_nothing_is_left_when_the_host_is_killed(self):
        host = self.host_beside("hang")
        process = self.process_of(host)["pid"]
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            before = self.calls_of(host)
            hanging = pool.submit(self.ask, host, "Hang")
            harness.wait_until(lambda: self.calls_of(host) > before, "the call")
            host.stop(harness.signal.SIGKILL)
            self.assertIsNotNone(hanging.exception(harness.PATIENCE))  # the host is gone
        harness.wait_until(lambda: not harness.Path(f"/proc/{process}").exists(), "the orphan's end")

    def test_a_killed_process_comes_back(self):
        host = self.host_beside("echo")
        for restart in (1, 2, 3):
            harness.os.kill(self.process_of(host)["pid"], harness.signal.SIGKILL)
            self.wait_until_back(host, restart)
            harness.wait_until(lambda: self.ask(host, "Echo") == (True, b"payload"), "the link")
        self.assertRegex(self.process_of(host)["last_end"], "signal 9")
        self.assert_ends_well(host)


class Memory(harness.Scenario):
    """What another process of the host's user (a provider's, say) sees of the host."""

    def as_nobody(self, *words):
        if os.getuid() != 0:
            return list(words)
        return ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all", *words]

    def test_neither_environment_nor_memory_nor_descriptors(self):
        if os.environ.get("TRELLIS_SANITIZED"):
            self.skipTest("the leak checker needs what is tested here to be open")
        if os.getuid() == 0:
            for path in (self.folder, *self.folder.iterdir()):
                os.chown(path, 65534, 65534)
        env = {**self.env, "TRELLIS_SECRET_DB": "topsecret"}
        host = harness.Process(self.as_nobody(harness.BINARY, "up"), env, self.work)
        self.addCleanup(host.clean_up)
        host.wait_for(r"^Ctrl-C ends it$")
        for what in ("cat /proc/{0}/environ", "ls /proc/{0}/fd", "head -c 1 /proc/{0}/mem", "cat /proc/{0}/maps"):
            done = subprocess.run(self.as_nobody("sh", "-c", what.format(host.pid)), capture_output=True,
                                  text=True, timeout=60, check=False)
            self.assertNotEqual(done.returncode, 0, what)
            self.assertIn("Permission denied", done.stderr, what)
            self.assertNotIn("topsecret", done.stdout)
        self.assertEqual(host.stop(), 0)


if __name__ == "__main__":
    harness.main()
