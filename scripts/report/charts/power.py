"""Demand against what the site is fed, over time."""
from __future__ import annotations

from ..chart import Axis, Chart, Series
from ..data import Data


def power_over_time(data: Data) -> list[Chart]:
    charts = []
    for run, estimate in data.estimates().items():
        rows = [row for row in estimate.get("power_timeline") or [] if row.get("supply_w")]
        if not rows:
            continue
        dates = [row["date"] for row in rows]
        charts.append(Chart(
            key=f"power-{run}",
            title=f"Power over time: {run}",
            says="What the site is fed, what the GPUs that run draw, and how many of them that feeds.",
            x=Axis("", dates=True),
            y=Axis("MW", low=0),
            right=Axis("GPUs", low=0),
            series=[
                Series("supply", "step", dates, [row["supply_w"] / 1e6 for row in rows], color=2,
                       texts=[f"{row['date']}: {row['supply_w'] / 1e6:.4g} MW. {row['sources']}" for row in rows]),
                Series("demand", "step", dates, [row["demand_w"] / 1e6 for row in rows], color=1,
                       texts=[f"{row['date']}: {row['demand_w'] / 1e6:.4g} MW" for row in rows]),
                Series("GPUs that run", "step", dates, [row["gpus"] for row in rows], color=0, dashed=True,
                       on_right_axis=True, texts=[f"{row['date']}: {row['gpus']:,} GPUs" for row in rows]),
            ],
        ))
    return charts
