#!/usr/bin/env python3
"""From what the stages of gpu_check.sh left in a folder to summary.json and a table on the standard output.

  gpu_check_summary.py OUT BACKEND

Reads stages.tsv (stage, state, seconds, limit, reason), measure.json, check.json, shapes.json, shapes-again.json,
torch.json and nccl-tests.txt, each where it is there. Ends with 0, or with 1 where a stage failed, or with 4 where
every stage that ran passed and a target was missed. Targets are those of an accelerator: on a CPU they are printed
without a verdict, and so is what nothing was measured for.
"""
import json
import os
import pathlib
import statistics
import sys

MIB = 2**20
# What keeps the ops of two files apart: their shape.
SHAPE = ("op", "dtype", "layout", "m", "n", "k", "batch", "groups", "kind", "rows", "columns", "pass", "query_length",
         "kv_length", "heads", "kv_heads", "head_dim", "value_dim", "causal")
# Bytes that an element of a memory-bound op moves: elements in the tensor's format, and a fixed part; as
# host/base/op.cc counts them.
TRAFFIC = {"copy": (2, 0), "rms_norm": (2, 0), "rms_norm_backward": (3, 0), "residual_add": (3, 0), "swiglu": (3, 0),
           "swiglu_backward": (5, 0), "rope": (2, 0), "cast": (1, 1), "cross_entropy": (3, 0), "permute": (2, 0),
           "adam": (0, 30)}
WIDTH = {"fp32": 4, "bf16": 2, "fp16": 2, "fp8_e4m3": 1, "fp4": 0.5}


def load(folder, name):
    path = folder / name
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def key_of(row):
    return tuple((word, row.get(word)) for word in SHAPE)


def timed(profile):
    rows = {}
    for row in (profile or {}).get("ops", []):
        if "median_s" in row and not row.get("during"):
            rows[key_of(row)] = row
    return rows


def off(ratio):
    return abs(ratio - 1)


def against_torch(folder, op):
    """Median of Traincast's time over PyTorch's at the same shapes."""
    ours, theirs = timed(load(folder, "shapes.json")), timed(load(folder, "torch.json"))
    ratios = [ours[key]["median_s"] / row["median_s"] for key, row in theirs.items()
              if key in ours and row["op"] == op and "note" not in row]
    return statistics.median(ratios) if ratios else None


def traffic(row):
    moved, fixed = TRAFFIC[row["kind"]]
    return row["rows"] * row["columns"] * (moved * WIDTH[row["dtype"]] + fixed)


def slowest_stream(folder):
    """The least share of the copy's rate among memory-bound kernels of 64 MiB of traffic and more."""
    rows = [row for row in timed(load(folder, "measure.json")).values()
            if row["op"] == "memory" and traffic(row) >= 64 * MIB]
    copies = [traffic(row) / row["median_s"] for row in rows if row["kind"] == "copy"]
    others = [(traffic(row) / row["median_s"], row["kind"]) for row in rows if row["kind"] != "copy"]
    if not copies or not others:
        return None, ""
    rate, kind = min(others)
    return rate / max(copies), kind


def repeatability(folder):
    first, again = timed(load(folder, "shapes.json")), timed(load(folder, "shapes-again.json"))
    ratios = [off(again[key]["median_s"] / row["median_s"]) for key, row in first.items() if key in again]
    return statistics.median(ratios) if ratios else None


def nccl_tests(folder):
    """In-place seconds by (collective, bytes, ranks); nccl-tests prints microseconds in fixed columns."""
    found = {}
    try:
        lines = (folder / "nccl-tests.txt").read_text(encoding="utf-8").splitlines()
    except OSError:
        return found
    collective, ranks = "", 0
    for line in lines:
        words = line.split()
        if words[:2] == ["##", "traincast"]:
            collective, ranks = words[2], int(words[3])
        elif len(words) >= 13 and words[0].isdigit():
            try:
                found[collective, int(words[0]), ranks] = float(words[9]) * 1e-6
            except ValueError:
                continue
    return found


def against_nccl_tests(folder):
    theirs = nccl_tests(folder)
    ratios = []
    for row in (load(folder, "measure.json") or {}).get("collectives", []):
        key = (row["collective"], int(row["message_bytes"]), row["ranks"])
        if "median_s" in row and not row.get("during") and key in theirs and row["message_bytes"] >= MIB:
            ratios.append(row["median_s"] / theirs[key])
    return statistics.median(ratios) if ratios else None


