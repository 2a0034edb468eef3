"""Measured kernels under the roofline of their GPU."""
from __future__ import annotations

from ..chart import Axis, Chart, Series
from ..data import Data

BYTES = {"bf16": 2, "fp16": 2, "fp8_e4m3": 1, "fp8_e5m2": 1, "fp32": 4, "tf32": 4}


def _gemm(row: dict) -> tuple[float, float]:
    """FLOP and the bytes that must move at least: operands read once, BF16 or wider result written once."""
    m, n, k = row["m"], row["n"], row["k"]
    groups = row.get("groups", 1) * row.get("batch", 1)
    size = BYTES.get(row["dtype"], 2)
    return 2.0 * m * n * k * groups, groups * (size * (m * k + n * k) + max(size, 2) * m * n)


def _attention(row: dict) -> tuple[float, float]:
    """Scores and values; half of them where causal; backward 2.5 times as many."""
    queries, keys = row["query_length"], row["kv_length"]
    pairs = row["batch"] * row["heads"] * queries * keys * (0.5 if row["causal"] else 1.0)
    flop = 2.0 * pairs * (row["head_dim"] + row["value_dim"])
    size = BYTES.get(row["dtype"], 2)
    moved = size * row["batch"] * (queries * row["heads"] * (row["head_dim"] + row["value_dim"]) +
                                   keys * row["kv_heads"] * (row["head_dim"] + row["value_dim"]))
    backward = row.get("pass") == "backward"
    return flop * (2.5 if backward else 1.0), moved * (2.0 if backward else 1.0)


def _rate(text: str, unit: str) -> float | None:
    """The number of "3.35 TB/s", where it has that unit."""
    number, _, found = str(text).partition(" ")
    return float(number) if found == unit else None


WORK = {"gemm": _gemm, "grouped_gemm": _gemm, "attention": _attention}


def roofline(data: Data) -> Chart | None:
    profile = data.read("profile")
    gpu = data.read("gpu") or {}
    if not profile:
        return None
    origin = f"{profile.get('origin', '')}: {profile.get('source', '')}"
    series: dict[str, Series] = {}
    for row in profile["ops"]:
        if row["op"] not in WORK or not row.get("median_s"):
            continue
        flop, moved = WORK[row["op"]](row)
        name = f"{row['op'].replace('_', ' ')} {row['dtype']}" + (" backward" if row.get("pass") == "backward" else "")
        one = series.setdefault(name, Series(name, "points", [], [], texts=[], color=len(series)))
        one.x.append(flop / moved)
        one.y.append(flop / row["median_s"] / 1e12)
        shape = " ".join(f"{key}={row[key]}" for key in ("m", "n", "k", "groups", "batch", "query_length", "head_dim")
                         if key in row)
        one.texts.append(f"{name} {shape}: {flop / row['median_s'] / 1e12:.4g} TFLOP/s. {origin}")
    roofs = []
    stream = _rate(gpu.get("memory", {}).get("bandwidth", ""), "TB/s")
    for number, dtype in enumerate(("bf16", "fp8")):
        peak = _rate(gpu.get("compute", {}).get(dtype, ""), "TFLOP/s")
        if peak and stream:
            roofs.append(Series(f"{dtype} peak {peak:,.4g} TFLOP/s", "line", [1, peak / stream, 20000],
                                [stream, peak, peak], color=number, dashed=True))
    return Chart(
        key="roofline",
        title=f"Kernels of {gpu.get('product', profile['gpu'])} under its roofline",
        says="Each dot is a measured kernel; the lines are what memory and tensor cores allow at most.",
        x=Axis("FLOP per byte that must move", log=True),
        y=Axis("TFLOP/s", log=True),
        series=[*series.values(), *roofs],
        notes=[origin],
    )
