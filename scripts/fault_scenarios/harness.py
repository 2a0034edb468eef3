"""Runs the real program in real processes, waits for events, and counts what was lost."""

import json
import os
import resource
import select
import shutil
import signal
import subprocess
import tempfile
import time
import uuid

BOUND_S = 120  # generous: machines that run tests are busy


class Outcome:
    def __init__(self, code, out, err, seconds, peak_bytes):
        self.code, self.out, self.err = code, out, err
        self.seconds, self.peak_bytes = seconds, peak_bytes

    def lines(self):
        """What the program itself said went wrong."""
        return [line for line in self.err.replace("\r", "\n").split("\n") if "traincast: " in line]


class Hung(Exception):
    pass


class Job:
    """The program, alone or under mpirun; its processes carry a mark in their environment."""

    def __init__(self, world, words, ranks=0, env=None, program=None, memory=None, launch=None):
        self.world, self.mark = world, uuid.uuid4().hex
        command = [program or world.binary, *words]
        if launch is not None:
            command = [world.mpirun, *launch]
        elif ranks:
            command = [world.mpirun, "-n", str(ranks), *command]
        self.env = {**os.environ, "TRAINCAST_FAULT_MARK": self.mark, "TRAINCAST_CONFIGS": world.configs,
                    "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
                    "OMPI_MCA_rmaps_base_oversubscribe": "1", "TRAINCAST_BACKEND": "cpu", **(env or {})}

        def limit():
            signal.signal(signal.SIGINT, signal.SIG_DFL)  # a shell has the programs in its background ignore it
            if memory is not None:
                resource.setrlimit(resource.RLIMIT_AS, (memory, memory))

        self.start = time.monotonic()
        self.out = tempfile.TemporaryFile()
        self.err = tempfile.TemporaryFile()
        self.process = subprocess.Popen(command, env=self.env, stdin=subprocess.DEVNULL, stdout=self.out,
                                        stderr=self.err, preexec_fn=limit)
        self.pidfd = os.pidfd_open(self.process.pid)

    def ended(self, seconds):
        """Waits for the end of the process for at most so long."""
        return bool(select.select([self.pidfd], [], [], max(0, seconds))[0])

    def until(self, event, bound=BOUND_S):
        """Waits until event() is true or the job has ended; whether it came to pass."""
        stop = time.monotonic() + bound
        while time.monotonic() < stop:
            if event():
                return True
            if self.ended(0.002):
                return False
        self.end_all()
        raise Hung(f"waited {bound} s for an event")

    def marked(self):
        """Processes of this job, told by their environment: never anybody else's."""
        found = {}
        for entry in os.listdir("/proc"):
            if not entry.isdigit():
                continue
            try:
                with open(f"/proc/{entry}/environ", "rb") as file:
                    values = file.read().split(b"\0")
            except OSError:  # gone, or somebody else's
                continue
            if f"TRAINCAST_FAULT_MARK={self.mark}".encode() in values:
                rank = [v for v in values if v.startswith(b"OMPI_COMM_WORLD_RANK=")]
                found[int(entry)] = int(rank[0].split(b"=")[1]) if rank else None
        return found

    def rank(self, number):
        return next((pid for pid, rank in self.marked().items() if rank == number), None)

    def has_worked(self, pid, ticks=3):
        """Whether that process is past its start: it minds SIGTERM (loading libraries takes time, too), and has spent
        processor time."""
        try:
            with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as file:
                caught = next(line for line in file if line.startswith("SigCgt:"))
            if not int(caught.split()[1], 16) >> (signal.SIGTERM - 1) & 1:
                return False
            with open(f"/proc/{pid}/stat", encoding="ascii") as file:
                fields = file.read().rsplit(")", 1)[1].split()
            return int(fields[11]) + int(fields[12]) >= ticks
        except (OSError, IndexError, StopIteration):
            return False

    def send(self, number, pid=None):
        pid = pid or self.process.pid
        if pid not in self.marked():
            return False
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return False
        return True

    def end_all(self):
        for pid in self.marked():
            self.send(signal.SIGKILL, pid)
        self.process.wait()

    def finish(self, bound=BOUND_S):
        """The outcome, once the process and every rank of it have ended."""
        if not self.ended(bound):
            said = self.text(self.err)[-200:]
            self.end_all()
            raise Hung(f"still running after {bound} s; it said: {said}")
        _, status, usage = os.wait4(self.process.pid, 0)
        self.process.returncode = os.waitstatus_to_exitcode(status)
        os.close(self.pidfd)
        for pid in self.marked():
            try:
                fd = os.pidfd_open(pid)
            except ProcessLookupError:
                continue
            gone = select.select([fd], [], [], 30)[0]
            os.close(fd)
            if not gone:
                self.end_all()
                raise Hung(f"process {pid} outlived its launcher by 30 s")
        return Outcome(self.process.returncode, self.text(self.out), self.text(self.err),
                       time.monotonic() - self.start, usage.ru_maxrss * 1024)

    @staticmethod
    def text(file):
        file.seek(0)
        return file.read().decode(errors="replace")


