#!/usr/bin/env python3
"""Derive the compact published profiles of configs/profiles from measured tables.

Usage: scripts/derive_profiles.py DATA_DIR [PROFILE_DIR]      (default PROFILE_DIR: configs/profiles)

DATA_DIR holds <gpu>-gemm.csv (dtype,m,n,k,time_us), <gpu>-attention-forward.csv (batch,seq,heads,kv_heads,
head_dim,time_us) and <gpu>-nccl.csv (op,gpus,bytes,time_us) for the GPUs of GPUS below: thinned copies of the
measured tables of NVIDIA's aiconfigurator (ai-dynamo/aiconfigurator, Apache-2.0). The tables themselves are not
part of this project; what this script writes is derived from them, never a copy. PROFILE_DIR/../gpus/ gives the
datasheet peaks. Standard library only; the same input gives the same bytes.

Method
  GEMM and attention. Each measured time becomes an efficiency: the roofline time (datasheet peak and HBM
  bandwidth, work formulas of host/base/op.cc) over the measured time. On a coarse grid of sizes the logarithm of
  the efficiency is a piecewise multilinear function of the logarithms of the sizes, so every grid value is a local
  average of the measured shapes around it. It is fitted to all shapes at once in the least-absolute-error sense
  (a local median rather than a mean; iteratively reweighted, Gauss-Seidel over the grid nodes), with a
  weak pull towards neighbouring nodes for nodes with few shapes. Outliers beyond six robust standard deviations
  (1.4826 median absolute deviations) get no weight. At last times are made non-decreasing in every size.
    Only shapes of training: m >= 128 and even (odd m measure padding, not throughput); head dimensions to 256.
    The tables do not say which of the two batch x heads splits a time belongs to beyond their product, and the
    product explains them: the attention grid is over sequence, batch x heads, head dimension and queries per KV head.
  Attention backward: published rates (TFLOP/s) of FlashAttention-3, converted with its FLOP convention.
  Memory: BabelStream rates as large copy and add; where none is published, the bandwidth fitted here
    to the memory-bound GEMMs (16-bit, below half of the ridge intensity, >= 512 MB), marked in the source text.
  NCCL inside a node: the published points, every second size from 2 KiB to 512 MiB.

For each table the script prints what the grid leaves: median and 90th percentile of |ln(grid / measured)|, over
all shapes, over those above 0.1 TFLOP, and over a fifth of the shapes held out of a second fit.
"""
import csv
import json
import math
import os
import re
import sys
import tempfile

ORIGIN = ("NVIDIA aiconfigurator (github.com/ai-dynamo/aiconfigurator, Apache-2.0, revision 095f58a of 2026-08-21), "
          "measured tables")
BABELSTREAM = "Azure AI-benchmarking-guide (2024-09) BabelStream"
# copy and add: TB/s of BabelStream, None where not published.
GPUS = [
    {"prefix": "a100-sxm", "gpu": "a100-80gb-sxm", "vllm": "0.14.0", "nccl": "2.27.3", "copy": 1.61, "add": 1.70},
    {"prefix": "h100-sxm", "gpu": "h100-sxm", "vllm": "0.24.0", "nccl": "2.29.2", "copy": 2.90, "add": 2.97,
     "backward": True},
    {"prefix": "h200-sxm", "gpu": "h200-sxm", "vllm": "0.24.0", "nccl": "2.29.2", "copy": 4.01, "add": 4.15},
    {"prefix": "b200-sxm", "gpu": "b200-sxm", "vllm": "0.24.0", "nccl": "2.29.2", "copy": None, "add": None},
]
GEMM_M = [128, 256, 512, 2048, 8192, 32768]
GEMM_NK = [256, 512, 1024, 2048, 4096, 8192, 16384, 65536]
ATTENTION_SEQUENCE = [512, 1024, 2048, 4096, 8192, 16384]
ATTENTION_HEADS = [8, 32, 128, 512]  # batch x heads
ATTENTION_GROUP = [1, 8]  # queries per KV head; larger groups count as 8
DTYPES = {"bfloat16": ("bf16", 2), "fp8": ("fp8_e4m3", 1)}
COLLECTIVES = {"all_reduce": "all_reduce", "all_gather": "all_gather", "reduce_scatter": "reduce_scatter",
               "alltoall": "all_to_all", "sendrecv": "send_recv"}
