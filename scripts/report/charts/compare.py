"""Days of each run, ideal and expected, beside what was published."""
from __future__ import annotations

from ..chart import Axis, Chart, Series
from ..data import Data

DAY = 86400.0


def days(data: Data) -> Chart | None:
    rows = [row for row in (data.read("compare") or {}).get("runs", []) if row.get("expected_time_s")]
    rows.reverse()  # the first run on top
    names = [row["run"] for row in rows]
    ideal = [row["ideal_time_s"] / DAY for row in rows]
    lost = [(row["expected_time_s"] - row["ideal_time_s"]) / DAY for row in rows]
    published = [row for row in rows if row.get("published_figure") == "days"]
    return Chart(
        key="days",
        title="How long each run takes",
        says="Bars are steps alone and what interruptions and checkpoints add; diamonds are the middle of what was "
        "published.",
        x=Axis("days", log=False, low=0),
        y=Axis(""),
        horizontal=True,
        stacked=True,
        series=[
            Series("steps", "bar", ideal, names, texts=[
                f"{row['title']}: {row['gpus']:,} GPUs, MFU {row['mfu']:.1%}; rests on {row['origin']}" for row in rows
            ], color=0),
            Series("interruptions and checkpoints", "bar", lost, names, texts=[
                f"{row['title']}: {row['goodput']:.1%} of the time is useful steps" for row in rows
            ], color=1),
            Series("published", "points", [
                (row["published_low_si"] + row["published_high_si"]) / 2 / DAY for row in published
            ], [row["run"] for row in published], texts=[row["published"] for row in published], color=3),
        ],
    )
