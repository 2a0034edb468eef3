#!/usr/bin/env python3
"""Would a test notice a wrong constant? Makes each constant of a formula 5 % wrong, one at a time, and runs the tests
that read it.

One build serves all: in a copy of the tree (build-mutate/) every literal and named constant is read through a function
that an environment variable makes wrong (scripts/mutation/mutant.h). A first run of each test case says what it reads,
so a constant costs only the cases that read it, up to the first that fails. What is left out, by rule or by name, is
counted and listed with its reason. Exits with 1 where a wrong constant survives.
"""

import argparse
import collections
import json
import os
import sys
import time
import zlib
from concurrent.futures import ThreadPoolExecutor

from mutation.constants import RULES, constants_of
from mutation.exceptions import EXCEPTIONS, Exceptions
from mutation.tests import Tests
from mutation.tree import Tree

FOLDERS = ["base", "model", "calibrate", "risk", "search", "claims"]
# Files, text and tables, and the scoring of fits against points left out: no formulas of the model.
NO_FORMULAS = {"base": {"atomic_file", "csv", "errors", "file", "progress", "table", "temporaries"},
               "calibrate": {"fabric_baselines", "fabric_validate", "validate_kernels"}}


def say(text):
    print("== " + text, file=sys.stderr, flush=True)


def sources(root):
    files = {}
    for folder in FOLDERS:
        for name in sorted(os.listdir(os.path.join(root, "host", folder))):
            stem, kind = os.path.splitext(name)
            if kind in (".cc", ".h") and not (folder == "base" and stem in NO_FORMULAS["base"]):
                path = f"host/{folder}/{name}"
                with open(os.path.join(root, path), encoding="utf-8") as file:
                    files[path] = file.read()
    return files


def has_formulas(path):
    folder, name = path.split("/")[1:]
    stem = os.path.splitext(name)[0]
    return stem not in NO_FORMULAS.get(folder, ()) and not stem.endswith("_report")


def build(tree, constants, scans, jobs, targets):
    failures = 4  # until no header is to blame, whose mistakes every file repeats
    for turn in range(1, 40):
        tree.write(constants, scans)
        tree.configure()
        start = time.monotonic()
        failing = tree.compile(jobs, failures, targets)
        say(f"build, round {turn}: {len(failing)} files failed, {time.monotonic() - start:.0f} s")
        if not failing:
            return
        moved = set()
        for output in failing:
            one, lost = tree.blamed(output)
            moved |= one
            if not one:
                print(output[:300], *lost[:5], sep="\n   ", file=sys.stderr)
        tree.step_back(moved)
        failures = 4 if any(key.split("|")[0].endswith(".h") for key, _ in moved) else 0
        if not moved:
            sys.exit("traincast: the instrumented tree does not compile")


def key_of(constant):
    return f"{constant.file}:{constant.code}:{constant.nth}"


def main():
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("files", nargs="*", metavar="FILE", help="only the constants of these files, as host/model/step.cc")
    parser.add_argument("--list", action="store_true", help="the constants and what is left out; no build")
    parser.add_argument("--sample", type=int, metavar="N", help="only N, spread evenly and always the same")
    parser.add_argument("--again", action="store_true", help="only those that were not noticed the last time")
    parser.add_argument("--seconds", type=float, default=1e9, metavar="N", help="try no more after this time")
    parser.add_argument("--most", type=float, default=1e9, metavar="SECONDS", help="leave out slower test cases")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--target", action="append", default=[], help="build only these")
    parser.add_argument("--no-build", action="store_true")
    options = parser.parse_args()

    begin = time.monotonic()
    constants, scans, left_out = constants_of(sources(root))
    exceptions = Exceptions(EXCEPTIONS)
    everything = constants
    constants = [c for c in constants if has_formulas(c.file) and not exceptions.cover(c)]
    stale = exceptions.unused()
    if stale:
        sys.exit("traincast: scripts/mutation/exceptions.py names what is not there: " + "; ".join(stale))
    if options.list:
        for c in everything:
            print(f"{c.id:5} {c.file}:{c.line}: {c.text}  |  {c.code}  {exceptions.reason(c) or ''}")
    if options.files:
        names = {os.path.relpath(os.path.abspath(name), root) for name in options.files}
        constants = [c for c in constants if c.file in names]
    if options.sample:
        constants = sorted(constants, key=lambda c: zlib.crc32(key_of(c).encode()))[:options.sample]
        constants.sort(key=lambda c: c.id)
    folder = os.path.join(root, "build-mutate")
    results_file = os.path.join(folder, "results.json")
    results = {}
    if os.path.exists(results_file):
        with open(results_file, encoding="utf-8") as file:
            results = json.load(file)
    if options.list:
        return 0
    tree = Tree(root, folder)
    if not options.no_build:
        build(tree, everything, scans, options.jobs, options.target)
    tests = Tests(folder, tree.build)
    tests.record(options.jobs, options.most, say)
    prepared = time.monotonic()
    chosen = constants
    if options.again:
        constants = [c for c in constants if results.get(key_of(c), ["survived"])[0] in ("survived", "unread")]
    for key, (_, program) in results.items():
        if program:
            place = (key.split(":")[0], program)
            tests.learned[place] = tests.learned.get(place, 0) + 1
    of_file = collections.defaultdict(set)
    for c in everything:
        of_file[c.file].add(c.id)
    done = 0

    def one(constant):
        nonlocal done
        if time.monotonic() - prepared > options.seconds:
            return
        outcome = tests.try_one(constant, of_file[constant.file])
        results[key_of(constant)] = outcome
        done += 1
        if outcome[0] in ("survived", "unread"):
            print(f"{outcome[0]:9} {constant.id:5} {constant.file}:{constant.line}: {constant.text}  |  {constant.code}", flush=True)
        if done % 50 == 0:
            say(f"{done} of {len(constants)}, {time.monotonic() - prepared:.0f} s")
            with open(results_file, "w", encoding="utf-8") as file:
                json.dump(dict(results), file, indent=0)

    with ThreadPoolExecutor(options.jobs) as pool:
        list(pool.map(one, constants))
    with open(results_file, "w", encoding="utf-8") as file:
        json.dump(results, file, indent=0)

    outcomes = [results.get(key_of(c), ("not tried", "")) for c in chosen]
    counts = collections.Counter(kind for kind, _ in outcomes)
    print("\nNoticed first by:", ", ".join(f"{program} {n}" for program, n in collections.Counter(
        program for _, program in outcomes if program).most_common()))
    only = [c for c, (kind, _) in zip(chosen, outcomes) if kind in ("golden", "validation")]
    for c in only:
        print(f"recorded  {c.id:5} {c.file}:{c.line}: {c.text}  |  {c.code}")
    print("\nLeft out: " + "; ".join(f"{n} {RULES[rule]}" for rule, n in left_out.items() if n))
    print(f"By file, scoring and tables: {sum(not has_formulas(c.file) for c in everything)}")
    print("By name: " + "; ".join(exceptions.counts()))
    survivors = counts["survived"] + counts["unread"]
    print(f"\n{len(chosen)} constants, {counts['unit'] + len(only)} noticed ({counts['unit']} by a unit or property test, "
          f"{len(only)} only by recorded output or published figures), {survivors} survived ({counts['unread']} read by no "
          f"test), {counts['not tried']} not tried; {prepared - begin:.0f} s to prepare, "
          f"{time.monotonic() - prepared:.0f} s to try {done}")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