# FlashAttention-3 (Shah et al. 2024, arXiv 2407.08608; figures of its README), backward, no mask, BF16/FP16,
# H100 SXM, TFLOP/s; 16k tokens in all, hidden size 2048; 2.5 x 4 batch heads sequence^2 head_dim FLOP.
FLASH3_BACKWARD = {128: [316, 424, 501, 542, 559, 561], 64: [272, 363, 422, 453, 472, 474]}
FLASH3_TOKENS, FLASH3_HIDDEN = 16384, 2048


def quantity(text):
    """SI value of "989.4 TFLOP/s" or "3.35 TB/s"."""
    number, prefix = re.fullmatch(r"([0-9.]+) ([GT])(?:FLOP|B)/s", text).groups()
    return float(number) * {"G": 1e9, "T": 1e12}[prefix]


def read_rows(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def corners(position, axes):
    """[(node, weight)] of multilinear interpolation at log `position`; None outside the grid."""
    result = [(0, 1.0)]
    for x, axis in zip(position, axes):
        if x < axis[0] - 1e-9 or x > axis[-1] + 1e-9:
            return None
        i = max(j for j in range(len(axis) - 1) if axis[j] <= x + 1e-9)
        t = (x - axis[i]) / (axis[i + 1] - axis[i])
        result = [(node * len(axis) + i + s, w * f) for node, w in result for s, f in ((0, 1 - t), (1, t)) if f > 1e-12]
    return result


def neighbours(axes):
    """Nodes one step away along each axis, by node."""
    sizes = [len(axis) for axis in axes]
    total = math.prod(sizes)
    lists = [[] for _ in range(total)]
    stride = total
    for size in sizes:
        stride //= size
        for node in range(total):
            if (node // stride) % size + 1 < size:
                lists[node].append(node + stride)
                lists[node + stride].append(node)
    return lists


def quantile(values, q):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(q * len(ordered)))]


def fit_grid(points, axes, sweeps=80, pull=0.3):
    """points: [(log sizes, log efficiency)]. Returns node values and the number of outliers."""
    stencils = [corners(x, axes) for x, _ in points]
    middle = quantile([y for _, y in points], 0.5)
    near = neighbours(axes)
    values = [middle] * len(near)
    members = [[] for _ in near]
    for p, stencil in enumerate(stencils):
        for node, weight in stencil:
            members[node].append((p, weight))
    errors = [y - middle for _, y in points]
    cut, outliers = math.inf, 0
    for sweep in range(sweeps):
        if sweep in (20, 40):
            cut = 6 * 1.4826 * quantile([abs(e) for e in errors], 0.5)
            outliers = sum(abs(e) > cut for e in errors)
        trust = [0.0 if abs(e) > cut else 1 / max(abs(e), 0.02) for e in errors]
        for node, list_ in enumerate(members):
            up = pull * sum(values[other] - values[node] for other in near[node])
            down = pull * len(near[node])
            for p, weight in list_:
                up += trust[p] * weight * errors[p]
                down += trust[p] * weight * weight
            step = up / down
            values[node] += step
            for p, weight in list_:
                errors[p] -= weight * step
    return values, outliers


