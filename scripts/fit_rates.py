#!/usr/bin/env python3
"""Fits the few free numbers of configs/gpus and configs/stacks to published training runs.

Usage: scripts/fit_rates.py [--binary build/traincast] [--passes 3] [--write] ROWS.csv [ROWS.csv ...]

What is fitted is the table PARAMETERS: one time factor per stack; the sustained GEMM plateau of a GPU and format; the rates
of attention kernels; exposed shares and overheads that a framework's runs have in common. Nothing belongs to a row.
The objective is a Huber loss of e = ln(predicted / measured), a cluster (family, model, GPU, precision) of n rows counting
as n^0.3 observations of deviation 0.05, plus a normal prior of the stated deviation on the logarithm (or the difference) from
the value in configs/, and from 1 for time factors. Coordinate descent, deterministic. Without --write it only prints.
"""
import argparse
import collections
import glob
import json
import math
import os
import shutil
import subprocess
import tempfile

# Rows that their sources or neighbours contradict, or that need what no column says; see configs/published/README.md.
LEFT_OUT = {"BLOOM-023", "BLOOM-026", "BLOOM-029", "BLOOM-031", "BLOOM-034", "MOSAIC-075", "MOSAIC-103", "TITAN-029",
            "TITAN-030", "JUPITER-042", "BRIDGE-083"}
FINE_TUNING = ("-FT-", "LORA")

HOPPER = ("h100-sxm", "h800-sxm", "h200-sxm")
AMPERE = ("a100-40gb-sxm", "a100-80gb-sxm")
GEMM_GROUPS = [HOPPER, AMPERE, ("gh200",), ("h100-96gb-500w",), ("b200-sxm",), ("gb200",), ("gb300",), ("b300-sxm",),
               ("v100-sxm",)]
ATTENTION_GROUPS = [(HOPPER, "cudnn"), (HOPPER, "flash2"), (HOPPER, "flash1"), (AMPERE, "flash1"), (AMPERE, "flash2"),
                    (("b200-sxm",), "cudnn"), (("gb200",), "cudnn"), (("gb300", "b300-sxm"), "cudnn")]
# stack, key, prior deviation; shares move by differences within [0, 1], the rest by factors.
STACK_KEYS = [
    ("fused-era", "data_exposed", 0.1), ("fused-era", "tensor_exposed", 0.15), ("fused-era", "expert_exposed", 0.1),
    ("fused-era", "elementwise_passes", 0.15), ("fused-era", "expert_rate", 0.08), ("fused-era", "step_overhead", 0.5),
    ("fused-era", "layer_overhead", 0.4), ("unfused-era", "elementwise_passes", 0.15),
    ("unfused-era", "step_overhead", 0.5), ("nemo-2023", "tensor_exposed", 0.1), ("nemo-2025-02", "moe_overhead", 0.4),
    ("nemo-2025-05", "moe_overhead", 0.4), ("megatron-lm-2023", "step_overhead", 0.3),
    ("megascale-2024", "step_overhead", 0.3), ("internevo-2023", "rank_overhead", 0.3),
    ("mosaic-fsdp-2023", "shard_serial", 0.15), ("torchtitan-2024", "shard_serial", 0.15),
    ("maxtext-2024", "shard_serial", 0.1), ("fms-fsdp-2024", "shard_serial", 0.15),
    ("deepspeed-zero3-2021", "shard_rate", 0.3), ("megatron-core-moe-2024", "moe_overhead", 0.4),
    ("megatron-core-moe-2024", "expert_exposed", 0.15),
] + [(stack, key, deviation) for stack in ("megatron-bridge-2025", "megatron-bridge-2026")
     for key, deviation in (("moe_overhead", 0.4), ("moe_overhead_rack", 0.4), ("expert_exposed", 0.15),
                            ("tensor_exposed", 0.1))]
SHARES = ("exposed", "serial")


class Parameter:
    """A number that stands in one or several config files."""

    def __init__(self, files, path, deviation, share=False):
        self.files, self.path, self.deviation, self.share, self.x = files, path, deviation, share, 0.0

    def name(self):
        return self.files[0] + "#/" + "/".join("|".join(p) if isinstance(p, tuple) else p for p in self.path)


def parameters(configs, stacks):
    result = [Parameter([f"stacks/{s}"], ["time_factor"], 0.05) for s in stacks if f"stacks/{s}" in configs]
    for group in GEMM_GROUPS:
        for formats in (("bf16", "fp16"), ("fp8",), ("fp4",)):
            if formats[0] in configs[f"gpus/{group[0]}"]["sustained"]["gemm"]:
                result.append(Parameter([f"gpus/{g}" for g in group], ["sustained", "gemm", formats, "plateau"],
                                        0.15 if formats[0] == "fp4" else 0.06))
    for group, kernel in ATTENTION_GROUPS:
        for way in ("forward", "backward"):
            result.append(Parameter([f"gpus/{g}" for g in group], ["sustained", "attention", kernel, way], 0.1))
    for stack, key, deviation in STACK_KEYS:
        if key in configs[f"stacks/{stack}"]:
            result.append(Parameter([f"stacks/{stack}"], [key], deviation, any(word in key for word in SHARES)))
    return result


