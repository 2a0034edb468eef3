"""Days and goodput of the best plan at each number of GPUs, with the span between the 10th and 90th percentile where known."""
from __future__ import annotations

from ..chart import Axis, Chart, Series
from ..data import Data

DAY = 86400.0


def _points(search: dict) -> list[dict]:
    return [row for row in search.get("strong_scaling", []) if row.get("expected_time_s") and row.get("gpus")]


def _percentiles(estimate: dict | None, figure: str) -> dict | None:
    for row in (estimate or {}).get("uncertainty", []):
        if row.get("figure") == figure and row.get("p50"):
            return row
    return None


def _curves(data: Data, figure: str, value) -> list[Series]:
    """A line a run; its band is the run's own relative P10-P90 span, carried along the line."""
    estimates = data.estimates()
    series = []
    for color, (run, search) in enumerate(data.searches().items()):
        points = _points(search)
        gpus = [row["gpus"] for row in points]
        values = [value(row) for row in points]
        spread = _percentiles(estimates.get(run), figure)
        if spread:
            low, high = spread["p10"] / spread["p50"], spread["p90"] / spread["p50"]
            top = [min(one * high, 100.0) if figure == "goodput" else one * high for one in values]
            series.append(Series(f"{run}: P10 to P90", "band", gpus, top, low=[one * low for one in values], color=color))
        series.append(
            Series(run, "line", gpus, values, texts=[
                f"{run} on {row['gpus']:,} GPUs: {row['expected_time_s'] / DAY:.4g} d, goodput {row['goodput']:.1%}, "
                f"MFU {row['mfu']:.1%}; {row['plan']}" + (f"; loses to {row['loses_to']}" if row["loses_to"] else "")
                for row in points
            ], color=color))
    return series


def days_by_gpus(data: Data) -> Chart:
    return Chart(
        key="scaling-days",
        title="Days against GPUs",
        says="The best plan at each size, the batch kept. More GPUs shorten the steps, but break more often.",
        x=Axis("GPUs", log=True),
        y=Axis("days", log=True),
        series=_curves(data, "days", lambda row: row["expected_time_s"] / DAY),
        notes=["The band is the run's own span at its own size, carried along the curve. Hover to see the plan."],
    )


def goodput_by_gpus(data: Data) -> Chart:
    return Chart(
        key="scaling-goodput",
        title="Goodput against GPUs",
        says="Share of the time that is useful steps.",
        x=Axis("GPUs", log=True),
        y=Axis("% of the time", low=0, high=100),
        series=_curves(data, "goodput", lambda row: 100 * row["goodput"]),
    )
