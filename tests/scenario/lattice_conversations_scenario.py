#!/usr/bin/env python3
"""Whole conversations of first-party hosts (tests/vectors/capture-*.json) with our hosts in their place:
the hosts start and stop as theirs did, each request of each client is sent again, and answers, events
and subscriptions are compared.

OTHERWISE names each case whose outcome is meant to differ, and why."""

import collections
import json
import re
import shutil
import time
import urllib.request

import forge
import lattice_harness
import msgpack
from captures import ACTOR_KEYS, ECHO, CaptureScenario, capture, payload, plain
from harness import ACTORS, free_port, wait_until

CACHE = "VAHNM37G4ARHZ3CYHB3L34M6TYQWQR6IZ4QVYC4NYZWTJCJ2LWP7S6Z2"  # of theirs, a provider of its own
KV = "VAHYBW5TDMLDNGVEPVXUSIPQHVSWHK2TOKDGUSWULSXF5KGVIHIVLA7F"  # their native key-value provider
EXTRAS = "VDHPKGFKDI34Y4RN4PWWZHRYZ6373HYRSNNEM4UTDLLOGO5B37TSVREP"  # built into theirs

DEAD = "their host answers nothing after this (lattice.md 5.7); ours lives on"
FORGOT = "their host lost labels and actors with the failed start (host.md 7.2); ours keeps them"
REFUSED = "what cannot be fetched or seen at once to fail is refused, not acknowledged (lattice.md 5.7)"
LOST = "their host loses calls routed to it after the stop (lattice.md 4.1); ours leaves the queue at once"
SILENT = "theirs does not answer what is no invocation and the caller waits; ours says so (lattice.md 4.4)"
OWN = "claims from the wire replace none that a host has verified itself (lattice.md 4.4)"
GUEST = "their guest tells a revision of its own"
BID = "ours bids only for what it may start (lattice.md 5.6)"


def is_refused(answer):
    return bool(answer["failure"])


def is_accepted(answer):
    return answer["failure"] is None


def is_not_accepted(answer):
    return answer["accepted"] is False


def has_one_revision(answer):
    return [each["values"]["rev"] for each in answer["claims"]] in (["0"], ["1"])


def has_the_actor(answer):
    return len(answer["actors"]) == 1 and answer["labels"]["hostcore.os"] == "linux"


def answers_the_call(answer):
    return answer["error"] is None


def says_what_is_wrong(answer):
    return "de-serialize" in answer["error"]


# For each capture: cases by name, why they differ, and what ours must answer instead (None: nothing).
OTHERWISE = {
    "single-host": [
        (r"control: provider auction$", BID, None),
        (r"rpc: garbage", SILENT, says_what_is_wrong),
    ],
    "start-failures": [
        (r"^start actor: image tag latest", REFUSED, is_refused),
        (r"^start provider: actor image", DEAD, is_accepted),
        (r"^start the same actor under another image ref", DEAD, is_accepted),
        (r"^inventory after: (?!module|not a wasm)", FORGOT, has_the_actor),
        (r"^start a good actor$", DEAD, is_accepted),
        (r"^inventory$", DEAD, has_the_actor),
        (r"^call echo", DEAD, answers_the_call),
    ],
    "duplicates": [
        (r"^get hosts afterwards$", DEAD, lambda answer: len(answer["id"]) == 56),
    ],
    "live-update": [
        (r"^claims$", OWN, has_one_revision),
        (r"\(not allowed\)$", REFUSED, is_not_accepted),
        (r"^call updated actor$", GUEST, answers_the_call),
    ],
    "stop-lazy-unsub": [(r"^call echo [12367] ", LOST, answers_the_call)],
}


