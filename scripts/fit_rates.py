#!/usr/bin/env python3
"""Fits the few free numbers of configs/gpus and configs/stacks to published training runs.

Usage: scripts/fit_rates.py [--binary build/traincast] [--passes 3] [--folds 5 [--by model cluster stack]] [--onward] [--write] ROWS.csv ...

What is fitted, and from which priors, is the table of fit_parameters.py: one time factor per stack; the sustained GEMM plateau of a
GPU and format; the rates of attention kernels; exposed shares and overheads that a framework's runs have in common. Nothing belongs
to a row. The objective is a Huber loss (linear beyond 0.05) of e = ln(predicted / measured), a cluster (family, model, GPU,
precision) of n rows counting as n^0.3 observations of deviation 0.05, plus the priors. Gauss-Newton steps, deterministic.

--folds K says how good the predictions of unseen rows are. Rows are dealt to K folds by family and model (or by cluster, or by stack);
all numbers are fitted again without each fold, and predict it. The derivatives are those of the fit to all rows, the errors real
predictions. By stack, a fold's rows are also predicted as those of a framework that nobody knows: by the nearest "other" stack.
--onward starts from the values in --configs, not from the priors, and holds them twice as close: how the shipped values follow a
change of the model. --write writes the fit to all rows into --configs; without it nothing changes.
"""
import argparse
import collections
import csv
import glob
import hashlib
import json
import math
import os
import shutil
import subprocess
import tempfile

from fit_parameters import parameters
from fit_solve import solve, summary

# Rows that their sources or neighbours contradict, or that need what no column says; see configs/published/README.md.
LEFT_OUT = {"BLOOM-023", "BLOOM-026", "BLOOM-029", "BLOOM-031", "BLOOM-034", "MOSAIC-075", "MOSAIC-103", "TITAN-029",
            "TITAN-030", "JUPITER-042", "BRIDGE-083"}
FINE_TUNING = ("-FT-", "LORA")
KEYS = {"model": lambda row: row["family"] + "|" + row["model"], "cluster": lambda row: row["cluster"],
        "stack": lambda row: row["stack"]}


class Fit:
    """A copy of the configs, moved by parameters, and what the program predicts with it."""

    def __init__(self, binary, root, rows):
        self.binary, self.root, self.rows = binary, root, rows
        self.columns = {}
        for table in rows:
            with open(table, newline="") as source:
                self.columns.update({row.get("id") or row.get("case"): row for row in csv.DictReader(source)})
        self.configs = {os.path.join(os.path.basename(os.path.dirname(f)), os.path.basename(f)[:-5]): json.load(open(f))
                        for f in sorted(glob.glob(root + "/gpus/*.json") + glob.glob(root + "/stacks/*.json"))}

    def apply(self, parameter, digits=6):
        value = parameter.prior + parameter.x if parameter.share else parameter.prior * math.exp(parameter.x)
        value = float(f"{min(1.0, max(0.0, value)) if parameter.share else value:.{digits}g}")
        for file, path in parameter.targets:
            at = self.configs[file]
            for key in path[:-1]:
                at = at[key]
            at[path[-1]] = f"{value:g} {parameter.unit}" if parameter.unit else value
        for file in {file for file, _ in parameter.targets}:
            with open(f"{self.root}/{file}.json", "w") as out:
                json.dump(self.configs[file], out, indent=2)
                out.write("\n")

    def predictions(self, rows=None):
        result = {}
        for table in rows or self.rows:
            done = subprocess.run([self.binary, "--configs", self.root, "validate", "runs", table, "--format", "json"],
                                  capture_output=True, text=True, check=True)
            for row in json.loads(done.stdout)["rows"]:
                columns = self.columns[row["id"]]
                if row["scored"]:
                    result[row["id"]] = {**row, "moe": float(columns.get("experts") or 0) > 1,
                                         "sharded": columns.get("zero_stage") == "3"}
        return result


def usable(row):
    return row["id"] not in LEFT_OUT and not any(mark in row["id"] for mark in FINE_TUNING)


def weights(rows):
    size = collections.Counter(row["cluster"] for row in rows)
    return [size[row["cluster"]] ** -0.7 for row in rows]