def moved(text_or_number, parameter):
    number, _, unit = str(text_or_number).partition(" ")
    value = float(number)
    if parameter.share:
        value = min(1.0, max(0.0, value + parameter.x))
    else:
        value *= math.exp(parameter.x)
    value = float(f"{value:.3g}")
    return f"{value:g} {unit}" if unit else value


class Fit:
    def __init__(self, binary, root, rows):
        self.binary, self.root, self.rows = binary, root, rows
        self.base = {os.path.join(os.path.basename(os.path.dirname(f)), os.path.basename(f)[:-5]): json.load(open(f))
                     for f in sorted(glob.glob(root + "/gpus/*.json") + glob.glob(root + "/stacks/*.json"))}
        self.now = json.loads(json.dumps(self.base))

    def apply(self, parameter):
        for file in parameter.files:
            keys = parameter.path[2] if len(parameter.path) == 4 and isinstance(parameter.path[2], tuple) else None
            for path in ([parameter.path[:2] + [k] + parameter.path[3:] for k in keys] if keys else [parameter.path]):
                source, target = self.base[file], self.now[file]
                for key in path[:-1]:
                    source, target = source.get(key, {}), target.get(key, {})
                if path[-1] in source:
                    target[path[-1]] = moved(source[path[-1]], parameter)
            with open(f"{self.root}/{file}.json", "w") as out:
                json.dump(self.now[file], out, indent=2)
                out.write("\n")

    def predictions(self):
        rows = []
        for csv in self.rows:
            done = subprocess.run([self.binary, "--configs", self.root, "validate", "runs", csv, "--format", "json"],
                                  capture_output=True, text=True, check=True)
            rows += [r for r in json.loads(done.stdout)["rows"] if r["scored"]]
        return rows

    def loss(self, parameters_):
        clusters = collections.defaultdict(list)
        for row in self.predictions():
            if row["id"] not in LEFT_OUT and not any(mark in row["id"] for mark in FINE_TUNING):
                clusters[row["cluster"]].append(abs(row["log_error"]))
        total = 0.0
        for errors in clusters.values():
            huber = [e * e / 2 if e < 0.1 else 0.1 * (e - 0.05) for e in errors]
            total += len(errors) ** -0.7 * sum(huber) / 0.05**2
        return total + sum((p.x / p.deviation) ** 2 / 2 for p in parameters_)


def descend(fit, parameters_, passes):
    best = fit.loss(parameters_)
    print(f"start {best:.2f}", flush=True)
    steps = [0.6 * p.deviation for p in parameters_]
    for number in range(passes):
        for i, parameter in enumerate(parameters_):
            start, improved = parameter.x, False
            for step in (steps[i], -steps[i]):
                while True:
                    before = parameter.x
                    parameter.x = before + step
                    fit.apply(parameter)
                    loss = fit.loss(parameters_)
                    if loss >= best - 1e-6:
                        parameter.x = before
                        break
                    best, improved = loss, True
                if improved:
                    break
            fit.apply(parameter)
            if parameter.x == start:
                steps[i] *= 0.45
        print(f"pass {number + 1} {best:.2f}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("rows", nargs="+", metavar="ROWS.csv")
    parser.add_argument("--binary", default="build/traincast")
    parser.add_argument("--configs", default="configs")
    parser.add_argument("--passes", type=int, default=3)
    parser.add_argument("--write", action="store_true", help="write the fitted values into --configs")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = os.path.join(folder, "configs")
        shutil.copytree(options.configs, root)
        fit = Fit(os.path.abspath(options.binary), root, [os.path.abspath(r) for r in options.rows])
        for config in fit.base.values():
            if "time_factor" in config:
                config["time_factor"] = 1.0
        used = sorted({row["stack"] for row in fit.predictions()})
        fitted = parameters(fit.base, used)
        for parameter in fitted:
            if parameter.path == ["time_factor"]:
                fit.base[parameter.files[0]].setdefault("time_factor", 1.0)
            fit.apply(parameter)
        descend(fit, fitted, options.passes)
        for parameter in fitted:
            print(f"{parameter.name():62s} {parameter.x:+.3f} ({parameter.x / parameter.deviation:+.1f} deviations)")
        if options.write:
            for file in sorted({f for p in fitted for f in p.files}):
                shutil.copy(f"{root}/{file}.json", f"{options.configs}/{file}.json")


if __name__ == "__main__":
    main()