def with_whole_stop(events):
    """Their host says nothing of what ends with it, and not always that it ends itself; ours says both
    (host.md 10.2)."""
    actors, providers, kept = [], [], []
    for event in events:
        if event == "HostStopped":
            continue
        if "ActorStarted" in event:
            actors.append(event["ActorStarted"]["actor"])
        elif "ActorStopped" in event:
            actors.remove(event["ActorStopped"]["actor"])
        elif "ProviderStarted" in event:
            provider = {name: event["ProviderStarted"][name]
                        for name in ("contract_id", "link_name", "provider_id")}
            if provider in providers:  # it was stopped in between, by an order
                providers.remove(provider)
                kept.append({"ProviderStopped": provider})
            providers.append(provider)
        kept.append(event)
    return (kept + [{"ProviderStopped": provider} for provider in providers]
            + [{"ActorStopped": {"actor": actor}} for actor in actors] + ["HostStopped"])


def stops_sorted(events):
    """What ends with a host ends in no order."""
    at = len(events) - 1
    while at > 0 and ("ActorStopped" in events[at - 1] or "ProviderStopped" in events[at - 1]):
        at -= 1
    return events[:at] + sorted(events[at:-1], key=str) + events[-1:]


SIGNED_BY_US = {"jti": "of a token", "iat": "a time", "hash": "of another module",
                "sub": "of another module"}


