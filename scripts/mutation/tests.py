"""The test programs of the instrumented build: which case reads which constant, and whether a wrong one fails a case."""

import json
import os
import resource
import subprocess
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor

# Tests that compare with recorded output or published figures, after those that compute by hand.
RECORDED = ("golden", "validation")
MOST_MEMORY = 12 << 30


class Program:
    def __init__(self, build, path):
        self.path, self.name = path, os.path.basename(path).removesuffix("_test")
        self.kind = "unit"
        for kind in RECORDED:
            if os.path.isdir(os.path.join(build, "tests", kind, "CMakeFiles", os.path.basename(path) + ".dir")):
                self.kind = kind
        self.cases = {}     # name -> {"ids": [...], "cpu": s}; only those that pass unchanged
        self.at_start = []  # constants read before any case


def run(program, cases, limit, **environment):
    """(status, 0 where all is well; CPU seconds; output) of some cases, which may take `limit` seconds of CPU time."""
    def limits():
        resource.setrlimit(resource.RLIMIT_CPU, (limit, limit + 1))
        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    command = [program, "--gtest_brief=1", "--gtest_fail_fast", "--gtest_filter=" + ":".join(cases)]
    with tempfile.TemporaryDirectory() as scratch, tempfile.TemporaryFile() as said:
        started = subprocess.Popen(command, env={**os.environ, **environment, "TMPDIR": scratch}, cwd=scratch,
                                   stdin=subprocess.DEVNULL, stdout=said, stderr=said, preexec_fn=limits)
        watch = threading.Timer(60 + 30 * limit, started.kill)  # waits for something that does not come
        watch.start()
        _, status, used = os.wait4(started.pid, 0)
        started.returncode = status
        watch.cancel()
        said.seek(0)
        return status, used.ru_utime + used.ru_stime, said.read()


class Tests:
    def __init__(self, folder, build):
        self.folder, self.build = folder, build
        names = sorted(os.listdir(os.path.join(build, "tests")))
        paths = [os.path.join(build, "tests", name) for name in names if name.endswith("_test")]
        self.programs = [Program(build, path) for path in paths if os.access(path, os.X_OK)]
        self.learned = {}  # (file, program) -> wrong constants noticed

    def record(self, jobs, most, say):
        """Which constants each case reads; kept from the last time for programs that have not changed."""
        kept_file = os.path.join(self.folder, "reads.json")
        kept = {}
        if os.path.exists(kept_file):
            with open(kept_file, encoding="utf-8") as file:
                kept = json.load(file)
        whole = os.path.join(self.build, "traincast")
        for program in self.programs:
            stamp = [os.stat(program.path).st_mtime_ns, os.stat(whole).st_mtime_ns if os.path.exists(whole) else 0]
            old = kept.get(program.name)
            if old is None or old["stamp"] != stamp:
                start = time.monotonic()
                kept[program.name] = {"stamp": stamp, **self.read_by(program, jobs)}
                say(f"{program.name}: {len(kept[program.name]['cases'])} cases, "
                    f"{time.monotonic() - start:.0f} s; left out: {kept[program.name]['failing'] or 'none'}")
                with open(kept_file, "w", encoding="utf-8") as file:
                    json.dump(kept, file)
            program.at_start = kept[program.name]["at_start"]
            program.cases = {name: case for name, case in kept[program.name]["cases"].items() if case["cpu"] <= most}

    def read_by(self, program, jobs):
        listed = subprocess.run([program.path, "--gtest_list_tests"], capture_output=True, text=True, check=False)
        names, suite = [], ""
        for line in listed.stdout.split("\n"):
            word = line.split("#")[0].strip()
            if word.endswith(".") and not line.startswith(" "):
                suite = word
            elif line.startswith("  ") and word and not (suite + word).startswith("DISABLED") and ".DISABLED" not in suite + word:
                names.append(suite + word)
        at_start = self.reads(program, "-*")[0]
        cases, failing = {}, []
        with ThreadPoolExecutor(jobs) as pool:
            for name, (ids, cpu, status, output) in zip(names, pool.map(lambda n: self.reads(program, n), names)):
                if status != 0:
                    failing.append(name)
                elif b"[  SKIPPED ]" not in output:
                    cases[name] = {"ids": sorted(ids - at_start), "cpu": round(cpu, 3)}
        return {"cases": cases, "at_start": sorted(at_start), "failing": failing}

    @staticmethod
    def reads(program, case):
        with tempfile.NamedTemporaryFile() as file:
            status, cpu, output = run(program.path, [case], 600, TRAINCAST_MUTANT_HITS=file.name)
            with open(file.name, "rb") as hits:
                body = hits.read()
        return {i for i, hit in enumerate(body) if hit}, cpu, status, output

    def readers(self, constant, same_file):
        """[(program, cases, their CPU seconds)] that read the constant: first those that noticed most in its file for
        their time, slow cases apart from quick ones."""
        found = []
        for program in self.programs:
            reading = {name: case["cpu"] for name, case in program.cases.items() if constant.id in case["ids"]}
            found += [(program, *part, 0) for part in parts(reading)]
            if not reading and constant.id in program.at_start:  # which case needs it is not known
                near = {name for name, case in program.cases.items() if not same_file.isdisjoint(case["ids"])}
                for far in (False, True):
                    some = {n: c["cpu"] for n, c in program.cases.items() if (n not in near) == far}
                    found += [(program, *part, far) for part in parts(some)]

        def order(item):
            program, _, spent, far = item
            noticed = self.learned.get((constant.file, program.name), 0)
            return (program.kind in RECORDED, far and not noticed, -(noticed + 0.2) / (spent + 0.1))
        return [item[:3] for item in sorted(found, key=order)]

    def try_one(self, constant, same_file):
        """(what happened, the program that noticed)"""
        readers = self.readers(constant, same_file)
        if not readers:
            return "unread", ""
        for program, cases, spent in readers:
            status, _, _ = run(program.path, cases, int(5 + 10 * spent), TRAINCAST_MUTANT=str(constant.id))
            if status != 0:
                key = (constant.file, program.name)
                self.learned[key] = self.learned.get(key, 0) + 1
                return program.kind, program.name
        return "survived", ""


def parts(cases):
    """Cases by their time, in parts of at most 0.3 s, then 1.2 s, 5 s, ...: [(names, seconds)]"""
    found, names, spent, most = [], [], 0, 0.3
    for name, cpu in sorted(cases.items(), key=lambda case: case[1]):
        if names and spent + cpu > most:
            found.append((names, spent))
            names, spent, most = [], 0, most * 4
        names, spent = names + [name], spent + cpu
    return found + ([(names, spent)] if names else [])
