"""Predicted against published step times, row by row."""
from __future__ import annotations

from ..chart import Axis, Chart, Series
from ..data import Data


def _origin(row: dict) -> str:
    return (f"{row['id']}: {row['model']} on {row['gpus']:,} {row['gpu']}, {row['stack']}; "
            f"{row['measured_s']:.3g} s published, {row['predicted_s']:.3g} s predicted ({row['log_error']:+.1%} log)")


def predicted_against_published(data: Data) -> Chart | None:
    rows = [row for row in (data.read("validate") or {}).get("rows", []) if row.get("status") == "ok"]
    rows = [row for row in rows if row.get("measured_s") and row.get("predicted_s")]
    if not rows:
        return None
    core = [row for row in rows if row["core"]]
    other = [row for row in rows if row["scored"] and not row["core"]]
    low = min(row["measured_s"] for row in rows)
    high = max(row["measured_s"] for row in rows)
    errors = sorted(abs(row["log_error"]) for row in rows if row["scored"])
    nine_in_ten = errors[int(0.9 * (len(errors) - 1))]
    factor = 2.718281828 ** nine_in_ten
    series = [
        Series(f"nine in ten rows: within {nine_in_ten:.0%} (log)", "band", [low, high], [low * factor, high * factor],
               low=[low / factor, high / factor], color=6),
        Series("equal", "line", [low, high], [low, high], color=6, dashed=True),
    ]
    for color, (name, chosen) in enumerate((("core rows", core), ("other rows", other))):
        series.append(
            Series(name, "points", [row["measured_s"] for row in chosen], [row["predicted_s"] for row in chosen],
                   texts=[_origin(row) for row in chosen], color=color))
    return Chart(
        key="published",
        title="Predicted against published",
        says=f"{len(core) + len(other)} published step times, with no knob turned for any one of them.",
        x=Axis("published step, s", log=True),
        y=Axis("predicted step, s", log=True),
        series=series,
    )
