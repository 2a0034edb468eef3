"""A machine that is not as it should be: other programs, clocks that jump, libraries that are broken."""

import os
import re
import shutil
import subprocess

from .kills import RUN, SHORT, only

# A clock of the day that leaps forward and back by a day at every look.
LEAPING_CLOCK = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stddef.h>
#include <sys/time.h>
#include <time.h>
static long leap(void) { static int n; return (__atomic_add_fetch(&n, 1, __ATOMIC_RELAXED) & 1) ? 86400 : -86400; }
int clock_gettime(clockid_t id, struct timespec* t) {
  static int (*real)(clockid_t, struct timespec*);
  if (!real) real = (int (*)(clockid_t, struct timespec*))dlsym(RTLD_NEXT, "clock_gettime");
  int code = real(id, t);
  if (id == CLOCK_REALTIME) t->tv_sec += leap();
  return code;
}
time_t time(time_t* out) {
  struct timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  if (out) *out = t.tv_sec;
  return t.tv_sec;
}
int gettimeofday(struct timeval* tv, void* zone) {
  struct timespec t;
  (void)zone;
  clock_gettime(CLOCK_REALTIME, &t);
  if (tv) { tv->tv_sec = t.tv_sec; tv->tv_usec = t.tv_nsec / 1000; }
  return 0;
}
"""


def library(world, name, text):
    folder = world.fresh()
    source = os.path.join(folder, "source.c")
    with open(source, "w", encoding="ascii") as out:
        out.write(text)
    file = os.path.join(folder, name)
    subprocess.run([world.compiler, "-shared", "-fPIC", "-o", file, source, "-ldl"], check=True)
    os.unlink(source)
    return file


def other_version(world, words):
    """The second rank runs a copy whose commit, or else version, reads differently."""
    said = world.run("version", "--format", "json").out
    commit = re.search(r'"commit":\s*"([0-9a-f]{12})"', said)
    mine = (commit or re.search(r'"version":\s*"([^"]+)"', said)).group(1).encode()
    with open(world.binary, "rb") as program:
        code = program.read()
    if mine + b"\0" not in code:
        return "the program's bytes hold no version to change"
    folder = world.fresh()
    other = os.path.join(folder, "other")
    with open(other, "wb") as copy:
        copy.write(code.replace(mine + b"\0", mine[:-1] + (b"f" if mine[-1:] != b"f" else b"0") + b"\0"))
    shutil.copymode(world.binary, other)
    file = os.path.join(folder, "out")
    words = [*words, "--out", file]
    outcome = world.run(launch=["-n", "1", world.binary, *words, ":", "-n", "1", other, *words])
    os.unlink(other)
    faults = []
    if outcome.code != 1:
        faults.append(f"exit {outcome.code}")
    if len(outcome.lines()) != 1 or not re.search(r"rank 1 on \S+: runs traincast .*but rank 0 runs",
                                                  outcome.lines()[0]):
        faults.append(f"it said: {outcome.err[-400:]}")
    if os.listdir(folder):
        faults.append(f"left behind: {os.listdir(folder)}")
    return "; ".join(faults)


def leaping_clock(world, shim, words, ranks):
    folder = world.fresh()
    file = os.path.join(folder, "out.json")
    env = {"LD_PRELOAD": shim}
    outcome = world.run(*words, "--out", file, env=env, ranks=ranks)
    if outcome.code:
        return f"{words[0]}: exit {outcome.code}: {outcome.err[-300:]}"
    if words[0] == "measure":
        return "" if world.is_profile(file) else "a profile that is refused"
    steady = world.run(*words)
    with open(file, encoding="utf-8") as result:
        return "" if words[0] == "search" or result.read() == steady.out else "another result"


def broken_library(world, name, words, linked):
    """`name` is found first by the loader and is no library (b"" or text), or lacks every symbol."""
    losses = []
    folders = []
    garbage = world.fresh()
    with open(os.path.join(garbage, name), "wb") as out:
        out.write(b"no library\n" * 100)
    folders.append(garbage)
    if not linked and world.compiler:
        folders.append(os.path.dirname(library(world, name, "int nothing_of_use;\n")))
    for folder in folders:
        place = world.fresh()
        file = os.path.join(place, "out")
        outcome = world.run(*words, "--out", file, env={"LD_LIBRARY_PATH": folder, "TRAINCAST_BACKEND": "auto"})
        said = [line for line in outcome.err.splitlines() if line.strip()]
        if linked:
            if outcome.code == 0 or len(said) != 1 or os.listdir(place):
                losses.append(f"{name}: exit {outcome.code}, said {said}, left {os.listdir(place)}")
        elif outcome.code or not only(place, "out"):
            losses.append(f"{name}: exit {outcome.code}, said {said[-2:]}")
    return "; ".join(losses)


def no_driver(world):
    folder = world.fresh()
    outcome = world.run("measure", "--quick", "--ops", "host", "--backend", "cuda", "--out",
                        os.path.join(folder, "p.json"))
    faults = []
    if outcome.code not in (1, 2) or len(outcome.lines()) != 1:
        faults.append(f"exit {outcome.code}: {outcome.err[-300:]}")
    if os.listdir(folder):
        faults.append(f"left behind: {os.listdir(folder)}")
    return "; ".join(faults)


def has_gpu():
    return any(name.startswith("nvidia") and name[6:].isdigit() for name in os.listdir("/dev"))


def linked_gpu_libraries(world):
    try:
        found = subprocess.run(["ldd", world.binary], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return []
    return re.findall(r"^\s*(lib(?:cublasLt|nccl|cudnn)\S*)", found, re.MULTILINE)


def all_scenarios(world):
    no_mpi = "" if world.mpirun else "no mpirun, or a build without MPI"
    host = ["measure", "--quick", "--ops", "host"]
    words = [host, ["search", SHORT]] + ([] if world.quick else [["check", "--layers", "1", "--tries", "1"], ["search", RUN]])
    world.scenario("a rank runs another version of the program", "one line with rank, host, both versions; exit 1",
                   no_mpi or [lambda w=w: other_version(world, w) for w in words])
    if not world.compiler:
        world.scenario("the clock of the day leaps", "", "no C compiler to make such a clock")
    else:
        shim = library(world, "leap.so", LEAPING_CLOCK)
        tries = [(host, 0), (["estimate", SHORT, "--histories", "100"], 0)]
        if not world.quick:
            tries += [(["measure", "--quick", "--ops", "memory"], 2 if world.mpirun else 0), (["search", RUN], 0),
                      (["measure", "--quick", "--ops", "collectives"], 2 if world.mpirun else 0)]
        world.scenario("the clock of the day leaps a day at every look", "same results, whole profiles",
                       [lambda w=w, r=r: leaping_clock(world, shim, w, r) for w, r in tries])
    world.scenario("no GPU driver, --backend cuda", "one line, no file",
                   "this machine has a GPU" if has_gpu() else [lambda: no_driver(world)])
    world.scenario("broken libcuda, libnvidia-ml", "measures on the CPU",
                   "this machine has a GPU" if has_gpu() else
                   [lambda n=n: broken_library(world, n, host, False)
                    for n in ("libcuda.so.1", "libnvidia-ml.so.1")])
    linked = linked_gpu_libraries(world)
    world.scenario("a linked GPU library is broken", "one line of the loader, no file",
                   [lambda n=n: broken_library(world, n, ["list"], True) for n in linked]
                   if linked else "this build links none")
