"""More of everything: ranks, files, bytes, levels."""

import os
import random
import shutil

from .kills import only

GIB = 1 << 30


def many_ranks(world, ranks, words):
    folder = world.fresh()
    file = os.path.join(folder, "p.json")
    outcome = world.run("measure", "--quick", *words, "--out", file, ranks=ranks, bound=600)
    if outcome.code:
        return f"exit {outcome.code}: {outcome.err[-300:]}"
    return "" if world.is_profile(file) and only(folder, "p.json") else "no whole profile"


def many_configs(world, files, broken):
    """Copies of the shipped ones, `broken` of them spoilt each in one of several ways, in one call."""
    folder = world.fresh()
    shipped = []
    for kind in ("gpus", "clusters", "models", "plans", "stacks", "profiles", "runs", "reliability"):
        os.makedirs(os.path.join(folder, kind))
        shipped += [os.path.join(kind, name) for name in sorted(os.listdir(os.path.join(world.configs, kind)))
                    if name.endswith(".json")]
    bad = set(random.Random(1).sample(range(files), broken))
    words = []
    for i in range(files):
        source = shipped[i % len(shipped)]
        target = os.path.join(folder, os.path.dirname(source), f"{i}.json")
        with open(os.path.join(world.configs, source), encoding="utf-8") as file:
            text = file.read()
        if i in bad:
            text = [text[: len(text) // 2], text.replace("{", '{"nonsense": 1, ', 1), "", "[1]"][i % 4]
        with open(target, "w", encoding="utf-8") as file:
            file.write(text)
        words.append(os.path.join(os.path.dirname(source), f"{i}.json"))
    previous = os.getcwd()
    os.chdir(folder)  # short names: a command line has a limit
    try:
        outcome = world.run("validate", "configs", *words, "--format", "csv", memory=2 * GIB)
    finally:
        os.chdir(previous)
    shutil.rmtree(folder)
    total = f"all,{files},{files - broken},{broken}"
    faults = [] if outcome.code == 2 else [f"exit {outcome.code}"]
    if len(outcome.lines()) != broken:
        faults.append(f"{len(outcome.lines())} lines instead of {broken}")
    if total not in outcome.out:
        faults.append(f"no {total} in {outcome.out[-200:]}")
    return "; ".join(faults)


def hostile(world, kind, make, memory, reads=None):
    """A file that must be refused with one line, within the memory."""
    folder = world.fresh()
    file = os.path.join(folder, "hostile.json")
    make(file)
    outcome = world.run(*(reads(file) if reads else ["validate", "configs", "--kind", kind, file]), memory=memory)
    os.unlink(file)
    if outcome.code != 2 or len(outcome.lines()) != 1:
        return f"{kind}: exit {outcome.code}: {outcome.err[-300:]}"
    if "out of memory" in outcome.err:
        return f"{kind}: out of memory"
    return ""


def repeated(piece, size, start="", end=""):
    def make(file):
        block = (piece * max(1, (1 << 20) // len(piece))).encode()
        with open(file, "wb") as out:
            out.write(start.encode())
            written = 0
            while written < size:
                out.write(block)
                written += len(block)
            out.write(end.encode())
    return make


def sparse(size):
    def make(file):
        with open(file, "wb") as out:
            out.write(b'{"schema_version": 3, "ops": [')
            out.truncate(size)
    return make


KINDS = ("gpus", "clusters", "models", "plans", "stacks", "profiles", "runs", "reliability", "uncertainty", "gates")


def all_scenarios(world):
    no_mpi = "" if world.mpirun else "no mpirun, or a build without MPI"
    if world.quick:
        world.scenario("16 MPI ranks, measure --quick, host", "finishes, whole profile",
                       no_mpi or [lambda: many_ranks(world, 16, ["--ops", "host"])], 600)
    else:
        world.scenario(f"64 MPI ranks on {os.cpu_count()} cores, measure --quick", "finishes, whole profile",
                       no_mpi or [lambda: many_ranks(world, 64, [])], 600)
    files, broken = (1000, 10) if world.quick else (10000, 100)
    world.scenario(f"{files} configs validated in one call, {broken} broken, in 2 GiB",
                   "one line each broken one, exit 2", [lambda: many_configs(world, files, broken)])
    sizes = [sparse(GIB), sparse(GIB + 1)]
    if not world.quick:
        sizes += [repeated("1,", GIB, '{"ops": ['), repeated(" ", GIB), repeated("a", GIB, '{"source": "'),
                  repeated("[", GIB)]
    world.scenario("a profile of 1 GB, in 1 GiB", "refused at once, one line",
                   [lambda m=make: hostile(world, "profiles", m, GIB) for make in sizes])
    within = [repeated("1,", 64 << 20, '{"ops": [')] if world.quick else [
        repeated("1,", 250 << 20, '{"ops": ['), repeated("[],", 250 << 20, '{"ops": ['),
        repeated('"",', 250 << 20, '{"ops": ['), repeated("{},", 250 << 20, '{"ops": ['),
        repeated("a", 250 << 20, '{"source": "')]
    world.scenario("the largest profiles that are read, hostile, in 4 GiB", "refused, one line",
                   [lambda m=make: hostile(world, "profiles", m, 4 * GIB) for make in within])
    deep = [repeated("[", 1 << 20), repeated('{"a":', 5 << 20), repeated('{"a":[', 6 << 20)]
    kinds = KINDS[:2] if world.quick else KINDS
    world.scenario("a million levels of nesting, " + ("2 kinds" if world.quick else "every kind") + ", in 1 GiB",
                   "refused, one line",
                   [lambda k=k, m=m: hostile(world, k, m, GIB) for k in kinds for m in deep] +
                   [lambda m=m: hostile(world, "import hf", m, GIB, lambda f: ["import", "hf", f]) for m in deep])
