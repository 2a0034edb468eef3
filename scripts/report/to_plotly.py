"""Charts as plotly figures in JSON, which the page draws in the browser."""
from __future__ import annotations

import json

import plotly.graph_objects as go

from .chart import Axis, Chart, Series
from .palette import LIGHT


def _faint(color: str) -> str:
    red, green, blue = (int(color[i:i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.16)"


def _traces(chart: Chart, one: Series) -> list:
    color = LIGHT[one.color % len(LIGHT)]
    hover = "%{text}<extra></extra>" if one.texts else None
    # What the page needs to recolor a series in the dark.
    common = {"name": one.name, "showlegend": bool(one.name), "text": one.texts, "hovertemplate": hover, "meta": {"color": one.color}}
    if one.on_right_axis:
        common["yaxis"] = "y2"
    if one.kind == "bar":
        return [go.Bar(x=one.x, y=one.y, orientation="h" if chart.horizontal else "v", marker={"color": color},
                       textposition="none", **common)]
    if one.kind == "band":
        edge = {"mode": "lines", "line": {"width": 0}, "hoverinfo": "skip", "showlegend": False}
        shared = {"legendgroup": one.name, "meta": {"color": one.color, "band": True}}
        return [go.Scatter(x=one.x, y=one.low, **edge, **shared),
                go.Scatter(x=one.x, y=one.y, name=one.name, mode="lines", line={"width": 0}, fill="tonexty",
                           fillcolor=_faint(color), hoverinfo="skip", showlegend=True, **shared)]
    if one.kind == "points":
        symbol = "diamond" if len(one.x) < 20 else "circle"
        return [go.Scatter(x=one.x, y=one.y, mode="markers",
                           marker={"color": color, "size": 10 if len(one.x) < 20 else 5, "symbol": symbol,
                                   "opacity": 0.8}, **common)]
    shape = "hv" if one.kind == "step" else "linear"
    return [go.Scatter(x=one.x, y=one.y, mode="lines" if one.dashed or one.kind == "step" or not one.texts else "lines+markers",
                       line={"color": color, "dash": "dash" if one.dashed else "solid", "shape": shape},
                       marker={"size": 5}, **common)]


def _axis(axis: Axis) -> dict:
    out: dict = {"title": {"text": axis.title, "standoff": 8}, "automargin": True, "gridwidth": 1, "zeroline": False}
    if axis.dates:
        out["type"] = "date"
    elif axis.log:
        out.update(type="log", dtick=1, exponentformat="power")
    if axis.low is not None and axis.high is not None:
        out["range"] = [axis.low, axis.high]
    elif axis.low is not None:
        out["rangemode"] = "tozero"
    return out


def figure(chart: Chart) -> go.Figure:
    fig = go.Figure([trace for one in chart.series for trace in _traces(chart, one)])
    rows = len({name for one in chart.series for name in one.y}) if chart.horizontal else 0
    fig.update_layout(
        height=max(420, 170 + 26 * rows),
        margin={"l": 8, "r": 12, "t": 8, "b": 8},
        barmode="stack" if chart.stacked else "group",
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        xaxis=_axis(chart.x),
        yaxis=_axis(chart.y),
        legend={"orientation": "h", "yanchor": "top", "y": -0.18, "x": 0, "font": {"size": 11}, "traceorder": "normal"},
        hoverlabel={"align": "left"},
        hovermode="closest",
        font={"family": "system-ui, sans-serif", "size": 12},
        template="none",
    )
    if chart.right:
        fig.update_layout(yaxis2={**_axis(chart.right), "overlaying": "y", "side": "right", "showgrid": False})
    return fig


def to_json(chart: Chart) -> str:
    """Safe inside a script element."""
    return json.dumps(json.loads(figure(chart).to_json()), sort_keys=True).replace("</", "<\\/")
