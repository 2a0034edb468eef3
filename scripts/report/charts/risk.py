"""Which uncertain inputs move the days most."""
from __future__ import annotations

from ..chart import Axis, Chart, Series
from ..data import Data


def tornado(data: Data) -> list[Chart]:
    charts = []
    searched = data.searches()  # the runs that the page looks at closely
    for run, estimate in data.estimates().items():
        if searched and run not in searched:
            continue
        rows = [row for row in estimate.get("sensitivity") or [] if row.get("days_at_p10") and row.get("days_at_p90")]
        if not rows:
            continue
        # Inputs that move the days by less than a hundredth move other figures.
        rows = [row for row in rows if abs(row["days_at_p90"] / row["days_at_p10"] - 1) > 0.01]
        rows = sorted(rows, key=lambda row: abs(row["days_at_p90"] - row["days_at_p10"]))
        names = [row["title"] for row in rows]
        sources = [f"{row['distribution']}, {row['origin']}: {row['source']}" for row in rows]
        charts.append(Chart(
            key=f"tornado-{run}",
            title=f"What the days of {run} depend on",
            says="Days with one input at its 10th and at its 90th percentile, the others at their medians.",
            x=Axis("days", log=True),
            y=Axis(""),
            horizontal=True,
            series=[
                *[Series("", "line", [row["days_at_p10"], row["days_at_p90"]], [row["title"]] * 2, color=6) for row in rows],
                Series("input at P10", "points", [row["days_at_p10"] for row in rows], names, color=0, texts=[
                    f"{row['title']} {row['p10']:.4g}: {row['days_at_p10']:.4g} d. {source}"
                    for row, source in zip(rows, sources)
                ]),
                Series("input at P90", "points", [row["days_at_p90"] for row in rows], names, color=1, texts=[
                    f"{row['title']} {row['p90']:.4g}: {row['days_at_p90']:.4g} d; {row['total_days']:.0%} of the "
                    f"variance in all. {source}" for row, source in zip(rows, sources)
                ]),
            ],
        ))
    return charts