def make_monotone(times, axes):
    """Raise times until none falls when one size grows; violations first meet half-way (geometric mean)."""
    sizes = [len(axis) for axis in axes]
    pairs, stride, changed = [], math.prod(sizes), set()
    for size in sizes:
        stride //= size
        pairs += [(node, node + stride) for node in range(len(times)) if (node // stride) % size + 1 < size]
    for _ in range(50):
        bad = [(a, b) for a, b in pairs if times[b] < times[a]]
        for a, b in bad:
            times[a] = times[b] = math.sqrt(times[a] * times[b])
            changed |= {a, b}
        if not bad:
            return len(changed)
    for _ in range(len(times)):
        bad = [(a, b) for a, b in pairs if times[b] < times[a]]
        for a, b in bad:
            times[b] = times[a]
            changed.add(b)
        if not bad:
            break
    return len(changed)


def report(label, points, flops, axes, values, held_out, outliers, moved):
    def leave(indices, grid):
        errors = [abs(sum(w * grid[node] for node, w in corners(points[i][0], axes)) - points[i][1]) for i in indices]
        return f"{quantile(errors, 0.5):.3f}/{quantile(errors, 0.9):.3f}" if errors else "-"
    everything = range(len(points))
    print(f"{label}: {len(points)} shapes -> {len(values)} nodes, {outliers} outliers, {moved} made monotone; "
          f"residual median/p90 all {leave(everything, values)}, > 0.1 TFLOP "
          f"{leave([i for i in everything if flops[i] > 1e11], values)}, held out "
          f"{leave(everything[::5], held_out)}")


def derive(label, shapes, axes, ideal_time):
    """shapes: [(sizes, flops, ideal s, measured s)]; axes: sizes. Returns times of the nodes in s, by sizes."""
    logs = [[math.log(x) for x in axis] for axis in axes]
    used = [(tuple(math.log(x) for x in sizes), flops, math.log(ideal / measured))
            for sizes, flops, ideal, measured in shapes]
    used = [shape for shape in used if corners(shape[0], logs) is not None]
    points = [(x, y) for x, _, y in used]
    values, outliers = fit_grid(points, logs)
    held_out, _ = fit_grid([p for i, p in enumerate(points) if i % 5 != 0], logs)
    nodes = [()]
    for axis in axes:
        nodes = [node + (x,) for node in nodes for x in axis]
    times = [ideal_time(*node) / math.exp(value) for node, value in zip(nodes, values)]
    moved = make_monotone(times, axes)
    final = [math.log(ideal_time(*node) / time) for node, time in zip(nodes, times)]
    assert all(math.isfinite(t) and t > 0 for t in times) and max(final) <= 0, label
    report(label, points, [f for _, f, _ in used], logs, final, held_out, outliers, moved)
    return list(zip(nodes, times))


def gemm_rows(prefix, rows, peaks, bandwidth):
    result = []
    for csv_name, (dtype, element) in DTYPES.items():
        table = [(int(r["m"]), int(r["n"]), int(r["k"]), float(r["time_us"]) * 1e-6) for r in rows
                 if r["dtype"] == csv_name and int(r["m"]) >= GEMM_M[0] and int(r["m"]) % 2 == 0]
        if not table:
            continue

        def ideal(m, n, k):
            return max(2.0 * m * n * k / peaks[dtype], (element * (m * k + k * n) + 2.0 * m * n) / bandwidth)
        largest = max(m for m, _, _, _ in table)
        axes = [[m for m in GEMM_M if m <= largest], GEMM_NK, GEMM_NK]
        shapes = [((m, n, k), 2.0 * m * n * k, ideal(m, n, k), t) for m, n, k, t in table]
        for (m, n, k), time in derive(f"{prefix} gemm {dtype}", shapes, axes, ideal):
            result.append({"op": "gemm", "dtype": dtype, "layout": "forward", "m": m, "n": n, "k": k,
                           "median_s": rounded(time)})
    return result


def attention_row(direction, batch, length, heads, kv_heads, head_dim, causal, time):
    return {"op": "attention", "dtype": "bf16", "pass": direction, "batch": batch, "query_length": length,
            "kv_length": length, "heads": heads, "kv_heads": kv_heads, "head_dim": head_dim, "value_dim": head_dim,
            "causal": causal, "median_s": rounded(time)}


def attention_rows(prefix, rows, peak, bandwidth):
    def ideal(head_dim, sequence, heads, group):  # heads: batch x heads
        return max(2.0 * heads * sequence**2 * head_dim / peak,
                   4.0 * heads * sequence * head_dim * (1 + 1 / group) / bandwidth)
    shapes = []
    for r in rows:
        heads, head_dim, sequence = int(r["heads"]), int(r["head_dim"]), int(r["seq"])
        total, group = int(r["batch"]) * heads, min(heads // int(r["kv_heads"]), ATTENTION_GROUP[-1])
        shapes.append(((head_dim, sequence, total, group), 2.0 * total * sequence**2 * head_dim,
                       ideal(head_dim, sequence, total, group), float(r["time_us"]) * 1e-6))
    head_dims = sorted({s[0][0] for s in shapes if s[0][0] <= 256})
    result, grid = [], {}
    for head_dim in head_dims:
        mine = [s for s in shapes if s[0][0] == head_dim]
        grid.update(derive_attention(f"{prefix} attention hd{head_dim}", mine, head_dim, ideal))
    for (head_dim, sequence, total, group), time in sorted(grid.items()):
        heads = min(total, 32)
        result.append(attention_row("forward", total // heads, sequence, heads, heads // group, head_dim, True, time))
    return result


def derive_attention(label, shapes, head_dim, ideal):
    """One head dimension: the group axis runs from many KV heads to few, so that times are not made to grow with it."""
    inverse = [1.0 / g for g in reversed(ATTENTION_GROUP)]
    axes = [ATTENTION_SEQUENCE, ATTENTION_HEADS, inverse]
    reduced = [((s[0][1], s[0][2], 1.0 / s[0][3]), s[1], s[2], s[3]) for s in shapes]
    nodes = derive(label, reduced, axes, lambda sequence, heads, share: ideal(head_dim, sequence, heads, 1 / share))
    return {(head_dim, sequence, heads, round(1 / share)): time for (sequence, heads, share), time in nodes}


def flash3_backward_rows():
    result = []
    for head_dim, rates in sorted(FLASH3_BACKWARD.items()):
        for sequence, rate in zip(ATTENTION_SEQUENCE, rates):
            batch, heads = FLASH3_TOKENS // sequence, FLASH3_HIDDEN // head_dim
            flops = 2.5 * 4 * batch * heads * sequence**2 * head_dim
            time = flops / (rate * 1e12)
            result.append(attention_row("backward", batch, sequence, heads, heads, head_dim, False, time))
    return result


def fitted_bandwidth(rows, peak, bandwidth):
    """Median bytes/time of clearly memory-bound, large 16-bit GEMMs."""
    rates = []
    for r in rows:
        m, n, k = int(r["m"]), int(r["n"]), int(r["k"])
        moved = 2.0 * (m * k + k * n + m * n)
        if r["dtype"] == "bfloat16" and moved >= 512e6 and 2.0 * m * n * k / moved < 0.5 * peak / bandwidth:
            rates.append(moved / (float(r["time_us"]) * 1e-6))
    return quantile(rates, 0.5), len(rates)


def memory_rows(copy, add):
    result = []
    for kind, passes, rate in (("copy", 2, copy), ("residual_add", 3, add)):
        for rows in (32768, 65536):
            columns = 16384
            result.append({"op": "memory", "kind": kind, "dtype": "bf16", "rows": rows, "columns": columns,
                           "median_s": rounded(passes * 2.0 * rows * columns / rate)})
    return result


def collective_rows(rows):
    result = []
    for r in rows:
        size = int(r["bytes"])
        power = size.bit_length() - 1
        if size != 1 << power or power < 11 or power % 2 == 0:
            continue
        result.append({"collective": COLLECTIVES[r["op"]], "message_bytes": size, "dtype": "bf16",
                       "ranks": int(r["gpus"]), "nodes": 1, "median_s": rounded(float(r["time_us"]) * 1e-6)})
    order = list(COLLECTIVES.values())
    return sorted(result, key=lambda c: (order.index(c["collective"]), c["ranks"], c["message_bytes"]))


def rounded(seconds):
    return float(f"{seconds:.4g}")


def write(path, profile):
    """One row a line; whole or not at all."""
    head = {k: v for k, v in profile.items() if k not in ("ops", "collectives")}
    text = ["{"] + [f" {json.dumps(k)}: {json.dumps(v)}," for k, v in head.items()]
    for key in ("ops", "collectives"):
        text.append(f' "{key}": [')
        rows = [json.dumps(row, separators=(",", ":")) for row in profile[key]]
        text += [row + "," for row in rows[:-1]] + rows[-1:]
        text.append(" ]," if key == "ops" else " ]")
    handle, temporary = tempfile.mkstemp(dir=os.path.dirname(path))
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write("\n".join(text + ["}"]) + "\n")
        file.flush()
        os.fsync(file.fileno())
    os.chmod(temporary, 0o644)
    os.replace(temporary, path)
    print(f"{path}: {len(profile['ops'])} ops, {len(profile['collectives'])} collectives, "
          f"{os.path.getsize(path)} bytes")


def derive_profile(entry, data, out):
    with open(os.path.join(out, "..", "gpus", entry["gpu"] + ".json"), encoding="utf-8") as file:
        gpu = json.load(file)
    peaks = {"bf16": quantity(gpu["compute"]["bf16"])}
    if "fp8" in gpu["compute"]:
        peaks["fp8_e4m3"] = quantity(gpu["compute"]["fp8"])
    bandwidth = quantity(gpu["memory"]["bandwidth"])
    tables = {kind: read_rows(os.path.join(data, f"{entry['prefix']}-{kind}.csv"))
              for kind in ("gemm", "attention-forward", "nccl")}
    copy, add = entry["copy"], entry["add"]
    if copy is None:
        rate, count = fitted_bandwidth(tables["gemm"], peaks["bf16"], bandwidth)
        copy = add = float(f"{rate / 1e12:.3g}")
        memory = (f"memory: no published stream benchmark; {copy} TB/s is FITTED, the median rate of {count} "
                  "memory-bound GEMMs of the same table")
    else:
        memory = f"memory: {BABELSTREAM}, copy {copy} and add {add} TB/s"
    ops = gemm_rows(entry["prefix"], tables["gemm"], peaks, bandwidth)
    ops += attention_rows(entry["prefix"], tables["attention-forward"], peaks["bf16"], bandwidth)
    backward = "attention backward: none published for this GPU in these sources"
    if entry.get("backward"):
        ops += flash3_backward_rows()
        backward = ("attention backward: FlashAttention-3 (arXiv 2407.08608) published rates, no mask, transcribed "
                    "from figures to +-1 TFLOP/s")
    ops += memory_rows(copy * 1e12, add * 1e12)
    write(os.path.join(out, entry["prefix"] + "-published.json"), {
        "$schema": "../../share/schemas/config-profiles.schema.json",
        "schema_version": 1, "gpu": entry["gpu"], "when": "2026-08-21T00:00:00Z",
        "device": {"name": gpu["product"], "multiprocessors": gpu["compute"]["multiprocessors"]},
        "libraries": {"vllm": entry["vllm"], "nccl": entry["nccl"]},
        "hosts": [], "communicator": "nccl", "ranks": 8, "nodes": 1, "origin": "published",
        "source": f"{ORIGIN} for vLLM {entry['vllm']} kernels and NCCL {entry['nccl']}, reduced to this grid by "
                  f"scripts/derive_profiles.py; {memory}; {backward}",
        "notes": ["GEMM and attention-forward rows are nodes of a fitted grid (robust local averages), not single "
                  "measurements; NCCL rows are single published points, the data type of which is not stated.",
                  "Short bursts at unstated clocks and input data: sustained training runs 10-15 % slower.",
                  "FP8 GEMM: per-tensor scaled, probably with the quantisation of the activations in the time.",
                  "Attention forward: a serving kernel; with as many KV heads as query heads it is 10-25 % slower than "
                  "with eight queries a KV head, probably because the time includes writing the KV cache."],
        "ops": ops, "collectives": collective_rows(tables["nccl"])})


def main(arguments):
    if len(arguments) not in (1, 2) or not os.path.isdir(arguments[0]):
        print(__doc__.split("\n\n")[1], file=sys.stderr)
        return 2
    out = arguments[1] if len(arguments) == 2 else os.path.join(os.path.dirname(__file__), "..", "configs", "profiles")
    for entry in GPUS:
        derive_profile(entry, arguments[0], out)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
