"""Makes signed modules by hand, so that tests can make bad ones: nkeys, Ed25519 (RFC 8032), tokens
and the module hash (identity.md 1-3), with Python's standard library only. Slow and not constant
in time: for tests.
"""

import base64
import hashlib
import json
import os
import time

PRIME = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, PRIME - 2, PRIME) % PRIME


def _add(p, q):
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % PRIME, (p[1] + p[0]) * (q[1] + q[0]) % PRIME
    c, d = 2 * p[3] * q[3] * D % PRIME, 2 * p[2] * q[2] % PRIME
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % PRIME, g * h % PRIME, f * g % PRIME, e * h % PRIME)


def _times(scalar, point):
    result = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            result = _add(result, point)
        point = _add(point, point)
        scalar >>= 1
    return result


def _base():
    y = 4 * pow(5, PRIME - 2, PRIME) % PRIME
    square = (y * y - 1) * pow(D * y * y + 1, PRIME - 2, PRIME) % PRIME
    x = pow(square, (PRIME + 3) // 8, PRIME)
    if (x * x - square) % PRIME:
        x = x * pow(2, (PRIME - 1) // 4, PRIME) % PRIME
    if x & 1:
        x = PRIME - x
    return (x, y, 1, x * y % PRIME)


BASE = _base()


def _pack(point):
    inverse = pow(point[2], PRIME - 2, PRIME)
    x, y = point[0] * inverse % PRIME, point[1] * inverse % PRIME
    return (y | (x & 1) << 255).to_bytes(32, "little")


def _number(data):
    return int.from_bytes(hashlib.sha512(data).digest(), "little") % ORDER


def _crc16(data):
    crc = 0
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ 0x1021 if crc & 0x8000 else crc << 1) & 0xFFFF
    return crc


class Key:
    """A key pair of a kind: "A" account, "M" module, "V" service ..."""

    def __init__(self, kind):
        seed = os.urandom(32)
        digest = hashlib.sha512(seed).digest()
        self._scalar = int.from_bytes(digest[:32], "little") & (1 << 254) - 8 | 1 << 254
        self._prefix = digest[32:]
        self._public = _pack(_times(self._scalar, BASE))
        raw = bytes(["ABCDEFGHIJKLMNOPQRSTUVWXYZ".index(kind) << 3]) + self._public
        self.text = base64.b32encode(raw + _crc16(raw).to_bytes(2, "little")).decode()

    def sign(self, message):
        nonce = _number(self._prefix + message)
        start = _pack(_times(nonce, BASE))
        answer = _number(start + self._public + message)
        return start + ((nonce + answer * self._scalar) % ORDER).to_bytes(32, "little")


def _segment(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def token(issuer, claims, header=None):
    parts = [_segment(json.dumps(part, separators=(",", ":")).encode())
             for part in (header or {"typ": "jwt", "alg": "Ed25519"}, claims)]
    message = b".".join(parts)
    return message + b"." + _segment(issuer.sign(message))


def claims(issuer, subject, module, name, caps=("wasmcloud:keyvalue",), **changes):
    """Right claims for a module; `changes` make them wrong."""
    metadata = {"name": name, "hash": hashlib.sha256(module).hexdigest().upper(), "tags": [],
                "caps": list(caps), "rev": 1, "ver": "1", "prov": False}
    metadata.update(changes.pop("wascap", {}))
    return {"jti": "x" * 22, "iat": int(time.time()), "iss": issuer.text, "sub": subject.text,
            "wascap": metadata, **changes}


def leb(number):
    out = bytearray()
    while True:
        out.append(number & 0x7F | (0x80 if number > 0x7F else 0))
        number >>= 7
        if not number:
            return bytes(out)


def section(name, payload):
    body = leb(len(name)) + name + payload
    return b"\0" + leb(len(body)) + body


def with_token(module, text):
    return module + section(b"jwt", text)
