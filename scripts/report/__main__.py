"""Makes the page and the chart files: python3 -m report DATA OUT (with scripts/ on the path; see report.sh)."""
from __future__ import annotations

import argparse
import json
import os
import tempfile
from pathlib import Path

import jinja2
import plotly.offline

from . import palette, tables, to_plotly
from .charts import all_charts
from .data import Data

HERE = Path(__file__).parent


def write_whole(path: Path, text: str) -> None:
    """Whole or not at all: a reader never sees half a page."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def page(data: Data) -> tuple[str, list]:
    charts, missing = all_charts(data)
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(HERE), autoescape=True, undefined=jinja2.StrictUndefined)
    raw = jinja2.utils.markupsafe.Markup
    drawn = [{"key": one.key, "title": one.title, "says": one.says, "notes": one.notes, "json": raw(to_plotly.to_json(one))}
             for one in charts]
    build = data.read("version") or {}
    version = f"traincast {build.get('version', '')} ({build.get('commit', 'unknown commit')})"
    return environment.get_template("page.html.j2").render(
        style=raw((HERE / "page.css").read_text(encoding="utf-8")),
        script=raw((HERE / "page.js").read_text(encoding="utf-8")),
        plotly=raw(plotly.offline.get_plotlyjs().replace("</script", "<\\/script")),
        palettes=raw(json.dumps({"light": palette.LIGHT, "dark": palette.DARK})),
        version=version,
        charts=drawn,
        comparison=tables.comparison(data),
        claims=tables.claims(data),
        missing=missing,
    ), charts


def main() -> None:
    parser = argparse.ArgumentParser(prog="report", description=__doc__)
    parser.add_argument("data", type=Path, help="folder of the program's JSON output")
    parser.add_argument("out", type=Path, help="folder for report.html and charts/")
    parser.add_argument("--no-files", action="store_true", help="the page alone, without PNG and SVG files")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    text, charts = page(Data(given.data))
    write_whole(given.out / "report.html", text)
    if not given.no_files:
        from . import to_matplotlib
        for one in charts:
            to_matplotlib.write(one, given.out / "charts")
    print(f"{given.out / 'report.html'}: {len(charts)} charts")


main()
