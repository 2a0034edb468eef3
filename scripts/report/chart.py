"""A chart as data: what page (plotly) and files (matplotlib) both draw.

A series has kind "line", "points", "bar", "band" (low to high) or "step". Its texts are what the reader sees at a
mark: figure, source, origin.
"""
from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Series:
    name: str
    kind: str
    x: list
    y: list
    low: list | None = None  # band: lower edge; y is the upper one
    texts: list[str] | None = None  # one a mark
    color: int = 0  # index into the palette, so that one run keeps its color over all charts
    dashed: bool = False
    on_right_axis: bool = False


@dataclass
class Axis:
    title: str
    log: bool = False
    dates: bool = False
    percent: bool = False
    low: float | None = None  # fixed range, in the axis' own unit
    high: float | None = None


@dataclass
class Chart:
    key: str  # file name and anchor
    title: str
    says: str  # one sentence: what to read off it
    x: Axis
    y: Axis
    series: list[Series]
    right: Axis | None = None
    stacked: bool = False
    horizontal: bool = False
    notes: list[str] = field(default_factory=list)

    def marks(self) -> int:
        return sum(len(one.x) for one in self.series)
