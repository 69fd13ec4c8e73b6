#!/usr/bin/env python3
"""Calls between actors: re-entry, cycles, depth, many chains at once (contracts.md
1.8). The actors are copies of tests/guests/relay.c, which makes the host calls it is told."""

import concurrent.futures

import harness
import hostile
from harness import ACTORS
from hostile import GUESTS

IN_CHAIN = "is already executing a call in this chain"


class Chains(hostile.HostileScenario):
    def relays(self, names, settings="", more=()):
        """A host with copies of the relay; their keys by name."""
        actors = [(self.sign(GUESTS / "relay.wasm", name), settings) for name in names]
        host = self.host_with([*actors, *more])
        return host, {name: self.key_of(host, name) for name in names}

    def test_re_entry_takes_another_instance(self):
        host, key = self.relays(["a", "b"], "instances: {max: 4}")
        for hops in (["a"], ["b", "a"], ["a", "a", "a"], ["b", "a", "b", "a"]):
            done, answer = self.relay(host, "a", [key[hop] for hop in hops], "Echo", b"deep")
            self.assertEqual((done, answer), (True, b"deep"), hops)
        self.assert_ends_well(host)

    def test_a_serial_actor_refuses_its_own_cycle_at_once(self):
        host, key = self.relays(["a", "b"], "instances: serial")
        for hops in (["a"], ["b", "a"]):
            took, (done, answer) = hostile.seconds(
                lambda hops=hops: self.relay(host, "a", [key[hop] for hop in hops], "Echo", b"x"))
            self.assertFalse(done)
            self.assertIn(IN_CHAIN, answer)
            self.assertLess(took, 5, "refused, not waited for until the deadline")
        self.assertEqual(self.relay(host, "a", [key["b"]], "Echo", b"x"), (True, b"x"))
        self.assert_ends_well(host)

    def test_depth_is_bounded(self):
        host, key = self.relays(["a", "b"], "instances: {max: 30}")
        self.assertEqual(self.relay(host, "a", [key["b"]] * 6, "Echo", b"x"), (True, b"x"))
        done, answer = self.relay(host, "a", [key["b"], key["a"]] * 10, "Echo", b"x")
        self.assertFalse(done)
        self.assertIn("call chain too deep", answer)
        self.assert_ends_well(host)

    def test_opposed_chains_never_hang(self):
        host, key = self.relays(["a", "b"], "instances: {max: 1}\n    limits: {call_timeout_ms: 8000}")
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            calls = [pool.submit(self.relay, host, here, [key[there]], "Echo", b"x")
                     for _ in range(40) for here, there in (("a", "b"), ("b", "a"))]
            took, answers = hostile.seconds(lambda: [call.result(harness.PATIENCE) for call in calls])
        good = [answer for done, answer in answers if done]
        for done, answer in answers:
            self.assertTrue(done or IN_CHAIN in answer, answer)
        self.assertGreater(len(good), 0)
        self.assertLess(took, 60, "what would wait for itself is refused, not timed out")
        self.assert_ends_well(host)

    def test_many_chains_that_come_back(self):
        host, key = self.relays(["a", "b"], "instances: {max: 2}")
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            calls = [pool.submit(self.relay, host, "a", [key["b"], key["a"]], "Echo", b"%d" % i)
                     for i in range(200)]
            answers = [call.result(harness.PATIENCE) for call in calls]
        failed = [answer for done, answer in answers if not done]
        self.assertEqual([answer for done, answer in answers if done],
                         [b"%d" % i for i, (done, _) in enumerate(answers) if done])
        for answer in failed:
            self.assertRegex(answer, f"{IN_CHAIN}|timed out|busy")
        self.assertGreater(len(answers) - len(failed), 100)
        self.assert_ends_well(host)

    def test_ten_actors_in_a_chain_each_as_deep_as_it_can(self):
        probe = ACTORS / "probe.unsigned.wasm"
        last = [(self.sign(probe, "bottom"), "")]
        names = [f"r{i}" for i in range(9)]
        host, key = self.relays(names, more=last)
        bottom = self.key_of(host, "bottom")
        hops = [key[name] for name in names[1:]] + [bottom]
        done, answer = self.relay(host, "r0", hops, "Recurse")
        self.assertFalse(done)
        self.assertIn("[trap]", answer)
        self.assertEqual(answer.count("Guest call failure"), 10, answer)
        self.assertEqual(self.relay(host, "r0", hops, "Echo", b"again"), (True, b"again"))
        self.assert_ends_well(host)

    def test_ten_recursing_actors_on_one_stack(self):
        """Every link of the chain first goes down its own stack, then calls the next."""
        probe = ACTORS / "probe.unsigned.wasm"
        actors = [(self.sign(probe, f"p{i}", "--call-alias", f"trellis/chain{i}"), "")
                  for i in range(10)]
        host = self.host_with(actors)
        done, answer = self.call(host, "p0", "Descend", b"0")
        self.assertTrue(done, answer)
        self.assertEqual(answer, b"bottom")
        self.assert_ends_well(host)

    def test_sleepers_keep_nobody_waiting(self):
        """28 calls wait for an actor that never ends; another one answers before any of them."""
        host, _ = self.relays(["slow"], "instances: {max: 2}\n    limits: {call_timeout_ms: 60000}")

        def answered_before_any_ends(timeout_ms):
            with concurrent.futures.ThreadPoolExecutor(28) as pool:
                calls = [pool.submit(self.call, host, "slow", "Spin", timeout_ms=timeout_ms)
                         for _ in range(28)]
                for _ in range(30):
                    self.assert_unharmed(host)
                in_time = not any(call.done() for call in calls)
                self.assertFalse(any(call.result(harness.PATIENCE)[0] for call in calls))
            return in_time

        # A machine that takes longer for this than they may last gets more time.
        self.assertTrue(any(map(answered_before_any_ends, (3000, 15000, 60000))))
        self.assert_ends_well(host)


if __name__ == "__main__":
    harness.main()