class Conversation:
    """One capture, played with our hosts. `ns` and `flags` are those of each host by its letter."""

    def __init__(self, test, name, ns=None, flags=None, env=None):
        self.test, self.name, self.ns, self.flags = test, name, ns or {}, flags or {}
        self.env = env
        self.capture = capture(name)
        self.hosts, self.counts = {}, collections.Counter()
        self.peer, self.key = test.client(headers=True, no_responders=True), forge.Key("N")
        self.events = self.peer.collect("wasmbus.ctl.*.events")
        self.peer.flush()

    def play(self, start=0, end=None):
        for case in self.capture["cases"][start:end]:
            with self.test.subTest(case["name"]):
                self.play_case(case)
        return self

    def play_case(self, case):
        name = case["name"]
        if name.startswith("start host") or re.match(r"host [A-Z] start", name):
            return self.start(re.search(r"host ([A-Z]\d?)", name).group(1))
        stop = re.match(r"stop (?:host )?([A-Z]\d?)$|host ([A-Z]) stop", name)
        if stop or name == "stop last host":
            letter = next(filter(None, stop.groups())) if stop else list(self.hosts)[-1]
            return self.test.assertEqual(self.hosts[letter].stop(), 0)
        for message in case["messages"]:
            if message["who"].startswith("client") and message["op"] == "PUB":
                self.send(case, message)

    def start(self, letter):
        self.test.ns = self.ns.get(letter, "default")
        self.hosts[letter] = self.test.host(*self.flags.get(letter, []), env=self.env)
        self.test.swaps[self.capture["hosts"][letter]] = self.hosts[letter].id

    def send(self, case, message):
        name, subject = case["name"], message["subject"]
        kind, self.test.ns, tail = subject.split(".")[1:4]
        for pattern, _, check in OTHERWISE.get(self.name, []):
            if re.search(pattern, name):
                self.counts["meant to differ"] += 1
                self.send_otherwise(message, name, check)
                return self.settle(message)
        if tail in ("links", "remlinks"):
            return self.advertise(message)
        if kind == "rpc":
            answers = self.answers(case, message)
            self.test.call_again(self.peer, self.key, message, answers, name, self.test.ns)
        else:
            self.test.ask_again(self.peer, message, self.answers(case, message), name)
        self.counts["compared"] += 1
        self.settle(message)

    def advertise(self, message):
        fields = json.loads(self.test.ours(json.dumps(plain(payload(message)))))
        self.peer.publish(message["subject"], msgpack.pack(fields))
        # It has arrived when what was asked after it is answered; on another connection it need not.
        self.peer.flush()
        time.sleep(0.05)

    @staticmethod
    def answers(case, message):
        return [each for each in case["messages"]
                if each["op"] == "PUB" and each.get("subject") == message.get("reply")]

    def settle(self, message):
        """Waits for what was ordered, as their client did, and learns the key of an actor."""
        words, text = message["subject"].split("."), payload(message).decode(errors="replace")
        if words[-1] == "upd" and "echo:r1" in text:
            return self.settle_update(self.test.ours(words[4]))
        if words[-1] in ("lp", "sp") and KV in self.test.swaps:
            return self.settle_provider(self.test.ours(words[4]), json.loads(text), words[-1] == "lp")
        if words[-1] not in ("la", "sa") or self.name == "stop-lazy-unsub" and words[-1] == "sa":
            return
        host = next(each for each in self.hosts.values() if each.id == self.test.ours(words[4]))
        image = next((image for image in ACTOR_KEYS
                      if image in text or ACTOR_KEYS[image] in text), None)
        if image is None:
            return
        key = ACTOR_KEYS[image]
        if words[-1] == "sa":
            mine = self.test.ours(key)
            wait_until(lambda: mine not in self.running(host), "the end of the actor")
        elif key not in self.test.swaps:
            known = set(self.test.swaps.values())
            new = wait_until(lambda: self.running(host) - known, "the actor")
            self.test.swaps[key], = new
        else:
            wait_until(lambda: self.test.ours(key) in self.running(host), "the actor")

    def settle_update(self, host_id):
        letter, host = next(each for each in self.hosts.items() if each[1].id == host_id)
        if "--allow-live-updates" in self.flags.get(letter, []):
            wait_until(lambda: self.test.inventory(host)["actors"][0]["revision"] == 1, "revision 1")

    def settle_provider(self, host_id, order, there):
        if "kv:" not in order["provider_ref"] and order["provider_ref"] != KV:
            return
        host = next(each for each in self.hosts.values() if each.id == host_id)
        wanted = self.test.ours(KV), order["link_name"]
        wait_until(lambda: there == (wanted in {
            (each["id"], each["link_name"]) for each in self.test.inventory(host)["providers"]}),
            "the provider")

    def running(self, host):
        return {actor["id"] for actor in self.test.inventory(host)["actors"]}

    def send_otherwise(self, message, name, check):
        """Ours answers otherwise, but at once, and lives."""
        subject, data = self.test.ours(message["subject"]), payload(message)
        if ".ctl." in subject:
            data = self.test.ours(data.decode())
        elif data != b"\xc1\xc1":
            data = forge.packed(forge.invocation(
                self.key, forge.actor_entity("system"), forge.actor_entity(subject.split(".")[3]),
                "HandleRequest", msgpack.pack({"method": "GET", "path": "/", "queryString": "",
                                               "header": {}, "body": b""})))
        if check is None:
            return self.test.ask_again(self.peer, message, [], name)
        answer = plain(self.peer.request(subject, data).data)
        self.test.assertTrue(check(answer), (name, answer))

    def theirs(self, tail):
        """(letter, message) of what their hosts published on such subjects."""
        for case in self.capture["cases"]:
            for each in case["messages"]:
                if each["op"] == "PUB" and re.search(tail, each.get("subject") or ""):
                    yield each["who"].split("-")[-1].split(".")[0], each

    def told(self, keep=lambda event: "Heartbeat" not in event):
        """The events our hosts sent and those of theirs, each as letter -> list in order."""
        self.peer.flush()
        letters = {host.id: letter for letter, host in self.hosts.items()}
        mine, theirs = collections.defaultdict(list), collections.defaultdict(list)
        for message in list(self.events.queue):
            event = message.json()
            mine[letters[event["header"]["host_origin"]]].append(event["event"])
        for letter, message in self.theirs(r"^wasmbus\.ctl\.\w+\.events$"):
            event = json.loads(self.test.ours(payload(message).decode()))
            theirs[letter].append(event["event"])
        return [{letter: list(filter(keep, events)) for letter, events in each.items()}
                for each in (mine, theirs)]


