#!/usr/bin/env python3
"""Draws charts of the program's JSON as PNG and SVG files, for papers.

usage: scripts/plot_charts.py DATA OUT [CHART ...]     DATA: the folder data/ that scripts/report.sh made
Without names all charts are drawn; a wrong name lists those that can be.
"""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from report.charts import all_charts  # noqa: E402  (beside this file)
from report.data import Data  # noqa: E402
from report.to_matplotlib import write  # noqa: E402


def main(words: list[str]) -> None:
    if len(words) < 2 or words[0] in ("-h", "--help"):
        raise SystemExit(__doc__)
    charts = {chart.key: chart for chart in all_charts(Data(Path(words[0])))[0]}
    wanted = words[2:] or list(charts)
    for name in wanted:
        if name not in charts:
            raise SystemExit(f"plot_charts: no chart \"{name}\"; accepted: {' '.join(charts)}")
    for name in wanted:
        print(*write(charts[name], Path(words[1])))


main(sys.argv[1:])
