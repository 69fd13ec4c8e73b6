#!/usr/bin/env python3
"""What building costs: this commit against an older one, by turns on this machine, in CPU time.

    build_cost.py [--base COMMIT] [--only run,test,debug] [--again]

Both commits are cloned below build/build-cost and built there without ccache. Each figure is user +
system time of all processes of the build, and its share of what the older commit needs. Figures of
the older commit are kept and used again; --again measures them anew. Edits change one file of the
clone and build what a developer would then run. The table also goes to build/build-cost/table.txt.
"""

import argparse
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PLACE = ROOT / "build/build-cost"
OLDEST = "d1c9a23"
# Figure, step that measures it, most that it may be of the older commit's.
SHARES = [
    ("make run, clean", "run", 0.40),
    ("make test, clean", "test", 0.50),
    ("router.cpp -> host tests", "debug", 0.60),
    ("router.hpp -> host tests", "debug", 0.50),
    ("one command -> binary", "debug", 0.30),
    ("limits.hpp -> everything", "debug", 0.40),
]
# Files as patterns: the older commit has them elsewhere.
EDITS = [
    ("router.cpp -> host tests", "src/host/**/router.cpp", "host_test"),
    ("router.hpp -> host tests", "src/host/**/router.hpp", "host_test"),
    ("one command -> binary", "src/cli/up.cpp", "trellis_bin"),
    ("limits.hpp -> everything", "src/base/limits.hpp", "all"),
]
ENVIRONMENT = {**os.environ, "CCACHE_DISABLE": "1"}
TESTS_ON = ["-DTRELLIS_TESTS=ON", "-DTRELLIS_ALL_GUESTS=ON"]


def timed(words, tree):
    """CPU seconds and wall seconds of a command and all its children."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.monotonic()
    done = subprocess.run(words, cwd=tree, env=ENVIRONMENT, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        sys.exit(f"build-cost: {' '.join(words)} failed in {tree}:\n{done.stdout[-3000:]}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    say(f"{after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime:.1f} s of CPU time")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return cpu, time.monotonic() - started


def clone(commit):
    """A clean clone of the commit, with the libraries that set-up unpacked."""
    tree = PLACE / commit
    shutil.rmtree(tree, ignore_errors=True)
    subprocess.run(["git", "clone", "-q", str(ROOT), str(tree)], check=True)
    subprocess.run(["git", "checkout", "-q", commit], cwd=tree, check=True)
    if (ROOT / "build/deps").is_dir():
        (tree / "build").mkdir(exist_ok=True)
        (tree / "build/deps").symlink_to(ROOT / "build/deps")
    return tree


def objects(tree):
    return {path: path.stat().st_mtime_ns for path in (tree / "build/release").rglob("*.o")}


def time_to_host(tree):
    """Seconds from `make run` to the host that runs, when nothing is to be built."""
    ready = tree / "build/ready"
    ready.unlink(missing_ok=True)
    started = time.monotonic()
    run = subprocess.Popen(["make", "run", f"ARGS=--ready-file {ready}"], cwd=tree, env=ENVIRONMENT, stdin=subprocess.DEVNULL,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        while not (ready.exists() and ready.read_text()):
            if run.poll() is not None or time.monotonic() - started > 120:
                sys.exit("build-cost: `make run` did not start a host")
            time.sleep(0.02)
        return time.monotonic() - started
    finally:
        os.killpg(run.pid, signal.SIGTERM)
        run.wait()


def measure(commit, steps, newest):
    figures = {}
    tree = clone(commit)
    if "run" in steps or "test" in steps:
        say(f"{commit}: make run")
        cpu, wall = timed(["make", "build"], tree)
        figures["make run, clean"] = cpu
        figures["wall of make run"] = wall
        if newest and "run" in steps:
            figures["no-op make run"] = time_to_host(tree)
        if "test" in steps:
            say(f"{commit}: make test")
            compiled = objects(tree)
            more, _ = timed(["scripts/build.sh", "release", *TESTS_ON], tree)
            figures["make test, clean"] = cpu + more
            figures["compiled twice"] = sum(1 for path, when in objects(tree).items()
                                            if compiled.get(path, when) != when)
    if "debug" in steps:
        say(f"{commit}: preset debug")
        timed(["scripts/build.sh", "debug", *TESTS_ON], tree)
        for name, pattern, target in EDITS:
            say(f"{commit}: {name}")
            with open(next(tree.glob(pattern)), "a") as file:
                file.write("\n// an edit\n")
            figures[name], _ = timed(["cmake", "--build", "--preset", "debug", "-j",
                                      str(os.cpu_count()), "--target", target], tree)
            timed(["scripts/build.sh", "debug", *TESTS_ON], tree)
    return figures


def say(text):
    print(f"build-cost: {time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def table(base, new):
    lines = [f"{'':<28}{'before':>10}{'now':>10}{'share':>8}{'target':>9}  reached"]
    for name, _, most in SHARES:
        if name not in base or name not in new:
            continue
        share = new[name] / base[name]
        lines.append(f"{name:<28}{base[name]:>8.1f} s{new[name]:>8.1f} s{share:>8.2f}{most:>9.2f}  "
                     f"{'yes' if share <= most else 'NO'}")
    absolute = [("wall of make run", "s", 300), ("no-op make run", "s", 3), ("compiled twice", "", 0)]
    for name, unit, most in absolute:
        if name in new:
            before = f"{base[name]:.1f} {unit}" if name in base else ""
            lines.append(f"{name:<28}{before:>10}{new[name]:>8.1f} {unit:<1}{'':>8}{most:>9}  "
                         f"{'yes' if new[name] <= most else 'NO'}")
    return "\n".join(line.rstrip() for line in lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", default=OLDEST, help=f"the older commit ({OLDEST})")
    parser.add_argument("--only", default="run,test,debug", help="steps: run, test, debug")
    parser.add_argument("--again", action="store_true", help="measure the older commit again")
    options = parser.parse_args()
    steps = options.only.split(",")
    if unknown := set(steps) - {"run", "test", "debug"}:
        parser.error(f"no such step: {', '.join(sorted(unknown))}")
    PLACE.mkdir(parents=True, exist_ok=True)
    head = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, check=True,
                          capture_output=True, text=True).stdout.strip()
    kept = PLACE / f"{options.base}.json"
    base = json.loads(kept.read_text()) if kept.exists() and not options.again else {}
    missing = [step for step in steps
               if any(of == step and name not in base for name, of, _ in SHARES)]
    if missing:
        base.update(measure(options.base, missing, False))
        kept.write_text(json.dumps(base))
    text = f"{options.base} -> {head}, {os.cpu_count()} cores, CPU time\n" + table(base, measure(head, steps, True))
    (PLACE / "table.txt").write_text(text + "\n")
    print(text)


if __name__ == "__main__":
    main()
