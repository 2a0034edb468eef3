"""Which uncertain inputs move the days most."""
from __future__ import annotations

from ..chart import Axis, Chart, Series
from ..data import Data

DAY = 86400.0


def tornado(data: Data) -> list[Chart]:
    charts = []
    for run, estimate in data.estimates().items():
        rows = [row for row in estimate.get("sensitivity") or [] if row.get("low_s") is not None]
        if not rows:
            continue
        rows = sorted(rows, key=lambda row: abs(row["high_s"] - row["low_s"]))
        names = [row["input"] for row in rows]
        charts.append(Chart(
            key=f"tornado-{run}",
            title=f"What the days of {run} depend on",
            says="Days with one input at its 10th and at its 90th percentile, the others at their medians.",
            x=Axis("days"),
            y=Axis(""),
            horizontal=True,
            series=[
                Series("input at P10", "points", [row["low_s"] / DAY for row in rows], names, color=0,
                       texts=[f"{row['input']} at P10: {row['low_s'] / DAY:.4g} d" for row in rows]),
                Series("input at P90", "points", [row["high_s"] / DAY for row in rows], names, color=1,
                       texts=[f"{row['input']} at P90: {row['high_s'] / DAY:.4g} d; total Sobol index "
                              f"{row['total_index']:.2f}" for row in rows]),
            ],
        ))
    return charts
