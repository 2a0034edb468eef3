"""Processes that are killed or told to end."""

import os
import signal

from .harness import Job

RUN, SHORT = "grok-3-high-100k", "llama-3-8b-one-node"
SECTIONS = ("gemm", "attention", "memory", "host", "runs", "collectives", "interference")


def measure_words(file, section, *more):
    effort = [] if section in ("host", "interference") else ["--quick"]  # the quick ones are over too soon
    run = ["--run", SHORT] if section == "runs" else []
    return ["measure", "--mode", "burst", "--ops", section, "--out", file, *effort, *run, *more]


def only(folder, *names):
    return sorted(set(os.listdir(folder)) - set(names)) == []


def kill_rank(world, section, victim, resume):
    folder = world.fresh()
    file = os.path.join(folder, "p.json")
    job = Job(world, measure_words(file, section), ranks=2)
    # One operation of a shipped run takes a CPU minutes: there is no first row to wait for.
    event = "measuring 2 x" if section == "runs" else "\n" + section
    job.until(lambda: os.path.exists(file) or event in Job.text(job.err))
    pid = job.rank(victim)
    if pid is None or not job.send(signal.SIGKILL, pid):
        job.finish()
        return None
    outcome = job.finish()
    if outcome.code == 0:
        return None  # it had just ended
    whole = not os.path.exists(file) or world.is_profile(file)
    faults = [] if outcome.code else ["exit 0"]
    over = "\n" + section + ": " in outcome.err  # it died later, between the last point and its end
    if len(outcome.lines()) != 1 and not (over and not outcome.lines()):
        faults.append(f"{len(outcome.lines())} lines instead of one: {outcome.err[-600:]}")
    if not whole:
        faults.append("half a profile")
    if not only(folder, "p.json"):
        faults.append(f"left behind: {os.listdir(folder)}")
    if over and not faults:
        return None
    if resume and not faults:
        again = world.run(*measure_words(file, section, "--resume"), ranks=2, bound=300)
        if again.code or not world.is_profile(file):
            faults.append(f"--resume failed: {again.err[-200:]}")
    return "; ".join(faults)


LONG = {
    "search": ["search", RUN, "--gpus", "1024..262144", "--format", "json"],
    "estimate --histories": ["estimate", RUN, "--histories", "1000000"],
    "sweep": ["sweep", RUN, "--over", "gpus=1024..262144:+512", "--over", "reliability.restart=1min..60min:100"],
    "deadline": ["deadline", RUN, "--start", "2024-09-02", "--by", "2024-12-31", "--draws", "200000"],
    "validate": ["validate", "reliability", "configs/published/reliability.json", "--histories", "100000"],
}


def words_of(world, command):
    return [os.path.join(world.configs, word[8:]) if word.startswith("configs/") else word
            for word in LONG[command]]


def stop(world, command, number, ranks=0, old=True, victim=None):
    """Ends `command` by a signal while it computes; the old output must stay as it was."""
    folder = world.fresh()
    file = os.path.join(folder, "out")
    if old:
        with open(file, "w", encoding="ascii") as out:
            out.write("old")
    job = Job(world, [*words_of(world, command), "--out", file], ranks=ranks)

    def working():
        pid = job.rank(victim or 0) if ranks else job.process.pid
        return pid is not None and job.has_worked(pid, 20 if ranks else 5)

    job.until(working)
    pid = None if victim is None else job.rank(victim)
    if (victim is not None and pid is None) or not job.send(number, pid):
        job.finish()
        return None
    outcome = job.finish()
    if outcome.code == 0:
        return None
    faults = []
    said = len(outcome.lines())
    if number != signal.SIGKILL and said != 1:
        faults.append(f"{said} lines instead of one: {outcome.err[-300:]}")
    if number == signal.SIGKILL and said > 1:
        faults.append(f"{said} lines: {outcome.lines()}")
    if not ranks and outcome.code != -number:
        faults.append(f"exit {outcome.code}: {outcome.err[-200:]}")
    if old:
        with open(file, encoding="utf-8", errors="replace") as result:
            if result.read() != "old":
                faults.append("the old output was changed")
    if not only(folder, "out"):
        faults.append(f"left behind: {os.listdir(folder)}")
    return "; ".join(faults)


def stop_measure(world, number, ranks, slow=False):
    """Where `slow`, rank 0 of two, which has the line to say, is the last to get a processor."""
    folder = world.fresh()
    file = os.path.join(folder, "p.json")
    words = measure_words(file, "memory")
    one = [world.binary, *words]
    launch = ["-n", "1", "nice", "-n", "19", *one, ":", "-n", "1", *one] if slow else None
    job = Job(world, words, ranks=ranks, launch=launch)
    if not job.until(lambda: os.path.exists(file)) or not job.send(number):
        job.finish()
        return None
    outcome = job.finish()
    if outcome.code == 0:
        return None
    faults = []
    if len(outcome.lines()) != 1:
        faults.append(f"{len(outcome.lines())} lines instead of one: {outcome.err[-300:]}")
    if not world.is_profile(file):
        faults.append("half a profile")
    if not only(folder, "p.json"):
        faults.append(f"left behind: {os.listdir(folder)}")
    return "; ".join(faults)


def all_scenarios(world):
    times = 1 if world.quick else 3
    no_mpi = "" if world.mpirun else "no mpirun, or a build without MPI"
    sections = ("memory",) if world.quick else SECTIONS
    for section in sections:
        # Rank 0 writes, rank 1 does not.
        tries = [lambda s=section, v=n % 2: kill_rank(world, s, v, resume=not world.quick and s != "runs")
                 for n in range(1 if world.quick else 4)]
        world.scenario(f"kill -9 a rank of 2 in measure, {section}",
                       "all end, one line, whole profile" + ("" if world.quick or section == "runs" else ", --resume completes it"),
                       no_mpi or tries)
    world.scenario("kill -9 a rank of 2 in search", "all end, old output stays",
                   no_mpi or [lambda v=n % 2: stop(world, "search", signal.SIGKILL, 2, victim=v)
                              for n in range(1 if world.quick else 6)])
    for command in ("estimate --histories",) if world.quick else ("estimate --histories", "sweep", "deadline"):
        world.scenario(f"kill -9 {command}", "ends, old output stays, nothing left behind",
                       [lambda c=command: stop(world, c, signal.SIGKILL) for _ in range(times)])
    for number in (signal.SIGTERM, signal.SIGINT):
        name = number.name
        for ranks in (0,) if world.quick else (0, 2):
            world.scenario(f"{name} to measure" + (" of 2 ranks" if ranks else ""),
                           "ends, one line, whole profile",
                           (no_mpi if ranks else "") or
                           [lambda n=number, r=ranks: stop_measure(world, n, r) for _ in range(times)])
        if not world.quick:
            world.scenario(f"{name} to measure of 2 ranks, rank 0 slow", "ends, one line, whole profile",
                           no_mpi or [lambda n=number: stop_measure(world, n, 2, slow=True) for _ in range(times)])
        for command in ("search", "validate", "estimate --histories"):
            world.scenario(f"{name} to {command}", "ends by that signal, one line, old output stays",
                           [lambda n=number, c=command: stop(world, c, n) for _ in range(times)])
        if not world.quick:
            world.scenario(f"{name} to search of 2 ranks", "ends, one line, old output stays",
                           no_mpi or [lambda n=number: stop(world, "search", n, 2) for _ in range(times)])
