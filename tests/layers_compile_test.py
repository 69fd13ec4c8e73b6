#!/usr/bin/env python3
"""Checks that layers hold in the compiler (src/layers.cmake): a file compiled with the flags of a
layer finds the headers of what the layer sees, and none of any other layer.

    layers_compile_test.py BUILD_FOLDER COMPILER
"""

import concurrent.futures
import json
import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from layers_test import LIST, Layers

ROOT = Path(__file__).parent.parent
# Of the libraries that only one layer uses, the one that is not among the system's headers.
PRIVATE = {"v8.h": "engine"}


def flags_of(build, compiler):
    """The compiler's arguments for each layer, without source, output and precompiled headers."""
    found = {}
    for entry in json.loads((build / "compile_commands.json").read_text()):
        words = shlex.split(entry["command"])
        output = words[words.index("-o") + 1]
        part = next((part for part in Path(output).parts if part.endswith(".dir")), "")
        if not part.startswith("trellis_") or not any(f"/layers/{part[8:-4]}/" in word for word in words):
            continue
        words = words[words.index(compiler) + 1:]
        words = words[:words.index("-o")]
        while "-include" in words:
            at = words.index("-include")
            del words[at:at + 2]
        found[part[8:-4]] = [word for word in words if word != "-Winvalid-pch"]
    return found


def a_header(layer):
    """One header of a layer, as it is included: near its root, where no library's headers are private,
    and including little, which costs little."""
    for place in (ROOT / "src", ROOT):
        headers = [path for path in (place / layer).rglob("*.hpp")
                   if not path.name.endswith("_fixture.hpp") and not path.name.startswith("test_")]
        if headers:
            least = min(headers, key=lambda path: (len(path.parts), path.read_text().count("#include"), path))
            return least.relative_to(place).as_posix()
    return None


def public_headers(layers):
    for path in sorted((ROOT / "include/trellis").glob("*.hpp")):
        yield f"trellis/{path.name}", layers.of_public(path.name)


class Compiler:
    def __init__(self, program, folder):
        self.program, self.folder = program, Path(folder)

    def run(self, name, flags, headers):
        """Compiles a made-up file that includes these; empty, or what the compiler said."""
        source = self.folder / f"{name}.cpp"
        source.write_text("".join(f'#include "{header}"\n' for header in headers) + "int made_up = 0;\n")
        done = subprocess.run([self.program, *flags, "-fsyntax-only", str(source)], cwd=self.folder, text=True,
                              capture_output=True, check=False, env=os.environ | {"LC_ALL": "C"})
        return "" if done.returncode == 0 else done.stderr or "it failed without a word"


def problem(compiler, job):
    layer, flags, headers, visible = job
    said = compiler.run(f"{layer}_{'sees' if visible else 'not_' + headers[0].replace('/', '_')}", flags, headers)
    if visible:
        return f"{layer}: does not compile what it sees, {', '.join(headers)}:\n{said}" if said else None
    missing = f"fatal error: '{headers[0]}' file not found", f"fatal error: {headers[0]}: No such file"
    if not said:
        return f"{layer}: compiles {headers[0]}, which it does not see"
    return None if any(text in said for text in missing) else f"{layer}: {headers[0]} fails otherwise:\n{said}"


def main():
    build, program = Path(sys.argv[1]), sys.argv[2]
    layers = Layers((ROOT / LIST).read_text())
    flags = flags_of(build, program)
    headers = {layer: a_header(layer) for layer in layers.sees}
    places = [(header, layer) for layer, header in headers.items() if header]
    places += [*public_headers(layers), *PRIVATE.items()]
    jobs = []
    for layer, words in sorted(flags.items()):
        seen = [header for header, owner in places if owner in layers.sees[layer] and header not in PRIVATE]
        jobs.append((layer, words, seen, True))
        jobs += [(layer, words, [header], False) for header, owner in places
                 if owner != layer and (header in PRIVATE or owner not in layers.sees[layer])]
    built = {layer for layer in layers.sees if layer != layers.TOP and headers[layer]}
    problems = [f"{layer}: nothing is compiled with its view" for layer in sorted(built - set(flags))]
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(2) as pool:
        compiler = Compiler(program, folder)
        problems += [found for found in pool.map(lambda job: problem(compiler, job), jobs) if found]
    refused = sum(1 for job in jobs if not job[3])
    print(f"layers: {len(flags)} layers; {refused} includes that point upwards or aside were tried")
    sys.exit("\n".join(problems) if problems else 0)


if __name__ == "__main__":
    main()
