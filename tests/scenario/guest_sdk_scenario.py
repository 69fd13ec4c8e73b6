#!/usr/bin/env python3
"""The guest SDKs from inside actors: encodings against vectors, hostile messages, failures.

The actors sdk-cpp, sdk-rust and sdk-as do the same; tests/guests/sdk_* says what. Each has one
instance (tag serial), so `/count`, the calls that an instance has seen, tells when it was replaced.
"""

import json
import struct
import uuid

import harness
from guests import VECTORS, GuestScenario, sdk_actors

# Types that actors neither send nor get.
NOT_FOR_ACTORS = {"CapabilityConfiguration"}


def vectors():
    """(name, type, bytes)"""
    cases = json.loads((VECTORS / "core.json").read_text())["cases"]
    return [(case["name"], case["type"], bytes.fromhex(case["bytes_hex"])) for case in cases
            if case["type"] not in NOT_FOR_ACTORS]


def string(text):
    """The shortest form of a text."""
    data = text.encode()
    if len(data) < 32:
        return bytes([0xa0 | len(data)]) + data
    return b"\xd9" + bytes([len(data)]) + data


def entries(message):
    """[(name bytes, value bytes)] of a map, by our own reading."""
    at, found = 1, []
    for _ in range(message[0] & 0x0f):
        end = end_of(message, at)
        value_end = end_of(message, end)
        found.append((message[at:end], message[end:value_end]))
        at = value_end
    assert at == len(message)
    return found


def end_of(data, at):
    """Where the value at a place ends. Knows the forms that the vectors have."""
    marker = data[at]
    if marker & 0xf0 in (0x80, 0x90):
        at += 1
        for _ in range((marker & 0x0f) * (2 if marker & 0xf0 == 0x80 else 1)):
            at = end_of(data, at)
        return at
    if marker & 0xe0 == 0xa0:
        return at + 1 + (marker & 0x1f)
    if marker in (0xd9, 0xc4):
        return at + 2 + data[at + 1]
    return at + 1 + {0xcc: 1, 0xcd: 2, 0xce: 4, 0xcf: 8, 0xd0: 1}.get(marker, 0)