def derivatives(fit, fitted, base):
    """Of every row's error: a sparse row of {parameter: slope}."""
    slopes = {i: {} for i in base}
    for j, parameter in enumerate(fitted):
        start, step = parameter.x, 0.4 * parameter.deviation
        if start + step > parameter.bounds()[1]:
            step = -step
        parameter.x = start + step
        fit.apply(parameter)
        for i, row in fit.predictions().items():
            slope = (row["log_error"] - base[i]["log_error"]) / step
            if abs(slope) > 1e-9:
                slopes[i][j] = slope
        parameter.x = start
        fit.apply(parameter)
    return slopes


def moved(fit, fitted, x):
    for parameter, value in zip(fitted, x):
        parameter.x = value
        fit.apply(parameter)
    return fit.predictions()


def step(base, slopes, ids, fitted, start):
    rows = [base[i] for i in ids]
    return solve([r["log_error"] for r in rows], [slopes[i] for i in ids], start, [p.deviation for p in fitted], weights(rows),
                 [p.bounds() for p in fitted])


def fold_of(text, folds):
    return int(hashlib.sha256(text.encode()).hexdigest(), 16) % folds


def unknown_stack(tables, folder):
    """The rows with a stack that no config is like; its era is then the row's year."""
    copies = []
    for table in tables:
        with open(table, newline="") as source:
            rows = list(csv.DictReader(source))
        copies.append(os.path.join(folder, os.path.basename(table)))
        with open(copies[-1], "w", newline="") as out:
            writer = csv.DictWriter(out, rows[0].keys())
            writer.writeheader()
            writer.writerows({**row, "stack": "unheard-of"} for row in rows)
    return copies


def hold_out(fit, fitted, base, slopes, folds, by, folder):
    start = [p.x for p in fitted]
    out, unknown = [], []
    renamed = unknown_stack(fit.rows, folder) if by == "stack" else None
    for fold in range(folds):
        judged = [i for i, row in base.items() if fold_of(KEYS[by](row), folds) == fold]
        kept = [i for i, row in base.items() if usable(row) and i not in set(judged)]
        predicted = moved(fit, fitted, step(base, slopes, kept, fitted, start))
        out += [predicted[i] for i in judged]
        if renamed:
            predicted = fit.predictions(renamed)
            unknown += [predicted[i] for i in judged]
    moved(fit, fitted, start)
    print(f"\nleft out: a fold of {folds}, by {by}\n" + summary(out), flush=True)
    if unknown:
        print("\nthe same, as rows of a stack that nobody knows\n" + summary(unknown))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("rows", nargs="+", metavar="ROWS.csv")
    parser.add_argument("--binary", default="build/traincast")
    parser.add_argument("--configs", default="configs")
    parser.add_argument("--passes", type=int, default=3)
    parser.add_argument("--folds", type=int, default=0, help="also predict each of so many folds by a fit without it")
    parser.add_argument("--by", nargs="+", choices=KEYS, default=list(KEYS), help="what a fold keeps together")
    parser.add_argument("--onward", action="store_true", help="from the values in --configs, which may move half as far")
    parser.add_argument("--write", action="store_true", help="write the fitted values into --configs")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = os.path.join(folder, "configs")
        shutil.copytree(options.configs, root)
        fit = Fit(os.path.abspath(options.binary), root, [os.path.abspath(r) for r in options.rows])
        known = {f"stacks/{row['stack']}" for row in fit.predictions().values()}
        for name in sorted(known & set(fit.configs)):
            fit.configs[name].setdefault("time_factor", 1.0)
        fitted = parameters(fit.configs, sorted(n[7:] for n in known & set(fit.configs)), options.onward)
        base = moved(fit, fitted, [0.0] * len(fitted))
        for number in range(options.passes):
            slopes = derivatives(fit, fitted, base)
            x = step(base, slopes, [i for i, r in base.items() if usable(r)], fitted, [p.x for p in fitted])
            base = moved(fit, fitted, x)
            print(f"pass {number + 1}: mean |e| {sum(abs(r['log_error']) for r in base.values()) / len(base):.4f}", flush=True)
        for parameter in fitted:
            print(f"{parameter.name():62s} {parameter.x:+.3f} ({parameter.x / parameter.deviation:+.1f} deviations)")
        print("\nin sample\n" + summary(list(base.values())))
        for by in options.by if options.folds > 1 else ():
            hold_out(fit, fitted, base, slopes, options.folds, by, folder)
        if options.write:
            for parameter in fitted:
                fit.apply(parameter, 3)
            for file in sorted({file for p in fitted for file, _ in p.targets}):
                shutil.copy(f"{root}/{file}.json", f"{options.configs}/{file}.json")


if __name__ == "__main__":
    main()
