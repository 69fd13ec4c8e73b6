"""Modules that are small, valid and signed, and cost an engine a great deal to compile. Each kind
grows one thing that compilers pay for: see base/limits.hpp, "what compiling a module may cost"."""

from forge import leb

I32, F64 = b"\x7f", b"\x7c"
GUEST_CALL = b"\x60\2" + I32 * 2 + b"\1" + I32
NOTHING = b"\x60\0\0"


def vector(items):
    return leb(len(items)) + b"".join(items)


def numbered(number, content):
    return bytes([number]) + leb(len(content)) + content


def name(text):
    return leb(len(text)) + text.encode()


def function(instructions, locals_=0, kind=I32):
    body = (b"\1" + leb(locals_) + kind if locals_ else b"\0") + instructions + b"\x0b"
    return leb(len(body)) + body


def module(functions, types=(NOTHING,), exports=()):
    """An actor that answers every call with an error, and `functions` of the second type."""
    known = [name("memory") + b"\2\0", name("__guest_call") + b"\0\0", *exports]
    indices = [b"\0", *[b"\1"] * len(functions)]
    return (b"\0asm\1\0\0\0" + numbered(1, vector([GUEST_CALL, *types]))
            + numbered(3, vector(indices)) + numbered(5, b"\1\0\1") + numbered(7, vector(known))
            + numbered(10, vector([function(b"\x41\0"), *functions])))


def merges(locals_, blocks):
    """The state of all locals is kept for each of many nested blocks."""
    sets = b"".join(b"\x41\0\x21" + leb(i) for i in range(locals_))
    leaves = b"".join(b"\x20\0\x0d" + leb(i) for i in range(blocks))
    return module([function(sets + b"\x02\x40" * blocks + leaves + b"\x0b" * blocks, locals_)])


def loops(locals_, count):
    """All locals change in each of many nested loops."""
    sets = b"".join(b"\x20" + leb(i) + b"\x41\1\x6a\x21" + leb(i) for i in range(locals_))
    leaves = b"".join(b"\x20\0\x0d" + leb(i) for i in range(count))
    return module([function(b"\x03\x40" * count + sets + leaves + b"\x0b" * count, locals_)])


def changes(locals_, blocks):
    """A local changes before each of many branches out of nested blocks."""
    steps = b"".join(b"\x20" + leb(i % locals_) + b"\x41\1\x6a\x21" + leb(i % locals_)
                     + b"\x20" + leb(locals_ - 1) + b"\x0d" + leb(i) for i in range(blocks))
    return module([function(b"\x02\x40" * blocks + steps + b"\x0b" * blocks, locals_)])


def exports(count, arity):
    """The same function of a wide type under many names."""
    wide = b"\x60" + vector([I32] * arity) + vector([I32] * arity)
    names = [name(f"e{i:x}") + b"\0\1" for i in range(count)]
    return module([function(b"\0")], (wide,), names)


def growth(count, functions):
    """Calls into the engine's runtime, one behind the other."""
    return module([function(b"\x41\0\x40\0\x1a" * count)] * functions)


def dense(count, functions):
    """Instructions of which each becomes hundreds of bytes of machine code."""
    return module([function(b"\x20\0\xb1\x1a" * count, 1, F64)] * functions)


def empty_loops(count):
    return module([function(b"\x03\x40\x0b" * count)])


def table(targets, count):
    jump = b"\x02\x40\x41\0\x0e" + leb(targets) + b"\0" * (targets + 1) + b"\x0b"
    return module([function(jump * count, 10)])


def references(locals_, calls, functions):
    """A bit for each local beside each call into the runtime."""
    return module([function(b"\x41\0\x40\0\x1a" * calls, locals_, b"\x6f")] * functions)


def small_functions(count):
    return module([function(b"")] * count)


REFUSED = {
    "locals x targets": lambda: merges(50_000, 12_000),
    "locals x targets, within the locals": lambda: merges(19_000, 4_000),
    "locals x loops": lambda: loops(1_000, 1_000),
    "changed locals x targets": lambda: changes(1_000, 4_000),
    "exports of a wide type": lambda: exports(90_000, 1_000),
    "many exports": lambda: exports(90_000, 60),
    "large functions": lambda: growth(200_000, 4),
    "machine code": lambda: dense(100_000, 40),
    "loops": lambda: empty_loops(100_000),
    "targets of tables": lambda: table(60_000, 8),
    "functions": lambda: small_functions(500_000),
    "references x calls": lambda: references(19_000, 10_000, 20),
}

ACCEPTED = {
    "locals x targets": lambda: merges(1_000, 1_000),
    "locals x loops": lambda: loops(200, 100),
    "changed locals x targets": lambda: changes(300, 300),
    "exports": lambda: exports(9_000, 60),
    "runtime calls": lambda: growth(20_000, 4),
    "machine code": lambda: dense(50_000, 4),
    "functions": lambda: small_functions(50_000),
    "references x calls": lambda: references(1_000, 1_000, 4),
}
