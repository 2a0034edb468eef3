"""Charts as PNG and SVG files, for papers."""
from __future__ import annotations

from datetime import date
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402  (the backend must be chosen first)
from matplotlib.ticker import FuncFormatter  # noqa: E402

from .chart import Axis, Chart, Series  # noqa: E402
from .palette import LIGHT  # noqa: E402

matplotlib.rcParams.update({
    "svg.hashsalt": "traincast",  # the same bytes for the same chart
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
})


def _values(values: list, axis: Axis) -> list:
    return [date.fromisoformat(str(one)[:10]) for one in values] if axis.dates else values


def _draw(chart: Chart, ax, one: Series, base: dict) -> None:
    color = LIGHT[one.color % len(LIGHT)]
    x, y = _values(one.x, chart.x), one.y
    if one.kind == "bar" and chart.horizontal:
        left = [base.get(name, 0.0) for name in y]
        ax.barh(y, x, left=left if chart.stacked else None, color=color, label=one.name)
        if chart.stacked:
            base.update({name: start + width for name, start, width in zip(y, left, x)})
    elif one.kind == "bar":
        ax.bar(x, y, color=color, label=one.name)
    elif one.kind == "band":
        ax.fill_between(x, one.low, y, color=color, alpha=0.18, linewidth=0, label=one.name)
    elif one.kind == "points":
        ax.scatter(x, y, s=12, color=color, alpha=0.75, linewidths=0, label=one.name, zorder=3)
    else:
        ax.plot(x, y, color=color, linestyle="--" if one.dashed else "-", label=one.name,
                drawstyle="steps-post" if one.kind == "step" else "default")


def figure(chart: Chart):
    rows = len({name for one in chart.series for name in one.y}) if chart.horizontal else 0
    fig, ax = plt.subplots(figsize=(7.2, max(4.2, 1.4 + 0.32 * rows)), layout="constrained")
    right = ax.twinx() if chart.right else None
    base: dict = {}
    for one in chart.series:
        _draw(chart, right if one.on_right_axis and right else ax, one, base)
    for axis, set_scale, set_limits, set_label in ((chart.x, ax.set_xscale, ax.set_xlim, ax.set_xlabel),
                                                   (chart.y, ax.set_yscale, ax.set_ylim, ax.set_ylabel)):
        if axis.log:
            set_scale("log")
            shown = ax.xaxis if axis is chart.x else ax.yaxis
            shown.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.6g}"))
            shown.set_minor_formatter(FuncFormatter(lambda value, _: f"{value:,.6g}" if f"{value:e}"[0] in "25" else ""))
        if axis.low is not None or axis.high is not None:
            set_limits(axis.low, axis.high)
        set_label(axis.title)
    if right:
        right.set_ylabel(chart.right.title)
    ax.set_title(chart.title, loc="left", fontsize=11)
    ax.grid(True, which="major", alpha=0.25, linewidth=0.5)
    ax.set_axisbelow(True)
    named = [one for one in chart.series if one.name]
    if len(named) > 1:
        handles, names = ax.get_legend_handles_labels()
        if right:
            more = right.get_legend_handles_labels()
            handles, names = handles + more[0], names + more[1]
        ax.legend(handles, names, loc="upper left", bbox_to_anchor=(0, -0.13), ncol=3, fontsize=7, frameon=False)
    if chart.x.dates:
        ax.tick_params(axis="x", labelrotation=30)
    return fig


def write(chart: Chart, folder: Path) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    fig = figure(chart)
    paths = []
    for ending, metadata in (("png", {"Software": None}), ("svg", {"Date": None})):
        path = folder / f"{chart.key}.{ending}"
        fig.savefig(path, dpi=160, metadata=metadata)
        paths.append(path)
    plt.close(fig)
    return paths
