"""Bus bandwidth of collectives: by size as measured, and by scale as modelled."""
from __future__ import annotations

from ..chart import Axis, Chart, Series
from ..data import Data

FACTOR = {"all_reduce": lambda n: 2 * (n - 1) / n, "send_recv": lambda n: 1.0}


def _bus_factor(collective: str, ranks: int) -> float:
    return FACTOR.get(collective, lambda n: (n - 1) / n)(ranks)


def busbw_by_size(data: Data) -> Chart | None:
    profile = data.read("profile")
    rows = [row for row in (profile or {}).get("collectives", []) if row.get("median_s") and "during" not in row]
    if not rows:
        return None
    most = max(row["ranks"] for row in rows)
    kinds = list(dict.fromkeys(row["collective"] for row in rows))
    series = []
    for color, kind in enumerate(kinds):
        chosen = sorted((row["message_bytes"], row) for row in rows if row["collective"] == kind and row["ranks"] == most)
        speeds = [size / row["median_s"] * _bus_factor(kind, most) / 1e9 for size, row in chosen]
        series.append(
            Series(f"{kind} on {most}", "line", [size / 2**20 for size, _ in chosen], speeds, texts=[
                f"{kind}, {size / 2**20:.4g} MiB on {most} GPUs: {speed:.4g} GB/s. "
                f"{profile.get('origin', '')}: {profile.get('source', '')}"
                for (size, _), speed in zip(chosen, speeds)
            ], color=color))
    return Chart(
        key="busbw-size",
        title="Collectives inside a node, by size",
        says="Bus bandwidth as nccl-tests define it, at the measured points.",
        x=Axis("message, MiB", log=True),
        y=Axis("busbw, GB/s", log=True),
        series=series,
    )


def busbw_by_scale(data: Data) -> Chart | None:
    report = data.read("collectives")
    rows = [row for row in (report or {}).get("rows", []) if row["message_bytes"] >= 2**30]
    if not rows:
        return None
    series = []
    for color, kind in enumerate(dict.fromkeys(row["collective"] for row in rows)):
        chosen = [row for row in rows if row["collective"] == kind]
        series.append(
            Series(kind, "line", [row["ranks"] for row in chosen],
                   [row["busbw_bytes_per_s"] / 1e9 for row in chosen], texts=[
                       f"{kind} of 1 GiB over {row['ranks']:,} GPUs: {row['time_s'] * 1e3:.4g} ms by {row['algorithm']} "
                       f"({row['protocol']}); next best {row['next_algorithm'] or 'none'}" for row in chosen
                   ], color=color))
    return Chart(
        key="busbw-scale",
        title=f"Collectives of 1 GiB, by scale, on {report['cluster']}",
        says="A flat ring dies of latency at 100,000 ranks; trees and groups of a few thousand do not.",
        x=Axis("GPUs in the group", log=True),
        y=Axis("busbw, GB/s", log=True),
        series=series,
        notes=report.get("notes", []),
    )
