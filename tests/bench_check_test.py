#!/usr/bin/env python3
"""scripts/bench_check.py: what counts as worse."""

import importlib.util
import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[1] / "scripts/bench_check.py"


def load():
    spec = importlib.util.spec_from_file_location("bench_check", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class BenchCheck(unittest.TestCase):
    def test_times_shall_be_low_and_rates_high(self):
        check = load()
        for unit, better, worse in (("us", 0.5, 1.3), ("1/s", 1.5, 0.7)):
            for ratio, bad in ((1.0, 0), (better, 0), (worse, 1)):
                _, found = check.compare({"a": (ratio, unit)}, {"a": (1.0, unit)})
                self.assertEqual(found, bad, f"{unit} {ratio}")

    def test_a_row_that_is_missing_is_bad_and_a_new_one_is_not(self):
        check = load()
        self.assertEqual(check.compare({"b": (1.0, "us")}, {"a": (1.0, "us")})[1], 1)
        self.assertEqual(check.compare({"a": (1.0, "us"), "b": (9.0, "us")}, {"a": (1.0, "us")})[1], 0)

    def run_with(self, folder, ratio, **more):
        results, baseline = folder / "results.json", folder / "baseline.json"
        row = {"name": "a", "unit": "us"}
        baseline.write_text(json.dumps({"results": [{**row, "ratio": 1.0}]}))
        results.write_text(json.dumps({"results": [{**row, "ratio": ratio}], **more}))
        return subprocess.run([sys.executable, "-B", SCRIPT, results, baseline], check=False,
                              capture_output=True, text=True)

    def test_the_exit_code_says_it(self):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            self.assertEqual(self.run_with(folder, 1.1).returncode, 0)
            worse = self.run_with(folder, 1.5)
            self.assertEqual(worse.returncode, 1)
            self.assertIn("1 of 1 ratios are worse", worse.stdout)
            noisy = self.run_with(folder, 1.0, too_noisy=True)
            self.assertEqual(noisy.returncode, 1)
            self.assertIn("too noisy to judge", noisy.stdout)

    def test_the_committed_baseline_can_be_read(self):
        rows, _ = load().ratios(SCRIPT.parents[1] / "bench/baseline.json")
        self.assertGreater(len(rows), 20)


if __name__ == "__main__":
    unittest.main()
