#!/usr/bin/env python3
"""figures.py [--json] [REVISION]: what the C++ sources measure: files, lines, functions, comments.

Of src, providers and include, tests and fixtures apart; of the work tree, or of a revision of the
repository. Lines are newlines. A function is what stands between a line that opens a body at some
indentation and the brace that closes it there (the sources are formatted, so that this finds them);
lambdas are part of theirs. A comment line holds nothing but a comment; its share is of lines that
are not blank."""

import argparse
import json
import re
import statistics
import subprocess
import sys
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[1]
ROOTS = ("src/", "providers/", "include/")
CPP = (".cpp", ".hpp", ".h")
NO_FUNCTION = re.compile(
    r"\s*(\}\s*)?(if|for|while|switch|catch|do|else|try|namespace|class|struct|enum|union|extern)\b|\s*\[")


def is_test(path):
    name = Path(path).name
    return (name.endswith(("_test.cpp", "_fixture.hpp", "test_support.hpp")) or
            name.startswith(("test_", "probe_")) or "/testdata/" in path)


def listed(revision):
    command = ["git", "-C", SOURCE, "ls-files"] if revision is None else \
        ["git", "-C", SOURCE, "ls-tree", "-r", "--name-only", revision]
    names = subprocess.run(command, capture_output=True, check=True, text=True).stdout.split("\n")
    return [n for n in names if n.startswith(ROOTS) and n.endswith(CPP)]


def text_of(name, revision):
    if revision is None:
        return (SOURCE / name).read_text() if (SOURCE / name).is_file() else ""
    return subprocess.run(["git", "-C", SOURCE, "show", f"{revision}:{name}"],
                          capture_output=True, check=True, text=True).stdout


def functions(lines):
    """Lengths of the functions of a file."""
    found, start = [], None
    head = []  # lines of the statement so far
    for number, line in enumerate(lines):
        stripped = line.strip()
        if start is not None:
            if line.startswith(start[1] + "}") and not line.startswith(start[1] + "} "):
                found.append(number - start[0] + 1)
                start = None
            continue
        if not stripped or stripped.startswith(("//", "#")):
            head = []
            continue
        head.append(line)
        if stripped.endswith("{"):
            whole = " ".join(head)
            indent = re.match(r"\s*", head[0]).group()
            if "(" in whole and not NO_FUNCTION.match(head[0]) and "=" not in whole.split("(")[0]:
                start = (number - len(head) + 1, indent)
            head = []
        elif stripped.endswith((";", "}", ":")):
            if re.search(r"\).*\{.*\}$", stripped) and not NO_FUNCTION.match(head[0]):
                found.append(len(head))
            head = []
    return found


def measure(names, revision):
    files, lengths, comments, filled = [], [], {"headers": [0, 0], "sources": [0, 0]}, 0
    for name in names:
        lines = text_of(name, revision).splitlines()
        files.append(len(lines))
        lengths += functions(lines)
        kind = comments["sources" if name.endswith(".cpp") else "headers"]
        kind[0] += sum(line.strip().startswith("//") for line in lines)
        kind[1] += sum(bool(line.strip()) for line in lines)
    total = [sum(kind[i] for kind in comments.values()) for i in (0, 1)]
    share = lambda pair: round(100 * pair[0] / pair[1], 1) if pair[1] else 0.0
    return {"files": len(files), "lines": sum(files), "file": spread(files),
            "functions": len(lengths), "function": spread(lengths),
            "comments_percent": share(total),
            "comments_percent_headers": share(comments["headers"]),
            "comments_percent_sources": share(comments["sources"])}


def spread(values):
    values = sorted(values) or [0]
    return {"median": statistics.median(values), "p90": values[min(len(values) - 1, len(values) * 9 // 10)],
            "longest": values[-1]}


def as_text(title, found):
    file, function = found["file"], found["function"]
    return (f"{title:<10} {found['files']:>5} files {found['lines']:>7} lines; file "
            f"{file['median']:.0f}/{file['p90']}/{file['longest']}; {found['functions']} functions "
            f"{function['median']:.0f}/{function['p90']}/{function['longest']}; comments "
            f"{found['comments_percent']} % (headers {found['comments_percent_headers']}, sources "
            f"{found['comments_percent_sources']})")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[1])
    parser.add_argument("revision", nargs="?", help="of the repository; else the work tree")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    names = listed(arguments.revision)
    parts = {root.rstrip("/"): [n for n in names if n.startswith(root) and not is_test(n)]
             for root in ROOTS}
    parts["all"] = [n for n in names if not is_test(n)]
    parts["tests"] = [n for n in names if is_test(n)]
    found = {title: measure(part, arguments.revision) for title, part in parts.items()}
    if arguments.json:
        print(json.dumps(found, indent=1))
        return
    print("median/90th percentile/longest, in lines")
    for title, figures in found.items():
        print(as_text(title, figures))


if __name__ == "__main__":
    sys.exit(main())