class Row:
    def __init__(self, scenario, bound):
        self.scenario, self.bound = scenario, bound
        self.tried = self.survived = 0
        self.lost, self.outcome, self.skipped = [], "", ""
        self.longest = 0.0

    def as_json(self):
        return {"scenario": self.scenario, "tried": self.tried, "survived": self.survived,
                "lost": len(self.lost), "bound_s": self.bound, "longest_s": round(self.longest, 2),
                "outcome": self.outcome, "skipped": self.skipped, "losses": self.lost}


class World:
    def __init__(self, binary, configs, quick):
        self.binary, self.configs, self.quick = os.path.abspath(binary), os.path.abspath(configs), quick
        said = subprocess.run([binary, "version"], capture_output=True, text=True, check=False).stdout
        self.mpirun = None if "MPI off" in said else shutil.which("mpirun")
        self.compiler = shutil.which("cc") or shutil.which("gcc")
        self.rows = []
        self.folder = tempfile.mkdtemp(prefix="traincast-faults-")

    def fresh(self):
        return tempfile.mkdtemp(dir=self.folder)

    def run(self, *words, bound=BOUND_S, **options):
        return Job(self, list(words), **options).finish(bound)

    def scenario(self, name, outcome, tries, bound=BOUND_S):
        """`tries`: callables, each of which returns a text about what was lost, or "" where nothing was, and
        None where the fault came too late to count."""
        row = Row(name, bound)
        row.outcome = outcome
        self.rows.append(row)
        if isinstance(tries, str):
            row.skipped = tries
        else:
            for attempt in tries:
                start = time.monotonic()
                try:
                    loss = attempt()
                except Hung as error:
                    loss = f"hung: {error}"
                row.longest = max(row.longest, time.monotonic() - start)
                if loss is None:
                    continue
                row.tried += 1
                if loss:
                    row.lost.append(loss)
                else:
                    row.survived += 1
            if row.tried == 0:
                row.lost.append("the fault never came in time: nothing was tried")
        self.show(row)

    @staticmethod
    def show(row):
        if row.skipped:
            print(f"skipped  {row.scenario}: {row.skipped}", flush=True)
            return
        print(f"{'LOST' if row.lost else 'ok':8} {row.scenario}: {row.survived} of {row.tried}; {row.outcome}; "
              f"longest {row.longest:.1f} s, bound {row.bound} s", flush=True)
        for loss in row.lost:
            print(f"         {loss}", flush=True)

    def is_profile(self, file):
        """Whether the program accepts it, whole."""
        return self.run("validate", "configs", "--kind", "profiles", file).code == 0

    def table(self):
        head = ("scenario", "tried", "survived", "lost", "longest", "bound", "outcome")
        rows = [head] + [(row.scenario, str(row.tried), str(row.survived), str(len(row.lost)),
                          f"{row.longest:.1f} s", f"{row.bound} s",
                          f"skipped: {row.skipped}" if row.skipped else row.outcome) for row in self.rows]
        widths = [max(len(row[i]) for row in rows) for i in range(len(head))]
        lines = []
        for i, row in enumerate(rows):
            lines.append("| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |")
            if i == 0:
                lines.append("|" + "|".join("-" * (width + 2) for width in widths) + "|")
        return "\n".join(lines)

    def write(self, file):
        with open(file, "w", encoding="utf-8") as out:
            json.dump([row.as_json() for row in self.rows], out, indent=1)
            out.write("\n")


def expect(**checks):
    """The names of the checks that are false, as one text; "" where all hold."""
    return "; ".join(name.replace("_", " ") for name, holds in checks.items() if not holds)
