"""Every chart of the report, in the order of the page. A chart that finds no data returns None."""
from __future__ import annotations

from ..chart import Chart
from ..data import Data
from .collectives import busbw_by_scale, busbw_by_size
from .compare import days
from .kernels import roofline
from .power import power_over_time
from .published import predicted_against_published
from .risk import tornado
from .scaling import days_by_gpus, goodput_by_gpus
from .step import step_parts

BUILDERS = (days, days_by_gpus, goodput_by_gpus, step_parts, predicted_against_published, roofline, busbw_by_size,
            busbw_by_scale, power_over_time, tornado)


def all_charts(data: Data) -> tuple[list[Chart], list[str]]:
    """The charts, and the names of those that had no data."""
    charts: list[Chart] = []
    missing: list[str] = []
    for build in BUILDERS:
        made = build(data)
        found = [chart for chart in (made if isinstance(made, list) else [made]) if chart and chart.marks()]
        charts.extend(found)
        if not found:
            missing.append(build.__name__.replace("_", " "))
    return charts, missing
