#!/usr/bin/env python3
"""Conversations of first-party hosts and clients (tests/vectors/capture-*.json) with ours in the place
of one of them: what they sent is sent again, what ours answers is compared field by field.

Keys, ids, times and the image references of modules we do not have are substituted; NOT_COMPARED
says what else is left out, and why."""

import collections
import json
import queue
import re
import shutil
from pathlib import Path

import forge
import lattice_harness
import msgpack
from harness import ACTORS, PATIENCE, wait_until
from lattice_harness import LatticeScenario, call

VECTORS = Path(__file__).resolve().parents[1] / "vectors"
ECHO, ECHO_KEY = "oci.test/echo:0.2.1", "MBCFOPM6JW2APJLXJD3Z5O4CN7CPYJ2B4FTKLJUR5YR5MITIU7HD3WD5"
PONGER = "MAS242Z2N4ZNGKGC2KGLVHLC4FBCDPF634TR563XBTNW3VR5RX25253X"

NOT_COMPARED = {
    "uptime": "a time",
    "timestamp": "a time",
    "image_ref": "ours was started from a file, which is no image (lattice.md 5.3)",
    "iss": "ours is signed by another account",
}
# Where in the text a decoder gave up is its own business.
POSITION = re.compile(r" at line \d+ column \d+$")
# Cases of the single host whose outcome is meant to differ.
OTHERWISE = {
    "control: start actor with unobtainable image": "what cannot be fetched is refused at once (5.7)",
    "control: provider auction": "ours bids only for what it may start (5.6)",
}


def capture(name):
    return json.loads((VECTORS / f"capture-{name}.json").read_text())


def payload(message):
    return bytes.fromhex(message.get("payload_hex") or "")


def plain(data):
    """JSON, else MessagePack, as Python values."""
    try:
        return json.loads(data)
    except ValueError:
        return msgpack.unpack(data)


