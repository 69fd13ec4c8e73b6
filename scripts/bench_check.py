#!/usr/bin/env python3
"""bench_check.py [RESULTS [BASELINE]]: compares the ratios of a benchmark run with the committed ones.

Fails when a ratio is worse than its baseline by more than the margin (25 %), when a row of the
baseline was not measured, and when the machine was too noisy to judge. With --accept RESULTS becomes
the baseline. Ratios of times shall be low, those of rates and gains ("x") high."""

import argparse
import json
import sys
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[1]
MARGIN = 0.25


def ratios(path):
    found = json.loads(Path(path).read_text())
    rows = {row["name"]: (row["ratio"], row["unit"]) for row in found["results"]
            if row["ratio"] is not None}
    return rows, found.get("too_noisy", False)


def worse_by(now, before, unit):
    """How much worse, as a share of what it was; negative when it is better."""
    return before / now - 1 if unit.endswith("/s") or unit == "x" else now / before - 1


def compare(now, before):
    """Lines of a table, and how many rows are too bad."""
    lines, bad = [], 0
    for name, (was, unit) in before.items():
        if name not in now:
            lines.append(f"MISSING   {name}")
            bad += 1
            continue
        ratio = now[name][0]
        change = worse_by(ratio, was, unit)
        verdict = "WORSE" if change > MARGIN else "better" if change < -MARGIN else "as before"
        bad += verdict == "WORSE"
        lines.append(f"{verdict:<10}{name}: {was:.2f} -> {ratio:.2f}")
    return lines, bad


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[1])
    parser.add_argument("results", nargs="?", default=SOURCE / "build/bench/results.json")
    parser.add_argument("baseline", nargs="?", default=SOURCE / "bench/baseline.json")
    parser.add_argument("--accept", action="store_true", help="make the results the baseline")
    arguments = parser.parse_args()
    now, noisy = ratios(arguments.results)
    if arguments.accept:
        kept = [{"name": name, "ratio": round(ratio, 3), "unit": unit}
                for name, (ratio, unit) in now.items()]
        Path(arguments.baseline).write_text(json.dumps({"results": kept}, indent=1) + "\n")
        print(f"{len(kept)} ratios are the baseline now")
        return 0
    before, _ = ratios(arguments.baseline)
    lines, bad = compare(now, before)
    print("\n".join(lines))
    if noisy:
        print("bench-check: the machine was too noisy to judge; run it again when it is quiet")
        return 1
    if bad:
        print(f"bench-check: {bad} of {len(before)} ratios are worse by more than {MARGIN:.0%}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
