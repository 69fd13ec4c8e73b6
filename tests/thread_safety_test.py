#!/usr/bin/env python3
"""Checks that annotations of locks (src/base/mutex.hpp) are more than words: clang 19 accepts code that
keeps to them and refuses code that does not. Skipped (77) without clang 19; `make lint` looks at all
sources.

    thread_safety_test.py
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

SOURCE = Path(__file__).resolve().parent.parent
SKIPPED = 77

# A class that is right, with a place for functions that are not.
CLASS = """
#include "base/mutex.hpp"
using namespace trellis;
class Account {
 public:
  void put(int sum) {
    const MutexLock lock(mutex_);
    add(sum);
    changed_.notify_all();
  }
  int wait_for_money() {
    MutexLock lock(mutex_);
    changed_.wait(lock, [this]() REQUIRES(mutex_) { return sum_ > 0; });
    const MutexUnlock others_may_put(mutex_);
    return 1;
  }
  int shown() const {
    const ReadLock lock(shared_);
    return shown_;
  }
  int twice() const { return both_.with([](int sum) { return 2 * sum; }); }
  %s
 private:
  void add(int sum) REQUIRES(mutex_) { sum_ += sum; }
  Mutex mutex_;
  Condition changed_;
  int sum_ GUARDED_BY(mutex_) = 0;
  mutable SharedMutex shared_;
  int shown_ GUARDED_BY(shared_) = 0;
  Guarded<int> both_{1};
};
"""

WRONG = {
    "reads without the lock": "int wrong() { return sum_; }",
    "writes without the lock": "void wrong() { sum_ = 1; }",
    "calls without the lock": "void wrong() { add(1); }",
    "takes it twice": "void wrong() { const MutexLock one(mutex_); const MutexLock two(mutex_); }",
    "uses it after letting go": "void wrong() { MutexLock lock(mutex_); lock.unlock(); sum_ = 1; }",
    "uses it while others may":
        "void wrong() { const MutexLock lock(mutex_); const MutexUnlock free(mutex_); sum_ = 1; }",
    "keeps it": "void wrong() { mutex_.lock(); }",
    "writes where it may read": "void wrong() { const ReadLock lock(shared_); shown_ = 1; }",
    "reads without any": "int wrong() const { return shown_; }",
    "waits for what it may not read":
        "void wrong() { MutexLock lock(mutex_); changed_.wait(lock, [this] { return sum_ > 0; }); }",
}


def complaints(compiler, functions):
    """What clang says of the class with these functions in it, one a line: by line, and all of it."""
    source = CLASS % "\n".join(functions)
    done = subprocess.run(
        [compiler, "-std=c++23", "-fsyntax-only", "-Wthread-safety", "-Werror=thread-safety",
         "-ferror-limit=0", "-x", "c++", "-", f"-I{SOURCE}/src", f"-I{SOURCE}/include"],
        input=source, capture_output=True, text=True, check=False)
    found = re.findall(r"^<stdin>:(\d+):\d+: error: .*\[-Werror,-Wthread-safety", done.stderr,
                       re.MULTILINE)
    lines = source.splitlines()
    return {lines[int(number) - 1] for number in found}, done.stderr


def main():
    compiler = shutil.which("clang++-19")
    if compiler is None:
        print("thread safety: skipped, no clang++-19 here")
        return SKIPPED
    problems = []
    if said := complaints(compiler, [])[1]:
        problems.append(f"code that keeps to its annotations is refused:\n{said}")
    functions = [f.replace("wrong()", f"wrong{i}()") for i, f in enumerate(WRONG.values())]
    refused, said = complaints(compiler, functions)
    for what, function in zip(WRONG, functions):
        if not any(function in line for line in refused):
            problems.append(f"code that {what} is accepted: {function}")
    if "error" in said and len(refused) == 0:
        problems.append(said)
    for problem in problems:
        print(problem)
    print(f"thread safety: {len(WRONG)} wrong uses, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