class Captures(LatticeScenario):
    def sign_echo(self):
        """Our echo with the metadata of theirs."""
        source, target = self.work / "echo.unsigned.wasm", self.work / "echo.wasm"
        shutil.copy(ACTORS / "echo.unsigned.wasm", source)
        self.ok("claims", "sign", source, "--destination", target, "--name", "Echo", "--rev", "0", "--ver",
                "0.2.0", "--http_server", "--directory", ACTORS.parent / "keys",
                "--disable-keygen", env={"USER": "throwaway"})
        return target

    def compare(self, ours, theirs, where):
        """`theirs` has our keys in it already."""
        if isinstance(theirs, dict):
            self.assertIsInstance(ours, dict, where)
            for name, value in theirs.items():
                if name in NOT_COMPARED:
                    continue
                self.assertIn(name, ours, where)
                self.compare(ours[name], value, f"{where}.{name}")
            extra = set(ours) - set(theirs) - set(NOT_COMPARED)
            self.assertEqual(extra, set(), where)
        elif isinstance(theirs, list):
            def order(value):
                return json.dumps(value, sort_keys=True)
            self.assertEqual(len(ours), len(theirs), f"{where}: {ours} {theirs}")
            for mine, other in zip(sorted(ours, key=order), sorted(theirs, key=order)):
                self.compare(mine, other, where)
        else:
            self.assertEqual(ours, POSITION.sub("", theirs) if isinstance(theirs, str) else theirs,
                             where)

    def test_a_client_and_our_host(self):
        conversation = capture("single-host")
        host = self.host()
        reference = str(self.sign_echo())
        peer, key = self.client(headers=True, no_responders=True), forge.Key("N")
        swaps = {conversation["hosts"]["A"]: host.id, ECHO: reference}
        compared = collections.Counter()

        def ours(text):
            for theirs, mine in swaps.items():
                text = text.replace(theirs, mine)
            return text

        for case in conversation["cases"][1:26]:
            name = case["name"]
            sent = [each for each in case["messages"]
                    if each["who"].startswith("client") and each["op"] == "PUB"]
            for message in sent:
                answers = [each for each in case["messages"]
                           if each["op"] == "PUB" and each.get("subject") == message.get("reply")]
                if name in OTHERWISE:
                    compared["meant to differ"] += 1
                    continue
                with self.subTest(name):
                    if message["subject"].startswith("wasmbus.rpc"):
                        outcome = self.call_again(peer, key, message, answers, ours, name)
                    else:
                        outcome = self.ask_again(peer, message, answers, ours, name)
                    compared[outcome or ("compared" if answers else "silence compared")] += 1
                if name == "control: start actor echo":
                    wait_until(lambda: self.inventory(host)["actors"], "the actor")
                    swaps[ECHO_KEY] = self.inventory(host)["actors"][0]["id"]
        print(f"\n  single-host: {dict(compared)}; not compared: {NOT_COMPARED}", flush=True)
        self.assertGreaterEqual(compared["compared"], 16)

    def ask_again(self, peer, message, answers, ours, name):
        answer, inbox = queue.Queue(), f"_INBOX.{name.__hash__() & 0xFFFFFFFF}"
        sid = peer.subscribe(inbox, answer.put)
        peer.publish(ours(message["subject"]), ours(payload(message).decode()), inbox)
        if answers:
            got = answer.get(timeout=PATIENCE).json()
            self.compare(got, json.loads(ours(payload(answers[0]).decode())), name)
        else:
            # Silence: the host answers what is asked afterwards, or the server says that nobody
            # listens there.
            peer.request(self.control("get.hosts"))
            while not answer.empty():
                self.assertTrue(answer.get().headers.startswith(b"NATS/1.0 503"), name)
        peer.unsubscribe(sid)

    def call_again(self, peer, key, message, answers, ours, name):
        try:
            fields = plain(payload(message))
        except ValueError:
            # No invocation: theirs is silent and the caller waits, ours says so.
            self.assertEqual(answers, [], name)
            answer = peer.request(ours(message["subject"]), payload(message))
            self.assertIn("de-serialize", forge.read_response(answer.data)[1])
            return "meant to differ"
        target = ours(fields["target"][0])
        try:
            got, error = call(peer, key, target, fields["operation"],
                              msgpack.to_bytes(fields["msg"]))
        except lattice_harness.NoResponders:
            self.assertEqual(answers, [], name)
            return
        theirs = plain(payload(answers[0]))
        self.assertEqual(bool(error), bool(theirs["error"]), (name, error))
        if error:
            # The words after this are the guest's own.
            self.assertTrue(theirs["error"].startswith("Failed to invoke actor: Guest call failure"))
            self.assertIn("Guest call fail", error)
        else:
            mine, other = msgpack.unpack(got), msgpack.unpack(msgpack.to_bytes(theirs["msg"]))
            if fields["operation"] == "HandleRequest":
                for each in (mine, other):
                    each["body"] = json.loads(msgpack.to_bytes(each["body"]))
                mine.pop("header"), other.pop("header")  # ours adds a content type
            self.compare(mine, other, name)

    def replayed(self):
        """What host A of the two hosts told the late joiner: acknowledgement, then changes."""
        for case in capture("two-hosts")["cases"]:
            if not case["name"].startswith("start host B"):
                continue
            inbox = next(each["reply"] for each in case["messages"]
                         if each.get("subject") == "lattice.state.replay" and each["op"] == "PUB")
            return [payload(each) for each in case["messages"]
                    if each["op"] == "PUB" and each.get("subject") == inbox]
        raise AssertionError("no such case")

    def test_our_host_joins_a_first_party_cache(self):
        answers = self.replayed()
        peer = self.client()
        asked = queue.Queue()

        def answer(message):
            asked.put(plain(message.data))
            for each in answers:
                peer.publish(message.reply, each)
        peer.subscribe("lattice.state.replay", answer, "lattice.state.replay")
        peer.flush()
        host = self.host()
        self.assertEqual(asked.get(timeout=PATIENCE), {"hwm": 0})
        theirs = {}
        for case in capture("two-hosts")["cases"]:
            if case["name"] == "get claims":
                theirs["claims"] = [plain(payload(each)) for each in case["messages"]
                                    if each["who"] == "host-B.ctl" and each["op"] == "PUB"][0]
        mine = self.client().request(self.control("get.claims")).json()
        expected = {each["values"]["sub"]: each["values"] for each in theirs["claims"]["claims"]}
        found = {each["values"]["sub"]: each["values"] for each in mine["claims"]}
        self.assertEqual(found, expected)  # every field
        links = self.ctl("get", "links")["links"]
        self.assertEqual([link["actor_id"] for link in links], [ECHO_KEY])
        # The alias is known, too: a call of an actor by it goes to the subject of its key.
        calls = peer.collect(self.subject(PONGER))
        self.start_actor(host, "pinger.wasm")
        actor = self.inventory(host)["actors"][0]["id"]
        request = msgpack.pack({"method": "GET", "path": "/", "queryString": "", "header": {},
                                "body": b""})

        def respond(message):
            invocation = plain(message.data)
            reply = forge.response(msgpack.pack({"value": 53}), None, invocation["id"])
            peer.publish(message.reply, forge.packed(reply))
        peer.subscribe(self.subject(PONGER), respond)
        peer.flush()
        message, error = call(self.client(), forge.Key("N"), actor, "HandleRequest", request)
        self.assertIsNone(error)
        self.assertIn(b"53", msgpack.to_bytes(msgpack.unpack(message)["body"]))
        self.check_invocation(plain(calls.get(timeout=PATIENCE).data), host, actor)

    def check_invocation(self, sent, host, actor):
        """Field by field against the one host B sent, keys and ids aside."""
        theirs = None
        for case in capture("two-hosts")["cases"]:
            for each in case["messages"]:
                if each["op"] == "PUB" and (each.get("subject") or "").endswith(PONGER):
                    theirs = theirs or plain(payload(each))
        self.assertEqual(list(sent), list(theirs))  # names, in this order
        self.assertEqual(sent["target"], theirs["target"])
        self.assertEqual(sent["operation"], theirs["operation"])
        self.assertEqual(sent["origin"], {0: actor})
        self.assertEqual(sent["host_id"], host.id)
        parts = sent["encoded_claims"].split(".")
        other = theirs["encoded_claims"].split(".")
        self.assertEqual(parts[0], other[0])  # the same header, byte for byte

        def claims(part):
            import base64
            return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
        mine, their = claims(parts[1]), claims(other[1])
        self.assertEqual(set(mine), set(their))
        self.assertEqual(set(mine["wascap"]), set(their["wascap"]))
        self.assertEqual(mine["wascap"]["target_url"], their["wascap"]["target_url"])
        self.assertEqual((mine["sub"], mine["iss"]), (sent["id"], host.id))

    def test_a_first_party_cache_joins_ours(self):
        host = self.host()
        echo = self.sign_echo()
        actor = self.ctl("start", "actor", echo, "--host-id", host.id, "--wait")["actor_id"]
        provider = forge.Key("V").text
        self.ctl("link", "put", actor, provider, "wasmcloud:httpserver", "PORT=1", "--wait")
        peer = self.client()
        answers, inbox = queue.Queue(), "_INBOX.joiner"
        peer.subscribe(inbox, answers.put)
        peer.publish("lattice.state.replay", msgpack.pack({"hwm": 0}), inbox)
        expected = plain(answers.get(timeout=PATIENCE).data)
        self.assertEqual(list(expected), ["events_to_expect"])
        events = [plain(answers.get(timeout=PATIENCE).data)
                  for _ in range(expected["events_to_expect"])]
        state = {}
        for event in events:
            (kind, (key, value)), = event.items()
            state.setdefault((kind, key), []).append(value)
        theirs = set()
        for event in map(plain, self.replayed()[1:]):
            (kind, arguments), = event.items()
            theirs.add((kind, arguments[0].split("_")[0]))
        kinds = {(kind, key.split("_")[0]) for kind, key in state}
        # No alias, and no image: what is left is what their host tells of an actor and a link.
        self.assertEqual(kinds, theirs - {(2, "wclc:call"), (2, "wclc:oci"), (6, "wclc:ocis")})
        self.assertIn(actor, state[(6, "wclc:claims")])
        claims = json.loads(state[(2, f"wclc:claims_{actor}")][0])
        for event in map(plain, self.replayed()[1:]):
            (kind, arguments), = event.items()
            if arguments[0] == f"wclc:claims_{ECHO_KEY}":
                other = json.loads(arguments[1])
        self.assertEqual(list(claims), list(other))  # the same members in the same order
        self.assertEqual(list(claims["wascap"]), list(other["wascap"]))

    def test_live_changes_go_both_ways(self):
        host = self.host()
        peer = self.client()
        events = peer.collect("lattice.state.events")
        adverts = peer.collect(self.subject("links"))
        theirs = [payload(each) for case in capture("two-hosts")["cases"]
                  for each in case["messages"]
                  if each["op"] == "PUB" and each.get("subject") == "lattice.state.events"]
        for each in theirs:
            peer.publish("lattice.state.events", each)
        peer.flush()
        wait_until(lambda: len(self.ctl("get", "claims")["claims"]["claims"]) >= 3, "their claims")
        while not events.empty():
            events.get()  # those were ours to send, as the peer hears itself
        self.start_actor(host, "echo.wasm")
        mine = self.inventory(host)["actors"][0]["id"]
        provider = forge.Key("V").text
        self.ok("link", "put", mine, provider, "wasmcloud:httpserver", "PORT=1", "--host", host.id)
        advert = plain(adverts.get(timeout=PATIENCE).data)
        self.assertEqual(advert, {"actor_id": mine, "provider_id": provider,
                                  "link_name": "default", "contract_id": "wasmcloud:httpserver",
                                  "values": {"PORT": "1"}})

        def seen():
            found = set()
            for message in list(events.queue):
                (kind, arguments), = plain(message.data)["event"].items()
                found.add((kind, arguments[0].split("_")[0]))
            return found
        wait_until(lambda: {(2, "wclc:claims"), (6, "wclc:claims"), (2, "wclc:link"),
                            (6, "wclc:links")} <= seen(), "our changes")

    def words(self, subject, request):
        """The ctl command that sends the request."""
        tail = subject.split(".")
        if tail[3] == "get":
            names = {"hosts": ("get", "hosts"), "claims": ("get", "claims"), "links": ("get", "links")}
            return names.get(tail[4]) or ("get", "inventory", tail[4])
        host = tail[4]
        return {
            "la": lambda: ("start", "actor", request["actor_ref"], "--host-id", host),
            "sa": lambda: ("stop", "actor", host, request["actor_ref"]),
            "lp": lambda: ("start", "provider", request["provider_ref"], "--host-id", host,
                           "--link-name", request["link_name"]),
            "sp": lambda: ("stop", "provider", host, request["provider_ref"], request["link_name"],
                           request["contract_id"]),
            "upd": lambda: ("update", "actor", host, request["actor_id"],
                            request["new_actor_ref"]),
        }[tail[5]]()

    def questions(self):
        """(case, subject, request, answer) of every client that asked one host."""
        for name in ("single-host", "provider", "live-update", "duplicates", "two-hosts"):
            for case in capture(name)["cases"]:
                for each in case["messages"]:
                    subject = each.get("subject") or ""
                    if not (each["who"].startswith("client") and each["op"] == "PUB" and
                            subject.startswith("wasmbus.ctl.default.") and "auction" not in subject):
                        continue
                    answers = [payload(other) for other in case["messages"]
                               if other["op"] == "PUB" and other.get("subject") == each["reply"]]
                    if answers and payload(each) != b"{}":
                        yield f"{name}: {case['name']}", subject, payload(each), answers

    def test_our_client_and_a_first_party_host(self):
        peer = self.client()
        compared = 0
        for name, subject, request, answers in self.questions():
            with self.subTest(name):
                seen = queue.Queue()

                def answer(message, answers=answers, seen=seen):
                    seen.put(message.data)
                    for each in answers:
                        peer.publish(message.reply, each)
                sid = peer.subscribe(subject, answer)
                peer.flush()
                words = self.words(subject, json.loads(request) if request else {})
                expected = json.loads(answers[0])
                refused = expected.get("failure") or expected.get("accepted") is False
                done = self.ctl(*words, ok=not refused)
                sent = seen.get(timeout=PATIENCE)
                if request:
                    # Theirs, byte for byte, and the id of the operation behind it.
                    self.assertTrue(sent.startswith(request[:-1] + b',"operation_id":"'), sent)
                else:
                    self.assertEqual(sent, b"")
                if expected.get("failure"):
                    self.assertIn(expected["failure"], done.err)
                elif words[:2] == ("get", "inventory"):
                    self.assertEqual(done["inventory"], expected)
                elif words[:2] == ("get", "claims"):
                    self.assertEqual(done["claims"], expected)
                elif words[:2] == ("get", "links"):
                    self.assertEqual(done, expected)
                elif words[:2] == ("get", "hosts"):
                    self.assertEqual(sorted(host["id"] for host in done["hosts"]),
                                     sorted(json.loads(each)["id"] for each in answers))
                peer.unsubscribe(sid)
                compared += 1
        print(f"\n  our client: {compared} requests compared whole, with their answers", flush=True)
        self.assertGreater(compared, 35)


if __name__ == "__main__":
    lattice_harness.main()
