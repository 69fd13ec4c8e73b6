#!/usr/bin/env python3
"""Conversations of first-party hosts and clients (tests/vectors/capture-*.json) with ours in the place
of one of them, piece by piece: caches that fill each other, and the requests of our client. Whole
conversations are in lattice_conversations_scenario.py; what is not compared is in captures.py."""

import json
import queue

import forge
import lattice_harness
import msgpack
from captures import ECHO_KEY, PONGER, CaptureScenario, capture, payload, plain
from harness import PATIENCE, wait_until
from lattice_harness import call

class Captures(CaptureScenario):
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
        self.ctl("link", "put", actor, provider, "wasmcloud:httpserver", "PORT=1", "--no-wait")
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
                # What the captured host made of it afterwards is not played here.
                waits = ["--no-wait"] if words[0] in ("start", "stop", "update") else []
                done = self.ctl(*words, *waits, ok=not refused)
                sent = seen.get(timeout=PATIENCE)
                if request:
                    # Theirs, byte for byte, and the id of the operation behind it.
                    self.assertTrue(sent.startswith(request[:-1] + b',"operation_id":"'), sent)
                else:
                    self.assertEqual(sent, b"")
                if expected.get("failure"):
                    self.assertIn(expected["failure"], done.err)
                elif words[:2] == ("get", "inventory"):
                    for provider in done["inventory"]["providers"]:
                        provider.pop("of_host", None)  # beside what the host says
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
