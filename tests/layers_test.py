#!/usr/bin/env python3
"""Checks the shape of the source tree (CONTRIBUTING.md): includes point downwards only, libraries
stay behind their seams, files stay small, and nothing names the machine it was written on.

    layers_test.py [ROOT]   checks a tree, by default the one this file is in
"""

import re
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

# The list of layers; the build reads it too, and shows each layer's compiler only what is allowed.
LIST = "src/layers.cmake"

# Headers of libraries that are included behind one seam only.
SEAMS = [
    (re.compile(r"v8(-[a-z-]+)?\.h|libplatform/.*|node(_.*)?\.h"), "src/engine/v8/"),
    (re.compile(r"yaml-cpp/.*"), "src/manifest/"),
    (re.compile(r"nats(/.*)?\.h"), "bench/"),
    (re.compile(r"openssl/(ssl|bio|err|x509v3)\.h"), ("src/tcp/", "providers/httpserver/tls")),
    (re.compile(r"spdlog/.*"), "src/base/log_sinks"),
    (re.compile(r"CLI/.*"), "src/cli/options.cpp"),
    (re.compile(r"curl/.*"), "src/http/"),
    (re.compile(r"archive(_entry)?\.h"), "src/package/"),
    (re.compile(r"hiredis/.*"), "providers/redis/"),
    (re.compile(r"expat\.h"), "providers/blobstore_s3/"),
]

MAX_LINES = 600
CODE = {".cpp", ".hpp", ".h", ".py", ".sh", ".cmake", ".ts", ".rs"}
CPP = {".cpp", ".hpp", ".h"}
NOT_OURS_TO_SIZE = ("tests/vectors/", "docs/spec/", "fuzz/corpus/")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)

# Written in pieces, so that this file does not name them itself.
TRACES = [
    ("a path of one machine", re.compile(r"(?<![\w./-])/(?:wo" r"rk|ro" r"ot|ho" r"me/[a-z_]\w*|Us" r"ers/\w+)/")),
    ("a package registry", re.compile("|".join(re.escape(a + b) for a, b in [
        ("registry.np", "mjs.org"), ("registry.ya", "rnpkg.com"), ("crates", ".io"), ("pypi", ".org"),
        ("files.python", "hosted.org"), ("deb.deb", "ian.org"), ("proxy.gol", "ang.org"),
        ("rubyg", "ems.org"), ("repo.maven.apa", "che.org"), ("jfrog", ".io")]))),
]


class Layers:
    """Who sees whom, as src/layers.cmake says."""

    # May include anything: it stands on top of everything.
    TOP = "cli"

    def __init__(self, text):
        self.sees, self.hides, self.owner = {}, {}, {}
        for name, rest in re.findall(r"^trellis_layer\((\w+)([^)]*)\)", text, re.MULTILINE):
            seen, hidden, kind = {name}, set(), None
            for word in rest.split():
                if word in ("SEES", "HIDES", "HEADERS", "USES"):
                    kind = word
                elif kind == "SEES":
                    seen |= self.sees[word]  # stands above, or there is none
                elif kind == "HIDES":
                    hidden.add(word)
                elif kind == "HEADERS":
                    self.owner[word] = name
            self.sees[name], self.hides[name] = seen - hidden, hidden
        self.sees[self.TOP] = {self.TOP, *self.sees}
        self.rooms = {name.lower(): rooms.split() for name, rooms in
                      re.findall(r"^set\(TRELLIS_(\w+)_ROOMS ([^)]*)\)", text, re.MULTILINE)}

    def room_problem(self, path, target):
        """Rooms of a layer share a library, so the compiler holds no walls between them."""
        _, layer, room, *inside = Path(path).parts
        wanted = target.split("/")
        rooms = self.rooms.get(layer)
        if not rooms or not inside or wanted[0] != layer or len(wanted) < 3:
            return None
        for name in (room, wanted[1]):
            if name not in rooms:
                return f"{path}: room {name} of {layer} is not listed in {LIST}"
        if rooms.index(wanted[1]) > rooms.index(room):
            return f"{path}: room {room} of {layer} includes \"{target}\" of room {wanted[1]}, which stands above"
        return None

    def of_public(self, header):
        """The layer of a header below include/trellis."""
        return self.owner.get(header) or self.owner.get(header.partition("/")[0], "unlisted")

    def of_include(self, target):
        first, _, rest = target.partition("/")
        if first == "trellis":
            return self.of_public(rest)
        return first if rest else None


