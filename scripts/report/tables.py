"""The comparison and the claims as rows of cells for the page."""
from __future__ import annotations

from .data import Data

DAY = 86400.0
# What a phone shows without scrolling comes first.
TITLES = ("run", "GPUs", "days", "published", "days of steps", "step, s", "MFU", "MW", "rent, M USD", "active parameters",
          "tokens")


def _cell(text: str, tip: str = "", kind: str = "number") -> dict:
    return {"text": text, "tip": tip, "kind": kind}


def _compact(value: float | None) -> str:
    if value is None:
        return "\u2014"
    for limit, suffix in ((1e12, " T"), (1e9, " B"), (1e6, " M")):
        if value >= limit:
            return f"{value / limit:.3g}{suffix}"
    return f"{value:,.0f}"


def _significant(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _row(row: dict, estimate: dict | None) -> list[dict]:
    rests = f"rests on {row['origin']}: {row['rests_on']}" if row.get("rests_on") else ""
    if row.get("status") != "ok":
        return [_cell(row["run"], row.get("title", ""), "name"), _cell(f"{row['gpus']:,}")] + [
            _cell("\u2014", str(row.get("status", ""))) for _ in TITLES[2:]
        ]
    origins = {figure["figure"]: figure["rests_on"] for figure in (estimate or {}).get("run_figures", [])}
    error = row.get("published_error")
    against = f", ours {error:+.0%}" if error is not None else ""
    cells = {
        "run": _cell(row["run"], f"{row['title']}; {row['plan']}; software {row['stack']}", "name"),
        "GPUs": _cell(f"{row['gpus']:,}", f"pace set by {row['pace_gpu']}"),
        "days": _cell(f"{row['expected_time_s'] / DAY:.3g}", f"goodput {row['goodput']:.1%}; "
                      f"{origins.get('goodput', rests)}"),
        "published": _cell((row.get("published") or "\u2014") + against, "as published; the error is against the middle of "
                           "a range" if row.get("published") else "", "text"),
        "days of steps": _cell(f"{row['ideal_time_s'] / DAY:.3g}", rests),
        "step, s": _cell(f"{row['step_time_s']:.3g}", rests),
        "MFU": _cell(f"{row['mfu']:.1%}", rests),
        "MW": _cell(f"{row['power_w'] / 1e6:.3g}", f"{row['energy_j'] / 3.6e12:.3g} GWh; {origins.get('energy', rests)}"),
        "rent, M USD": _cell(_significant(row["rent_usd"] / 1e6), origins.get("rent of the GPUs", rests)),
        "active parameters": _cell(_compact(row["active_parameters"]), f"{_compact(row['parameters'])} in all"),
        "tokens": _cell(_compact(row["tokens"]), f"{row['model_flops']:.3g} FLOP"),
    }
    return [cells[title] for title in TITLES]


def comparison(data: Data) -> dict | None:
    report = data.read("compare")
    if not report:
        return None
    estimates = data.estimates()
    return {
        "columns": [{"title": title, "kind": "text" if title in ("run", "published") else "number"} for title in TITLES],
        "rows": [_row(row, estimates.get(row["run"])) for row in report["runs"]],
        "notes": report.get("notes", []),
    }


VERDICT_CLASS = {"supported": "supported", "overstated": "overstated", "understated": "understated",
                 "contradicted": "contradicted"}


def _figure(value, unit: str) -> str:
    if value is None:
        return "\u2014"
    return f"{value:,.4g} {unit}".strip() if isinstance(value, (int, float)) else f"{value} {unit}".strip()


def claims(data: Data) -> dict | None:
    report = data.read("claims")
    if not report:
        return None
    rows = []
    for row in report["rows"]:
        unit = row.get("unit") or ""
        ours = _figure(row.get("ours"), unit)
        if row.get("low") is not None and row.get("high") is not None:
            ours += f" ({_figure(row['low'], '')} to {_figure(row['high'], '')})"
        rows.append({
            "id": row["id"],
            "gloss": row.get("gloss", ""),
            "quote": row.get("quote", ""),
            "claimed": _figure(row.get("claimed"), row.get("claimed_unit") or ""),
            "ours": ours,
            "formula": f"{row.get('formula_words') or row.get('reason') or ''}; rests on {row['rests_on']}" if row.get("rests_on")
            else row.get("reason") or "",
            "verdict": row["verdict"],
            "verdict_class": VERDICT_CLASS.get(row["verdict"], "untestable"),
            "depends": row.get("depends") or row.get("reason") or "",
        })
    return {"rows": rows, "rule": report.get("rule", "")}
