"""Where a step's time goes, run by run."""
from __future__ import annotations

from ..chart import Axis, Chart, Series
from ..data import Data

# Parts that a reader need not tell apart share a bar.
GROUPS = (
    ("matrix products", ("gemm", "experts", "head")),
    ("attention", ("attention",)),
    ("elementwise and optimizer", ("elementwise", "optimizer", "recompute")),
    ("launches and other overhead", ("overhead",)),
    ("exposed communication", ("tensor comm", "context comm", "expert comm", "pipeline comm", "data comm")),
    ("bubble", ("bubble",)),
    ("waiting for the slowest", ("straggler",)),
)


def step_parts(data: Data) -> Chart | None:
    estimates = {run: one for run, one in data.estimates().items() if one.get("step")}
    runs = list(estimates)[::-1]
    grouped = {part for _, parts in GROUPS for part in parts}
    others = sorted({row["part"] for one in estimates.values() for row in one["step"]} - grouped)
    groups = [*GROUPS, *([("other", tuple(others))] if others else [])]
    series = []
    for color, (name, parts) in enumerate(groups):
        shares, texts = [], []
        for run in runs:
            rows = [row for row in estimates[run]["step"] if row["part"] in parts]
            shares.append(100 * sum(row["share"] for row in rows))
            texts.append(f"{run}: " + ", ".join(f"{row['part']} {row['time_s']:.3g} s" for row in rows))
        series.append(Series(name, "bar", shares, runs, texts=texts, color=color))
    return Chart(
        key="step",
        title="Where a step's time goes",
        says="Shares of one training step; communication counts as far as no computation hides it.",
        x=Axis("% of the step", low=0, high=100),
        y=Axis(""),
        series=series,
        stacked=True,
        horizontal=True,
    )