class GuestSdk(GuestScenario):
    current = None

    def _formatMessage(self, msg, standardMsg):
        return f"{self.current}: {super()._formatMessage(msg, standardMsg)}"

    def each(self):
        """Each SDK's actor in turn; failures name it."""
        for name, site in self.serve(sdk_actors()).items():
            self.current = name
            yield name, site

    def recode(self, site, kind, message):
        return site.ask(f"/recode/{kind}", message)

    def test_encodings_are_those_of_the_vectors(self):
        for _, site in self.each():
            for name, kind, message in vectors():
                self.assertEqual(self.recode(site, kind, message), (200, message), name)
            log = b"\x83\xa6target\xa0\xa5level\xa4info\xa4text\xa2hi"
            self.assertEqual(self.recode(site, "WriteLogArgs", log), (200, log))

    def test_other_forms_of_a_message_mean_the_same(self):
        for _, site in self.each():
            for name, kind, message in vectors():
                fields = entries(message)
                forms = {
                    "array": bytes([0x90 | len(fields)]) + b"".join(value for _, value in fields),
                    "backwards": message[:1] + b"".join(k + v for k, v in reversed(fields)),
                    "unknown key": bytes([message[0] + 1]) + b"\xa1?\x92\xc0\x81\xa0\xcb" + bytes(8) +
                                   message[1:],
                    "long map": struct.pack(">BI", 0xdf, len(fields)) + message[1:],
                    "bytes behind": message + b"\xc1\xff",
                }
                for form, other in forms.items():
                    self.assertEqual(self.recode(site, kind, other), (200, message), (name, form))

    def test_integers_of_any_width_that_fit(self):
        add = b"\x82\xa3key\xa1k\xa5value"
        for _, site in self.each():
            for wide, short in ((b"\xd3" + b"\xff" * 8, b"\xff"), (b"\xcf" + bytes(7) + b"\x05", b"\x05"),
                                (b"\xd0\x07", b"\x07"), (b"\xd1\xff\x00", b"\xd1\xff\x00"),
                                (b"\xd2\x80\0\0\0", b"\xd2\x80\0\0\0"), (b"\xd3" + bytes(6) + b"\x01\0", b"\xcd\x01\0"),
                                (b"\xce\x7f\xff\xff\xff", b"\xce\x7f\xff\xff\xff"), (b"\xd1\xff\x80", b"\xd0\x80")):
                self.assertEqual(self.recode(site, "AddArgs", add + wide), (200, add + short), wide)
            for outside in (b"\xce\x80\0\0\0", b"\xcf" + b"\xff" * 8, b"\xd3" + b"\x80" + bytes(7), b"\xca" + bytes(4)):
                self.assertEqual(self.recode(site, "AddArgs", add + outside)[0], 400, outside)
            sequence = b"\x83\xa4guid\xc0\xaesequenceNumber\xcf" + b"\xff" * 8 + b"\xadrandom_number"
            for last, status in ((b"\xce\xff\xff\xff\xff", 200), (b"\xff", 400), (b"\xcf" + b"\xff" * 8, 400)):
                self.assertEqual(self.recode(site, "GeneratorResult", sequence + last)[0], status, last)

    def test_bytes_in_their_three_forms(self):
        head = b"\x84\xaastatusCode\xcc\xc8\xa6status\xa0\xa6header\x80\xa4body"
        for _, site in self.each():
            for body in (b"\xc4\x02hi", b"\xa2hi", b"\x92\x68\xcc\x69", b"\xdc\0\x02hi", b"\xc6\0\0\0\x02hi"):
                self.assertEqual(self.recode(site, "http::Response", head + body), (200, head + b"\xc4\x02hi"))
            for body in (b"\x91\xcd\x01\0", b"\x91\xff", b"\xc0", b"\xc6\xff\xff\xff\xff", b"\xdd\xff\xff\xff\xff"):
                self.assertEqual(self.recode(site, "http::Response", head + body)[0], 400, body)

    def test_lengths_at_the_borders_of_their_forms(self):
        head = b"\x82\xa5value"
        for _, site in self.each():
            for size, marker in ((31, b"\xbf"), (32, b"\xd9\x20"), (255, b"\xd9\xff"), (256, b"\xda\x01\0"),
                                 (65535, b"\xda\xff\xff"), (65536, b"\xdb\0\x01\0\0")):
                message = head + marker + b"x" * size + b"\xa6exists\xc3"
                self.assertEqual(self.recode(site, "GetResponse", message), (200, message), size)
            for size, marker in ((15, b"\x9f"), (16, b"\xdc\0\x10"), (65536, b"\xdd\0\x01\0\0")):
                message = b"\x81\xa4keys" + marker + string("é") * size
                self.assertEqual(self.recode(site, "SetUnionArgs", message), (200, message), size)

    def test_hostile_messages_are_refused_without_a_trap(self):
        deep = b"\x81\xa1?" + b"\x91" * 100000
        for _, site in self.each():
            before = int(site.text("/count"))
            asked = 1
            for _, kind, message in vectors():
                for size in range(len(message)):
                    status, text = self.recode(site, kind, message[:size])
                    self.assertEqual(status, 400, (kind, message[:size]))
                    self.assertIn(b"Failed to de-serialize: ", text)
                    asked += 1
            for kind, message, text in (
                    ("GetArgs", deep, b"deep"), ("GetArgs", b"\xc0", b"expected"), ("GetArgs", b"\x80", b"`key`"),
                    ("GetArgs", b"\x82\xa3key\xa1a\xa3key\xa1b", b"duplicate field `key`"),
                    ("GetArgs", b"\x81\xa3key\xc0", b"expected text"), ("GetArgs", b"\xdf\xff\xff\xff\xff", b"ends after"),
                    ("GetArgs", b"\x81\xa3key\xdb\xff\xff\xff\xff", b"ends after"),
                    ("SetUnionArgs", b"\x81\xa4keys\xdd\x7f\xff\xff\xff", b"ends after")):
                status, answer = self.recode(site, kind, message)
                self.assertEqual(status, 400, message[:20])
                self.assertIn(text, answer)
                asked += 1
            self.assertEqual(int(site.text("/count")), before + asked, "the instance is still the same")

    def test_key_value_operations(self):
        expected = "hé hé true false 300 -1 1 2 3 a,b,a 2 0 1 1 0 1 1 x,y,z y 1 x"
        for name, site in self.each():
            self.assertEqual(site.text(f"/store/{name}"), expected)

    def test_extras_in_both_shapes(self):
        for _, site in self.each():
            for sequence, path in enumerate(("/extras-a", "/extras-b", "/extras-a", "/extras-b")):
                guid, random, number = site.text(path).split(" ")
                self.assertEqual(uuid.UUID(guid).version, 4)
                self.assertEqual((random, number), ("7", str(sequence)))

    def test_logging_at_each_level(self):
        for name, site in self.each():
            for level in ("error", "warn", "info"):
                self.assertEqual(site.text(f"/log/{level}", f"{name} says {level}".encode()), "logged")
                line = self.host.wait_for(f"{name} says {level}").string
                self.assertRegex(line, f"(?i){level}")
            self.assertEqual(site.text("/console", f"{name} à la console".encode()), "logged")
            self.host.wait_for(f"{name} à la console")

    def test_errors_keep_the_instance_and_panics_replace_it(self):
        for name, site in self.each():
            self.assertEqual([site.text("/count") for _ in range(2)], ["1", "2"])
            self.assertEqual(site.ask("/fail", b"no luck today")[0], 500)
            self.host.wait_for(r"no luck today")
            self.assertEqual(site.text("/count"), "4")
            mark = self.host.mark()
            self.assertEqual(site.ask("/panic", f"{name} gives up".encode())[0], 500)
            self.host.wait_for(f"asked to: {name} gives up", mark)
            self.host.wait_for(r"\[trap\]", mark)
            self.assertEqual(site.text("/count"), "1", "a fresh instance")

    def test_unlinked_capabilities_are_errors(self):
        """sdk-* may use the store, but nothing is linked."""
        host = self.up()
        for name in sdk_actors():
            self.ok("start", "actor", harness.ACTORS / f"{name}.wasm")
            request = '{"method":"GET","path":"/store/x","queryString":"","header":{},"body":""}'
            error = self.refused("call", name, "HandleRequest", request).err
            if name == "sdk-as":  # this actor takes errors for impossible
                self.assertIn("[trap]", error)
            else:
                self.assertIn("wasmcloud:keyvalue", error)
        self.assertEqual(host.stop(), 0)


if __name__ == "__main__":
    harness.main()