def layer_of(layers, path):
    """The layer of a source file, or None when it may include anything (tests, fuzz, tools)."""
    parts = Path(path).parts
    if parts[0] == "src" and len(parts) > 2:
        return parts[1]
    if parts[0] == "providers" and Path(path).suffix in CPP:
        return "providers"
    if parts[:2] == ("include", "trellis"):
        return layers.of_public("/".join(parts[2:]))
    return None


def is_test(path):
    name = Path(path).name
    return name.endswith(("_test.cpp", "_fixture.hpp")) or name.startswith("test_")


def check_include(layers, path, layer, target):
    if ".." in target.split("/"):
        return f"{path}: includes \"{target}\": name it from the root of its layer"
    wanted = layers.of_include(target)
    if wanted is None:
        return None
    if wanted == "support":
        return None if is_test(path) else f"{path}: includes \"{target}\", which is for tests only"
    if wanted not in layers.sees:
        return f"{path}: includes \"{target}\", whose layer is not listed in {LIST}"
    if wanted not in layers.sees[layer] and not (is_test(path) and wanted in layers.hides[layer]):
        return f"{path}: layer {layer} includes \"{target}\" of layer {wanted}, which it does not see"
    if path.startswith("src/") and not is_test(path) and (problem := layers.room_problem(path, target)):
        return problem
    if path.startswith("include/") and not target.startswith("trellis/"):
        return f"{path}: includes \"{target}\", which is not installed"
    return None


def check_seam(path, target):
    for pattern, home in SEAMS:
        if pattern.fullmatch(target) and not path.startswith(home):
            return f"{path}: includes <{target}>, which belongs to {home}"
    return None


def check_includes(layers, path, text):
    layer = layer_of(layers, path)
    if layer is None:
        return []
    if layer not in layers.sees:
        return [f"{path}: its layer is not listed in {LIST}"]
    found = []
    for quote, target in INCLUDE.findall(text):
        found.append(check_seam(path, target))
        if quote == '"':
            found.append(check_include(layers, path, layer, target))
    return [problem for problem in found if problem]


def check_size(path, lines):
    if lines <= MAX_LINES or path.startswith(NOT_OURS_TO_SIZE):
        return []
    return [f"{path}: {lines} lines, more than {MAX_LINES}: split it"]


def check_traces(path, text):
    return [f"{path}:{text.count(chr(10), 0, hit.start()) + 1}: names {what}: {hit.group()}"
            for what, pattern in TRACES for hit in [pattern.search(text)] if hit]


def project_files(root):
    """What is tracked, and what is new and not ignored; outside a checkout, everything but build/."""
    listed = subprocess.run(
        ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        capture_output=True, check=False)
    if listed.returncode == 0 and listed.stdout:
        names = set(listed.stdout.decode(errors="replace").split("\0")) - {""}
    else:
        names = {p.relative_to(root).as_posix() for p in root.rglob("*") if p.is_file()}
        names = {n for n in names if not n.startswith(("build/", ".git/"))}
    return sorted(n for n in names if (root / n).is_file())


def check_tree(root):
    """All problems of a tree, and the lengths of its C++ files."""
    problems, lengths = [], []
    layers = Layers((root / LIST).read_text())
    for path in project_files(root):
        data = (root / path).read_bytes()
        if b"\0" in data:
            continue
        text = data.decode(errors="replace")
        problems += check_traces(path, text)
        if Path(path).suffix in CODE:
            problems += check_size(path, text.count("\n"))
        if Path(path).suffix in CPP:
            problems += check_includes(layers, path, text)
            lengths.append(text.count("\n"))
    return problems, lengths