def targets(folder, stages, cpu):
    check = load(folder, "check.json")
    stream, kind = slowest_stream(folder)
    measuring = next((stage["seconds"] for stage in stages
                      if stage["stage"] == "measure" and stage["state"] == "passed"), None)
    gemm, attention, nccl = against_torch(folder, "gemm"), against_torch(folder, "attention"), against_nccl_tests(folder)
    error = check["error"] if check else None
    rows = [
        ("gemm_over_torch", "GEMM time over PyTorch's", gemm, "within 1 %", lambda v: off(v) <= 0.01, "{:.3f}"),
        ("attention_over_torch", "attention time over PyTorch's", attention, "within 1 %", lambda v: off(v) <= 0.01,
         "{:.3f}"),
        ("stream_over_copy", "slowest memory-bound kernel" + (f" ({kind})" if kind else "") + " over copy", stream,
         ">= 0.90", lambda v: v >= 0.90, "{:.3f}"),
        ("repeat_spread", "medians of a second measurement off the first", repeatability(folder), "<= 1 %",
         lambda v: v <= 0.01, "{:.2%}"),
        ("measure_s", "full measurement", measuring, "<= 300 s", lambda v: v <= 300, "{:.0f} s"),
        ("check_error", "predicted step off the measured", error, "within 15 %" if cpu else "within 5 %",
         lambda v: abs(v) <= (0.15 if cpu else 0.05), "{:+.1%}"),
        ("nccl_over_nccl_tests", "collectives over nccl-tests", nccl, "within 1 %", lambda v: off(v) <= 0.01, "{:.3f}"),
    ]
    result = []
    for name, title, value, target, holds, form in rows:
        verdict = "not measured" if value is None else "not judged" if cpu else "pass" if holds(value) else "miss"
        result.append({"target": name, "title": title, "value": value, "wanted": target, "verdict": verdict,
                       "text": "-" if value is None else form.format(value)})
    return result


def steps(folder):
    """The step by everybody who played it."""
    check, torch = load(folder, "check.json"), load(folder, "torch.json")
    rows = []
    if check:
        rows.append({"who": "traincast measured", "seconds": check["measured_s"]})
        rows.append({"who": "traincast predicted", "seconds": check["predicted_s"]})
    for name, step in ((torch or {}).get("step") or {}).items():
        if isinstance(step, dict) and "median_s" in step:
            rows.append({"who": f"pytorch {name}", "seconds": step["median_s"]})
    return rows


def read_stages(folder):
    stages = []
    for line in (folder / "stages.tsv").read_text(encoding="utf-8").splitlines():
        stage, state, seconds, limit, reason = line.split("\t")
        stages.append({"stage": stage, "state": state, "seconds": int(seconds), "limit_s": int(limit),
                       "reason": reason})
    return stages


def show(rows, columns):
    widths = [max(len(row[column]) for row in rows) for column in columns]
    for row in rows:
        print("  ".join(row[column].ljust(width) for column, width in zip(columns, widths)).rstrip())
    print()


def main():
    if len(sys.argv) != 3:
        sys.exit("usage: gpu_check_summary.py OUT BACKEND")
    folder, backend = pathlib.Path(sys.argv[1]), sys.argv[2]
    stages = read_stages(folder)
    judged = targets(folder, stages, backend == "cpu")
    failed = [stage["stage"] for stage in stages if stage["state"] in ("failed", "timed out")]
    missed = [target["target"] for target in judged if target["verdict"] == "miss"]
    code = 1 if failed else 4 if missed else 0
    summary = {"schema_version": 1, "backend": backend, "stages": stages,
               "targets": [{key: target[key] for key in ("target", "title", "value", "wanted", "verdict")}
                           for target in judged],
               "steps": steps(folder), "failed": failed, "missed": missed, "exit_code": code}
    beside = folder / "summary.json.new"
    with open(beside, "w", encoding="utf-8") as file:
        file.write(json.dumps(summary, indent=1) + "\n")
        file.flush()
        os.fsync(file.fileno())
    os.replace(beside, folder / "summary.json")
    show([{"stage": "stage", "state": "state", "seconds": "seconds", "reason": "reason"}] +
         [{**stage, "seconds": str(stage["seconds"])} for stage in stages], ("stage", "state", "seconds", "reason"))
    show([{"title": "target", "text": "value", "wanted": "wanted", "verdict": "verdict"}] + judged,
         ("title", "text", "wanted", "verdict"))
    if summary["steps"]:
        show([{"who": "step", "seconds": "seconds"}] +
             [{"who": row["who"], "seconds": f"{row['seconds']:.4f}"} for row in summary["steps"]], ("who", "seconds"))
    sys.exit(code)


if __name__ == "__main__":
    main()
