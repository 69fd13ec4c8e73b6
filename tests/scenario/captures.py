"""What scenarios share that replay conversations of first-party hosts and clients
(tests/vectors/capture-*.json) with ours in the place of one of them: what they sent is sent again, what
ours answers is compared field by field.

Keys, ids, times and the image references of modules we do not have are substituted; NOT_COMPARED
says what else is left out, and why."""

import json
import queue
import re
import shutil
from pathlib import Path

import forge
import lattice_harness
import msgpack
from harness import ACTORS, PATIENCE
from lattice_harness import LatticeScenario, call

VECTORS = Path(__file__).resolve().parents[1] / "vectors"
ECHO, ECHO_KEY = "oci.test/echo:0.2.1", "MBCFOPM6JW2APJLXJD3Z5O4CN7CPYJ2B4FTKLJUR5YR5MITIU7HD3WD5"
PONGER = "MAS242Z2N4ZNGKGC2KGLVHLC4FBCDPF634TR563XBTNW3VR5RX25253X"
# Their actors that we have, too: image reference -> key.
ACTOR_KEYS = {ECHO: ECHO_KEY,
              "oci.test/kvcounter:0.2.0": "MCFMFDWFHGKELOXPCNCDXKK5OFLHBVEWRAOXR5JSQUD2TOFRE3DFPM7E",
              "oci.test/echo:r0": "MDZKXB23KZOEWM7K47BNCX4IQXK7WZ3I3KL7UH6YVVWIUICAYLHCHHR6",
              "oci.test/ponger:0.1.0": PONGER,
              "oci.test/pinger:0.1.0": "MB2ZOJXL67TBHKRPHX6EE3PUAX7QASN3SDX4ALNPO272HB42IBYUA6BV"}

NOT_COMPARED = {
    "hostcore.hostname": "a label of ours: hosts have names",
    "uptime": "a time",
    "timestamp": "a time",
    "image_ref": "ours was started from a file, which is no image (lattice.md 5.3)",
    "iss": "ours is signed by another account",
    "counter": "their key-value provider is another program than ours",
    "the order of lists": "theirs comes out of hash tables and differs from run to run",
    "the header of HTTP responses": "ours adds a content type; it is the guest's",
    "a guest's error after 'Guest call failure'": "the words are the guest's own",
}
# Where in the text a decoder gave up is its own business.
POSITION = re.compile(r" at line \d+ column \d+$")


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


class CaptureScenario(LatticeScenario):
    def setUp(self):
        super().setUp()
        self.swaps = {}  # theirs -> ours

    def ours(self, text):
        for theirs, mine in self.swaps.items():
            text = text.replace(theirs, mine)
        return text

    def sign(self, name, *claims):
        """Our actor of that name with the metadata of theirs."""
        source, target = self.work / f"{name}.unsigned.wasm", self.work / f"{name}.wasm"
        shutil.copy(ACTORS / source.name, source)
        keys = ACTORS.parent / "keys"
        # The second is where older builds, whose folder may be this one, put it.
        key = next(path for path in (keys / f"{name}_module.nk", keys / f"{name}.unsigned_module.nk")
                   if path.exists())
        self.ok("claims", "sign", source, "--destination", target, "--name", name.capitalize(),
                "--rev", "0", *claims, "--directory", keys, "--subject", key, "--disable-keygen",
                env={"USER": "throwaway"})
        return target

    def sign_revision(self, number):
        """The echo actor in another revision, with a key that is not echo's."""
        source = self.work / "revised.unsigned.wasm"
        shutil.copy(ACTORS / "echo.unsigned.wasm", source)
        target = self.work / f"revised{number}.wasm"
        self.ok("claims", "sign", source, "--destination", target, "--name", "Echo Rev", "--rev",
                number, "--http_server", "--directory", self.work / "keys")
        return target

    def sign_echo(self):
        return self.sign("echo", "--ver", "0.2.0", "--http_server")

    def compare(self, ours, theirs, where, more=()):
        """`theirs` has our keys in it already; `more` names fields that are not compared."""
        if isinstance(theirs, dict):
            self.assertIsInstance(ours, dict, where)
            for name, value in theirs.items():
                if name in NOT_COMPARED or name in more:
                    continue
                self.assertIn(name, ours, where)
                self.compare(ours[name], value, f"{where}.{name}", more)
            extra = set(ours) - set(theirs) - set(NOT_COMPARED) - set(more)
            self.assertEqual(extra, set(), where)
        elif isinstance(theirs, list):
            def order(value):
                return json.dumps(value, sort_keys=True)
            self.assertEqual(len(ours), len(theirs), f"{where}: {ours} {theirs}")
            for mine, other in zip(sorted(ours, key=order), sorted(theirs, key=order)):
                self.compare(mine, other, where, more)
        else:
            self.assertEqual(ours, POSITION.sub("", theirs) if isinstance(theirs, str) else theirs,
                             where)

    def ask_again(self, peer, message, answers, name):
        """Sends a client's control request again; what comes back must be what came back then."""
        answer, inbox = queue.Queue(), f"_INBOX.{name.__hash__() & 0xFFFFFFFF}"
        sid = peer.subscribe(inbox, answer.put)
        peer.publish(self.ours(message["subject"]), self.ours(payload(message).decode()), inbox)
        if answers:
            got = [answer.get(timeout=PATIENCE).json() for _ in answers]
            expected = [json.loads(self.ours(payload(each).decode())) for each in answers]
            self.compare(got, expected, name)
        else:
            # Silence: the host answers what is asked afterwards, or the server says that nobody
            # listens there.
            peer.request(self.control("get.hosts"))
            while not answer.empty():
                self.assertTrue(answer.get().headers.startswith(b"NATS/1.0 503"), name)
        peer.unsubscribe(sid)

    def call_again(self, peer, key, message, answers, name, ns="default"):
        """The same for a call."""
        fields = plain(payload(message))
        target = self.ours(fields["target"][0])
        try:
            got, error = call(peer, key, target, fields["operation"],
                              msgpack.to_bytes(fields["msg"]), ns=ns)
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
                mine.pop("header"), other.pop("header")
            self.compare(mine, other, name)