class Conversations(CaptureScenario):
    # Theirs ask every registry that a command names; ours those they were told of.
    permissions = [*CaptureScenario.permissions, "--control-registries", "oci.test"]

    def setUp(self):
        super().setUp()
        self.swaps[ECHO] = str(self.sign_echo())

    def compare_events(self, conversation, **differ):
        """`differ`: what is to be expected of a host instead."""
        mine, theirs = conversation.told()
        for letter, events in theirs.items():
            self.compare_each(mine[letter], with_whole_stop(differ.get(letter, events)),
                              f"events of {letter}")
        print(f"\n  {conversation.name}: {dict(conversation.counts)}, events of {len(theirs)} hosts",
              flush=True)

    def compare_each(self, mine, theirs, where):
        self.assertEqual(len(mine), len(theirs), f"{where}: {mine} {theirs}")
        for one, other in zip(stops_sorted(mine), stops_sorted(theirs)):
            self.compare(one, other, where)

    def test_one_host(self):
        conversation = Conversation(self, "single-host").play()
        self.compare_events(conversation)
        self.assertGreaterEqual(conversation.counts["compared"], 25)

    def test_stopping_on_one_of_two(self):
        self.compare_events(Conversation(self, "stop-lazy-unsub").play())

    def test_two_and_three_hosts(self):
        alias = ("--call-alias", "wasmcloud/examples/ponger")
        self.swaps["oci.test/ponger:0.1.0"] = str(self.sign("ponger", "--ver", "0.1.0", *alias))
        self.swaps["oci.test/pinger:0.1.0"] = str(
            self.sign("pinger", "--ver", "0.1.0", "--http_server"))
        self.compare_events(Conversation(self, "two-hosts", flags={"B": ["--label", "zone=b"]}).play())

    def test_namespaces(self):
        conversation = Conversation(self, "namespace", {"A": "alpha", "B": "beta"},
                                    {"C": ["--own-cache"]}).play()
        self.compare_events(conversation)

    def test_starts_that_fail(self):
        self.forge_modules()
        conversation = Conversation(self, "start-failures").play()
        started = conversation.told()[1]["H0"]  # of a host that survived
        self.compare_events(conversation, H5=started)

    def test_live_updates(self):
        for number in (0, 1):
            self.swaps[f"oci.test/echo:r{number}"] = str(self.sign_revision(number))
        flags = {"A": ["--allow-live-updates"]}
        self.compare_events(Conversation(self, "live-update", flags=flags).play())

    def test_duplicates(self):
        again = self.work / "again.wasm"
        shutil.copy(self.swaps[ECHO], again)
        self.swaps["oci.test/latest:1"] = str(again)
        self.sign_provider()
        self.compare_events(Conversation(self, "duplicates").play())

    def test_a_provider_on_another_host(self):
        counter = self.sign("kvcounter", "--ver", "0.2.0", "--http_server", "--keyvalue")
        self.swaps["oci.test/kvcounter:0.2.0"] = str(counter)
        self.sign_provider()
        self.compare_events(Conversation(self, "provider").play())

    def sign_provider(self):
        """Our key-value provider in the place of theirs."""
        archive = self.work / "kv.par"
        self.ok("par", "create", "-c", "wasmcloud:keyvalue", "-v", "v", "-n", "Oracle KV", "-r", "1", "-b",
                ACTORS.parent / "lib" / "trellis-keyvalue.so", "--destination", archive)
        self.swaps.update({"oci.test/kv:0.1.0": str(archive),
                           KV: self.ok("par", "inspect", archive, "--json").json()["service"]})

    def heartbeats(self, conversation):
        """The last heartbeat of each host: (of ours, of theirs)."""
        return [{letter: events[-1] for letter, events in each.items() if events}
                for each in conversation.told(lambda event: "Heartbeat" in event)]

    def test_heartbeats(self):
        conversation = Conversation(self, "heartbeat", env={
            "HEARTBEAT_INTERVAL_S": "1", "KVCACHE_REPLAY_HEARTBEAT_SECS": "1"})
        questions = conversation.peer.collect("lattice.state.replay")
        conversation.play(0, 4)
        conversation.events.queue.clear()  # what they said before they knew everything
        wait_until(lambda: {"A", "B"} <= set(self.heartbeats(conversation)[0]), "heartbeats")
        mine, theirs = self.heartbeats(conversation)
        for letter, event in theirs.items():
            self.compare(mine[letter], event, f"heartbeat of {letter}", SIGNED_BY_US)
        # Each asks on joining and then again and again, as theirs.
        wait_until(lambda: questions.qsize() > 4, "cache replays")
        known = [plain(message.data)["hwm"] for message in list(questions.queue)]
        self.assertEqual(known[0], 0)
        self.assertGreater(max(known), 0)
        conversation.play(4)
        print(f"\n  heartbeat: {dict(conversation.counts)}, {len(known)} replays", flush=True)

    def subscriptions(self):
        """(subject, queue group) of everything the server knows, apart from inboxes."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.monitor}/connz?subs=detail") as page:
            connections = json.load(page)["connections"]
        return sorted((each["subject"], each.get("qgroup", ""))
                      for connection in connections
                      for each in connection.get("subscriptions_list_detail", [])
                      if not each["subject"].startswith("_INBOX"))

    def test_the_server_restarts(self):
        self.monitor = free_port()
        self.server.configure(f"http: 127.0.0.1:{self.monitor}")
        self.server.restart()
        conversation = Conversation(self, "reconnect").play(0, 2)
        conversation.peer.close()
        theirs = {(self.ours(each["subject"]), self.ours(each.get("queue") or ""))
                  for case in conversation.capture["cases"][:2] for each in case["messages"]
                  if each["op"] == "SUB" and not each["subject"].startswith("_INBOX") and
                  each["who"].startswith("host") and CACHE not in each["subject"]}
        # The server may show the client's for a moment longer.
        wait_until(lambda: all("trellis." in subject for subject, _ in
                               set(self.subscriptions()) - theirs), "none but these subscriptions")
        before = self.subscriptions()
        self.assertEqual(theirs - set(before), set())
        self.server.restart()
        wait_until(lambda: self.subscriptions() == before, "the same subscriptions")
        conversation.peer = self.client(headers=True, no_responders=True)
        conversation.play(3)
        print(f"\n  reconnect: {dict(conversation.counts)}, {len(before)} subscriptions, "
              f"{len(theirs)} of them theirs", flush=True)

    def forge_modules(self):
        """Modules with the defects of theirs."""
        issuer, subject = forge.Key("A"), forge.Key("M")
        module = (ACTORS / "echo.unsigned.wasm").read_bytes()
        empty = b"\0asm\1\0\0\0"
        # (import "env" "nobody" (func)) and nothing else.
        needy = empty + b"\1\4\1\x60\0\0" + b"\2\x0e\1\3env\6nobody\0\0"

        def signed(module, **changes):
            claims = forge.claims(issuer, subject, module, "x", ("wasmcloud:httpserver",), **changes)
            return forge.with_token(module, forge.token(issuer, claims))
        good, now = signed(module), int(time.time())
        head, _, signature = good.rpartition(b".")
        other = b"A" if signature[:1] != b"A" else b"B"
        images = {
            "notoken:1": module, "badhash:1": good + forge.section(b"more", b"x"),
            "garbage:1": b"no module", "expired:1": signed(module, exp=now - 60),
            "notyet:1": signed(module, nbf=now + 3600), "badsig:1": head + b"." + other + signature[1:],
            "nowapc:1": signed(empty), "badimport:1": signed(needy), "badpar:1": b"no archive",
        }
        for name, content in images.items():
            self.swaps[f"oci.test/{name}"] = self.write(name.replace(":", "-") + ".wasm", content)


if __name__ == "__main__":
    lattice_harness.main()
