"""MessagePack as the lattice speaks it (lattice.md 2.1): `bytes` become arrays of integers, integers
take the shortest form. Written by hand, so that tests do not trust the code they test.
"""

import struct


class Bin(bytes):
    """Bytes to be written as `bin`, which first-party peers refuse."""


def pack(value):
    out = bytearray()
    _put(out, value)
    return bytes(out)


def _put(out, value):
    if value is None:
        out.append(0xC0)
    elif isinstance(value, bool):
        out.append(0xC3 if value else 0xC2)
    elif isinstance(value, int):
        _put_int(out, value)
    elif isinstance(value, float):
        out += b"\xcb" + struct.pack(">d", value)
    elif isinstance(value, str):
        text = value.encode()
        _put_head(out, len(text), 0xA0, 32, (0xD9, 0xDA, 0xDB))
        out += text
    elif isinstance(value, Bin):
        _put_head(out, len(value), None, 0, (0xC4, 0xC5, 0xC6))
        out += value
    elif isinstance(value, (bytes, bytearray, list, tuple)):
        _put_head(out, len(value), 0x90, 16, (None, 0xDC, 0xDD))
        for each in value:
            _put(out, each)
    elif isinstance(value, dict):
        _put_head(out, len(value), 0x80, 16, (None, 0xDE, 0xDF))
        for key, each in value.items():
            _put(out, key)
            _put(out, each)
    else:
        raise TypeError(f"cannot pack {type(value).__name__}")


def _put_head(out, size, short, below, longer):
    if size < below:
        out.append(short | size)
    elif size < 0x100 and longer[0]:
        out += bytes([longer[0], size])
    elif size < 0x10000:
        out += bytes([longer[1]]) + struct.pack(">H", size)
    else:
        out += bytes([longer[2]]) + struct.pack(">I", size)


def _put_int(out, value):
    if -32 <= value < 0x80:
        out.append(value & 0xFF)
        return
    forms = ((0xCC, ">B"), (0xCD, ">H"), (0xCE, ">I"), (0xCF, ">Q")) if value >= 0 else \
            ((0xD0, ">b"), (0xD1, ">h"), (0xD2, ">i"), (0xD3, ">q"))
    for mark, form in forms:
        try:
            out += bytes([mark]) + struct.pack(form, value)
            return
        except struct.error:
            continue
    raise OverflowError(value)


def unpack(data):
    """The first value; what follows is ignored. ValueError when the data does not hold one."""
    return unpack_with_rest(data)[0]


def unpack_with_rest(data):
    try:
        value, end = _get(data, 0)
    except (IndexError, struct.error, UnicodeDecodeError) as problem:
        raise ValueError(f"bad MessagePack: {problem}") from None
    return value, data[end:]


def to_bytes(value):
    """A byte vector as it was unpacked (a list, or `bin`) as bytes."""
    return bytes(value)


NUMBERS = {0xCA: ">f", 0xCB: ">d", 0xCC: ">B", 0xCD: ">H", 0xCE: ">I", 0xCF: ">Q",
           0xD0: ">b", 0xD1: ">h", 0xD2: ">i", 0xD3: ">q"}
SIZED = {0xC4: ("bin", ">B"), 0xC5: ("bin", ">H"), 0xC6: ("bin", ">I"),
         0xD9: ("str", ">B"), 0xDA: ("str", ">H"), 0xDB: ("str", ">I"),
         0xDC: ("list", ">H"), 0xDD: ("list", ">I"), 0xDE: ("map", ">H"), 0xDF: ("map", ">I")}


def _get(data, at):
    mark = data[at]
    at += 1
    if mark < 0x80:
        return mark, at
    if mark < 0x90:
        return _get_sized(data, at, "map", mark & 0x0F)
    if mark < 0xA0:
        return _get_sized(data, at, "list", mark & 0x0F)
    if mark < 0xC0:
        return _get_sized(data, at, "str", mark & 0x1F)
    if mark >= 0xE0:
        return mark - 0x100, at
    if mark in (0xC0, 0xC2, 0xC3):
        return {0xC0: None, 0xC2: False, 0xC3: True}[mark], at
    if mark in NUMBERS:
        form = NUMBERS[mark]
        return struct.unpack_from(form, data, at)[0], at + struct.calcsize(form)
    if mark in SIZED:
        kind, form = SIZED[mark]
        size = struct.unpack_from(form, data, at)[0]
        return _get_sized(data, at + struct.calcsize(form), kind, size)
    raise ValueError(f"bad MessagePack: {mark:#x}")


def _get_sized(data, at, kind, size):
    if kind in ("str", "bin"):
        piece = bytes(data[at:at + size])
        if len(piece) < size:
            raise IndexError("it ends too early")
        return (piece.decode() if kind == "str" else Bin(piece)), at + size
    values = []
    for _ in range(size * (2 if kind == "map" else 1)):
        value, at = _get(data, at)
        values.append(value)
    return (values if kind == "list" else dict(zip(values[::2], values[1::2]))), at