def self_test():
    """Each rule must be able to fail: a made-up tree breaks every one of them once."""
    bad = {
        "src/base/a.hpp": '#include "codec/b.hpp"\n',
        "src/base/b.hpp": '#include "../codec/b.hpp"\n',
        "src/actor/a.cpp": '#include "provider/b.hpp"\n#include "base/ok.hpp"\n#include <vector>\n',
        "src/wapc/a.cpp": "#include <v8.h>\n",
        "src/host/a.cpp": '#include "support/b.hpp"\n',
        "src/host/hidden.cpp": '#include "wapc/a.hpp"\n',
        "src/host/call/up.cpp": '#include "host/lifecycle/a.hpp"\n',
        "src/host/attic/a.cpp": '#include "host/call/a.hpp"\n',
        "src/cellar/a.cpp": "\n",
        "include/trellis/log.hpp": '#include "trellis/host.hpp"\n',
        "include/trellis/new.hpp": "\n",
        "include/trellis/client.hpp": '#include "base/text.hpp"\n',
        "providers/a/a.cpp": '#include "host/b.hpp"\n',
        "src/apply/a.cpp": '#include "providers/builtin.hpp"\n',
        "include/trellis/guest/a.hpp": '#include "trellis/result.hpp"\n',
        "src/host/long.cpp": "\n" * (MAX_LINES + 1),
        "docs/a.md": "see /wo" "rk/x\n",
        "package.json": '"https://registry.np' 'mjs.org/x"\n',
    }
    good = {
        LIST: ("trellis_layer(base\n  HEADERS log.hpp\n  USES fmt::fmt)\ntrellis_layer(guest HEADERS guest)\n"
               "trellis_layer(codec SEES base)\ntrellis_layer(engine SEES base)\ntrellis_layer(wapc SEES engine)\n"
               "trellis_layer(actor SEES wapc)\ntrellis_layer(provider SEES codec)\n"
               "trellis_layer(client SEES codec HEADERS client.hpp)\n"
               "trellis_layer(host SEES actor provider HIDES wapc HEADERS host.hpp)\n"
               "set(TRELLIS_HOST_ROOMS call lifecycle)\n"
               "trellis_layer(apply SEES host)\ntrellis_layer(providers SEES actor HIDES wapc)\n"),
        "src/host/b.cpp": '#include "actor/a.hpp"\n#include "trellis/host.hpp"\n#include "local.hpp"\n',
        "src/host/lifecycle/b.cpp": '#include "host/call/a.hpp"\n',
        "src/host/b_test.cpp": '#include "support/b.hpp"\n',
        "src/host/b_fixture.hpp": '#include "support/b.hpp"\n',
        "src/engine/v8/b.cpp": "#include <v8.h>\n",
        "providers/a/b_test.cpp": '#include "wapc/keys.hpp"\n',
        "src/cli/b.cpp": '#include "providers/builtin.hpp"\n',
        "docs/b.md": "GET /x/wo" "rk/y\n",
    }
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for name, text in (bad | good).items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
        problems, _ = check_tree(root)
    blamed = sorted(problem.split(":")[0] for problem in problems)
    assert blamed == sorted(bad), f"self-test: blamed {problems}, expected one for each of {sorted(bad)}"


def main():
    self_test()
    root = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent.parent).resolve()
    problems, lengths = check_tree(root)
    if not lengths:
        sys.exit(f"layers: no C++ files below {root}")
    lengths.sort()
    ninth = lengths[min(len(lengths) - 1, len(lengths) * 9 // 10)]
    print(f"layers: {len(lengths)} C++ files, {sum(lengths)} lines, median "
          f"{statistics.median(lengths):.0f}, 90th percentile {ninth}, longest {lengths[-1]}")
    for problem in problems:
        print(problem, file=sys.stderr)
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
