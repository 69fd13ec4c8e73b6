"""Makes signed modules and lattice messages by hand, so that tests can make bad ones: nkeys, Ed25519
(RFC 8032), tokens and the module hash (identity.md 1-3), invocations (lattice.md 2.2-3.3), with
Python's standard library only. Slow and not constant in time: for tests.
"""

import base64
import hashlib
import json
import os
import time
import uuid

import msgpack

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
    """A key pair of a kind: "A" account, "M" module, "N" host, "V" service ..."""

    def __init__(self, kind, seed=None):
        seed = seed or os.urandom(32)
        self.kind, self.seed = kind, seed
        digest = hashlib.sha512(seed).digest()
        self._scalar = int.from_bytes(digest[:32], "little") & (1 << 254) - 8 | 1 << 254
        self._prefix = digest[32:]
        self._public = _pack(_times(self._scalar, BASE))
        raw = bytes(["ABCDEFGHIJKLMNOPQRSTUVWXYZ".index(kind) << 3]) + self._public
        self.text = base64.b32encode(raw + _crc16(raw).to_bytes(2, "little")).decode()

    @classmethod
    def from_text(cls, text):
        """From an encoded seed ("SN...")."""
        raw = base64.b32decode(text + "=" * (-len(text) % 8))
        code = (raw[0] & 7) << 5 | raw[1] >> 3
        return cls("ABCDEFGHIJKLMNOPQRSTUVWXYZ"[code >> 3], raw[2:34])

    def seed_text(self):
        code = "ABCDEFGHIJKLMNOPQRSTUVWXYZ".index(self.kind) << 3
        raw = bytes([18 << 3 | code >> 5, (code & 31) << 3]) + self.seed
        return base64.b32encode(raw + _crc16(raw).to_bytes(2, "little")).decode().rstrip("=")

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


def actor_entity(key):
    """An actor by its public key, or "system"."""
    return {0: key}


def provider_entity(key, contract, link="default"):
    return {1: {"id": key, "contract_id": contract, "link_name": link}}


def entity_url(entity):
    if 0 in entity:
        return f"wasmbus://{entity[0]}"
    provider = entity[1]
    contract = provider["contract_id"].replace(":", "/").replace(" ", "_").lower()
    link = provider["link_name"].replace(" ", "_").lower()
    return f"wasmbus://{contract}/{link}/{provider['id']}"


def invocation_hash(origin_url, target_url, message):
    text = origin_url.encode() + target_url.encode() + message
    return hashlib.sha256(text).hexdigest().upper()


def invocation_token(host, origin, target, operation, message, call, jti=None, iat=None, **changes):
    """Right claims for a call with the id `call`; `changes` of those in "wascap" make them wrong."""
    origin_url, target_url = entity_url(origin), f"{entity_url(target)}/{operation}"
    wascap = {"target_url": target_url, "origin_url": origin_url,
              "hash": invocation_hash(origin_url, target_url, message), **changes}
    return token(host, {"jti": jti or os.urandom(11).hex(), "iat": iat or int(time.time()),
                        "iss": host.text, "sub": call, "wascap": wascap}).decode()


def invocation(host, origin, target, operation, message=b"", call=None, **changes):
    """An Invocation as a dict in the order of the wire; `changes` replace fields of it."""
    call = call or str(uuid.uuid4())
    fields = {"origin": origin, "target": target, "operation": operation, "msg": message, "id": call,
              "encoded_claims": None, "host_id": host.text, **changes}
    if fields["encoded_claims"] is None:
        fields["encoded_claims"] = invocation_token(host, origin, target, operation, message, call)
    return fields


def response(message=b"", error=None, call=""):
    return {"msg": message, "error": error, "invocation_id": call}


def packed(fields):
    return msgpack.pack(fields)


def read_response(data):
    """(message, error or None) of an InvocationResponse."""
    fields = msgpack.unpack(data)
    return msgpack.to_bytes(fields["msg"]), fields["error"]
