#!/usr/bin/env python3
"""Breaks things while Traincast runs, in real processes, and counts what was lost.

Each row says what was tried, how often, and the bound within which it had to end. Exits with 1 where anything
was lost or hung. The whole takes about half an hour on two cores, --quick below a minute. Disk-full rows need
root (a small tmpfs), others mpirun or a C compiler: what cannot run here says so.
"""

import argparse
import os
import shutil
import sys
import time

from fault_scenarios import files, kills, load, machine
from fault_scenarios.harness import World

PARTS = {"kills": kills, "files": files, "machine": machine, "load": load}


def main():
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--binary", default=os.path.join(root, "build", "traincast"))
    parser.add_argument("--configs", default=os.path.join(root, "configs"))
    parser.add_argument("--quick", action="store_true", help="a few of each, below a minute")
    parser.add_argument("--part", action="append", choices=list(PARTS), help="only this one; may be repeated")
    parser.add_argument("--out", help="the table as JSON")
    options = parser.parse_args()
    world = World(options.binary, options.configs, options.quick)
    start = time.monotonic()
    try:
        for part in options.part or PARTS:
            PARTS[part].all_scenarios(world)
    finally:
        shutil.rmtree(world.folder, ignore_errors=True)
    print()
    print(world.table())
    tried, lost = sum(row.tried for row in world.rows), sum(len(row.lost) for row in world.rows)
    skipped = sum(bool(row.skipped) for row in world.rows)
    print(f"\n{tried} faults tried, {tried - lost} survived, {lost} lost; {skipped} rows skipped; "
          f"{time.monotonic() - start:.0f} s")
    if options.out:
        world.write(options.out)
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
